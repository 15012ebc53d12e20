//! Dropout: values are dropped by a mask that is a function of where it is used.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::{Element, by_type, on_gpu, slice, tape, with_slice};
use crate::draw::Draw;

const OP: &str = "dropout";

struct Dropout {
    draw: Draw,
    /// A value is kept if its 16 bits are below it.
    keep_below: u32,
}

/// Sets each value to 0 with probability `p` and divides the others by `1 - p`. Any shape.
///
/// Value `i` in row-major order looks at 16 bits of word `i / 4` of `draw`, the lowest first; so `p` is taken to 1/65536,
/// and the division is by the probability so rounded. `p` of 0 gives the input back, of 1 or more gives zeros.
///
/// # Errors
/// Numbers other than f32 and f64.
pub fn dropout(x: &Tensor, p: f64, draw: Draw) -> Result<Tensor> {
    let keep_below = ((1.0 - p).clamp(0.0, 1.0) * 65_536.0).round() as u32;
    if keep_below == 65_536 {
        return Ok(x.clone());
    }
    on_gpu!(x, cuda::dropout(OP, x, draw, keep_below));
    tape::apply1(&tape::contiguous(x)?, Dropout { draw, keep_below })
}

impl Dropout {
    fn masked<T: Element>(&self, values: &[T]) -> Vec<T> {
        let scale = if self.keep_below == 0 { 0.0 } else { 65_536.0 / f64::from(self.keep_below) };
        // A product and not a choice: the mask is as likely as not, which branches cannot guess.
        let factors = [T::zero(), T::from_f64(scale)];
        let mut masked = Vec::with_capacity(values.len());
        for (i, four) in values.chunks(4).enumerate() {
            let word = self.draw.word(i as u64);
            masked.extend(four.iter().enumerate().map(|(j, &v)| {
                let bits = (word >> (16 * j)) as u32 & 0xFFFF;
                v * factors[usize::from(bits < self.keep_below)]
            }));
        }
        masked
    }
}

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let dtype = candle_core::backend::BackendStorage::dtype(storage);
        by_type!(OP, dtype, T => {
            Ok((T::to_cpu_storage_owned(self.masked::<T>(slice(storage, layout, OP)?)), layout.shape().clone()))
        })
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(&dy, OP, |dy| {
            Ok(Some(Tensor::from_vec(self.masked(dy), x.shape(), x.device())?))
        }))
    }
}
