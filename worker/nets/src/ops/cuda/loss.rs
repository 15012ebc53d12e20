//! Losses.

use candle_core::{DType, Result, Tensor};

use super::node::node2;
use super::{Arg, Gpu, Size, Source};
use crate::ops::tape;
use crate::ops::{Reduction, Targets, Weighing};

const SOURCE: Source = Source { name: "loss", text: include_str!("kernels/loss.cu") };

/// One block of so many threads, which are all that a batch of examples can use.
const ONE_BLOCK: Size = Size::Shared { blocks: 1, threads: 512, bytes: 0 };

/// [`crate::ops::cross_entropy_with`], for shapes that fit. A label that names no class cannot be an error here, because
/// nobody waits for it; it makes the loss no number.
pub(in crate::ops) fn cross_entropy(
    op: &'static str,
    logits: &Tensor,
    targets: Targets<'_>,
    weighing: Weighing<'_>,
) -> Result<Tensor> {
    let (gpu, logits) = (Gpu::of(op, logits)?, tape::contiguous(logits)?);
    let (rows, classes) = logits.dims2()?;
    let (&(Targets::Labels(of) | Targets::Soft(of)), soft) = (&targets, matches!(targets, Targets::Soft(_)));
    let targets = of.contiguous()?.detach();
    let weights = weighing.class_weights.map(|weights| Tensor::from_slice(weights, classes, logits.device()));
    let weights = weights.transpose()?;
    let Weighing { smoothing, reduction, .. } = weighing;
    let kept = logits.detach();
    let all = (targets.clone(), weights);
    let described = move |gpu: &Gpu, (targets, weights): &(Tensor, Option<Tensor>)| {
        let nothing = Arg::Pointer(0);
        let of = gpu.of_type(if soft { gpu.dtype } else { DType::U32 }, targets)?;
        let [labels, shares] = if soft { [nothing, of] } else { [of, nothing] };
        let weighted = weights.is_some();
        let weights = weights.as_ref().map_or(Ok(nothing), |weights| gpu.of_type(DType::F64, weights))?;
        Ok::<_, candle_core::Error>([labels, shares, weights, soft.into(), weighted.into(), smoothing.into()])
    };
    let [loss, by] = [gpu.fresh(())?, gpu.fresh_of(DType::F64, ())?];
    let sizes = [gpu.whole(rows)?, gpu.whole(classes)?];
    let made = [loss.at(0), by.at(0), sizes[0], sizes[1], (reduction == Reduction::Mean).into()];
    let arguments = [&[gpu.values(&logits)?][..], &described(&gpu, &all)?, &made].concat();
    gpu.launch(&SOURCE, "cross_entropy", ONE_BLOCK, &arguments)?;
    let by = by.tensor();
    node2(op, [&logits, &targets], loss, move |_, dloss| {
        let dx = gpu.fresh((rows, classes))?;
        let ends = [gpu.values(dloss)?, gpu.of_type(DType::F64, &by)?, dx.at(0), sizes[0], sizes[1]];
        let arguments = [&[gpu.values(&kept)?][..], &described(&gpu, &all)?, &ends].concat();
        gpu.launch(&SOURCE, "cross_entropy_back", Size::Each(rows), &arguments)?;
        Ok([Some(dx.tensor()), None])
    })
}

/// [`crate::ops::binary_cross_entropy`], for shapes that fit.
pub(in crate::ops) fn binary_cross_entropy(op: &'static str, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (gpu, logits, targets) = (Gpu::of(op, logits)?, tape::contiguous(logits)?, targets.contiguous()?.detach());
    let (count, loss) = (logits.elem_count(), gpu.fresh(())?);
    let arguments = [gpu.values(&logits)?, gpu.values(&targets)?, loss.at(0), gpu.whole(count)?];
    gpu.launch(&SOURCE, "binary", ONE_BLOCK, &arguments)?;
    let kept = (logits.detach(), targets.clone());
    node2(op, [&logits, &targets], loss, move |_, dloss| {
        let (logits, targets) = &kept;
        let dx = gpu.fresh(logits.shape())?;
        let from = [gpu.values(logits)?, gpu.values(targets)?, gpu.values(dloss)?];
        let arguments = [&from[..], &[dx.at(0), gpu.whole(count)?]].concat();
        gpu.launch(&SOURCE, "binary_back", Size::Each(count), &arguments)?;
        Ok([Some(dx.tensor()), None])
    })
}
