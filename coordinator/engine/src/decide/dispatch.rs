//! Fills free slots with trials. Looks at no more trials than it leases.

use gliss_types::{AttemptId, TrialId, TrialState, WorkerId};

use super::ending;
use crate::resolve::{Resolved, resolve, stand_in_key};
use crate::turn::Turn;
use crate::{Effect, Fact};

/// Trials without a readable recipe that are closed in one turn; the rest waits for a tick that is due at once.
const UNREADABLE_LIMIT: u32 = 1_000;

/// Leases trials while there is a slot and a trial: to the worker with the most free slots, of the oldest active sweep,
/// first what waits to go on, then what is new, in the order of numbers.
pub(super) fn dispatch(turn: &mut Turn<'_>) {
    turn.volatile.unfinished = false;
    let mut unreadable = 0;
    while let Some(worker) = turn.volatile.sessions.next_idle(turn.now, turn.options.lease) {
        let next = turn.state().first_ready().and_then(|sweep| Some(sweep.trial_id(sweep.next_trial()?)));
        let Some(trial) = next else { return };
        match prepare(turn, trial) {
            Ok(resolved) => lease(turn, worker, trial, resolved),
            Err(reason) => {
                ending::close(turn, trial, TrialState::Failed, None, Some(reason));
                unreadable += 1;
                if unreadable == UNREADABLE_LIMIT {
                    turn.volatile.unfinished = true;
                    return;
                }
            }
        }
    }
}

/// Finds the recipe of a trial and proposes the trial where it is new. Where there is no recipe, or another than before,
/// says why: the plan, or the trial, was made by a version of the program that read it otherwise.
fn prepare(turn: &mut Turn<'_>, trial: TrialId) -> Result<Resolved, String> {
    let state = turn.state();
    let Some(sweep) = state.sweep(trial.sweep) else { return Err("its sweep is gone".into()) };
    let resolved = resolve(sweep.plan(), trial.number);
    match (state.trial(trial).map(|trial| trial.key().clone()), resolved) {
        (Some(key), Ok(resolved)) if key != resolved.key => {
            Err(format!("this version reads its settings otherwise: recipe {} was {key}", resolved.key))
        }
        (Some(_), Ok(resolved)) => Ok(resolved),
        (Some(_), Err(unresolved)) => Err(unresolved.to_string()),
        (None, Ok(resolved)) => {
            turn.record(Fact::TrialProposed { trial, key: resolved.key.clone(), epochs: resolved.epochs });
            Ok(resolved)
        }
        (None, Err(unresolved)) => {
            let key = stand_in_key(sweep.plan(), trial.number);
            turn.record(Fact::TrialProposed { trial, key, epochs: 0 });
            Err(unresolved.to_string())
        }
    }
}

fn lease(turn: &mut Turn<'_>, worker: WorkerId, trial: TrialId, resolved: Resolved) {
    let state = turn.state();
    let (Some(sweep), Some(waiting)) = (state.sweep(trial.sweep), state.trial(trial)) else { return };
    let attempt = AttemptId { trial, ordinal: waiting.next_ordinal() };
    let resume = waiting.checkpoint().cloned();
    let objective = sweep.plan().objective.clone();
    turn.record(Fact::AttemptLeased { attempt, worker, resume: resume.clone(), at: turn.now });
    let Resolved { canonical: recipe, key, .. } = resolved;
    turn.effect(Effect::OfferAttempt { worker, attempt, recipe, key, resume, objective });
}
