//! x, or alpha (exp(x) - 1) below 0 (Clevert et al. 2015).

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::lanes::{Kernel, Lanes};
use super::{Element, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "elu";

struct Elu {
    alpha: f64,
}

/// The exponential linear unit of each value. Any shape; NaN stays.
///
/// # Errors
/// Numbers other than f32 and f64; a tensor outside the CPU's memory.
pub fn elu(x: &Tensor, alpha: f64) -> Result<Tensor> {
    on_gpu!(x, cuda::elu(OP, x, alpha));
    tape::apply1(&tape::contiguous(x)?, Elu { alpha })
}

struct Forward<'a, T> {
    alpha: T,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Element> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            let low = self.alpha * x.exp_m1();
            *y = if x > T::zero() { x } else { low };
        }
    }
}

struct Backward<'a, T> {
    alpha: T,
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element> Kernel<T> for Backward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        for ((dx, &dy), &y) in self.dx.iter_mut().zip(self.dy).zip(self.y) {
            *dx = if y > T::zero() { dy } else { dy * (y + self.alpha) };
        }
    }
}

impl CustomOp1 for Elu {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let dtype = candle_core::backend::BackendStorage::dtype(storage);
        by_type!(OP, dtype, T => {
            let x = slice::<T>(storage, layout, OP)?;
            let mut y: Vec<T> = vec![0.0; x.len()];
            T::vectors(Forward { alpha: <T as WithDType>::from_f64(self.alpha), x, y: &mut y });
            Ok((<T as WithDType>::to_cpu_storage_owned(y), layout.shape().clone()))
        })
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        by_type!(OP, y.dtype(), T => with_slice::<T, _>(y, OP, |ys| with_slice::<T, _>(&dy, OP, |dy| {
            let mut dx: Vec<T> = vec![0.0; dy.len()];
            T::vectors(Backward { alpha: <T as WithDType>::from_f64(self.alpha), y: ys, dy, dx: &mut dx });
            Ok(Some(Tensor::from_vec(dx, y.shape(), y.device())?))
        })))
    }
}
