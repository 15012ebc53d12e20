//! Fully connected layer: y = x Wᵀ + b, with or without ReLU, as one operation.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::matrix::{View, product};
use super::relu::{gated, positive};
use super::{Element, OpError, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "linear";

/// What follows a layer in the same operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// max(0, x).
    Relu,
}

struct Linear {
    activation: Activation,
}

/// `x` (batch, inputs) times the transpose of `weight` (outputs, inputs), plus `bias` (outputs): (batch, outputs).
///
/// # Errors
/// Shapes that do not fit; numbers other than f32 and f64.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    on_gpu!(x, {
        sizes(x.dims(), weight.dims(), bias.dims()).map_err(OpError::into_candle)?;
        cuda::linear(OP, [x, weight, bias], activation)
    });
    tape::apply3(&tape::contiguous(x)?, &weight.contiguous()?, &bias.contiguous()?, Linear { activation })
}

/// Batch, inputs and outputs.
fn sizes(x: &[usize], weight: &[usize], bias: &[usize]) -> std::result::Result<(usize, usize, usize), OpError> {
    match (x, weight, bias) {
        (&[batch, inputs], &[outputs, of], &[biases]) if inputs == of && biases == outputs => {
            Ok((batch, inputs, outputs))
        }
        (&[_, inputs], &[outputs, of], _) if inputs == of => {
            Err(OpError::Shape { op: OP, what: "the bias", got: bias.to_vec(), rule: format!("[{outputs}]") })
        }
        (&[_, inputs], _, _) => {
            let rule = format!("[outputs, {inputs}]");
            Err(OpError::Shape { op: OP, what: "the weight", got: weight.to_vec(), rule })
        }
        _ => Err(OpError::Shape { op: OP, what: "the input", got: x.to_vec(), rule: "[batch, inputs]".to_owned() }),
    }
}

impl Linear {
    fn forward<T: Element>(
        &self,
        (batch, inputs, outputs): (usize, usize, usize),
        x: &[T],
        w: &[T],
        b: &[T],
    ) -> Vec<T> {
        let mut y = Vec::with_capacity(batch * outputs);
        for _ in 0..batch {
            y.extend_from_slice(b);
        }
        product(
            (batch, outputs, inputs),
            View::rows(x, inputs),
            View::rows(w, inputs).transposed(),
            &mut y,
            outputs,
            true,
        );
        if self.activation == Activation::Relu {
            y.iter_mut().for_each(|v| *v = positive(*v));
        }
        y
    }
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = sizes(lx.dims(), lw.dims(), lb.dims()).map_err(OpError::into_candle)?;
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let y = self.forward::<T>(sizes, slice(x, lx, OP)?, slice(w, lw, OP)?, slice(b, lb, OP)?);
            Ok((T::to_cpu_storage_owned(y), Shape::from((sizes.0, sizes.2))))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (batch, inputs, outputs) = sizes(x.dims(), weight.dims(), bias.dims()).map_err(OpError::into_candle)?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(x, OP, |xs| with_slice::<T, _>(weight, OP, |ws| {
            with_slice::<T, _>(y, OP, |ys| with_slice::<T, _>(&dy, OP, |gradient| {
                let dy: Vec<T> = match self.activation {
                    Activation::None => gradient.to_vec(),
                    Activation::Relu => gradient.iter().zip(ys).map(|(&g, &v)| gated(g, v)).collect(),
                };
                let zero: T = 0.0;
                let g = View::rows(&dy, outputs);
                let dx = if tape::tracks(x) {
                    let mut dx = vec![zero; batch * inputs];
                    product((batch, inputs, outputs), g, View::rows(ws, inputs), &mut dx, inputs, false);
                    Some(Tensor::from_vec(dx, (batch, inputs), x.device())?)
                } else {
                    None
                };
                let mut dw = vec![zero; outputs * inputs];
                product((outputs, inputs, batch), g.transposed(), View::rows(xs, inputs), &mut dw, inputs, false);
                let mut db = vec![zero; outputs];
                for row in dy.chunks_exact(outputs.max(1)) {
                    db.iter_mut().zip(row).for_each(|(sum, &g)| *sum += g);
                }
                let dw = Tensor::from_vec(dw, (outputs, inputs), x.device())?;
                Ok((dx, Some(dw), Some(Tensor::from_vec(db, outputs, x.device())?)))
            }))
        })))
    }
}
