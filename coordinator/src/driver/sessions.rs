//! The live sessions: where messages for a worker go. What they say is decided elsewhere.

use std::collections::BTreeMap;

use gliss_engine::{Effect, Held, Rejection, Reply};
use gliss_types::{AttemptId, WorkerId};
use gliss_wire::{CoordinatorSays, HeldAnswer, Offer, Reject, StopReason, Welcome};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tracing::{debug, warn};

use super::SessionRequest;

#[derive(Debug)]
struct Session {
    number: u64,
    out: mpsc::Sender<CoordinatorSays>,
}

/// Sessions by worker; at most one each.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    live: BTreeMap<WorkerId, Session>,
    stuck: Vec<WorkerId>,
}

impl Sessions {
    /// Whether messages of this session still count: a newer one of the same worker may have taken its place.
    pub(super) fn is_current(&self, worker: WorkerId, session: u64) -> bool {
        self.live.get(&worker).is_some_and(|s| s.number == session)
    }

    /// Opens a session, or tells why not.
    pub(super) fn open(&mut self, request: SessionRequest, reply: Reply) {
        let SessionRequest { session, out, opened, heartbeat_ms, checkpoints, .. } = request;
        let (worker, lease, held) = match reply {
            Reply::Welcome { worker, lease, attempts } => (worker, lease, attempts),
            Reply::Rejected(rejection) => return drop(opened.send(Err(rejection))),
            Reply::Submitted { .. } | Reply::Acked { .. } | Reply::Done => {
                unreachable!("the engine answers a hello with a welcome or a rejection")
            }
        };
        let answer = |(attempt, held)| HeldAnswer {
            attempt,
            keep: match held {
                Held::Keep { stored_seq } => Ok(stored_seq),
                Held::Drop(rejection) => Err(rejection.to_string()),
            },
        };
        let welcome = Welcome {
            worker,
            lease_ms: lease.0,
            heartbeat_ms,
            checkpoints,
            held: held.into_iter().map(answer).collect(),
        };
        self.live.insert(worker, Session { number: session, out });
        // Where the stream has gone already, its task closes the session next.
        let _ = opened.send(Ok(worker));
        self.send(worker, CoordinatorSays::Welcome(welcome));
    }

    /// Ends a session; false where it is not the current one.
    pub(super) fn close(&mut self, worker: WorkerId, session: u64) -> bool {
        let current = self.is_current(worker, session);
        if current {
            self.live.remove(&worker);
        }
        current
    }

    /// Ends the worker's session if its stream is gone; whether it was.
    pub(super) fn close_gone(&mut self, worker: WorkerId) -> bool {
        let gone = self.live.get(&worker).is_some_and(|session| session.out.is_closed());
        if gone {
            self.live.remove(&worker);
        }
        gone
    }

    /// Sends a message, if the worker has a session. A full queue, or a stream that is gone, cuts it.
    pub(super) fn send(&mut self, worker: WorkerId, says: CoordinatorSays) {
        let Some(session) = self.live.get(&worker) else {
            debug!(%worker, "a message for a worker without a session is dropped");
            return;
        };
        match session.out.try_send(says) {
            Ok(()) => return,
            Err(TrySendError::Full(_)) => warn!(%worker, "the worker does not read; its session is cut"),
            Err(TrySendError::Closed(_)) => debug!(%worker, "the stream is gone; its session ends"),
        }
        self.live.remove(&worker);
        self.stuck.push(worker);
    }

    /// Workers whose sessions were cut since the last call.
    pub(super) fn take_stuck(&mut self) -> Vec<WorkerId> {
        std::mem::take(&mut self.stuck)
    }
}

/// The answer to a report.
pub(super) fn answer(attempt: AttemptId, seq: u64, reply: Reply) -> CoordinatorSays {
    let rejection = match reply {
        Reply::Acked { attempt, seq } => return CoordinatorSays::Ack { attempt, seq },
        Reply::Rejected(rejection) => rejection,
        Reply::Submitted { .. } | Reply::Welcome { .. } | Reply::Done => {
            unreachable!("the engine answers a report with an acknowledgement or a rejection")
        }
    };
    let expected_seq = match rejection {
        Rejection::OutOfOrder { expected, .. } => expected,
        _ => 0,
    };
    let reason = match rejection {
        Rejection::Fenced { .. } | Rejection::UnknownAttempt { .. } | Rejection::OutOfOrder { .. } => {
            rejection.reason()
        }
        // Another worker's attempt is as lost to this one as one that is over.
        Rejection::WrongWorker { .. } => "fenced",
        _ => "invalid",
    };
    CoordinatorSays::Reject(Reject { attempt, seq, reason: reason.into(), text: rejection.to_string(), expected_seq })
}

/// Whom an effect is for.
pub(super) fn receiver(effect: &Effect) -> WorkerId {
    match effect {
        Effect::OfferAttempt { worker, .. } | Effect::StopAttempt { worker, .. } => *worker,
    }
}

/// An effect as a message and whom it is for.
pub(super) fn effect(effect: Effect) -> (WorkerId, CoordinatorSays) {
    match effect {
        Effect::OfferAttempt { worker, attempt, recipe, key, resume, objective } => {
            let key = key.as_str().to_owned();
            (worker, CoordinatorSays::Offer(Offer { attempt, recipe, key, resume, objective }))
        }
        Effect::StopAttempt { worker, attempt, reason } => {
            let reason = match reason {
                gliss_engine::StopReason::Cancelled => StopReason::Cancelled,
                gliss_engine::StopReason::Paused => StopReason::Paused,
                gliss_engine::StopReason::Fenced => StopReason::Fenced,
            };
            (worker, CoordinatorSays::Stop { attempt, reason })
        }
    }
}
