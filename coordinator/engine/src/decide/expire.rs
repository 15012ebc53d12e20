//! Ends the leases that ran out.

use std::collections::BTreeSet;

use gliss_types::{Outcome, WorkerId};

use super::ending;
use crate::turn::Turn;
use crate::{Millis, Reply, StopReason};

/// From so many workers with leases on, the silence of most of them at once is told from the death of each.
const MANY: usize = 4;

/// Ends every lease whose time is over. A tick that comes a whole term late tells that the coordinator slept, not that
/// all its workers died at once: then every lease gets a new term, as after a restart. When most workers are silent at
/// once, the network is the likelier culprit: a lease that runs out then gets one more term, once.
pub(super) fn expire(turn: &mut Turn<'_>) -> Reply {
    let Some((first, _)) = turn.volatile.deadlines.first() else { return Reply::Done };
    if turn.now >= first.plus(turn.options.lease) {
        let live: Vec<_> = turn.volatile.deadlines.attempts().collect();
        for attempt in live {
            turn.renew(attempt);
        }
        return Reply::Done;
    }
    let held_back = first <= turn.now && most_are_silent(turn);
    while let Some((at, attempt)) = turn.volatile.deadlines.first() {
        if at > turn.now {
            break;
        }
        if held_back && turn.volatile.deadlines.hold_back(attempt, turn.now.plus(turn.options.lease)) {
            continue;
        }
        let holder = turn.state().attempt(attempt).map(|attempt| attempt.worker);
        ending::concluded(turn, attempt, Outcome::Lapsed);
        if let Some(worker) = holder {
            turn.stop(worker, attempt, StopReason::Fenced);
        }
    }
    Reply::Done
}

/// Whether more than half of the workers that have leases were not heard for half a term.
fn most_are_silent(turn: &Turn<'_>) -> bool {
    let soon = turn.now.plus(Millis(turn.options.lease.0 / 2));
    let (mut all, mut heard): (BTreeSet<WorkerId>, BTreeSet<WorkerId>) = Default::default();
    for (at, attempt) in turn.volatile.deadlines.iter() {
        let Some(worker) = turn.state().attempt(attempt).map(|attempt| attempt.worker) else { continue };
        all.insert(worker);
        if at > soon && !turn.volatile.deadlines.is_held_back(attempt) {
            heard.insert(worker);
        }
    }
    all.len() >= MANY && 2 * heard.len() < all.len()
}
