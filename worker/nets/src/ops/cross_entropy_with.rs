//! Softmax cross-entropy with smoothed or soft targets and weighted classes, as one operation. Labels alone have
//! [`super::cross_entropy`], which is quicker.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType};

use super::cross_entropy::normaliser;
#[cfg(feature = "cuda")]
use super::cuda;
use super::{Element, OpError, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "cross-entropy with weights";

/// What rows of logits should say.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// A class for each row: (batch) of u32.
    Labels(&'a Tensor),
    /// A share for each class in each row, as mixed examples have: (batch, classes) of the logits' number type. Shares
    /// get no gradient.
    Soft(&'a Tensor),
}

/// How rows and classes count. By default each the same, and the loss is their mean.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weighing<'a> {
    /// The share of each target that is spread evenly over all classes, from 0 to 1.
    pub smoothing: f64,
    /// A weight for each class, at least 0.
    pub class_weights: Option<&'a [f64]>,
    /// What becomes of the rows' losses.
    pub reduction: Reduction,
}

/// What becomes of the rows' losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum over the sum of the labels' class weights; with soft targets over the number of rows.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

/// `torch.nn.functional.cross_entropy`: with targets `t` smoothed to `(1 - s) t + s / classes` and class weights `w`, a
/// row's loss is `sum over classes of -w t ln(softmax(row))`. A scalar. Does not overflow, whatever the logits.
///
/// # Errors
/// Shapes that do not fit, an empty batch, labels that name no class, soft targets of another number type than the
/// logits, or another number of class weights than of classes.
pub fn cross_entropy_with(logits: &Tensor, targets: Targets<'_>, weighing: Weighing<'_>) -> Result<Tensor> {
    let (&(Targets::Labels(of) | Targets::Soft(of)), soft) = (&targets, matches!(targets, Targets::Soft(_)));
    let expected = if soft { logits.dtype() } else { DType::U32 };
    if of.dtype() != expected {
        return Err(OpError::Numbers { op: OP, got: of.dtype() }.into_candle());
    }
    let op = Weighed {
        soft,
        smoothing: weighing.smoothing,
        class_weights: weighing.class_weights.map(<[f64]>::to_vec),
        reduction: weighing.reduction,
    };
    on_gpu!(logits, {
        op.sizes(logits.dims(), of.dims()).map_err(OpError::into_candle)?;
        cuda::cross_entropy(OP, logits, targets, weighing)
    });
    tape::apply2(&tape::contiguous(logits)?, &of.contiguous()?.detach(), op)
}

struct Weighed {
    soft: bool,
    smoothing: f64,
    class_weights: Option<Vec<f64>>,
    reduction: Reduction,
}

/// Targets as they lie in memory.
enum Values<'a, T> {
    Labels(&'a [u32]),
    Soft(&'a [T]),
}

impl Weighed {
    /// Batch and classes of shapes that fit each other.
    fn sizes(&self, logits: &[usize], targets: &[usize]) -> std::result::Result<(usize, usize), OpError> {
        let shape = |what, got: &[usize], rule| OpError::Shape { op: OP, what, got: got.to_vec(), rule };
        let (batch, classes) = match *logits {
            [batch, classes] if batch > 0 && classes > 0 => (batch, classes),
            _ => return Err(shape("the logits", logits, "[batch, classes], neither 0".to_owned())),
        };
        let wanted: &[usize] = if self.soft { &[batch, classes] } else { &[batch] };
        if targets != wanted {
            return Err(shape("the targets", targets, format!("{wanted:?}")));
        }
        match &self.class_weights {
            Some(weights) if weights.len() != classes => {
                Err(shape("the class weights", &[weights.len()], format!("[{classes}]")))
            }
            _ => Ok((batch, classes)),
        }
    }

    fn weight(&self, class: usize) -> f64 {
        self.class_weights.as_ref().map_or(1.0, |weights| weights[class])
    }

    /// Calls `each` with the number of every row and its smoothed and weighted targets. Yields what the losses' sum is
    /// divided by.
    fn rows<T: Element>(
        &self,
        (batch, classes): (usize, usize),
        targets: &Values<'_, T>,
        mut each: impl FnMut(usize, &[f64]),
    ) -> std::result::Result<f64, OpError> {
        let even = self.smoothing / classes as f64;
        let spread: Vec<f64> = (0..classes).map(|class| self.weight(class) * even).collect();
        let (mut row_targets, mut total) = (vec![0.0; classes], 0.0);
        for row in 0..batch {
            row_targets.copy_from_slice(&spread);
            match *targets {
                Values::Labels(labels) => {
                    let label = labels[row];
                    let Some(target) = row_targets.get_mut(label as usize) else {
                        return Err(OpError::Label { op: OP, row, label, classes });
                    };
                    let weight = self.weight(label as usize);
                    *target += weight * (1.0 - self.smoothing);
                    total += weight;
                }
                Values::Soft(shares) => {
                    let shares = &shares[row * classes..][..classes];
                    for (class, (target, share)) in row_targets.iter_mut().zip(shares).enumerate() {
                        *target += self.weight(class) * (1.0 - self.smoothing) * share.wide();
                    }
                    total += 1.0;
                }
            }
            each(row, &row_targets);
        }
        Ok(if self.reduction == Reduction::Mean { total } else { 1.0 })
    }

    fn loss<T: Element>(
        &self,
        sizes: (usize, usize),
        logits: &[T],
        targets: &Values<'_, T>,
    ) -> std::result::Result<T, OpError> {
        let mut sum = 0.0;
        let by = self.rows(sizes, targets, |row, row_targets| {
            let logits = &logits[row * sizes.1..][..sizes.1];
            let (top, exponentials) = normaliser(logits);
            let normaliser = exponentials.ln();
            for (&logit, target) in logits.iter().zip(row_targets) {
                sum += target * (normaliser - (logit - top)).wide();
            }
        })?;
        Ok(T::from_f64(sum / by))
    }

    fn gradient<T: Element>(
        &self,
        sizes: (usize, usize),
        logits: &[T],
        targets: &Values<'_, T>,
        dloss: f64,
    ) -> std::result::Result<Vec<T>, OpError> {
        // What the sum is divided by is known once all rows have been seen.
        let by = self.rows(sizes, targets, |_, _| {})?;
        let mut gradient = Vec::with_capacity(logits.len());
        self.rows(sizes, targets, |row, row_targets| {
            let logits = &logits[row * sizes.1..][..sizes.1];
            let (top, exponentials) = normaliser(logits);
            let of_all: f64 = row_targets.iter().sum();
            gradient.extend(logits.iter().zip(row_targets).map(|(&logit, target)| {
                let probability = ((logit - top).exp() / exponentials).wide();
                T::from_f64((probability * of_all - target) * dloss / by)
            }));
        })?;
        Ok(gradient)
    }
}

impl CustomOp2 for Weighed {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, targets: &CpuStorage, lt: &Layout) -> Result<(CpuStorage, Shape)> {
        let sizes = self.sizes(lx.dims(), lt.dims()).map_err(OpError::into_candle)?;
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let values = if self.soft {
                Values::Soft(slice::<T>(targets, lt, OP)?)
            } else {
                let (from, to) = lt.contiguous_offsets().ok_or(candle_core::Error::RequiresContiguous { op: OP })?;
                Values::Labels(&u32::cpu_storage_as_slice(targets)?[from..to])
            };
            let loss = self.loss::<T>(sizes, slice(x, lx, OP)?, &values).map_err(OpError::into_candle)?;
            Ok((T::to_cpu_storage_owned(vec![loss]), Shape::from(())))
        })
    }

    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _loss: &Tensor,
        dloss: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let sizes = self.sizes(logits.dims(), targets.dims()).map_err(OpError::into_candle)?;
        by_type!(OP, logits.dtype(), T => with_slice::<T, _>(logits, OP, |x| {
            let dloss = dloss.to_scalar::<T>()?.wide();
            let of = |values: &Values<'_, T>| self.gradient(sizes, x, values, dloss).map_err(OpError::into_candle);
            let gradient = if self.soft {
                with_slice::<T, _>(targets, OP, |shares| of(&Values::Soft(shares)))
            } else {
                of(&Values::Labels(&targets.to_vec1::<u32>()?))
            };
            Ok((Some(Tensor::from_vec(gradient?, sizes, logits.device())?), None))
        }))
    }
}
