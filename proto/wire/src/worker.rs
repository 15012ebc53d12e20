//! The worker's session in plain data: what each side says, checked.

use gliss_types::{AttemptId, CheckpointRef, EpochReport, Objective, Outcome, WorkerId};

use crate::convert::{WireError, invalid, needed};
use crate::v1;
use v1::coordinator_message::Body as FromCoordinator;
use v1::worker_message::Body as FromWorker;

/// What a worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkerSays {
    /// Opens the session.
    Hello(Hello),
    /// It lives, and this is how far its attempts are.
    Heartbeat(Vec<Progress>),
    /// Something happened to an attempt.
    Report {
        /// The attempt.
        attempt: AttemptId,
        /// From 1, growing by one.
        seq: u64,
        /// What happened.
        body: ReportBody,
    },
    /// It leaves for good.
    Goodbye,
}

/// Who the worker is and what it still holds. Fields as in `worker.proto`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hello {
    /// Version of the protocol it speaks.
    pub protocol: u32,
    /// Identifies the worker process or its place.
    pub instance: String,
    /// For people.
    pub name: String,
    /// Version of the program, for people.
    pub program: String,
    /// Its devices in words.
    pub devices: Vec<String>,
    /// Attempts that it can run at once.
    pub slots: u32,
    /// Attempts that it still runs.
    pub held: Vec<HeldAttempt>,
}

/// An attempt that a worker still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldAttempt {
    /// The attempt.
    pub attempt: AttemptId,
    /// The last report that was acknowledged to the worker, 0 for none.
    pub acked_seq: u64,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The attempt.
    pub attempt: AttemptId,
    /// The epoch in progress, from 1; 0 while data are prepared.
    pub epoch: u32,
    /// Epochs in all.
    pub epochs: u32,
    /// Steps (or clips) so far in this epoch.
    pub step: u32,
    /// Steps (or clips) in this epoch, 0 if unknown.
    pub steps: u32,
}

/// What happened to an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportBody {
    /// Training began.
    Started,
    /// An epoch ended and its checkpoint is stored.
    Epoch(EpochReport),
    /// The attempt is over; never [`Outcome::Lapsed`], which only the coordinator can conclude.
    Ended(Outcome),
}

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

fn attempt(id: Option<v1::AttemptId>) -> Result<AttemptId, WireError> {
    needed(id, "attempt")?.try_into()
}

fn label(text: String, field: &'static str) -> Result<String, WireError> {
    if (1..=128).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(invalid(field, "1 to 128 bytes without control characters"))
    }
}

impl TryFrom<v1::WorkerMessage> for WorkerSays {
    type Error = WireError;

    fn try_from(message: v1::WorkerMessage) -> Result<Self, WireError> {
        Ok(match needed(message.body, "body")? {
            FromWorker::Hello(hello) => WorkerSays::Hello(hello.try_into()?),
            FromWorker::Heartbeat(beat) => {
                if beat.progress.len() > 4096 {
                    return Err(invalid("heartbeat.progress", "at most 4096 attempts"));
                }
                let progress: Result<Vec<_>, WireError> = beat.progress.into_iter().map(TryInto::try_into).collect();
                WorkerSays::Heartbeat(progress?)
            }
            FromWorker::Report(report) => WorkerSays::Report {
                attempt: attempt(report.attempt)?,
                seq: if report.seq == 0 { return Err(invalid("seq", "it counts from 1")) } else { report.seq },
                body: match needed(report.body, "report.body")? {
                    v1::report::Body::Started(_) => ReportBody::Started,
                    v1::report::Body::Epoch(epoch) => ReportBody::Epoch(epoch.try_into()?),
                    v1::report::Body::Ended(ended) => ReportBody::Ended(outcome(ended)?),
                },
            },
            FromWorker::Goodbye(_) => WorkerSays::Goodbye,
        })
    }
}

fn outcome(ended: v1::Ended) -> Result<Outcome, WireError> {
    Ok(match needed(ended.outcome, "ended.outcome")? {
        v1::ended::Outcome::Completed(summary) => Outcome::Completed(summary.try_into()?),
        v1::ended::Outcome::Failed(failure) => {
            let mut reason: String = failure.reason.chars().filter(|c| !c.is_control() || *c == '\n').collect();
            while reason.len() > 4096 {
                reason.pop();
            }
            Outcome::Failed { reason, retry: failure.retry }
        }
        v1::ended::Outcome::Released(_) => Outcome::Released,
    })
}

impl TryFrom<v1::Hello> for Hello {
    type Error = WireError;

    fn try_from(hello: v1::Hello) -> Result<Self, WireError> {
        if hello.devices.len() > 64 || hello.held.len() > 1024 {
            return Err(invalid("hello", "at most 64 devices and 1024 held attempts"));
        }
        if !(1..=1024).contains(&hello.slots) {
            return Err(invalid("hello.slots", "1 to 1024"));
        }
        let held: Result<Vec<_>, WireError> = hello
            .held
            .into_iter()
            .map(|h| Ok(HeldAttempt { attempt: attempt(h.attempt)?, acked_seq: h.acked_seq }))
            .collect();
        let devices: Result<Vec<_>, WireError> = hello.devices.into_iter().map(|d| label(d, "hello.devices")).collect();
        Ok(Hello {
            protocol: hello.protocol,
            instance: label(hello.instance, "hello.instance")?,
            name: label(hello.name, "hello.name")?,
            program: label(hello.program, "hello.program")?,
            devices: devices?,
            slots: hello.slots,
            held: held?,
        })
    }
}

impl TryFrom<v1::Progress> for Progress {
    type Error = WireError;

