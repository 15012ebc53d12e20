//! Batch normalisation (Ioffe and Szegedy 2015), with or without a ReLU after it, as one operation.
//!
//! Training reads the input twice and writes the output once; the backward pass reads three arrays twice and writes one.

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor, Var, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::lanes::{Kernel, Lanes};
use super::linear::Activation;
use super::{Element, OpError, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "batch norm";
/// Sums are taken in the number type over so many values, and of those in f64.
const BLOCK: usize = 1024;

/// What a batch's values come to, on the batch's device.
#[derive(Debug, Clone)]
pub struct BatchStats {
    /// The means of the channels (channels), f64.
    pub mean: Tensor,
    /// Their population variances (channels), f64.
    pub variance: Tensor,
    /// Values of a channel.
    pub count: usize,
}

/// The same in the CPU's memory: means and variances.
#[derive(Debug, Clone)]
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

struct BatchNorm {
    eps: f64,
    activation: Activation,
    stats: Arc<Mutex<Option<Moments>>>,
}

/// Brings each channel of `x` (axis 1 of 2 to 4) to mean 0 and deviation 1 over the batch (variance plus `eps` under the
/// root), times `weight`, plus `bias`, both (channels). Also yields the statistics, for running ones. Gradients pass through
/// the statistics.
///
/// # Errors
/// Shapes that do not fit; a single value in each channel, which has no deviation; numbers other than f32 and f64.
pub fn batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    activation: Activation,
) -> Result<(Tensor, BatchStats)> {
    let grid = Grid::of(x.dims(), weight.dims(), bias.dims())?;
    if grid.count() < 2 {
        let rule = "more than one value in each channel".to_owned();
        return Err(OpError::Shape { op: OP, what: "the input", got: x.dims().to_vec(), rule }.into_candle());
    }
    on_gpu!(x, cuda::batch_norm(OP, x, [weight, bias], (grid, eps, activation)));
    let stats = Arc::new(Mutex::new(None));
    let op = BatchNorm { eps, activation, stats: Arc::clone(&stats) };
    let y = tape::apply3(&tape::contiguous(x)?, &weight.contiguous()?, &bias.contiguous()?, op)?;
    let stats = stats.lock().expect("no holder of this lock panics");
    let Moments { mean, variance } = stats.clone().ok_or_else(|| OpError::NothingSaved { op: OP }.into_candle())?;
    let tensor = |values| Tensor::from_vec(values, grid.channels, x.device());
    Ok((y, BatchStats { mean: tensor(mean)?, variance: tensor(variance)?, count: grid.count() }))
}

/// The same by statistics that are given, `mean` and `variance`, both (channels). No gradient passes.
///
/// # Errors
/// Shapes that do not fit; numbers other than f32 and f64.
pub fn batch_norm_eval(
    x: &Tensor,
    [weight, bias, mean, variance]: [&Tensor; 4],
    eps: f64,
    activation: Activation,
) -> Result<Tensor> {
    let grid = Grid::of(x.dims(), weight.dims(), bias.dims())?;
    for of in [mean, variance] {
        if of.dims() != [grid.channels] {
            let (got, rule) = (of.dims().to_vec(), format!("[{}]", grid.channels));
            return Err(OpError::Shape { op: OP, what: "a statistic", got, rule }.into_candle());
        }
    }
    on_gpu!(x, cuda::batch_norm_eval(OP, x, [weight, bias, mean, variance], (grid, eps, activation)));
    let numbers = |tensor: &Tensor| tensor.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>();
    let (weight, bias, mean, variance) = (numbers(weight)?, numbers(bias)?, numbers(mean)?, numbers(variance)?);
    let scales: Vec<f64> = weight.iter().zip(&variance).map(|(weight, v)| weight / (v + eps).sqrt()).collect();
    let shifts = bias.iter().zip(&mean).zip(&scales).map(|((bias, mean), scale)| bias - mean * scale).collect();
    x.contiguous()?.apply_op1_no_bwd(&Affine { grid, scales, shifts, activation })
}

