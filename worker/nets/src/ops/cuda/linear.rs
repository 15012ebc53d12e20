//! Fully connected layers.

use candle_core::{Result, Tensor};

use super::node::node3;
use super::pointwise::SOURCE;
use super::product::{Matrix, Sizes};
use super::{Gpu, Size};
use crate::ops::{Activation, tape};

/// [`crate::ops::linear`], for shapes that fit.
pub(in crate::ops) fn linear(
    op: &'static str,
    [x, weight, bias]: [&Tensor; 3],
    activation: Activation,
) -> Result<Tensor> {
    let (gpu, x, weight, bias) = (Gpu::of(op, x)?, tape::contiguous(x)?, weight.contiguous()?, bias.contiguous()?);
    let (batch, outputs) = (x.dim(0)?, weight.dim(0)?);
    let inputs = x.dim(1)?;
    let (count, y) = (batch * outputs, gpu.fresh((batch, outputs))?);
    let sizes = Sizes { batch: 1, rows: batch, columns: outputs, inner: inputs };
    let [from, by] = [gpu.values(&x)?, gpu.values(&weight)?].map(|at| Matrix::one(at, inputs));
    gpu.product(sizes, from, by.turned(), Matrix::one(y.at(0), outputs))?;
    let relu = activation == Activation::Relu;
    let arguments = [y.at(0), gpu.values(&bias)?, y.at(0), gpu.whole(count)?, gpu.whole(outputs)?, relu.into()];
    gpu.launch(&SOURCE, "bias_rows", Size::Each(count), &arguments)?;
    let wanted = [&x, &weight, &bias].map(tape::tracks);
    let kept = (x.detach(), weight.detach());
    node3(op, [&x, &weight, &bias], y, move |y, dy| {
        let (x, weight) = &kept;
        let dy = if relu { gated(&gpu, y, dy)? } else { dy.clone() };
        let gradient = Matrix::one(gpu.values(&dy)?, outputs);
        let [of_x, of_w] = [gpu.values(x)?, gpu.values(weight)?].map(|at| Matrix::one(at, inputs));
        let product = |(rows, inner), a, b| {
            let to = gpu.fresh((rows, inputs))?;
            let sizes = Sizes { batch: 1, rows, columns: inputs, inner };
            gpu.product(sizes, a, b, Matrix::one(to.at(0), inputs))?;
            Ok::<_, candle_core::Error>(to.tensor())
        };
        let dx = wanted[0].then(|| product((batch, outputs), gradient, of_w)).transpose()?;
        let dw = wanted[1].then(|| product((outputs, batch), gradient.turned(), of_x)).transpose()?;
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
