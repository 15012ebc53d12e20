//! Averages over windows of rows and columns: pools, adaptive pools, and over all places.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::window::Span;
use super::{Element, OpError, Window, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "average pool";

/// Whether the zeros around an input count in an average: PyTorch's `count_include_pad`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaddingCounts {
    /// They do; PyTorch's default.
    Yes,
    /// They do not; Keras' "same" padding.
    No,
}

/// The windows along one axis, and the places that each is said to have.
#[derive(Debug, Clone)]
struct Axis {
    input: usize,
    windows: Vec<(Range<usize>, usize)>,
}

struct Average {
    rows: Axis,
    columns: Axis,
}

/// The average of each window of `x` (batch, channels, height, width). What is left over at the ends is left out, as PyTorch
/// does without `ceil_mode`.
///
/// # Errors
/// A window that does not fit, or padding that could fill a window; numbers other than f32 and f64.
pub fn avg_pool2d(x: &Tensor, window: Window, padding: PaddingCounts) -> Result<Tensor> {
    let (height, width) = sides(x)?;
    let spans = (window.rows.over(height, OP), window.columns.over(width, OP));
    let axis = |span: Span| {
        let Span { kernel, stride, input, before, after, output } = span;
        if 2 * before.max(after) > kernel {
            let error = OpError::Window { op: OP, kernel, stride, input, padding: before + after };
            return Err(error.into_candle());
        }
        let window = |at: usize| {
            let start = at * stride;
            let places = start.saturating_sub(before)..(start + kernel - before).min(input);
            let count = if padding == PaddingCounts::Yes { kernel } else { places.len() };
            (places, count)
        };
        Ok(Axis { input, windows: (0..output).map(window).collect() })
    };
    let spans = [spans.0.map_err(OpError::into_candle)?, spans.1.map_err(OpError::into_candle)?];
    let (rows, columns) = (axis(spans[0])?, axis(spans[1])?);
    on_gpu!(x, cuda::average(OP, x, cuda::Bins::Windows(spans[0], spans[1], padding == PaddingCounts::Yes)));
    tape::apply1(&tape::contiguous(x)?, Average { rows, columns })
}

/// The averages of `rows` by `columns` bins of `x` (batch, channels, height, width), which overlap where the input's sides do
/// not divide: bin i of n is from `floor(i side / n)` to `ceil((i + 1) side / n)` (PyTorch's `AdaptiveAvgPool2d`). More bins
/// than places are possible.
///
/// # Errors
/// No bins, or an input without places; numbers other than f32 and f64.
pub fn adaptive_avg_pool2d(x: &Tensor, rows: usize, columns: usize) -> Result<Tensor> {
    let (height, width) = sides(x)?;
    if rows.min(columns) == 0 {
        let rule = format!("at least one bin, and not {rows} x {columns}");
        return Err(OpError::Shape { op: OP, what: "the input", got: x.dims().to_vec(), rule }.into_candle());
    }
    let axis = |side: usize, bins: usize| {
        let bin = |i: usize| {
            let places = i * side / bins..((i + 1) * side).div_ceil(bins);
            let count = places.len();
            (places, count)
        };
        Axis { input: side, windows: (0..bins).map(bin).collect() }
    };
    on_gpu!(x, cuda::average(OP, x, cuda::Bins::Adaptive(rows, columns)));
    tape::apply1(&tape::contiguous(x)?, Average { rows: axis(height, rows), columns: axis(width, columns) })
}

/// The average of each channel of `x` (batch, channels, height, width): (batch, channels).
///
/// # Errors
/// An input without places; numbers other than f32 and f64.
pub fn global_avg_pool2d(x: &Tensor) -> Result<Tensor> {
    tape::flatten_from(&adaptive_avg_pool2d(x, 1, 1)?, 1)
}

/// Height and width of an input that has places.
fn sides(x: &Tensor) -> Result<(usize, usize)> {
    match *x.dims() {
        [_, _, height, width] if height.min(width) > 0 => Ok((height, width)),
        _ => {
            let rule = "[batch, channels, height, width], with places".to_owned();
            Err(OpError::Shape { op: OP, what: "the input", got: x.dims().to_vec(), rule }.into_candle())
        }
    }
}

/// The sum, in sixteen interleaved parts: quicker and closer than one after the other.
fn sum<T: Element>(values: &[T]) -> T {
    let mut parts = [T::zero(); 16];
    let (whole, rest) = values.as_chunks::<16>();
    for chunk in whole {
        parts.iter_mut().zip(chunk).for_each(|(sum, &v)| *sum += v);
    }
    parts.iter_mut().zip(rest).for_each(|(sum, &v)| *sum += v);
    parts.into_iter().fold(T::zero(), |sum, part| sum + part)
}

impl Average {
    fn outputs(&self) -> usize {
        self.rows.windows.len() * self.columns.windows.len()
    }

    fn forward<T: Element>(&self, x: &[T]) -> Vec<T> {
        let width = self.columns.input;
        let mut y = Vec::with_capacity(x.len() / (self.rows.input * width) * self.outputs());
        for plane in x.chunks_exact(self.rows.input * width) {
            for (rows, high) in &self.rows.windows {
                for (columns, wide) in &self.columns.windows {
                    let lines = rows.clone().map(|row| &plane[row * width..][columns.clone()]);
                    let all = match columns.len() == width {
                        true => sum(&plane[rows.start * width..rows.end * width]),
                        false => lines.fold(T::zero(), |all, line| line.iter().fold(all, |all, &v| all + v)),
                    };
                    y.push(all / T::from_f64((high * wide) as f64));
                }
            }
        }
        y
    }

    fn backward<T: Element>(&self, dy: &[T], inputs: usize) -> Vec<T> {
        let width = self.columns.input;
        let mut dx = vec![T::zero(); inputs];
        let planes = dx.chunks_exact_mut(self.rows.input * width);
        for (plane, dy) in planes.zip(dy.chunks_exact(self.outputs())) {
            let mut dy = dy.iter();
            for (rows, high) in &self.rows.windows {
                for (columns, wide) in &self.columns.windows {
                    let Some(&gradient) = dy.next() else { continue };
                    let share = gradient / T::from_f64((high * wide) as f64);
                    for row in rows.clone() {
                        plane[row * width..][columns.clone()].iter_mut().for_each(|v| *v += share);
                    }
                }
            }
        }
        dx
    }
}

impl CustomOp1 for Average {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let dtype = candle_core::backend::BackendStorage::dtype(storage);
        let (batch, channels, _, _) = layout.shape().dims4()?;
        let shape = Shape::from((batch, channels, self.rows.windows.len(), self.columns.windows.len()));
        by_type!(OP, dtype, T => {
            let y = self.forward::<T>(slice(storage, layout, OP)?);
            Ok((<T as WithDType>::to_cpu_storage_owned(y), shape))
        })
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(&dy, OP, |dy| {
            Ok(Some(Tensor::from_vec(self.backward::<T>(dy, x.elem_count()), x.shape(), x.device())?))
        }))
    }
}
