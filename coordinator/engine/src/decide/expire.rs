//! Ends the leases that ran out.

use gliss_types::Outcome;

use super::ending;
use crate::turn::Turn;
use crate::{Reply, StopReason};

/// Ends every lease whose time is over. A tick that comes a whole term late tells that the coordinator slept, not that
/// all its workers died at once: then every lease gets a new term, as after a restart.
pub(super) fn expire(turn: &mut Turn<'_>) -> Reply {
    let Some((first, _)) = turn.volatile.deadlines.first() else { return Reply::Done };
    if turn.now >= first.plus(turn.options.lease) {
        let live: Vec<_> = turn.volatile.deadlines.attempts().collect();
        for attempt in live {
            turn.renew(attempt);
        }
        return Reply::Done;
    }
    while let Some((at, attempt)) = turn.volatile.deadlines.first() {
        if at > turn.now {
            break;
        }
        let holder = turn.state().attempt(attempt).map(|attempt| attempt.worker);
        ending::concluded(turn, attempt, Outcome::Lapsed);
        if let Some(worker) = holder {
            turn.stop(worker, attempt, StopReason::Fenced);
        }
    }
    Reply::Done
}
