//! Convolution in groups of channels, and with or without bias.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType};

use super::conv2d::{ConvMethod, conv2d};
use super::lanes::{Kernel, Lanes};
use super::window::Span;
use super::{Element, OpError, Window, by_type, slice, with_slice};

const OP: &str = "depthwise convolution";

/// `x` (batch, channels, height, width) with `weight` (filters, channels / groups, kernel rows, kernel columns): each group of
/// filters sees its group of channels. Plus `bias` (filters), if there is one.
///
/// # Errors
/// Shapes that do not fit, groups that do not divide; numbers other than f32 and f64.
pub fn conv2d_grouped(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: Window,
    groups: usize,
    method: ConvMethod,
) -> Result<Tensor> {
    let (filters, of, _, _) = weight.dims4()?;
    let channels = x.dim(1)?;
    if groups == 0 || channels != of * groups || !filters.is_multiple_of(groups) {
        let rule = format!("[filters, {channels} / {groups}, ..], the filters of whole groups");
        return Err(OpError::Shape { op: OP, what: "the weight", got: weight.dims().to_vec(), rule }.into_candle());
    }
    if groups > 1 && of == 1 && filters == channels {
        let y = x.contiguous()?.apply_op2(&weight.contiguous()?, Depthwise { window })?;
        return match bias {
            None => Ok(y),
            Some(bias) => y.broadcast_add(&bias.reshape((1, filters, 1, 1))?),
        };
    }
    let zeros;
    let bias = match bias {
        Some(bias) => bias,
        None => {
            zeros = Tensor::zeros(filters, x.dtype(), x.device())?;
            &zeros
        }
    };
    if groups == 1 {
        return conv2d(x, weight, bias, window, method);
    }
    let each = filters / groups;
    let group = |i: usize| {
        let (weight, bias) = (weight.narrow(0, i * each, each)?, bias.narrow(0, i * each, each)?);
        conv2d(&x.narrow(1, i * of, of)?, &weight, &bias, window, method)
    };
    Tensor::cat(&(0..groups).map(group).collect::<Result<Vec<_>>>()?, 1)
}

struct Depthwise {
    window: Window,
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    planes: usize,
    channels: usize,
    rows: Span,
    columns: Span,
}

impl Sizes {
    fn of(window: Window, x: &[usize], w: &[usize]) -> std::result::Result<Sizes, OpError> {
        let (&[batch, channels, height, width], &[_, _, high, wide]) = (x, w) else {
            let rule = "[batch, channels, height, width]".to_owned();
            return Err(OpError::Shape { op: OP, what: "the input", got: x.to_vec(), rule });
        };
        let (rows, columns) = (window.rows.over(height, OP)?, window.columns.over(width, OP)?);
        if (high, wide) != (rows.kernel, columns.kernel) {
            let rule = format!("[{channels}, 1, {}, {}]", rows.kernel, columns.kernel);
            return Err(OpError::Shape { op: OP, what: "the weight", got: w.to_vec(), rule });
        }
        Ok(Sizes { planes: batch * channels, channels, rows, columns })
    }

    /// Calls `f(weight, first output, first input, outputs)` for every run of outputs that a weight of the kernel meets.
    #[inline(always)]
    fn runs(self, mut f: impl FnMut(usize, usize, usize, usize)) {
        let Sizes { rows, columns, .. } = self;
        for ky in 0..rows.kernel {
            for oy in 0..rows.output {
                let y = oy * rows.stride + ky;
                if !(rows.before..rows.before + rows.input).contains(&y) {
                    continue;
                }
                for kx in 0..columns.kernel {
                    let first = columns.before.saturating_sub(kx).div_ceil(columns.stride);
                    let past = (columns.input + columns.before).saturating_sub(kx).div_ceil(columns.stride);
                    let past = past.min(columns.output);
                    if first < past {
                        let x = first * columns.stride + kx - columns.before;
                        let input = (y - rows.before) * columns.input + x;
                        f(ky * columns.kernel + kx, oy * columns.output + first, input, past - first);
                    }
                }
            }
        }
    }

