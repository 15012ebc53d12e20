//! max(0, x), with derivative 0 at 0 (PyTorch's rule), and the same cut off at 6. NaN stays NaN.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::lanes::{Kernel, Lanes};
use super::{Element, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "relu";

struct Relu {
    most: f64,
}

/// The larger of 0 and each value. Any shape.
///
/// # Errors
/// Numbers other than f32 and f64; a tensor outside the CPU's memory.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    on_gpu!(x, cuda::relu(OP, x, f64::INFINITY));
    tape::apply1(&tape::contiguous(x)?, Relu { most: f64::INFINITY })
}

/// The larger of 0 and each value, at most 6 (PyTorch's `relu6`: no gradient at 6 and above). Any shape.
///
/// # Errors
/// Numbers other than f32 and f64; a tensor outside the CPU's memory.
pub fn relu6(x: &Tensor) -> Result<Tensor> {
    on_gpu!(x, cuda::relu(OP, x, 6.0));
    tape::apply1(&tape::contiguous(x)?, Relu { most: 6.0 })
}

/// The larger of 0 and `x`; NaN stays.
#[inline(always)]
pub(crate) fn positive<T: Element>(x: T) -> T {
    if x <= T::zero() { T::zero() } else { x }
}

/// The gradient where the output is above 0.
#[inline(always)]
pub(crate) fn gated<T: Element>(gradient: T, output: T) -> T {
    if output <= T::zero() { T::zero() } else { gradient }
}

/// Gradients where the output is above 0 and below `most`.
struct Gate<'a, T> {
    most: T,
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element> Kernel<T> for Gate<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        for ((dx, &g), &y) in self.dx.iter_mut().zip(self.dy).zip(self.y) {
            // No branch, which the half of values that are shut would make a lottery of.
            *dx = g.if_so(!((y <= T::zero()) | (y >= self.most)));
        }
    }
}

impl CustomOp1 for Relu {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let dtype = candle_core::backend::BackendStorage::dtype(storage);
        by_type!(OP, dtype, T => {
            let most = <T as WithDType>::from_f64(self.most);
            let x = slice::<T>(storage, layout, OP)?;
            let y = x.iter().map(|&v| if v >= most { most } else { positive(v) }).collect();
            Ok((<T as WithDType>::to_cpu_storage_owned(y), layout.shape().clone()))
        })
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        by_type!(OP, y.dtype(), T => with_slice::<T, _>(y, OP, |y_values| {
            with_slice::<T, _>(&dy, OP, |dy_values| {
                let most = <T as WithDType>::from_f64(self.most);
                let mut dx: Vec<T> = vec![0.0; dy_values.len()];
                T::vectors(Gate { most, y: y_values, dy: dy_values, dx: &mut dx });
                Ok(Some(Tensor::from_vec(dx, y.shape(), y.device())?))
            })
        }))
    }
}
