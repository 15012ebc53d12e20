//! Gated recurrent units: one kernel walks all steps of a row of the batch, so that no step waits for the host.

use candle_core::{Result, Tensor};

use super::linear::column_sums;
use super::node::node3;
use super::{Gpu, Size, Source};
use crate::ops::recurrent::Sizes;
use crate::ops::{Reset, Steps, tape};

const SOURCE: Source = Source { name: "gru", text: include_str!("kernels/gru.cu") };

/// The recurrence of [`crate::ops::gru`] from `gates`, the input's share (batch * steps, 3 * states).
pub(in crate::ops) fn gru(
    op: &'static str,
    gates: &Tensor,
    hidden: &Tensor,
    bias: &Tensor,
    (sizes, reset, output): (Sizes, Reset, Steps),
) -> Result<Tensor> {
    let gpu = Gpu::of(op, gates)?;
    let Sizes { batch, steps, states, .. } = sizes;
    let turned = hidden.detach().t()?.contiguous()?;
    let [kept, all] = [gpu.fresh((batch, steps, 4, states))?, gpu.fresh((batch, steps + 1, states))?];
    let given = gpu.fresh(sizes.output(output))?;
    let flags = [(reset == Reset::After).into(), (output == Steps::Last).into()];
    let numbers = [gpu.whole(steps)?, gpu.whole(states)?, flags[0], flags[1]];
    let from = [gpu.values(gates)?, gpu.values(&turned)?, gpu.values(bias)?];
    let to = [kept.at(0), all.at(0), given.at(0)];
    // Shared are the state, another, and all gates; a block has a thread for each gate, as far as there are so many.
    let threads = sizes.row().next_multiple_of(32).min(1024);
    let size = Size::Shared { blocks: batch, threads, bytes: 5 * states * gpu.dtype.size_in_bytes() };
    gpu.launch(&SOURCE, "gru", size, &[&from[..], &to, &numbers].concat())?;
    let (kept, all) = (kept.tensor(), all.tensor());
    let weight = hidden.detach();
    let wanted = [hidden, bias].map(tape::tracks);
    node3(op, [gates, hidden, bias], given, move |_, dy| {
        let [dx, dhidden] = [gpu.fresh((batch * steps, 3 * states))?, gpu.fresh((batch * steps, 3 * states))?];
        let from = [gpu.values(dy)?, gpu.values(&weight)?, gpu.values(&kept)?, gpu.values(&all)?];
        let ends = [dx.at(0), dhidden.at(0)];
        let arguments = [&from[..], &ends, &numbers].concat();
        gpu.launch(&SOURCE, "gru_back", size, &arguments)?;
        let dhidden = dhidden.tensor();
        let rows = batch * steps;
        let before = || all.narrow(1, 0, steps)?.contiguous()?.reshape((rows, states));
        let dw = || match reset {
            Reset::After => dhidden.t()?.matmul(&before()?),
            Reset::Before => {
                let reached = kept.narrow(2, 3, 1)?.contiguous()?.reshape((rows, states))?;
                let part = |from, width| dhidden.narrow(1, from, width)?.contiguous()?.t();
                let direct = part(0, 2 * states)?.matmul(&before()?)?;
                Tensor::cat(&[&direct, &part(2 * states, states)?.matmul(&reached)?], 0)
            }
        };
        let dw = wanted[0].then(dw).transpose()?;
        let db = wanted[1].then(|| column_sums(&gpu, &dhidden)).transpose()?;
        Ok([Some(dx.tensor()), dw, db])
    })
}