/// The same values as [`batch_norm_eval`], with gradients for `x`, `weight` and `bias`; the statistics stay as they are. Made of
/// plain products and sums, as a net that is tuned on frozen statistics has no need to be quick.
///
/// # Errors
/// Shapes that do not fit; numbers other than f32 and f64.
pub fn batch_norm_frozen(
    x: &Tensor,
    [weight, bias, mean, variance]: [&Tensor; 4],
    eps: f64,
    activation: Activation,
) -> Result<Tensor> {
    let grid = Grid::of(x.dims(), weight.dims(), bias.dims())?;
    let mut shape = vec![1; x.rank()];
    shape[1] = grid.channels;
    let across = |tensor: &Tensor| tensor.reshape(shape.as_slice());
    let scale = (weight / (variance + eps)?.sqrt()?)?;
    let shift = (bias - (mean * &scale)?)?;
    let y = x.broadcast_mul(&across(&scale)?)?.broadcast_add(&across(&shift)?)?;
    match activation {
        Activation::None => Ok(y),
        Activation::Relu => super::relu(&y),
    }
}

/// Moves running statistics towards a batch's by the share `momentum`. The running variance takes the batch's as it is, or,
/// `unbiased`, with one value less in its count.
///
/// # Errors
/// Statistics of another number of channels.
pub fn update_running(mean: &Var, variance: &Var, stats: &BatchStats, momentum: f64, unbiased: bool) -> Result<()> {
    let count = stats.count as f64;
    let factor = if unbiased { count / (count - 1.0).max(1.0) } else { 1.0 };
    for (of, batch) in [(mean, &stats.mean), (variance, &stats.variance)] {
        if of.dims() != batch.dims() {
            let (got, rule) = (of.dims().to_vec(), format!("{:?}, the batch's", batch.dims()));
            return Err(OpError::Shape { op: OP, what: "a running statistic", got, rule }.into_candle());
        }
    }
    on_gpu!(mean.as_tensor(), cuda::update_running(OP, [mean, variance], stats, momentum, factor));
    for (running, batch, factor) in [(mean, &stats.mean, 1.0), (variance, &stats.variance, factor)] {
        let old = running.as_detached_tensor().to_dtype(candle_core::DType::F64)?.to_vec1::<f64>()?;
        let moved = old.iter().zip(batch.to_vec1::<f64>()?).map(|(old, new)| old + momentum * (new * factor - old));
        let moved = Tensor::from_vec(moved.collect::<Vec<f64>>(), batch.dims(), running.device())?;
        running.set(&moved.to_dtype(running.dtype())?)?;
    }
    Ok(())
}

/// How the values of channels lie: in runs of `run` values, those of all channels in turn, `batch` times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) batch: usize,
    pub(super) channels: usize,
    pub(super) run: usize,
}

impl Grid {
    fn of(x: &[usize], weight: &[usize], bias: &[usize]) -> Result<Grid> {
        let shape = |what, got: &[usize], rule: String| {
            Err(OpError::Shape { op: OP, what, got: got.to_vec(), rule }.into_candle())
        };
        let (batch, channels, run) = match *x {
            [batch, channels, ref rest @ ..] if rest.len() <= 2 => (batch, channels, rest.iter().product()),
            _ => return shape("the input", x, "[batch, channels], [.., width] or [.., height, width]".to_owned()),
        };
        for (what, got) in [("the weight", weight), ("the bias", bias)] {
            if got != [channels] {
                return shape(what, got, format!("[{channels}]"));
            }
        }
        Ok(Grid { batch, channels, run })
    }

    /// Values of a channel.
    pub(super) fn count(&self) -> usize {
        self.batch * self.run
    }

    /// Where the runs of a channel begin.
    fn runs(self, channel: usize) -> impl Iterator<Item = usize> {
        (0..self.batch).map(move |image| (image * self.channels + channel) * self.run)
    }
}

/// Sums of a few terms over values, in sixteen interleaved parts.
#[inline(always)]
fn sums<T: Element, const N: usize>(count: usize, term: impl Fn(usize) -> [T; N]) -> [f64; N] {
    let mut totals = [0f64; N];
    let mut start = 0;
    while start < count {
        let end = (start + BLOCK).min(count);
        let mut parts = [[T::zero(); 16]; N];
        let whole = (end - start) / 16 * 16;
        for at in (start..start + whole).step_by(16) {
            for lane in 0..16 {
                let terms = term(at + lane);
                for (parts, term) in parts.iter_mut().zip(terms) {
                    parts[lane] += term;
                }
            }
        }
        for (lane, at) in (start + whole..end).enumerate() {
            for (parts, term) in parts.iter_mut().zip(term(at)) {
                parts[lane] += term;
            }
        }
        for (total, parts) in totals.iter_mut().zip(parts) {
            *total += parts.into_iter().map(WithDType::to_f64).sum::<f64>();
        }
        start = end;
    }
    totals
}

