//! Convolution, bias, ReLU and max-pool 2 as one operation: what lies between is never stored, and a quarter of the
//! gradients is moved.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType};

use super::conv_shape::{ConvShape, Finish, Gradient, Planes, Wanted};
use super::conv2d::{ConvMethod, backward, forward};
#[cfg(feature = "cuda")]
use super::cuda;
use super::{Element, OpError, Window, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "convolution, ReLU and max-pool";

/// Added to a winner: the maximum is not above 0, and the ReLU lets no gradient through.
const SHUT: u8 = 4;

struct ConvBlock {
    window: Window,
    method: ConvMethod,
    /// For each output, which of its four places (row-major) has the maximum, plus [`SHUT`].
    winners: Mutex<Option<Vec<u8>>>,
}

/// `max_pool2d(relu(conv2d(x, weight, bias)))` with a pool of 2 by 2 moving by 2: (batch, filters, output rows / 2, output
/// columns / 2), rounded down. Gradients are those of the three operations.
///
/// # Errors
/// Shapes that do not fit, or a convolution's output with a side of 1; numbers other than f32 and f64.
pub fn conv_relu_pool(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    window: Window,
    method: ConvMethod,
) -> Result<Tensor> {
    let op = ConvBlock { window, method, winners: Mutex::new(None) };
    let (x, weight, bias) = (tape::contiguous(x)?, weight.contiguous()?, bias.contiguous()?);
    on_gpu!(x, {
        let shape = op.shape(x.dims(), weight.dims(), bias.dims())?;
        cuda::conv_relu_pool(OP, [&x, &weight, &bias], shape)
    });
    tape::apply3(&x, &weight, &bias, op)
}

impl ConvBlock {
    fn shape(&self, x: &[usize], w: &[usize], b: &[usize]) -> Result<ConvShape> {
        let shape = ConvShape::of(OP, self.window, x, w, Some(b)).map_err(OpError::into_candle)?;
        for span in [shape.rows, shape.columns] {
            if span.output < 2 {
                let error = OpError::Window { op: OP, kernel: 2, stride: 2, input: span.output, padding: 0 };
                return Err(error.into_candle());
            }
        }
        Ok(shape)
    }
}

/// Filters, pooled rows and pooled columns.
fn pooled(shape: &ConvShape) -> (usize, usize, usize) {
    (shape.filters, shape.rows.output / 2, shape.columns.output / 2)
}

/// Pools output images.
struct Pool<T> {
    values: Vec<T>,
    winners: Vec<u8>,
    sizes: (usize, usize, usize),
}

impl<T: Element> Finish<T> for &mut Pool<T> {
    #[inline(always)]
    fn image(&mut self, number: usize, values: &[T], planes: Planes) {
        let (filters, rows, columns) = self.sizes;
        let mut to = number * filters * rows * columns;
        for filter in 0..filters {
            for row in 0..rows {
                let at = planes.origin + filter * planes.plane_step + 2 * row * planes.row_step;
                let upper = &values[at..at + 2 * columns];
                let lower = &values[at + planes.row_step..][..2 * columns];
                let (pooled, winners) = (&mut self.values[to..to + columns], &mut self.winners[to..to + columns]);
                pool_row(upper, lower, pooled, winners);
                to += columns;
            }
        }
    }
}

/// Branches here would be guessed wrongly half of the time, so there are none.
#[inline(always)]
fn pool_row<T: Element>(upper: &[T], lower: &[T], pooled: &mut [T], winners: &mut [u8]) {
    let larger = |a: (T, u8), b: (T, u8)| {
        let wins = (b.0 > a.0) | b.0.is_nan();
        let mask = u8::from(wins).wrapping_neg();
        (b.0.or_else(a.0, wins), b.1 & mask | a.1 & !mask)
    };
    let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
    for ((u, l), (value, winner)) in pairs.zip(pooled.iter_mut().zip(winners)) {
        let (best, at) = larger(larger((u[0], 0), (u[1], 1)), larger((l[0], 2), (l[1], 3)));
        let shut = best <= T::zero();
        *value = best.if_so(!shut);
        *winner = at | (u8::from(shut) * SHUT);
    }
}

/// Puts gradients where the maxima were.
struct Unpool<'a, T> {
    dy: &'a [T],
    winners: &'a [u8],
    sizes: (usize, usize, usize),
    /// Whether the convolution's output has a last row or column that no window covers.
    odd: (bool, bool),
}

impl<T: Element> Gradient<T> for Unpool<'_, T> {
    #[inline(always)]
    fn image(&mut self, number: usize, into: &mut [T], planes: Planes) {
        let (filters, rows, columns) = self.sizes;
        let width = 2 * columns + usize::from(self.odd.1);
        let mut from = number * filters * rows * columns;
        for filter in 0..filters {
            let top = planes.origin + filter * planes.plane_step;
            for row in 0..rows {
                let (first, second) = into[top + 2 * row * planes.row_step..].split_at_mut(planes.row_step);
                let (upper, lower) = (&mut first[..width], &mut second[..width]);
                unpool_row(&self.dy[from..from + columns], &self.winners[from..from + columns], upper, lower);
                from += columns;
            }
            if self.odd.0 {
                into[top + 2 * rows * planes.row_step..][..width].fill(T::zero());
            }
        }
    }
}

#[inline(always)]
fn unpool_row<T: Element>(dy: &[T], winners: &[u8], upper: &mut [T], lower: &mut [T]) {
    let pairs = upper.chunks_exact_mut(2).zip(lower.chunks_exact_mut(2));
    for ((u, l), (&gradient, &winner)) in pairs.zip(dy.iter().zip(winners)) {
        let at = |place: u8| gradient.if_so(winner == place);
        (u[0], u[1], l[0], l[1]) = (at(0), at(1), at(2), at(3));
    }
    if upper.len() % 2 == 1 {
        let last = upper.len() - 1;
        (upper[last], lower[last]) = (T::zero(), T::zero());
    }
}

impl CustomOp3 for ConvBlock {
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
        let shape = self.shape(lx.dims(), lw.dims(), lb.dims())?;
        let sizes = pooled(&shape);
        let count = shape.batch * sizes.0 * sizes.1 * sizes.2;
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let mut pool = Pool::<T> { values: vec![0.0; count], winners: vec![SHUT; count], sizes };
            let arguments = (slice(x, lx, OP)?, slice(w, lw, OP)?, Some(slice(b, lb, OP)?));
            forward(&shape, self.method, arguments, &mut pool);
            *self.winners.lock().expect("no holder of this lock panics") = Some(pool.winners);
            Ok((T::to_cpu_storage_owned(pool.values), Shape::from((shape.batch, sizes.0, sizes.1, sizes.2))))
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
        let shape = self.shape(x.dims(), w.dims(), b.dims())?;
        let winners = self.winners.lock().expect("no holder of this lock panics");
        let winners = winners.as_ref().ok_or_else(|| OpError::NothingSaved { op: OP }.into_candle())?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(x, OP, |xs| with_slice::<T, _>(w, OP, |ws| {
            with_slice::<T, _>(&dy, OP, |dy| {
                let wanted = Wanted { x: tape::tracks(x), w: tape::tracks(w), b: tape::tracks(b) };
                let odd = (shape.rows.output % 2 == 1, shape.columns.output % 2 == 1);
                let unpool = Unpool { dy, winners, sizes: pooled(&shape), odd };
                backward(&shape, self.method, (xs, ws), wanted, unpool).into_tensors(wanted, x, w)
            })
        })))
    }
}
