//! What people ask of a sweep. Asking twice is asking once.

use gliss_types::{AttemptId, Outcome, SweepId, SweepState, TrialId, TrialState, WorkerId};

use crate::turn::Turn;
use crate::{Fact, Rejection, Reply, StopReason};

/// Stops what trains, to go on from its last checkpoint later.
pub(super) fn pause(turn: &mut Turn<'_>, sweep: SweepId) -> Reply {
    match state_of(turn, sweep) {
        Ok(SweepState::Active) => {}
        Ok(SweepState::Paused) => return Reply::Done,
        Ok(state) => return Reply::Rejected(Rejection::SweepClosed { sweep, state }),
        Err(rejection) => return Reply::Rejected(rejection),
    }
    halt(turn, sweep, None);
    Reply::Done
}

/// Pauses an active sweep, for a reason where it is the engine's wish.
pub(super) fn halt(turn: &mut Turn<'_>, sweep: SweepId, reason: Option<String>) {
    turn.record(Fact::SweepPaused { sweep, reason, at: turn.now });
    for (attempt, worker) in live_attempts(turn, sweep) {
        turn.stop(worker, attempt, StopReason::Paused);
    }
}

/// Lets its trials be leased again.
pub(super) fn resume(turn: &mut Turn<'_>, sweep: SweepId) -> Reply {
    match state_of(turn, sweep) {
        Ok(SweepState::Paused) => {}
        Ok(SweepState::Active) => return Reply::Done,
        Ok(state) => return Reply::Rejected(Rejection::SweepClosed { sweep, state }),
        Err(rejection) => return Reply::Rejected(rejection),
    }
    turn.record(Fact::SweepResumed { sweep, at: turn.now });
    Reply::Done
}

/// Closes what is open at once; reports that come later are fenced.
pub(super) fn cancel(turn: &mut Turn<'_>, sweep: SweepId) -> Reply {
    match state_of(turn, sweep) {
        Ok(SweepState::Active | SweepState::Paused) => {}
        Ok(SweepState::Cancelled) => return Reply::Done,
        Ok(state) => return Reply::Rejected(Rejection::SweepClosed { sweep, state }),
        Err(rejection) => return Reply::Rejected(rejection),
    }
    let at = turn.now;
    for (attempt, worker) in live_attempts(turn, sweep) {
        let seq = turn.state().trial(attempt.trial).map_or(0, |trial| trial.stored_seq());
        turn.record(Fact::AttemptEnded { attempt, seq, outcome: Outcome::Released, at });
        turn.stop(worker, attempt, StopReason::Cancelled);
    }
    let waiting = turn.state().sweep(sweep).map(|sweep| sweep.queued().clone()).unwrap_or_default();
    for number in waiting {
        let trial = TrialId { sweep, number };
        turn.record(Fact::TrialClosed { trial, state: TrialState::Cancelled, summary: None, reason: None, at });
    }
    turn.record(Fact::SweepCancelled { sweep, at });
    Reply::Done
}

fn state_of(turn: &Turn<'_>, sweep: SweepId) -> Result<SweepState, Rejection> {
    turn.state().sweep(sweep).map(|sweep| sweep.state()).ok_or(Rejection::UnknownSweep { sweep })
}

/// The attempts that have trials of a sweep, and who has them.
fn live_attempts(turn: &Turn<'_>, sweep: SweepId) -> Vec<(AttemptId, WorkerId)> {
    let state = turn.state();
    let Some(sweep) = state.sweep(sweep) else { return Vec::new() };
    let live = sweep.live().iter().filter_map(|number| state.live_attempt(sweep.trial_id(*number)));
    live.filter_map(|attempt| Some((attempt, state.attempt(attempt)?.worker))).collect()
}