struct Forward<'a, T> {
    grid: Grid,
    eps: f64,
    relu: bool,
    x: &'a [T],
    weight: &'a [T],
    bias: &'a [T],
    y: &'a mut [T],
    stats: &'a mut Moments,
}

impl<T: Element> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Forward { grid, eps, relu, x, weight, bias, y, stats } = self;
        let count = grid.count() as f64;
        if grid.run < 16 {
            return rows_forward(grid, eps, relu, [x, weight, bias], y, stats);
        }
        for channel in 0..grid.channels {
            // Distances from one of the values: nothing cancels where the mean is large.
            let shift = x[channel * grid.run];
            let (mut sum, mut squares) = (0.0, 0.0);
            for from in grid.runs(channel) {
                let run = &x[from..from + grid.run];
                let [a, b] = sums(run.len(), |i| {
                    let away = run[i] - shift;
                    [away, away * away]
                });
                sum += a;
                squares += b;
            }
            let away = sum / count;
            let variance = (squares / count - away * away).max(0.0);
            let mean = WithDType::to_f64(shift) + away;
            stats.mean[channel] = mean;
            stats.variance[channel] = variance;
            let scale = WithDType::to_f64(weight[channel]) / (variance + eps).sqrt();
            // y = (x - shift) scale + (bias - away scale), for the same reason.
            let (scale, add) = (T::from_f64(scale), T::from_f64(WithDType::to_f64(bias[channel]) - away * scale));
            for from in grid.runs(channel) {
                let run = from..from + grid.run;
                let (x, y) = (&x[run.clone()], &mut y[run]);
                if relu {
                    y.iter_mut().zip(x).for_each(|(y, &x)| {
                        let v = (x - shift) * scale + add;
                        *y = if v <= T::zero() { T::zero() } else { v };
                    });
                } else {
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - shift) * scale + add);
                }
            }
        }
    }
}

/// The same where channels lie close together: row by row.
#[inline(always)]
fn rows_forward<T: Element>(
    grid: Grid,
    eps: f64,
    relu: bool,
    [x, weight, bias]: [&[T]; 3],
    y: &mut [T],
    stats: &mut Moments,
) {
    let Grid { channels, run, .. } = grid;
    let count = grid.count() as f64;
    let (mut sum, mut squares) = (vec![0f64; channels], vec![0f64; channels]);
    let shift = |channel: usize| WithDType::to_f64(x[channel * run]);
    for row in x.chunks_exact(channels * run) {
        for (channel, values) in row.chunks_exact(run).enumerate() {
            for value in values {
                let away = WithDType::to_f64(*value) - shift(channel);
                sum[channel] += away;
                squares[channel] += away * away;
            }
        }
    }
    let (mut scales, mut adds) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
    for channel in 0..channels {
        let away = sum[channel] / count;
        let variance = (squares[channel] / count - away * away).max(0.0);
        stats.mean[channel] = shift(channel) + away;
        stats.variance[channel] = variance;
        let scale = WithDType::to_f64(weight[channel]) / (variance + eps).sqrt();
        scales.push(T::from_f64(scale));
        adds.push(T::from_f64(WithDType::to_f64(bias[channel]) - away * scale));
    }
    for (row, y) in x.chunks_exact(channels * run).zip(y.chunks_exact_mut(channels * run)) {
        for (channel, (values, y)) in row.chunks_exact(run).zip(y.chunks_exact_mut(run)).enumerate() {
            let (shift, scale, add) = (x[channel * run], scales[channel], adds[channel]);
            for (y, &value) in y.iter_mut().zip(values) {
                let v = (value - shift) * scale + add;
                *y = if relu && v <= T::zero() { T::zero() } else { v };
            }
        }
    }
}

struct Backward<'a, T> {
    grid: Grid,
    eps: f64,
    relu: bool,
    stats: &'a Moments,
    x: &'a [T],
    weight: &'a [T],
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
    dw: &'a mut [T],
    db: &'a mut [T],
}

