//! Trials in a listing, and everything about one.

use gliss_types::{AttemptId, AttemptRow, Summary, SweepId, SweepState, TrialDetail, TrialId, TrialRow, TrialState};

use crate::resolve::resolve;
use crate::{Engine, Phase, Sweep, Trial};

/// Trials of a sweep in the order of their numbers, `limit` of them after the first `offset`; points that are not yet
/// proposed included. None where there is no such sweep.
pub fn trial_rows(engine: &Engine, sweep: SweepId, offset: u32, limit: u32) -> Option<Vec<TrialRow>> {
    let sweep = engine.state().sweep(sweep)?;
    let first = offset.saturating_add(1);
    let end = offset.saturating_add(limit).min(sweep.points());
    Some((first..=end).filter_map(|number| row(sweep, number)).collect())
}

/// Everything about a trial but its curves, which are not the engine's; also of a point that is not yet proposed. None
/// where there is no such trial.
pub fn trial_detail(engine: &Engine, id: TrialId) -> Option<TrialDetail> {
    let sweep = engine.state().sweep(id.sweep)?;
    let mut row = row(sweep, id.number)?;
    let trial = sweep.trial(id.number);
    row.summary = trial.and_then(summary).cloned();
    let recipe = match resolve(sweep.plan(), id.number) {
        Ok(resolved) => resolved.canonical,
        Err(unresolved) => unresolved.to_string(),
    };
    let attempts = trial.map_or(&[][..], |trial| trial.attempts());
    let attempts = (1..).zip(attempts).map(|(ordinal, attempt)| AttemptRow {
        id: AttemptId { trial: id, ordinal },
        worker: attempt.worker,
        leased: attempt.leased.0,
        ended: attempt.end.as_ref().map(|end| end.at.0),
        resumed_after: attempt.resumed_after,
        outcome: attempt.end.as_ref().map_or(String::new(), |end| end.how.clone()),
    });
    Some(TrialDetail {
        row,
        objective: sweep.plan().objective.clone(),
        recipe,
        attempts: attempts.collect(),
        checkpoint: trial.and_then(|trial| trial.checkpoint().cloned()),
        curves: Vec::new(),
    })
}

/// What a trial has left.
fn summary(trial: &Trial) -> Option<&Summary> {
    match trial.phase() {
        Phase::Closed(closed) => closed.summary.as_ref(),
        _ => None,
    }
}

/// One trial's row, its summary a brief one; none beyond the space.
pub(super) fn row(sweep: &Sweep, number: u32) -> Option<TrialRow> {
    let point = sweep.plan().space.point(u64::from(number.checked_sub(1)?))?;
    let id = sweep.trial_id(number);
    let Some(trial) = sweep.trial(number) else {
        let cancelled = sweep.state() == SweepState::Cancelled;
        return Some(TrialRow {
            id,
            state: if cancelled { TrialState::Cancelled } else { TrialState::Queued },
            point,
            key: String::new(),
            summary: None,
            epoch: 0,
            epochs: resolve(sweep.plan(), number).map_or(0, |resolved| resolved.epochs),
            worker: None,
            attempts: 0,
            reason: None,
        });
    };
    Some(TrialRow {
        id,
        state: trial.phase().state(),
        point,
        key: trial.key().as_str().to_owned(),
        summary: summary(trial).map(Summary::brief),
        epoch: trial.epoch(),
        epochs: trial.epochs(),
        worker: trial.attempts().last().map(|attempt| attempt.worker),
        attempts: trial.next_ordinal() - 1,
        reason: trial.reason().map(str::to_owned),
    })
}
