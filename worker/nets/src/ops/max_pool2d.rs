//! Max-pooling over rows and columns; the first of equal maxima, in row-major order, gets the gradient.

use std::ops::Range;
use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::lanes::{Kernel, Lanes};
use super::window::Span;
use super::{Axis, Element, OpError, Padding, Window, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "max-pool";

struct MaxPool {
    window: Window,
    /// For each output, where in its plane the maximum was.
    winners: Mutex<Option<Vec<u32>>>,
}

/// The maximum of each window of `x` (batch, channels, height, width). Padding never wins. What is left over at the ends is
/// left out, as PyTorch does without `ceil_mode`. A NaN wins.
///
/// # Errors
/// A window that does not fit, or padding that could fill a window; numbers other than f32 and f64.
pub fn max_pool2d(x: &Tensor, window: Window) -> Result<Tensor> {
    on_gpu!(x, {
        let (_, rows, columns) = spans(window, x.dims()).map_err(OpError::into_candle)?;
        cuda::max_pool(OP, x, rows, columns)
    });
    tape::apply1(&tape::contiguous(x)?, MaxPool { window, winners: Mutex::new(None) })
}

/// The maximum of each channel of `x` (batch, channels, height, width): (batch, channels). The first of equals, in row-major
/// order, gets the gradient; a NaN wins.
///
/// # Errors
/// An input without places; numbers other than f32 and f64.
pub fn global_max_pool2d(x: &Tensor) -> Result<Tensor> {
    let axis = |side| Axis { kernel: side, stride: 1, padding: Padding::Both(0) };
    let (_, _, height, width) = x.dims4()?;
    tape::flatten_from(&max_pool2d(x, Window { rows: axis(height), columns: axis(width) })?, 1)
}

fn spans(window: Window, dims: &[usize]) -> std::result::Result<(usize, Span, Span), OpError> {
    let &[batch, channels, height, width] = dims else {
        let rule = "[batch, channels, height, width]".to_owned();
        return Err(OpError::Shape { op: OP, what: "the input", got: dims.to_vec(), rule });
    };
    let (rows, columns) = (window.rows.over(height, OP)?, window.columns.over(width, OP)?);
    for span in [rows, columns] {
        if 2 * span.before.max(span.after) > span.kernel || height * width > u32::MAX as usize {
            let Span { kernel, stride, input, before, after, .. } = span;
            return Err(OpError::Window { op: OP, kernel, stride, input, padding: before + after });
        }
    }
    Ok((batch * channels, rows, columns))
}

/// The places of window `at` that lie in the input.
fn places(span: Span, at: usize) -> Range<usize> {
    let start = at * span.stride;
    start.saturating_sub(span.before)..(start + span.kernel - span.before).min(span.input)
}

/// The maxima of all windows and where in its plane each was.
struct Forward<'a, T> {
    x: &'a [T],
    rows: Span,
    columns: Span,
    y: &'a mut [T],
    winners: &'a mut [u32],
}

/// Whether `new` takes the place of `old`: larger, or no number.
#[inline(always)]
fn wins<T: Element>(new: T, old: T) -> bool {
    // Not short-circuited: a branch for each value would keep the loops from becoming vectors.
    (new > old) | new.is_nan()
}

impl<T: Element> Kernel<T> for Forward<'_, T> {
    /// First down each column of a window's rows, in vectors; then across.
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Forward { x, rows, columns, y, winners } = self;
        let width = columns.input;
        let (mut best, mut from) = (vec![T::zero(); width], vec![0u32; width]);
        let spans: Vec<Range<usize>> = (0..columns.output).map(|column| places(columns, column)).collect();
        let outputs = rows.output * columns.output;
        let planes = x.chunks_exact(rows.input * width);
        for (plane, (y, winners)) in planes.zip(y.chunks_exact_mut(outputs).zip(winners.chunks_exact_mut(outputs))) {
            let lines = y.chunks_exact_mut(columns.output).zip(winners.chunks_exact_mut(columns.output));
            for (row, (y, winners)) in lines.enumerate() {
                let within = places(rows, row);
                best.copy_from_slice(&plane[within.start * width..][..width]);
                from.fill(within.start as u32);
                for i in within.start + 1..within.end {
                    let line = &plane[i * width..][..width];
                    for ((best, from), &new) in best.iter_mut().zip(&mut from).zip(line) {
                        let so = wins(new, *best);
                        *best = new.or_else(*best, so);
                        *from = if so { i as u32 } else { *from };
                    }
                }
                for ((y, winner), span) in y.iter_mut().zip(winners).zip(&spans) {
                    let (mut top, mut at, mut of) = (best[span.start], span.start, from[span.start]);
                    for column in span.start + 1..span.end {
                        let (new, row) = (best[column], from[column]);
                        // Of equal ones the first in row-major order: the one from the higher row.
                        let so = wins(new, top) | ((new == top) & (row < of));
                        top = new.or_else(top, so);
                        (at, of) = if so { (column, row) } else { (at, of) };
                    }
                    *y = top;
                    *winner = of * width as u32 + at as u32;
                }
            }
        }
    }
}

fn forward<T: Element>(x: &[T], planes: usize, rows: Span, columns: Span) -> (Vec<T>, Vec<u32>) {
    let outputs = planes * rows.output * columns.output;
    let (mut y, mut winners) = (vec![T::zero(); outputs], vec![0u32; outputs]);
    T::vectors(Forward { x, rows, columns, y: &mut y, winners: &mut winners });
    (y, winners)
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (planes, rows, columns) = spans(self.window, layout.dims()).map_err(OpError::into_candle)?;
        let dtype = candle_core::backend::BackendStorage::dtype(storage);
        by_type!(OP, dtype, T => {
            let (y, winners) = forward::<T>(slice(storage, layout, OP)?, planes, rows, columns);
            *self.winners.lock().expect("no holder of this lock panics") = Some(winners);
            let shape = [layout.dims()[0], layout.dims()[1], rows.output, columns.output];
            Ok((T::to_cpu_storage_owned(y), Shape::from(shape.to_vec())))
        })
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (_, rows, columns) = spans(self.window, x.dims()).map_err(OpError::into_candle)?;
        let winners = self.winners.lock().expect("no holder of this lock panics");
        let winners = winners.as_ref().ok_or_else(|| OpError::NothingSaved { op: OP }.into_candle())?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(&dy, OP, |dy| {
            let mut dx: Vec<T> = vec![0.0; x.elem_count()];
            let outputs = rows.output * columns.output;
            let planes = dx.chunks_exact_mut(rows.input * columns.input);
            for ((dx, dy), winners) in planes.zip(dy.chunks_exact(outputs)).zip(winners.chunks_exact(outputs)) {
                for (&gradient, &winner) in dy.iter().zip(winners) {
                    dx[winner as usize] += gradient;
                }
            }
            Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
        }))
    }
}
