//! The worker's session in plain data: what each side says, checked.

mod coordinator_says;
mod worker_says;

pub use coordinator_says::{CoordinatorSays, HeldAnswer, Offer, Reject, StopReason, Welcome};
pub use worker_says::{HeldAttempt, Hello, Progress, ReportBody, WorkerSays};

use gliss_types::AttemptId;

use crate::convert::{WireError, invalid, needed};
use crate::v1;

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

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::{CheckpointRef, Objective, Outcome, SweepId, TrialId, WorkerId};
    use v1::worker_message::Body as FromWorker;

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
