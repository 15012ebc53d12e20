//! Binary cross-entropy of logits, for examples with any number of classes, as one operation.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::{Element, OpError, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "binary cross-entropy";

struct BinaryCrossEntropy;

/// The mean over all values of `-t ln(sigmoid(x)) - (1 - t) ln(1 - sigmoid(x))`; `logits` and `targets` of one shape,
/// not empty, and one number type. Targets are from 0 to 1 and get no gradient. A scalar. Does not overflow, whatever
/// the logits.
///
/// # Errors
/// Tensors of different shapes or number types, or empty ones.
pub fn binary_cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if logits.dims() != targets.dims() || logits.elem_count() == 0 {
        let rule = format!("{:?} and not empty", logits.dims());
        let error = OpError::Shape { op: OP, what: "the targets", got: targets.dims().to_vec(), rule };
        return Err(error.into_candle());
    }
    if logits.dtype() != targets.dtype() {
        return Err(OpError::Numbers { op: OP, got: targets.dtype() }.into_candle());
    }
    on_gpu!(logits, cuda::binary_cross_entropy(OP, logits, targets));
    tape::apply2(&tape::contiguous(logits)?, &targets.contiguous()?.detach(), BinaryCrossEntropy)
}

/// `max(x, 0) - x t + ln(1 + exp(-|x|))`: the definition without large exponentials.
fn loss<T: Element>(logit: T, target: T) -> f64 {
    let (x, t) = (logit.wide(), target.wide());
    // Not `f64::max`, which passes over what is no number.
    let positive = if x < 0.0 { 0.0 } else { x };
    positive - x * t + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

impl CustomOp2 for BinaryCrossEntropy {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, targets: &CpuStorage, lt: &Layout) -> Result<(CpuStorage, Shape)> {
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let (logits, targets) = (slice::<T>(x, lx, OP)?, slice::<T>(targets, lt, OP)?);
            let sum: f64 = logits.iter().zip(targets).map(|(&logit, &target)| loss(logit, target)).sum();
            Ok((T::to_cpu_storage_owned(vec![T::from_f64(sum / logits.len() as f64)]), Shape::from(())))
        })
    }

    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _loss: &Tensor,
        dloss: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        by_type!(OP, logits.dtype(), T => with_slice::<T, _>(logits, OP, |x| with_slice::<T, _>(targets, OP, |targets| {
            let scale = dloss.to_scalar::<T>()?.wide() / x.len() as f64;
            let one = |(x, t): (&T, &T)| T::from_f64((sigmoid(x.wide()) - t.wide()) * scale);
            let gradient: Vec<T> = x.iter().zip(targets).map(one).collect();
            Ok((Some(Tensor::from_vec(gradient, logits.dims(), logits.device())?), None))
        })))
    }
}