impl<T: Element> Kernel<T> for Backward<'_, T> {
    /// With g the gradient behind the ReLU and n the normalised value: `db = sum g`, `dw = sum g n`,
    /// `dx = weight / deviation (g - db / m - n dw / m)`.
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Backward { grid, eps, relu, stats, x, weight, y, dy, dx, dw, db } = self;
        let count = grid.count() as f64;
        for channel in 0..grid.channels {
            let (mean, inverse) = (stats.mean[channel], 1.0 / (stats.variance[channel] + eps).sqrt());
            // x lies near its mean, and their distance is exact enough in the number type.
            let (near, inv) = (T::from_f64(mean), T::from_f64(inverse));
            let rest = T::from_f64(mean - WithDType::to_f64(near));
            let (mut sum, mut product) = (0.0, 0.0);
            for from in grid.runs(channel) {
                let run = from..from + grid.run;
                let (x, y, dy) = (&x[run.clone()], &y[run.clone()], &dy[run]);
                let [a, b] = sums(x.len(), |i| {
                    let g = if relu { dy[i].if_so(y[i] > T::zero()) } else { dy[i] };
                    [g, g * ((x[i] - near - rest) * inv)]
                });
                sum += a;
                product += b;
            }
            db[channel] = T::from_f64(sum);
            dw[channel] = T::from_f64(product);
            let scale = T::from_f64(WithDType::to_f64(weight[channel]) * inverse);
            let (level, slope) = (T::from_f64(sum / count), T::from_f64(product / count * inverse));
            for from in grid.runs(channel) {
                let run = from..from + grid.run;
                let (x, y, dy) = (&x[run.clone()], &y[run.clone()], &dy[run.clone()]);
                for (((dx, &x), &y), &dy) in dx[run].iter_mut().zip(x).zip(y).zip(dy) {
                    let g = if relu { dy.if_so(y > T::zero()) } else { dy };
                    *dx = scale * (g - level - (x - near - rest) * slope);
                }
            }
        }
    }
}

impl CustomOp3 for BatchNorm {
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
        let grid = Grid::of(lx.dims(), lw.dims(), lb.dims())?;
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let x = slice::<T>(x, lx, OP)?;
            let zeros = vec![0.0; grid.channels];
            let mut stats = Moments { mean: zeros.clone(), variance: zeros };
            let mut y: Vec<T> = vec![0.0; x.len()];
            T::vectors(Forward {
                grid,
                eps: self.eps,
                relu: self.activation == Activation::Relu,
                x,
                weight: slice(w, lw, OP)?,
                bias: slice(b, lb, OP)?,
                y: &mut y,
                stats: &mut stats,
            });
            *self.stats.lock().expect("no holder of this lock panics") = Some(stats);
            Ok((<T as WithDType>::to_cpu_storage_owned(y), lx.shape().clone()))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grid = Grid::of(x.dims(), weight.dims(), bias.dims())?;
        let stats = self.stats.lock().expect("no holder of this lock panics");
        let stats = stats.as_ref().ok_or_else(|| OpError::NothingSaved { op: OP }.into_candle())?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(x, OP, |xs| with_slice::<T, _>(weight, OP, |ws| {
            with_slice::<T, _>(y, OP, |ys| with_slice::<T, _>(&dy, OP, |dy| {
                let mut dx: Vec<T> = vec![0.0; xs.len()];
                let (mut dw, mut db): (Vec<T>, Vec<T>) = (vec![0.0; grid.channels], vec![0.0; grid.channels]);
                T::vectors(Backward {
                    grid,
                    eps: self.eps,
                    relu: self.activation == Activation::Relu,
                    stats,
                    x: xs,
                    weight: ws,
                    y: ys,
                    dy,
                    dx: &mut dx,
                    dw: &mut dw,
                    db: &mut db,
                });
                let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
                let [dw, db] = [dw, db].map(|d| Tensor::from_vec(d, grid.channels, x.device()));
                Ok((Some(dx), Some(dw?), Some(db?)))
            }))
        })))
    }
}

/// A scale and a shift for each channel.
struct Affine {
    grid: Grid,
    scales: Vec<f64>,
    shifts: Vec<f64>,
    activation: Activation,
}

impl CustomOp1 for Affine {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let dtype = candle_core::backend::BackendStorage::dtype(storage);
        let relu = self.activation == Activation::Relu;
        by_type!(OP, dtype, T => {
            let mut y = slice::<T>(storage, layout, OP)?.to_vec();
            for (number, run) in y.chunks_exact_mut(self.grid.run.max(1)).enumerate() {
                let channel = number % self.grid.channels;
                let of = <T as WithDType>::from_f64;
                let (scale, shift) = (of(self.scales[channel]), of(self.shifts[channel]));
                for value in run {
                    let v = *value * scale + shift;
                    *value = if relu && v <= 0.0 { 0.0 } else { v };
                }
            }
            Ok((<T as WithDType>::to_cpu_storage_owned(y), layout.shape().clone()))
        })
    }
}
