//! The optimisers' passes over parameters.

use candle_core::{DType, Result, Tensor};

use super::{Arg, Gpu, Size, Source};

const SOURCE: Source = Source { name: "update", text: include_str!("kernels/update.cu") };

/// Blocks that share a sum of squares.
const BLOCKS: usize = 64;

/// A rule's step in numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Which rule, in the kernel's order.
    pub(crate) rule: u32,
    /// The gradient's factor, L2, weight decay, and the largest size of its numbers or 0.
    pub(crate) seen: [f64; 4],
    /// The rule's own.
    pub(crate) numbers: [f64; 6],
}

/// A step of a rule. Moments that the rule has not are not given.
pub(crate) fn update(
    op: &'static str,
    step: &Step,
    parameter: &Tensor,
    moments: &[&Tensor],
    gradient: &Tensor,
) -> Result<()> {
    let gpu = Gpu::of(op, parameter)?;
    let count = parameter.elem_count();
    let mut arguments = vec![gpu.values(parameter)?];
    for i in 0..3 {
        arguments.push(moments.get(i).map_or(Ok(Arg::Pointer(0)), |moment| gpu.values(moment))?);
    }
    arguments.extend([gpu.values(gradient)?, gpu.whole(count)?, Arg::U32(step.rule)]);
    arguments.extend(step.seen.into_iter().chain(step.numbers).map(Arg::F64));
    gpu.launch(&SOURCE, "update", Size::Each(count), &arguments)
}

/// For each parameter with its gradient, the sum of squares of `gradient + l2 * parameter`. The host waits once for all.
pub(crate) fn squares(op: &'static str, of: &[(&Tensor, &Tensor, f64)]) -> Result<Vec<f64>> {
    let Some((first, _, _)) = of.first() else { return Ok(Vec::new()) };
    let gpu = Gpu::of(op, first)?;
    let sums = gpu.fresh_of(DType::F64, (of.len(), BLOCKS))?;
    for (slot, (parameter, gradient, l2)) in of.iter().enumerate() {
        let ends = [gpu.values(gradient)?, gpu.values(parameter)?, sums.at(0)];
        let numbers = [gpu.whole(parameter.elem_count())?, gpu.whole(slot)?, (*l2).into()];
        gpu.launch(&SOURCE, "squares", Size::Blocks(BLOCKS), &[&ends[..], &numbers].concat())?;
    }
    Ok(sums.tensor().to_vec2::<f64>()?.into_iter().map(|sums| sums.into_iter().sum()).collect())
}

/// Puts `share * gradient` into `sum`, in place of what is there if that is to be forgotten.
pub(crate) fn gather(op: &'static str, sum: &Tensor, gradient: &Tensor, share: f64, fresh: bool) -> Result<()> {
    let (gpu, count) = (Gpu::of(op, sum)?, sum.elem_count());
    let arguments = [gpu.values(sum)?, gpu.values(gradient)?, gpu.whole(count)?, share.into(), fresh.into()];
    gpu.launch(&SOURCE, "gather", Size::Each(count), &arguments)
}
