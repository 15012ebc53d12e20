//! Ends attempts and closes trials.

use gliss_types::{AttemptId, Outcome, Summary, SweepState, TrialId, TrialState};

use super::control;
use crate::Fact;
use crate::turn::Turn;

/// Characters kept of a reason for failure.
const REASON_LIMIT: usize = 2_000;

/// Ends a live attempt as its worker reported it with report `seq`.
pub(super) fn reported(turn: &mut Turn<'_>, attempt: AttemptId, seq: u64, outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Failed { reason, retry } => Outcome::Failed { reason: cut(reason), retry },
        other => other,
    };
    end(turn, attempt, seq, outcome);
}

/// Ends a live attempt as the engine concludes.
pub(super) fn concluded(turn: &mut Turn<'_>, attempt: AttemptId, outcome: Outcome) {
    let stored = turn.state().trial(attempt.trial).map_or(0, |trial| trial.stored_seq());
    end(turn, attempt, stored, outcome);
}

fn end(turn: &mut Turn<'_>, attempt: AttemptId, seq: u64, outcome: Outcome) {
    // What the trial leaves is whole in the fact that closes it; a large matrix need not be stored twice.
    let told = match &outcome {
        Outcome::Completed(summary) => Outcome::Completed(summary.brief()),
        other => other.clone(),
    };
    turn.record(Fact::AttemptEnded { attempt, seq, outcome: told, at: turn.now });
    let id = attempt.trial;
    let (Some(trial), Some(sweep)) = (turn.state().trial(id), turn.state().sweep(id.sweep)) else { return };
    match outcome {
        Outcome::Completed(summary) => close(turn, id, TrialState::Completed, Some(summary), None),
        Outcome::Failed { reason, retry } if !retry || trial.failed() >= sweep.plan().max_attempts => {
            close(turn, id, TrialState::Failed, None, Some(reason));
        }
        Outcome::Lapsed if trial.lapsed() >= turn.options.crash_limit => {
            let reason = format!("its worker was lost {} times", trial.lapsed());
            close(turn, id, TrialState::Failed, None, Some(reason));
        }
        Outcome::Failed { .. } | Outcome::Lapsed | Outcome::Released => {}
    }
}

/// Closes a trial that waits, and its sweep with the last of them.
pub(super) fn close(
    turn: &mut Turn<'_>,
    trial: TrialId,
    state: TrialState,
    summary: Option<Summary>,
    reason: Option<String>,
) {
    let at = turn.now;
    turn.record(Fact::TrialClosed { trial, state, summary, reason, at });
    let Some(sweep) = turn.state().sweep(trial.sweep) else { return };
    if sweep.is_done() {
        turn.record(Fact::SweepFinished { sweep: trial.sweep, at });
    } else if let (SweepState::Active, Some(reason)) = (sweep.state(), sweep.is_hopeless()) {
        control::halt(turn, trial.sweep, Some(reason));
    }
}

fn cut(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().nth(REASON_LIMIT) {
        reason.truncate(end);
    }
    reason
}
