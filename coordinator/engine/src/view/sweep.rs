//! Sweeps in a listing. A row takes no longer for a large sweep than for a small one.

use gliss_types::{SweepId, SweepRow};

use crate::{Engine, Phase, Sweep};

/// One sweep's row; none where there is no such sweep.
pub fn sweep_row(engine: &Engine, id: SweepId) -> Option<SweepRow> {
    engine.state().sweep(id).map(row)
}

/// Every sweep's row, oldest first.
pub fn sweep_rows(engine: &Engine) -> Vec<SweepRow> {
    engine.state().sweeps().map(row).collect()
}

fn row(sweep: &Sweep) -> SweepRow {
    let best = sweep.ranking().next().and_then(|number| match sweep.trial(number)?.phase() {
        Phase::Closed(closed) => Some((sweep.trial_id(number), closed.summary.as_ref()?.score)),
        _ => None,
    });
    SweepRow {
        id: sweep.id(),
        name: sweep.plan().name.clone(),
        state: sweep.state(),
        halted: sweep.halted().map(str::to_owned),
        objective: sweep.plan().objective.clone(),
        trials: u64::from(sweep.points()),
        counts: sweep.counts(),
        best,
        submitted: sweep.submitted().0,
        started: sweep.started().map(|at| at.0),
        ended: sweep.ended().map(|at| at.0),
        attempts: sweep.attempts(),
        epochs_done: sweep.epochs_done(),
        epochs_total: sweep.epochs_total(),
    }
}
