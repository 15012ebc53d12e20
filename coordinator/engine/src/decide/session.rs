//! What a worker says of its session.

use std::collections::BTreeSet;

use gliss_types::{AttemptId, Outcome, WorkerId};

use super::ending;
use crate::turn::Turn;
use crate::{Progress, Rejection, Reply, StopReason};

/// Renews the leases that the worker lists, and stops what it lists without having a lease.
pub(super) fn heartbeat(turn: &mut Turn<'_>, worker: WorkerId, progress: Vec<Progress>) -> Reply {
    if !turn.volatile.sessions.is_open(worker) {
        return Reply::Rejected(Rejection::NotASession { worker });
    }
    turn.hear(worker);
    let mut stray = BTreeSet::new();
    for progress in progress {
        let attempt = progress.attempt;
        if turn.state().worker(worker).is_some_and(|worker| worker.leases().contains(&attempt)) {
            turn.renew(attempt);
            turn.volatile.progress.insert(attempt, progress);
        } else {
            stray.insert(attempt);
        }
    }
    for attempt in stray {
        turn.stop(worker, attempt, StopReason::Fenced);
    }
    Reply::Done
}

/// The session is gone; the leases stay, because the worker may come back before they run out.
pub(super) fn disconnected(turn: &mut Turn<'_>, worker: WorkerId) -> Reply {
    turn.volatile.sessions.close(worker);
    Reply::Done
}

/// The worker leaves: what it still has waits for another.
pub(super) fn goodbye(turn: &mut Turn<'_>, worker: WorkerId) -> Reply {
    if !turn.volatile.sessions.close(worker) {
        return Reply::Rejected(Rejection::NotASession { worker });
    }
    let leases: Vec<AttemptId> =
        turn.state().worker(worker).map_or(Vec::new(), |w| w.leases().iter().copied().collect());
    for attempt in leases {
        ending::concluded(turn, attempt, Outcome::Released);
    }
    Reply::Done
}
