//! Convolution over rows and columns, with bias. One dimension is a height of 1.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType};

use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes};
use super::{Element, OpError, Window, by_type, lowered, shifted, slice, with_slice};

const OP: &str = "convolution";

/// How a convolution is computed. Results differ in the last digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConvMethod {
    /// Whichever is quicker for the shapes.
    #[default]
    Quickest,
    /// Shifted images, where the stride is 1 and no window lies wholly in the padding; unrolled elsewhere.
    Shifted,
    /// A matrix product over the unrolled input.
    Unrolled,
}

struct Conv2d {
    window: Window,
    method: ConvMethod,
}

/// `x` (batch, channels, height, width) with `weight` (filters, channels, kernel rows, kernel columns), not turned round, and
/// `bias` (filters): (batch, filters, output rows, output columns).
///
/// # Errors
/// Shapes that do not fit; numbers other than f32 and f64.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, window: Window, method: ConvMethod) -> Result<Tensor> {
    x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, Conv2d { window, method })
}

/// Whether the shifted method is used. It is the quicker one wherever it applies, several times where channels are few; but
/// in images of a few dozen outputs its tiles stay half empty, and with hundreds of channels the matrix product is level or
/// ahead (`examples/conv_speed` compares them).
fn use_shifted(shape: &ConvShape, method: ConvMethod) -> bool {
    let possible = shifted::applies(shape);
    let tiny = shape.rows.output * shape.columns.output <= 64 && shape.channels * shape.filters >= 1 << 16;
    match method {
        ConvMethod::Quickest => possible && !tiny,
        ConvMethod::Shifted => possible,
        ConvMethod::Unrolled => false,
    }
}

/// Computes outputs, image by image.
pub(super) fn forward<T: Element>(
    shape: &ConvShape,
    method: ConvMethod,
    (x, w, b): (&[T], &[T], &[T]),
    finish: impl Finish<T>,
) {
    if use_shifted(shape, method) {
        shifted::forward(shape, x, w, b, finish);
    } else {
        lowered::forward(shape, x, w, b, finish);
    }
}

/// Computes gradients; that of the input only if somebody wants it.
pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    method: ConvMethod,
    (x, w): (&[T], &[T]),
    want_x: bool,
    gradient: impl Gradient<T>,
) -> Gradients<T> {
    if use_shifted(shape, method) {
        shifted::backward(shape, x, w, want_x, gradient)
    } else {
        lowered::backward(shape, x, w, want_x, gradient)
    }
}

impl<T: Element> Gradients<T> {
    /// As tensors shaped like the arguments.
    pub(super) fn into_tensors(
        self,
        x: &Tensor,
        w: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dx = if x.track_op() { Some(Tensor::from_vec(self.x, x.shape(), x.device())?) } else { None };
        let filters = self.b.len();
        let dw = Tensor::from_vec(self.w, w.shape(), x.device())?;
        Ok((dx, Some(dw), Some(Tensor::from_vec(self.b, filters, x.device())?)))
    }
}

/// Gathers output images one after the other.
struct Gather<T>(Vec<T>, (usize, usize, usize));

impl<T: Element> Finish<T> for &mut Gather<T> {
    #[inline(always)]
    fn image(&mut self, _number: usize, values: &[T], planes: Planes) {
        let (filters, rows, columns) = self.1;
        for filter in 0..filters {
            for row in 0..rows {
                let at = planes.origin + filter * planes.plane_step + row * planes.row_step;
                self.0.extend_from_slice(&values[at..at + columns]);
            }
        }
    }
}

/// Deals out gradients that lie one after the other.
struct Deal<'a, T>(&'a [T], (usize, usize, usize));

impl<T: Element> Gradient<T> for Deal<'_, T> {
    #[inline(always)]
    fn image(&mut self, number: usize, into: &mut [T], planes: Planes) {
        let (filters, rows, columns) = self.1;
        let image = &self.0[number * filters * rows * columns..];
        for filter in 0..filters {
            for row in 0..rows {
                let at = planes.origin + filter * planes.plane_step + row * planes.row_step;
                into[at..at + columns].copy_from_slice(&image[(filter * rows + row) * columns..][..columns]);
            }
        }
    }
}

impl CustomOp3 for Conv2d {
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
        let shape = ConvShape::of(OP, self.window, lx.dims(), lw.dims(), lb.dims()).map_err(OpError::into_candle)?;
        let output = (shape.filters, shape.rows.output, shape.columns.output);
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let mut gather = Gather(Vec::<T>::with_capacity(shape.batch * shape.output_image()), output);
            forward(&shape, self.method, (slice(x, lx, OP)?, slice(w, lw, OP)?, slice(b, lb, OP)?), &mut gather);
            Ok((T::to_cpu_storage_owned(gather.0), Shape::from((shape.batch, output.0, output.1, output.2))))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: &Tensor,
        _y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let shape = ConvShape::of(OP, self.window, x.dims(), w.dims(), b.dims()).map_err(OpError::into_candle)?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(x, OP, |xs| with_slice::<T, _>(w, OP, |ws| {
            with_slice::<T, _>(&dy, OP, |dy| {
                let deal = Deal(dy, (shape.filters, shape.rows.output, shape.columns.output));
                backward(&shape, self.method, (xs, ws), x.track_op(), deal).into_tensors(x, w)
            })
        })))
    }
}
