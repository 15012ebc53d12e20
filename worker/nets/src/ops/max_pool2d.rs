//! Max-pooling over rows and columns; the first of equal maxima, in row-major order, gets the gradient.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};

use super::window::Span;
use super::{Axis, Element, OpError, Padding, Window, by_type, slice, with_slice};

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
    x.contiguous()?.apply_op1(MaxPool { window, winners: Mutex::new(None) })
}

/// The maximum of each channel of `x` (batch, channels, height, width): (batch, channels). The first of equals, in row-major
/// order, gets the gradient; a NaN wins.
///
/// # Errors
/// An input without places; numbers other than f32 and f64.
pub fn global_max_pool2d(x: &Tensor) -> Result<Tensor> {
    let axis = |side| Axis { kernel: side, stride: 1, padding: Padding::Both(0) };
    let (_, _, height, width) = x.dims4()?;
    max_pool2d(x, Window { rows: axis(height), columns: axis(width) })?.flatten_from(1)
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
fn places(span: Span, at: usize) -> std::ops::Range<usize> {
    let start = at * span.stride;
    start.saturating_sub(span.before)..(start + span.kernel - span.before).min(span.input)
}

fn forward<T: Element>(x: &[T], planes: usize, rows: Span, columns: Span) -> (Vec<T>, Vec<u32>) {
    let mut y = Vec::with_capacity(planes * rows.output * columns.output);
    let mut winners = Vec::with_capacity(y.capacity());
    for plane in x.chunks_exact(rows.input * columns.input) {
        for row in 0..rows.output {
            let within = places(rows, row);
            for column in 0..columns.output {
                let across = places(columns, column);
                let mut winner = within.start * columns.input + across.start;
                for i in within.clone() {
                    for at in i * columns.input + across.start..i * columns.input + across.end {
                        let (new, old) = (plane[at], plane[winner]);
                        let is_nan = new.partial_cmp(&new).is_none();
                        if new > old || is_nan {
                            winner = at;
                        }
                    }
                }
                y.push(plane[winner]);
                winners.push(winner as u32);
            }
        }
    }
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
