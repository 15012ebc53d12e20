//! Batch normalisation. Statistics stay on the device.

use candle_core::{DType, Result, Tensor, Var};

use super::node::node3;
use super::{Fresh, Gpu, Size, Source};
use crate::ops::Activation;
use crate::ops::batch_norm::{BatchStats, Grid};
use crate::ops::tape;

const SOURCE: Source = Source { name: "norm", text: include_str!("kernels/norm.cu") };

/// Values that a block sums, before there are more blocks to a channel; and the most of those.
const BLOCK: usize = 4096;
const MOST_BLOCKS: usize = 64;

/// What a pass needs to know of the arguments.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    grid: Grid,
    relu: bool,
}

impl Sizes {
    /// Blocks that share the sums of a channel.
    fn parts(&self) -> usize {
        self.grid.count().div_ceil(BLOCK).clamp(1, MOST_BLOCKS)
    }

    fn sums(&self, gpu: &Gpu) -> Result<Fresh> {
        gpu.fresh_of(DType::F64, (self.grid.channels, self.parts(), 2))
    }

    fn size(&self) -> Size {
        Size::Grid(self.parts() as u32, self.grid.channels)
    }
}

/// [`crate::ops::batch_norm`], for shapes that fit.
pub(in crate::ops) fn batch_norm(
    op: &'static str,
    x: &Tensor,
    [weight, bias]: [&Tensor; 2],
    (grid, eps, activation): (Grid, f64, Activation),
) -> Result<(Tensor, BatchStats)> {
    let (gpu, x, weight, bias) = (Gpu::of(op, x)?, tape::contiguous(x)?, weight.contiguous()?, bias.contiguous()?);
    let sizes = Sizes { grid, relu: activation == Activation::Relu };
    let Grid { batch, channels, run } = grid;
    let [images, of, length] = [gpu.whole(batch)?, gpu.whole(channels)?, gpu.whole(run)?];
    let (count, parts) = (grid.count() as f64, gpu.whole(sizes.parts())?);
    let sums = sizes.sums(&gpu)?;
    gpu.launch(&SOURCE, "moments", sizes.size(), &[gpu.values(&x)?, sums.at(0), images, of, length])?;
    let [mean, variance] = [gpu.fresh_of(DType::F64, channels)?, gpu.fresh_of(DType::F64, channels)?];
    let affine = gpu.fresh((3, channels))?;
    let learnt = [gpu.values(&weight)?, gpu.values(&bias)?];
    let made = [mean.at(0), variance.at(0), affine.at(0)];
    let [from, to] = [[gpu.values(&x)?, sums.at(0)], [of, length]];
    let arguments = [&from[..], &learnt, &made, &to, &[parts, count.into(), eps.into()]].concat();
    gpu.launch(&SOURCE, "finish_moments", Size::Each(channels), &arguments)?;
    let y = normalised(&gpu, &x, affine, sizes)?;
    let stats = BatchStats { mean: mean.tensor(), variance: variance.tensor(), count: grid.count() };
    let (kept, kept_stats) = ((x.detach(), weight.detach()), stats.clone());
    let y = node3(op, [&x, &weight, &bias], y, move |y, dy| {
        let ((x, weight), BatchStats { mean, variance, .. }) = (&kept, &kept_stats);
        let stats = [gpu.of_type(DType::F64, mean)?, gpu.of_type(DType::F64, variance)?];
        let values = [gpu.values(x)?, gpu.values(y)?, gpu.values(dy)?];
        let (sums, relu) = (sizes.sums(&gpu)?, sizes.relu.into());
        let arguments = [&values[..], &stats, &[sums.at(0), images, of, length, eps.into(), relu]].concat();
        gpu.launch(&SOURCE, "gradient_moments", sizes.size(), &arguments)?;
        let [dw, db, affine] = [gpu.fresh(channels)?, gpu.fresh(channels)?, gpu.fresh((5, channels))?];
        let made = [gpu.values(weight)?, dw.at(0), db.at(0), affine.at(0), of, parts, count.into(), eps.into()];
        let arguments = [&[sums.at(0)][..], &stats, &made].concat();
        gpu.launch(&SOURCE, "finish_gradient", Size::Each(channels), &arguments)?;
        let (dx, all) = (gpu.fresh(x.shape())?, x.elem_count());
        let arguments = [&values[..], &[affine.at(0), dx.at(0), gpu.whole(all)?, of, length, relu]].concat();
        gpu.launch(&SOURCE, "normalise_back", Size::Each(all), &arguments)?;
        Ok([Some(dx.tensor()), Some(dw.tensor()), Some(db.tensor())])
    })?;
    Ok((y, stats))
}

/// [`crate::ops::batch_norm_eval`], for shapes that fit.
pub(in crate::ops) fn batch_norm_eval(
    op: &'static str,
    x: &Tensor,
    given: [&Tensor; 4],
    (grid, eps, activation): (Grid, f64, Activation),
) -> Result<Tensor> {
    let (gpu, x) = (Gpu::of(op, x)?, tape::contiguous(x)?);
    let affine = gpu.fresh((3, grid.channels))?;
    let given = given.map(Tensor::contiguous).into_iter().collect::<Result<Vec<_>>>()?;
    let mut arguments = given.iter().map(|tensor| gpu.values(tensor)).collect::<Result<Vec<_>>>()?;
    arguments.extend([affine.at(0), gpu.whole(grid.channels)?, eps.into()]);
    gpu.launch(&SOURCE, "given_moments", Size::Each(grid.channels), &arguments)?;
    let y = normalised(&gpu, &x, affine, Sizes { grid, relu: activation == Activation::Relu })?;
    Ok(y.tensor())
}

fn normalised(gpu: &Gpu, x: &Tensor, affine: Fresh, sizes: Sizes) -> Result<Fresh> {
    let (y, count) = (gpu.fresh(x.shape())?, x.elem_count());
    let Grid { channels, run, .. } = sizes.grid;
    let sizes = [gpu.whole(count)?, gpu.whole(channels)?, gpu.whole(run)?, sizes.relu.into()];
    let arguments = [&[gpu.values(x)?, affine.at(0), y.at(0)][..], &sizes].concat();
    gpu.launch(&SOURCE, "normalise", Size::Each(count), &arguments)?;
    Ok(y)
}

/// [`crate::ops::update_running`]: `factor` is what the batch's variance is multiplied by.
pub(in crate::ops) fn update_running(
    op: &'static str,
    [mean, variance]: [&Var; 2],
    stats: &BatchStats,
    momentum: f64,
    factor: f64,
) -> Result<()> {
    let gpu = Gpu::of(op, mean.as_tensor())?;
    let channels = mean.elem_count();
    let running = [gpu.values(mean.as_tensor())?, gpu.values(variance.as_tensor())?];
    let batch = [gpu.of_type(DType::F64, &stats.mean)?, gpu.of_type(DType::F64, &stats.variance)?];
    let numbers = [gpu.whole(channels)?, momentum.into(), factor.into()];
    gpu.launch(&SOURCE, "update_running", Size::Each(channels), &[&running[..], &batch, &numbers].concat())
}
