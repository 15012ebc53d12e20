//! A worker opens its session, first or again.

use std::collections::BTreeMap;

use gliss_types::{AttemptId, Outcome, SweepState, WorkerId};

use super::ending;
use crate::turn::Turn;
use crate::{Fact, Held, HeldAttempt, Input, Phase, Rejection, Reply, StopReason};

/// What a worker says of itself.
pub(super) struct Hello {
    pub(super) instance: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) devices: Vec<String>,
    pub(super) slots: u32,
}

/// Opens the session. Live leases that the worker does not present are ended, as are those beyond its slots; the others
/// get a new term. First the ends, then the worker's new data: it never has more leases than slots.
pub(super) fn hello(turn: &mut Turn<'_>, hello: Hello, held: &[HeldAttempt]) -> Reply {
    if hello.slots > Input::SLOT_LIMIT {
        return Reply::Rejected(Rejection::TooManySlots { slots: hello.slots, limit: Input::SLOT_LIMIT });
    }
    let known = turn.state().worker_of(&hello.instance).map(|worker| worker.id());
    let worker = known.unwrap_or(turn.state().next_worker());
    if turn.volatile.sessions.is_open(worker) {
        return Reply::Rejected(Rejection::AlreadyConnected { worker });
    }
    let verdicts = reconcile(turn, worker, hello.slots, held);
    join(turn, worker, hello);
    turn.hear(worker);
    let mut attempts = Vec::with_capacity(held.len());
    for HeldAttempt { id, .. } in held {
        let verdict = verdicts.get(id).cloned();
        let verdict = verdict.unwrap_or(Held::Drop(Rejection::UnknownAttempt { attempt: *id }));
        attempts.push((*id, verdict));
    }
    let kept: Vec<AttemptId> = turn.state().worker(worker).map_or(Vec::new(), |w| w.leases().iter().copied().collect());
    for attempt in kept {
        turn.renew(attempt);
        // It may not have heard of a pause that came while it was away.
        if turn.state().sweep(attempt.trial.sweep).is_some_and(|sweep| sweep.state() == SweepState::Paused) {
            turn.stop(worker, attempt, StopReason::Paused);
        }
    }
    Reply::Welcome { worker, lease: turn.options.lease, attempts }
}

/// Ends the leases that the worker does not have any more or has no slot for, and says what becomes of what it has.
fn reconcile(turn: &mut Turn<'_>, worker: WorkerId, slots: u32, held: &[HeldAttempt]) -> BTreeMap<AttemptId, Held> {
    let presented: BTreeMap<AttemptId, u64> = held.iter().map(|held| (held.id, held.seq)).collect();
    let leases: Vec<AttemptId> =
        turn.state().worker(worker).map_or(Vec::new(), |w| w.leases().iter().copied().collect());
    let mut kept = 0;
    let mut surplus = BTreeMap::new();
    for attempt in leases {
        let stored = turn.state().trial(attempt.trial).map_or(0, |trial| trial.stored_seq());
        match presented.get(&attempt) {
            None => {
                let never_began =
                    turn.state().trial(attempt.trial).is_some_and(|trial| *trial.phase() == Phase::Leased);
                // The same process lives and knows nothing of it: the offer was lost on the way, which says nothing
                // against the trial.
                let outcome = if never_began { Outcome::Released } else { Outcome::Lapsed };
                ending::concluded(turn, attempt, outcome);
            }
            // It forgot reports that this store never saw: the attempt can not be followed any more.
            Some(seq) if *seq > stored => {
                ending::concluded(turn, attempt, Outcome::Lapsed);
                let expected = stored.saturating_add(1);
                surplus.insert(attempt, Rejection::OutOfOrder { attempt, seq: *seq, expected });
            }
            Some(_) if kept == slots => {
                ending::concluded(turn, attempt, Outcome::Released);
                surplus.insert(attempt, Rejection::NoSlot { attempt, slots });
            }
            Some(_) => kept += 1,
        }
    }
    let verdict = |attempt: AttemptId| match surplus.get(&attempt) {
        Some(rejection) => Held::Drop(rejection.clone()),
        None => judge(turn, worker, attempt),
    };
    presented.keys().map(|attempt| (*attempt, verdict(*attempt))).collect()
}

/// What becomes of an attempt that a worker presents, once its leases are put right.
fn judge(turn: &Turn<'_>, worker: WorkerId, attempt: AttemptId) -> Held {
    let state = turn.state();
    let (Some(trial), Some(record)) = (state.trial(attempt.trial), state.attempt(attempt)) else {
        return Held::Drop(Rejection::UnknownAttempt { attempt });
    };
    if record.worker != worker {
        return Held::Drop(Rejection::WrongWorker { attempt, owner: record.worker, worker });
    }
    match &record.end {
        None => Held::Keep { stored_seq: trial.stored_seq() },
        Some(end) if end.reported => Held::Keep { stored_seq: end.seq },
        Some(_) => Held::Drop(Rejection::Fenced { attempt, current: state.live_attempt(attempt.trial) }),
    }
}

/// Records what is new about the worker.
fn join(turn: &mut Turn<'_>, worker: WorkerId, hello: Hello) {
    let Hello { instance, name, version, devices, slots } = hello;
    let same = turn.state().worker(worker).is_some_and(|old| {
        old.name() == name && old.version() == version && old.devices() == devices && old.slots() == slots
    });
    if !same {
        turn.record(Fact::WorkerJoined { worker, instance, name, version, devices, slots, at: turn.now });
    }
}
