//! Takes in a sweep.

use gliss_types::SweepPlan;

use crate::resolve::{count_epochs, resolve};
use crate::turn::Turn;
use crate::{Fact, Rejection, Reply};

/// A plan that is known already, and not cancelled since, is the sweep that it was: submitting is safe to repeat.
pub(super) fn submit(turn: &mut Turn<'_>, plan: Box<SweepPlan>) -> Reply {
    if let Some(sweep) = turn.state().sweep_of(&plan.fingerprint) {
        return Reply::Submitted { sweep, known: true };
    }
    match plan.space.len() {
        Some(0) => return Reply::Rejected(Rejection::EmptySpace),
        Some(points) if u32::try_from(points).is_ok() => {}
        _ => return Reply::Rejected(Rejection::SpaceTooLarge),
    }
    if let Err(unresolved) = resolve(&plan, 1) {
        return Reply::Rejected(Rejection::UnreadablePlan { reason: unresolved.to_string() });
    }
    let sweep = turn.state().next_sweep();
    let epochs = count_epochs(&plan);
    turn.record(Fact::SweepSubmitted { sweep, plan, epochs, at: turn.now });
    Reply::Submitted { sweep, known: false }
}