    fn try_from(p: v1::Progress) -> Result<Self, WireError> {
        let v1::Progress { attempt: id, epoch, epochs, step, steps } = p;
        Ok(Progress { attempt: attempt(id)?, epoch, epochs, step, steps })
    }
}

impl From<WorkerSays> for v1::WorkerMessage {
    fn from(says: WorkerSays) -> Self {
        let body = match says {
            WorkerSays::Hello(hello) => FromWorker::Hello(v1::Hello {
                protocol: hello.protocol,
                instance: hello.instance,
                name: hello.name,
                program: hello.program,
                devices: hello.devices,
                slots: hello.slots,
                held: hello.held.into_iter().map(Into::into).collect(),
            }),
            WorkerSays::Heartbeat(progress) => {
                FromWorker::Heartbeat(v1::Heartbeat { progress: progress.into_iter().map(Into::into).collect() })
            }
            WorkerSays::Report { attempt, seq, body } => {
                FromWorker::Report(v1::Report { attempt: Some(attempt.into()), seq, body: Some(body.into()) })
            }
            WorkerSays::Goodbye => FromWorker::Goodbye(v1::Goodbye {}),
        };
        v1::WorkerMessage { body: Some(body) }
    }
}

impl From<HeldAttempt> for v1::HeldAttempt {
    fn from(held: HeldAttempt) -> Self {
        v1::HeldAttempt { attempt: Some(held.attempt.into()), acked_seq: held.acked_seq }
    }
}

impl From<Progress> for v1::Progress {
    fn from(p: Progress) -> Self {
        let Progress { attempt, epoch, epochs, step, steps } = p;
        v1::Progress { attempt: Some(attempt.into()), epoch, epochs, step, steps }
    }
}

impl From<ReportBody> for v1::report::Body {
    fn from(body: ReportBody) -> Self {
        match body {
            ReportBody::Started => v1::report::Body::Started(v1::Started {}),
            ReportBody::Epoch(epoch) => v1::report::Body::Epoch(epoch.into()),
            ReportBody::Ended(outcome) => v1::report::Body::Ended(v1::Ended {
                outcome: Some(match outcome {
                    Outcome::Completed(summary) => v1::ended::Outcome::Completed(summary.into()),
                    Outcome::Failed { reason, retry } => v1::ended::Outcome::Failed(v1::Failure { reason, retry }),
                    // A worker never says that its lease lapsed; handing the attempt back is what it means.
                    Outcome::Released | Outcome::Lapsed => v1::ended::Outcome::Released(v1::Released {}),
                }),
            }),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::{SweepId, TrialId};

    fn id() -> AttemptId {
        AttemptId { trial: TrialId { sweep: SweepId(1), number: 2 }, ordinal: 3 }
    }

    #[test]
    fn what_a_worker_says_survives_the_wire() {
        let hello = Hello {
            protocol: 1,
            instance: "i".into(),
            name: "n".into(),
            program: "0.1.0".into(),
            devices: vec!["cpu".into()],
            slots: 2,
            held: vec![HeldAttempt { attempt: id(), acked_seq: 4 }],
        };
        let says = [
            WorkerSays::Hello(hello),
            WorkerSays::Heartbeat(vec![Progress { attempt: id(), epoch: 1, epochs: 2, step: 3, steps: 4 }]),
            WorkerSays::Report { attempt: id(), seq: 1, body: ReportBody::Started },
            WorkerSays::Report {
                attempt: id(),
                seq: 2,
                body: ReportBody::Ended(Outcome::Failed { reason: "why".into(), retry: true }),
            },
            WorkerSays::Goodbye,
        ];
        for message in says {
            assert_eq!(v1::WorkerMessage::from(message.clone()).try_into(), Ok(message));
        }
    }

    #[test]
    fn what_the_coordinator_says_survives_the_wire() {
        let welcome = Welcome {
            worker: WorkerId(7),
            lease_ms: 20,
            heartbeat_ms: 5,
            checkpoints: "/c".into(),
            held: vec![
                HeldAnswer { attempt: id(), keep: Ok(3) },
                HeldAnswer { attempt: id(), keep: Err("fenced".into()) },
            ],
        };
        let resume = Some(CheckpointRef { hash: "ab".repeat(32), epoch: 4 });
        let offer =
            Offer { attempt: id(), recipe: "{}".into(), key: "k".into(), resume, objective: Objective::default() };
        let says = [
            CoordinatorSays::Welcome(welcome),
            CoordinatorSays::Offer(offer),
            CoordinatorSays::Ack { attempt: id(), seq: 9 },
            CoordinatorSays::Stop { attempt: id(), reason: StopReason::Paused },
            CoordinatorSays::Pulse,
        ];
        for message in says {
            assert_eq!(v1::CoordinatorMessage::from(message.clone()).try_into(), Ok(message));
        }
    }

    #[test]
    fn a_hostile_message_is_refused() {
        let summary = v1::Summary { score: f64::NAN, ..Default::default() };
        let bad = v1::Ended { outcome: Some(v1::ended::Outcome::Completed(summary)) };
        let report = v1::Report { attempt: Some(id().into()), seq: 1, body: Some(v1::report::Body::Ended(bad)) };
        let message = v1::WorkerMessage { body: Some(FromWorker::Report(report)) };
        assert_eq!(WorkerSays::try_from(message), Err(invalid("summary.score", "a finite number")));
        assert!(WorkerSays::try_from(v1::WorkerMessage { body: None }).is_err());
        let path = v1::Checkpoint { hash: "../../etc/passwd".into(), epoch: 1 };
        assert!(CheckpointRef::try_from(path).is_err());
    }
}
