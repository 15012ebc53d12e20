//! Softmax cross-entropy, mean over the batch, as one operation.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::{Element, OpError, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "cross-entropy";

struct CrossEntropy;

/// The mean over rows of `ln(sum(exp(row))) - row[label]`: `logits` (batch, classes), `labels` (batch) of u32; a scalar.
/// Does not overflow, whatever the logits.
///
/// # Errors
/// Shapes that do not fit, an empty batch, labels that are not u32 or name no class.
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    on_gpu!(logits, {
        sizes(logits.dims(), labels.dims()).map_err(OpError::into_candle)?;
        cuda::cross_entropy(OP, logits, super::Targets::Labels(labels), super::Weighing::default())
    });
    tape::apply2(&tape::contiguous(logits)?, &labels.contiguous()?, CrossEntropy)
}

fn sizes(logits: &[usize], labels: &[usize]) -> std::result::Result<(usize, usize), OpError> {
    match (logits, labels) {
        (&[batch, classes], &[of]) if batch == of && batch > 0 && classes > 0 => Ok((batch, classes)),
        (&[batch, classes], _) if batch > 0 && classes > 0 => {
            Err(OpError::Shape { op: OP, what: "the labels", got: labels.to_vec(), rule: format!("[{batch}]") })
        }
        _ => {
            let rule = "[batch, classes], neither 0".to_owned();
            Err(OpError::Shape { op: OP, what: "the logits", got: logits.to_vec(), rule })
        }
    }
}

/// The largest logit of a row, and the sum of exponentials of the logits less it.
pub(super) fn normaliser<T: Element>(row: &[T]) -> (T, T) {
    let top = row.iter().copied().fold(row[0], |top, v| if v > top { v } else { top });
    let mut sum = T::zero();
    for &v in row {
        sum += (v - top).exp();
    }
    (top, sum)
}

fn loss<T: Element>(classes: usize, logits: &[T], labels: &[u32]) -> std::result::Result<T, OpError> {
    let mut total = 0.0f64;
    for (row_number, (row, &label)) in logits.chunks_exact(classes).zip(labels).enumerate() {
        let Some(&at_label) = row.get(label as usize) else {
            return Err(OpError::Label { op: OP, row: row_number, label, classes });
        };
        let (top, sum) = normaliser(row);
        total += (sum.ln() - (at_label - top)).to_f64();
    }
    Ok(T::from_f64(total / labels.len() as f64))
}

impl CustomOp2 for CrossEntropy {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, labels: &CpuStorage, ll: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, classes) = sizes(lx.dims(), ll.dims()).map_err(OpError::into_candle)?;
        let (from, to) = ll.contiguous_offsets().ok_or(candle_core::Error::RequiresContiguous { op: OP })?;
        let labels = &u32::cpu_storage_as_slice(labels)?[from..to];
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let loss = loss::<T>(classes, slice(x, lx, OP)?, labels).map_err(OpError::into_candle)?;
            Ok((T::to_cpu_storage_owned(vec![loss]), Shape::from(())))
        })
    }

    fn bwd(
        &self,
        logits: &Tensor,
        labels: &Tensor,
        _loss: &Tensor,
        dloss: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (batch, classes) = sizes(logits.dims(), labels.dims()).map_err(OpError::into_candle)?;
        let labels = labels.to_vec1::<u32>()?;
        by_type!(OP, logits.dtype(), T => with_slice::<T, _>(logits, OP, |x| {
            let scale = T::from_f64(dloss.to_scalar::<T>()?.to_f64() / batch as f64);
            let mut dx = Vec::with_capacity(x.len());
            for (row, &label) in x.chunks_exact(classes).zip(&labels) {
                let (top, sum) = normaliser(row);
                dx.extend(row.iter().enumerate().map(|(class, &v)| {
                    let target = if class == label as usize { 1.0 } else { 0.0 };
                    ((v - top).exp() / sum - target) * scale
                }));
            }
            Ok((Some(Tensor::from_vec(dx, (batch, classes), logits.device())?), None))
        }))
    }
}
