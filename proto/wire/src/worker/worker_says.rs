//! What a worker says: plain data, checked on the way in.

use gliss_types::{AttemptId, EpochReport, Outcome};

use super::{attempt, label};
use crate::convert::{WireError, invalid, needed};
use crate::v1;
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
