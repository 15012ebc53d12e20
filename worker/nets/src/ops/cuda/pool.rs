//! Pools.

use candle_core::{DType, Result, Tensor};

use super::conv::axes;
use super::node::node1;
use super::{Arg, Gpu, Size, Source};
use crate::ops::tape;
use crate::ops::window::Span;

const SOURCE: Source = Source { name: "pool", text: include_str!("kernels/pool.cu") };

/// [`crate::ops::max_pool2d`], for windows that fit.
pub(in crate::ops) fn max_pool(op: &'static str, x: &Tensor, rows: Span, columns: Span) -> Result<Tensor> {
    let (gpu, x) = (Gpu::of(op, x)?, tape::contiguous(x)?);
    let (batch, channels, _, _) = x.dims4()?;
    let (planes, places) = (batch * channels, rows.input * columns.input);
    let dims = (batch, channels, rows.output, columns.output);
    let (y, winners) = (gpu.fresh(dims)?, gpu.fresh_of(DType::U32, dims)?);
    // A window that is the whole plane has a kernel of its own, many threads to a plane.
    let whole = |span: Span| span.kernel == span.input && span.output == 1 && span.before == 0;
    let whole = whole(rows) && whole(columns);
    let mut arguments = vec![gpu.values(&x)?, y.at(0), winners.at(0)];
    if whole {
        arguments.push(gpu.whole(places)?);
        gpu.launch(&SOURCE, "plane_max", Size::Blocks(planes), &arguments)?;
    } else {
        arguments.push(gpu.whole(planes)?);
        arguments.extend(axes(&gpu, [rows, columns])?);
        gpu.launch(&SOURCE, "max_pool", Size::Each(y.shape.elem_count()), &arguments)?;
    }
    let (winners, shape) = (winners.tensor(), x.shape().clone());
    node1(op, &x, y, move |_, dy| {
        let (dx, count) = (gpu.fresh(&shape)?, shape.elem_count());
        let mut arguments = vec![gpu.values(dy)?, gpu.of_type(DType::U32, &winners)?, dx.at(0)];
        if whole {
            arguments.extend([gpu.whole(count)?, gpu.whole(places)?]);
            gpu.launch(&SOURCE, "plane_max_back", Size::Each(count), &arguments)?;
        } else {
            arguments.push(gpu.whole(planes)?);
            arguments.extend(axes(&gpu, [rows, columns])?);
            gpu.launch(&SOURCE, "max_pool_back", Size::Each(count), &arguments)?;
        }
        Ok([Some(dx.tensor())])
    })
}

/// The windows of an average.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) enum Bins {
    /// Those of a pool; whether padding counts.
    Windows(Span, Span, bool),
    /// So many rows and columns of adaptive ones.
    Adaptive(usize, usize),
}

/// [`crate::ops::avg_pool2d`] and [`crate::ops::adaptive_avg_pool2d`], for windows that fit.
pub(in crate::ops) fn average(op: &'static str, x: &Tensor, bins: Bins) -> Result<Tensor> {
    let (gpu, x) = (Gpu::of(op, x)?, tape::contiguous(x)?);
    let (batch, channels, height, width) = x.dims4()?;
    let planes = batch * channels;
    // A stride of 0 is how the kernels know adaptive bins.
    let adaptive = |input, output| Span { kernel: 0, stride: 0, input, before: 0, after: 0, output };
    let (rows, columns, counts) = match bins {
        Bins::Windows(rows, columns, counts) => (rows, columns, counts),
        Bins::Adaptive(rows, columns) => (adaptive(height, rows), adaptive(width, columns), false),
    };
    let y = gpu.fresh((batch, channels, rows.output, columns.output))?;
    if let Bins::Adaptive(1, 1) = bins {
        let arguments = [gpu.values(&x)?, y.at(0), gpu.whole(planes)?, gpu.whole(height * width)?];
        gpu.launch(&SOURCE, "plane_mean", Size::Each(32 * planes), &arguments)?;
    } else {
        run(&gpu, "avg_pool", [gpu.values(&x)?, y.at(0)], (planes, counts, [rows, columns]), y.shape.elem_count())?;
    }
    let shape = x.shape().clone();
    node1(op, &x, y, move |_, dy| {
        let (dx, count) = (gpu.fresh(&shape)?, shape.elem_count());
        if let Bins::Adaptive(1, 1) = bins {
            let arguments = [gpu.values(dy)?, dx.at(0), gpu.whole(count)?, gpu.whole(height * width)?];
            gpu.launch(&SOURCE, "plane_mean_back", Size::Each(count), &arguments)?;
        } else {
            run(&gpu, "avg_pool_back", [gpu.values(dy)?, dx.at(0)], (planes, counts, [rows, columns]), count)?;
        }
        Ok([Some(dx.tensor())])
    })
}

fn run(
    gpu: &Gpu,
    kernel: &'static str,
    ends: [Arg; 2],
    (planes, counts, spans): (usize, bool, [Span; 2]),
    count: usize,
) -> Result<()> {
    let mut arguments = ends.to_vec();
    arguments.extend([gpu.whole(planes)?, counts.into()]);
    arguments.extend(axes(gpu, spans)?);
    gpu.launch(&SOURCE, kernel, Size::Each(count), &arguments)
}
