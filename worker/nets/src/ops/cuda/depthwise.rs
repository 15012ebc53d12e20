//! Convolutions in which each channel is a group.

use candle_core::{Result, Tensor};

use super::conv::{SOURCE, axes, filter_sums};
use super::node::{Gradients, node2, node3};
use super::{Arg, Gpu, Size};
use crate::ops::conv_shape::ConvShape;
use crate::ops::tape;

/// [`crate::ops::conv2d_grouped`] in as many groups as channels; `shape` is that of one group.
pub(in crate::ops) fn depthwise(
    op: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    shape: ConvShape,
) -> Result<Tensor> {
    let gpu = Gpu::of(op, x)?;
    let ConvShape { batch, filters: each, rows, columns, .. } = shape;
    let channels = x.dim(1)?;
    let (filters, places) = (channels * each, shape.outputs());
    let y = gpu.fresh((batch, channels * each, rows.output, columns.output))?;
    let bias_at = bias.map_or(Ok(Arg::Pointer(0)), |bias| gpu.values(bias))?;
    let sizes = move |gpu: &Gpu| {
        let sizes = [batch, channels, each].into_iter().map(|size| gpu.whole(size));
        sizes.collect::<Result<Vec<_>>>()
    };
    let mut arguments = vec![gpu.values(x)?, gpu.values(weight)?, bias_at, y.at(0)];
    arguments.extend(sizes(&gpu)?);
    arguments.push(bias.is_some().into());
    arguments.extend(axes(&gpu, [rows, columns])?);
    gpu.launch(&SOURCE, "depthwise", Size::Each(y.shape.elem_count()), &arguments)?;
    let wanted = [tape::tracks(x), tape::tracks(weight), bias.is_some_and(tape::tracks)];
    let (kept_x, kept_weight) = (x.detach(), weight.detach());
    let back = move |_: &Tensor, dy: &Tensor| -> Gradients<3> {
        let (x, weight) = (&kept_x, &kept_weight);
        let run = |kernel, from: [&Tensor; 2], like: &Tensor, size| {
            let to = gpu.fresh(like.shape())?;
            let mut arguments = vec![gpu.values(from[0])?, gpu.values(from[1])?, to.at(0)];
            arguments.extend(sizes(&gpu)?);
            arguments.extend(axes(&gpu, [rows, columns])?);
            gpu.launch(&SOURCE, kernel, size, &arguments)?;
            Ok::<_, candle_core::Error>(to.tensor())
        };
        let [of_x, of_w] = [Size::Each(x.elem_count()), Size::Blocks(weight.elem_count())];
        let dx = wanted[0].then(|| run("depthwise_back_x", [dy, weight], x, of_x)).transpose()?;
        let dw = wanted[1].then(|| run("depthwise_back_w", [x, dy], weight, of_w)).transpose()?;
        let db = wanted[2]
            .then(|| filter_sums(&gpu, dy, (batch, filters, places), (places, filters * places)))
            .transpose()?;
        Ok([dx, dw, db])
    };
    match bias {
        Some(bias) => node3(op, [x, weight, bias], y, back),
        None => node2(op, [x, weight], y, move |y, dy| {
            let [dx, dw, _] = back(y, dy)?;
            Ok([dx, dw])
        }),
    }
}
