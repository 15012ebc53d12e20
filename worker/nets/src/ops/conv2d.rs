//! Convolution over rows and columns, with or without bias, in groups or in one. One dimension is a height of 1.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, WithDType};

use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes, Wanted};
#[cfg(feature = "cuda")]
use super::cuda;
use super::{Element, OpError, Window, by_type, conv_cost, grouped, lowered, on_gpu, shifted, slice, tape, with_slice};

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
    groups: usize,
    method: ConvMethod,
}

/// `x` (batch, channels, height, width) with `weight` (filters, channels, kernel rows, kernel columns), not turned round, and
/// `bias` (filters): (batch, filters, output rows, output columns).
///
/// # Errors
/// Shapes that do not fit; numbers other than f32 and f64.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, window: Window, method: ConvMethod) -> Result<Tensor> {
    conv2d_grouped(x, weight, Some(bias), window, 1, method)
}

/// [`conv2d`] in `groups`: `weight` is (filters, channels / groups, kernel rows, kernel columns), and of as many equal parts
/// of channels and of filters, the filters of a part see the channels of the same part. The bias may be left out. Where
/// each channel is a group, `method` says nothing: such convolutions have their own.
///
/// # Errors
/// Shapes that do not fit, or groups that do not divide channels and filters; numbers other than f32 and f64.
pub fn conv2d_grouped(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: Window,
    groups: usize,
    method: ConvMethod,
) -> Result<Tensor> {
    let (x, weight, op) = (tape::contiguous(x)?, weight.contiguous()?, Conv2d { window, groups, method });
    let bias = bias.map(Tensor::contiguous).transpose()?;
    on_gpu!(x, op.on_gpu(&x, &weight, bias.as_ref()));
    match bias {
        Some(bias) => tape::apply3(&x, &weight, &bias, op),
        None => tape::apply2(&x, &weight, op),
    }
}

/// Whether the shifted method is used, where `quicker` is asked if it is.
fn use_shifted(shape: &ConvShape, method: ConvMethod, quicker: impl FnOnce() -> bool) -> bool {
    shifted::applies(shape)
        && match method {
            ConvMethod::Quickest => quicker(),
            ConvMethod::Shifted => true,
            ConvMethod::Unrolled => false,
        }
}

/// Computes outputs, image by image, of a convolution of one group.
pub(super) fn forward<T: Element>(
    shape: &ConvShape,
    method: ConvMethod,
    (x, w, b): (&[T], &[T], Option<&[T]>),
    finish: impl Finish<T>,
) {
    if use_shifted(shape, method, || conv_cost::shifted_is_quicker(shape)) {
        shifted::forward(shape, x, w, b, finish);
    } else {
        lowered::forward(shape, x, w, b, finish);
    }
}

/// Computes the gradients that somebody wants, of a convolution of one group.
pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    method: ConvMethod,
    (x, w): (&[T], &[T]),
    wanted: Wanted,
    gradient: impl Gradient<T>,
) -> Gradients<T> {
    if use_shifted(shape, method, || conv_cost::shifted_is_quicker_back(shape, wanted)) {
        shifted::backward(shape, x, w, wanted, gradient)
    } else {
        lowered::backward(shape, x, w, wanted, gradient)
    }
}

