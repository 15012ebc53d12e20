//! Value by value: activations and dropout.

use candle_core::{Result, Tensor};

use super::node::node1;
use super::{Arg, Gpu, Size, Source};
use crate::draw::Draw;
use crate::ops::tape;

pub(super) const SOURCE: Source = Source { name: "pointwise", text: include_str!("kernels/pointwise.cu") };

/// [`crate::ops::relu`], and with a limit [`crate::ops::relu6`].
pub(in crate::ops) fn relu(op: &'static str, x: &Tensor, most: f64) -> Result<Tensor> {
    shaped(op, x, ["relu", "relu_back"], most)
}

/// [`crate::ops::elu`].
pub(in crate::ops) fn elu(op: &'static str, x: &Tensor, alpha: f64) -> Result<Tensor> {
    shaped(op, x, ["elu", "elu_back"], alpha)
}

/// A function of each value with one number, whose gradient is a function of what it gave.
fn shaped(op: &'static str, x: &Tensor, kernels: [&'static str; 2], number: f64) -> Result<Tensor> {
    let (gpu, x) = (Gpu::of(op, x)?, tape::contiguous(x)?);
    let (count, y) = (x.elem_count(), gpu.fresh(x.shape())?);
    let arguments = [gpu.values(&x)?, y.at(0), gpu.whole(count)?, number.into()];
    gpu.launch(&SOURCE, kernels[0], Size::Each(count), &arguments)?;
    node1(op, &x, y, move |y, dy| {
        let dx = gpu.fresh(y.shape())?;
        let arguments = [gpu.values(y)?, gpu.values(dy)?, dx.at(0), gpu.whole(count)?, number.into()];
        gpu.launch(&SOURCE, kernels[1], Size::Each(count), &arguments)?;
        Ok([Some(dx.tensor())])
    })
}

/// [`crate::ops::dropout`].
pub(in crate::ops) fn dropout(op: &'static str, x: &Tensor, draw: Draw, keep_below: u32) -> Result<Tensor> {
    let (gpu, x) = (Gpu::of(op, x)?, tape::contiguous(x)?);
    let scale = if keep_below == 0 { 0.0 } else { 65_536.0 / f64::from(keep_below) };
    let masked = move |gpu: &Gpu, x: &Tensor| {
        let (count, y) = (x.elem_count(), gpu.fresh(x.shape())?);
        let (key, below) = (Arg::U64(draw.key()), Arg::U32(keep_below));
        let arguments = [gpu.values(x)?, y.at(0), gpu.whole(count)?, key, below, scale.into()];
        gpu.launch(&SOURCE, "dropout", Size::Each(count.div_ceil(4)), &arguments)?;
        Ok::<_, candle_core::Error>(y)
    };
    let y = masked(&gpu, &x)?;
    node1(op, &x, y, move |_, dy| Ok([Some(masked(&gpu, dy)?.tensor())]))
}
