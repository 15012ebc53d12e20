//! What the coordinator says: plain data, checked on the way in.

use gliss_types::{AttemptId, CheckpointRef, Objective, WorkerId};

use super::attempt;
use crate::convert::{WireError, invalid, needed};
use crate::v1;
use v1::coordinator_message::Body as FromCoordinator;

/// What the coordinator says.
#[derive(Debug, Clone, PartialEq)]
pub enum CoordinatorSays {
    /// The session stands.
    Welcome(Welcome),
    /// Run this attempt.
    Offer(Offer),
    /// A report is durable, and all before it.
    Ack {
        /// The attempt.
        attempt: AttemptId,
        /// The report.
        seq: u64,
    },
    /// A report was refused.
    Reject(Reject),
    /// Stop this attempt.
    Stop {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        reason: StopReason,
    },
    /// Nothing but a sign of life.
    Pulse,
}

/// The session stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Welcome {
    /// The worker's number.
    pub worker: WorkerId,
    /// A lease lasts so long after the last sign of life, milliseconds.
    pub lease_ms: u64,
    /// Signs of life are due this often, milliseconds.
    pub heartbeat_ms: u64,
    /// Where checkpoints live.
    pub checkpoints: String,
    /// What becomes of held attempts.
    pub held: Vec<HeldAnswer>,
}

/// What becomes of a held attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldAnswer {
    /// The attempt.
    pub attempt: AttemptId,
    /// The last stored report if the attempt goes on, else why it is dropped.
    pub keep: Result<u64, String>,
}

/// Run this attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The attempt.
    pub attempt: AttemptId,
    /// The recipe in canonical form.
    pub recipe: String,
    /// The hash of that form.
    pub key: String,
    /// Where to resume, if not at the start.
    pub resume: Option<CheckpointRef>,
    /// What ranks the trial.
    pub objective: Objective,
}

/// A report was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Reject {
    /// The attempt.
    pub attempt: AttemptId,
    /// The report.
    pub seq: u64,
    /// A stable word.
    pub reason: String,
    /// For people.
    pub text: String,
    /// With `out_of_order`, the number that is due next.
    pub expected_seq: u64,
}

/// Why an attempt is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// A person cancelled its sweep.
    Cancelled,
    /// A person paused its sweep.
    Paused,
    /// Somebody else has the trial, or it is closed.
    Fenced,
}

impl From<CoordinatorSays> for v1::CoordinatorMessage {
    fn from(says: CoordinatorSays) -> Self {
        let body = match says {
            CoordinatorSays::Welcome(w) => FromCoordinator::Welcome(v1::Welcome {
                worker: w.worker.0,
                lease_ms: w.lease_ms,
                heartbeat_ms: w.heartbeat_ms,
                checkpoints: w.checkpoints,
                held: w.held.into_iter().map(Into::into).collect(),
            }),
            CoordinatorSays::Offer(o) => FromCoordinator::Offer(v1::Offer {
                attempt: Some(o.attempt.into()),
                recipe: o.recipe,
                key: o.key,
                resume: o.resume.map(Into::into),
                objective: Some(o.objective.into()),
            }),
            CoordinatorSays::Ack { attempt, seq } => {
                FromCoordinator::Ack(v1::Ack { attempt: Some(attempt.into()), seq })
            }
            CoordinatorSays::Reject(r) => FromCoordinator::Reject(v1::Reject {
                attempt: Some(r.attempt.into()),
                seq: r.seq,
                reason: r.reason,
                text: r.text,
                expected_seq: r.expected_seq,
            }),
            CoordinatorSays::Stop { attempt, reason } => FromCoordinator::Stop(v1::Stop {
                attempt: Some(attempt.into()),
                reason: match reason {
                    StopReason::Cancelled => v1::StopReason::Cancelled,
                    StopReason::Paused => v1::StopReason::Paused,
                    StopReason::Fenced => v1::StopReason::Fenced,
                }
                .into(),
            }),
            CoordinatorSays::Pulse => FromCoordinator::Pulse(v1::Pulse {}),
        };
        v1::CoordinatorMessage { body: Some(body) }
    }
}

impl From<HeldAnswer> for v1::HeldAnswer {
    fn from(answer: HeldAnswer) -> Self {
        let (keep, stored_seq, reason) = match answer.keep {
            Ok(seq) => (true, seq, String::new()),
            Err(reason) => (false, 0, reason),
        };
        v1::HeldAnswer { attempt: Some(answer.attempt.into()), keep, stored_seq, reason }
    }
}

impl TryFrom<v1::CoordinatorMessage> for CoordinatorSays {
    type Error = WireError;

    fn try_from(message: v1::CoordinatorMessage) -> Result<Self, WireError> {
        Ok(match needed(message.body, "body")? {
            FromCoordinator::Welcome(w) => {
                let answer = |h: v1::HeldAnswer| {
                    let keep = if h.keep { Ok(h.stored_seq) } else { Err(h.reason) };
                    Ok(HeldAnswer { attempt: attempt(h.attempt)?, keep })
                };
                let held: Result<Vec<_>, WireError> = w.held.into_iter().map(answer).collect();
                if w.worker == 0 || w.heartbeat_ms == 0 || w.lease_ms < w.heartbeat_ms {
                    return Err(invalid("welcome", "a worker's number and a lease longer than the heartbeat"));
                }
                CoordinatorSays::Welcome(Welcome {
                    worker: WorkerId(w.worker),
                    lease_ms: w.lease_ms,
                    heartbeat_ms: w.heartbeat_ms,
                    checkpoints: w.checkpoints,
                    held: held?,
                })
            }
            FromCoordinator::Offer(o) => CoordinatorSays::Offer(Offer {
                attempt: attempt(o.attempt)?,
                recipe: o.recipe,
                key: o.key,
                resume: o.resume.map(TryInto::try_into).transpose()?,
                objective: needed(o.objective, "offer.objective")?.try_into()?,
            }),
            FromCoordinator::Ack(a) => CoordinatorSays::Ack { attempt: attempt(a.attempt)?, seq: a.seq },
            FromCoordinator::Reject(r) => CoordinatorSays::Reject(Reject {
                attempt: attempt(r.attempt)?,
                seq: r.seq,
                reason: r.reason,
                text: r.text,
                expected_seq: r.expected_seq,
            }),
            FromCoordinator::Stop(s) => {
                let reason = match s.reason() {
                    v1::StopReason::Paused => StopReason::Paused,
                    v1::StopReason::Fenced => StopReason::Fenced,
                    v1::StopReason::Cancelled | v1::StopReason::Unspecified => StopReason::Cancelled,
                };
                CoordinatorSays::Stop { attempt: attempt(s.attempt)?, reason }
            }
            FromCoordinator::Pulse(_) => CoordinatorSays::Pulse,
        })
    }
}