impl<T: Element> Gradients<T> {
    /// As tensors shaped like the arguments.
    pub(super) fn into_tensors(
        self,
        wanted: Wanted,
        x: &Tensor,
        w: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let tensor = |wanted: bool, values: Vec<T>, shape: &[usize]| {
            wanted.then(|| Tensor::from_vec(values, shape, x.device())).transpose()
        };
        let filters = self.b.len();
        Ok((
            tensor(wanted.x, self.x, x.dims())?,
            tensor(wanted.w, self.w, w.dims())?,
            tensor(wanted.b, self.b, &[filters])?,
        ))
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

impl Conv2d {
    /// The shape of one group.
    fn shape(&self, x: &[usize], w: &[usize], b: Option<&[usize]>) -> Result<ConvShape> {
        let groups = self.groups;
        let mut x = x.to_vec();
        if let ([_, channels, _, _], Some(&filters)) = (x.as_mut_slice(), w.first()) {
            if groups == 0 || *channels % groups != 0 || filters % groups != 0 {
                return Err(OpError::Groups { op: OP, groups, channels: *channels, filters }.into_candle());
            }
            *channels /= groups;
        }
        let all = ConvShape::of(OP, self.window, &x, w, b).map_err(OpError::into_candle)?;
        Ok(ConvShape { filters: all.filters / groups, ..all })
    }

    #[cfg(feature = "cuda")]
    fn on_gpu(&self, x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Result<Tensor> {
        let shape = self.shape(x.dims(), w.dims(), b.map(Tensor::dims))?;
        let groups = self.groups;
        if groups == 1 {
            return cuda::conv2d(OP, x, w, b, shape);
        }
        if shape.channels == 1 {
            return cuda::depthwise(OP, x, w, b, shape);
        }
        let part = |of: &Tensor, axis: usize, number: usize| {
            let size = of.dim(axis)? / groups;
            tape::contiguous(&tape::narrow(of, axis, number * size, size)?)
        };
        let group = |number: usize| {
            let bias = b.map(|b| part(b, 0, number)).transpose()?;
            cuda::conv2d(OP, &part(x, 1, number)?, &part(w, 0, number)?, bias.as_ref(), shape)
        };
        let parts = (0..groups).map(group).collect::<Result<Vec<Tensor>>>()?;
        tape::cat(&parts.iter().collect::<Vec<_>>(), 1)
    }

    fn run(
        &self,
        (x, lx): (&CpuStorage, &Layout),
        (w, lw): (&CpuStorage, &Layout),
        b: Option<(&CpuStorage, &Layout)>,
    ) -> Result<(CpuStorage, Shape)> {
        let shape = self.shape(lx.dims(), lw.dims(), b.map(|(_, layout)| layout.dims()))?;
        let output = (shape.filters, shape.rows.output, shape.columns.output);
        by_type!(OP, x.dtype(), T => {
            let b = b.map(|(b, layout)| slice::<T>(b, layout, OP)).transpose()?;
            let arguments = (slice::<T>(x, lx, OP)?, slice::<T>(w, lw, OP)?, b);
            let values = if self.groups == 1 {
                let mut gather = Gather(Vec::with_capacity(shape.batch * shape.output_image()), output);
                forward(&shape, self.method, arguments, &mut gather);
                gather.0
            } else {
                grouped::forward(&shape, self.groups, self.method, arguments)
            };
            let dims = (shape.batch, output.0 * self.groups, output.1, output.2);
            Ok((T::to_cpu_storage_owned(values), Shape::from(dims)))
        })
    }

    fn run_back(
        &self,
        (x, w, b): (&Tensor, &Tensor, Option<&Tensor>),
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let shape = self.shape(x.dims(), w.dims(), b.map(Tensor::dims))?;
        let wanted = Wanted { x: tape::tracks(x), w: tape::tracks(w), b: b.is_some_and(tape::tracks) };
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(x, OP, |xs| with_slice::<T, _>(w, OP, |ws| {
            with_slice::<T, _>(&dy, OP, |dy| {
                let gradients = if self.groups == 1 {
                    let deal = Deal(dy, (shape.filters, shape.rows.output, shape.columns.output));
                    backward(&shape, self.method, (xs, ws), wanted, deal)
                } else {
                    grouped::backward(&shape, self.groups, self.method, (xs, ws), wanted, dy)
                };
                gradients.into_tensors(wanted, x, w)
            })
        })))
    }
}

impl CustomOp2 for Conv2d {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        self.run((x, lx), (w, lw), None)
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (x, w, _) = self.run_back((x, w, None), dy)?;
        Ok((x, w))
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
        self.run((x, lx), (w, lw), Some((b, lb)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: &Tensor,
        _y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        self.run_back((x, w, Some(b)), dy)
    }
}