    fn input(self) -> usize {
        self.rows.input * self.columns.input
    }

    fn output(self) -> usize {
        self.rows.output * self.columns.output
    }

    fn taps(self) -> usize {
        self.rows.kernel * self.columns.kernel
    }
}

struct Forward<'a, T> {
    sizes: Sizes,
    x: &'a [T],
    w: &'a [T],
    y: &'a mut [T],
}

impl<T: Element> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Forward { sizes, x, w, y } = self;
        let planes = x.chunks_exact(sizes.input()).zip(y.chunks_exact_mut(sizes.output()));
        for (plane, (x, y)) in planes.enumerate().take(sizes.planes) {
            let w = &w[plane % sizes.channels * sizes.taps()..][..sizes.taps()];
            let stride = sizes.columns.stride;
            sizes.runs(|tap, output, input, n| {
                let (w, y) = (w[tap], &mut y[output..output + n]);
                if stride == 1 {
                    y.iter_mut().zip(&x[input..input + n]).for_each(|(y, &x)| *y += w * x);
                } else {
                    y.iter_mut().zip(x[input..].iter().step_by(stride)).for_each(|(y, &x)| *y += w * x);
                }
            });
        }
    }
}

struct Backward<'a, T> {
    sizes: Sizes,
    x: &'a [T],
    w: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
    dw: &'a mut [T],
}

impl<T: Element> Kernel<T> for Backward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Backward { sizes, x, w, dy, dx, dw } = self;
        let inputs = x.chunks_exact(sizes.input()).zip(dx.chunks_exact_mut(sizes.input()));
        for (plane, ((x, dx), dy)) in inputs.zip(dy.chunks_exact(sizes.output())).enumerate() {
            let from = plane % sizes.channels * sizes.taps();
            let (w, dw) = (&w[from..from + sizes.taps()], &mut dw[from..from + sizes.taps()]);
            let stride = sizes.columns.stride;
            sizes.runs(|tap, output, input, n| {
                let (w, dy) = (w[tap], &dy[output..output + n]);
                let mut sum = T::zero();
                if stride == 1 {
                    dx[input..input + n].iter_mut().zip(dy).for_each(|(dx, &g)| *dx += w * g);
                    dy.iter().zip(&x[input..input + n]).for_each(|(&g, &x)| sum += g * x);
                } else {
                    dx[input..].iter_mut().step_by(stride).zip(dy).for_each(|(dx, &g)| *dx += w * g);
                    dy.iter().zip(x[input..].iter().step_by(stride)).for_each(|(&g, &x)| sum += g * x);
                }
                dw[tap] += sum;
            });
        }
    }
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::of(self.window, lx.dims(), lw.dims()).map_err(OpError::into_candle)?;
        let shape = Shape::from((lx.dims()[0], sizes.channels, sizes.rows.output, sizes.columns.output));
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let mut y: Vec<T> = vec![0.0; sizes.planes * sizes.output()];
            T::vectors(Forward { sizes, x: slice(x, lx, OP)?, w: slice(w, lw, OP)?, y: &mut y });
            Ok((<T as WithDType>::to_cpu_storage_owned(y), shape))
        })
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let sizes = Sizes::of(self.window, x.dims(), w.dims()).map_err(OpError::into_candle)?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(x, OP, |xs| with_slice::<T, _>(w, OP, |ws| {
            with_slice::<T, _>(&dy, OP, |dy| {
                let (mut dx, mut dw): (Vec<T>, Vec<T>) = (vec![0.0; xs.len()], vec![0.0; ws.len()]);
                T::vectors(Backward { sizes, x: xs, w: ws, dy, dx: &mut dx, dw: &mut dw });
                let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
                Ok((Some(dx), Some(Tensor::from_vec(dw, w.shape(), x.device())?)))
            })
        })))
    }
}
