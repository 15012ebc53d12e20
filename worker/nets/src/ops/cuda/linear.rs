//! Fully connected layers.

use candle_core::{Result, Tensor};

use super::node::node3;
use super::pointwise::SOURCE;
use super::{Gpu, Size};
use crate::ops::Activation;

/// [`crate::ops::linear`], for shapes that fit.
pub(in crate::ops) fn linear(
    op: &'static str,
    [x, weight, bias]: [&Tensor; 3],
    activation: Activation,
) -> Result<Tensor> {
    let (gpu, x, weight, bias) = (Gpu::of(op, x)?, x.contiguous()?, weight.contiguous()?, bias.contiguous()?);
    let (batch, outputs) = (x.dim(0)?, weight.dim(0)?);
    let product = x.detach().matmul(&weight.detach().t()?)?;
    let (count, y) = (batch * outputs, gpu.fresh((batch, outputs))?);
    let relu = activation == Activation::Relu;
    let [product, add] = [gpu.values(&product)?, gpu.values(&bias)?];
    let arguments = [product, add, y.at(0), gpu.whole(count)?, gpu.whole(outputs)?, relu.into()];
    gpu.launch(&SOURCE, "bias_rows", Size::Each(count), &arguments)?;
    let wanted = [&x, &weight, &bias].map(Tensor::track_op);
    let kept = (x.detach(), weight.detach());
    node3(op, [&x, &weight, &bias], y, move |y, dy| {
        let (x, weight) = &kept;
        let dy = if relu { gated(&gpu, y, dy)? } else { dy.clone() };
        let dx = wanted[0].then(|| dy.matmul(weight)).transpose()?;
        let dw = wanted[1].then(|| dy.t()?.matmul(x)).transpose()?;
        let db = wanted[2].then(|| column_sums(&gpu, &dy)).transpose()?;
        Ok([dx, dw, db])
    })
}

/// The gradient where the output is above 0.
fn gated(gpu: &Gpu, y: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let (count, dx) = (y.elem_count(), gpu.fresh(y.shape())?);
    let arguments = [gpu.values(y)?, gpu.values(dy)?, dx.at(0), gpu.whole(count)?, f64::INFINITY.into()];
    gpu.launch(&SOURCE, "relu_back", Size::Each(count), &arguments)?;
    Ok(dx.tensor())
}

/// The sums of the columns of a matrix.
pub(super) fn column_sums(gpu: &Gpu, x: &Tensor) -> Result<Tensor> {
    let (rows, columns) = x.dims2()?;
    let sums = gpu.fresh(columns)?;
    let arguments = [gpu.values(x)?, sums.at(0), gpu.whole(rows)?, gpu.whole(columns)?];
    let size = Size::Shared { blocks: columns.div_ceil(32), threads: 1024, bytes: 0 };
    gpu.launch(&SOURCE, "column_sums", size, &arguments)?;
    Ok(sums.tensor())
}
