//! A worker reports on an attempt.

use gliss_types::{AttemptId, EpochReport, Outcome, Summary, WorkerId};

use super::ending;
use crate::turn::Turn;
use crate::{Fact, Phase, Rejection, Reply, ReportBody};

/// Stores a report once: a repeat is acknowledged again, a gap and a late worker are turned down.
pub(super) fn report(turn: &mut Turn<'_>, worker: WorkerId, attempt: AttemptId, seq: u64, body: ReportBody) -> Reply {
    if !turn.volatile.sessions.is_open(worker) {
        return Reply::Rejected(Rejection::NotASession { worker });
    }
    turn.hear(worker);
    match place(turn, worker, attempt, seq) {
        Ok(Place::Stored) => {}
        Ok(Place::Next) => {
            if let Err(rejection) = store(turn, attempt, seq, body) {
                return Reply::Rejected(rejection);
            }
        }
        Err(rejection) => return Reply::Rejected(rejection),
    }
    Reply::Acked { attempt, seq }
}

enum Place {
    /// The report was stored before.
    Stored,
    /// It is the attempt's next.
    Next,
}

/// Where a report stands among those of its attempt. Renews the lease of a live one: its worker has it.
fn place(turn: &mut Turn<'_>, worker: WorkerId, attempt: AttemptId, seq: u64) -> Result<Place, Rejection> {
    let state = turn.state();
    let (Some(trial), Some(record)) = (state.trial(attempt.trial), state.attempt(attempt)) else {
        return Err(Rejection::UnknownAttempt { attempt });
    };
    if record.worker != worker {
        return Err(Rejection::WrongWorker { attempt, owner: record.worker, worker });
    }
    if let Some(end) = &record.end {
        // Only what the worker itself ended can be acknowledged again; else it would train on.
        let again = end.reported && (1..=end.seq).contains(&seq);
        let fenced = Rejection::Fenced { attempt, current: state.live_attempt(attempt.trial) };
        return if again { Ok(Place::Stored) } else { Err(fenced) };
    }
    let stored = trial.stored_seq();
    turn.renew(attempt);
    let expected = stored.saturating_add(1);
    match seq {
        seq if (1..=stored).contains(&seq) => Ok(Place::Stored),
        seq if seq == expected && seq > stored => Ok(Place::Next),
        seq => Err(Rejection::OutOfOrder { attempt, seq, expected }),
    }
}

fn store(turn: &mut Turn<'_>, attempt: AttemptId, seq: u64, body: ReportBody) -> Result<(), Rejection> {
    let began = turn.state().trial(attempt.trial).is_some_and(|trial| matches!(trial.phase(), Phase::Running { .. }));
    match body {
        ReportBody::Started if began => Err(Rejection::AlreadyStarted { attempt }),
        ReportBody::Started => {
            turn.record(Fact::AttemptStarted { attempt, seq, at: turn.now });
            Ok(())
        }
        ReportBody::Epoch(_) | ReportBody::Ended(Outcome::Completed(_)) if !began => {
            Err(Rejection::NotStarted { attempt })
        }
        ReportBody::Epoch(epoch) => {
            check_epoch(turn, attempt, &epoch)?;
            let score = objective_of(turn, attempt, &epoch);
            let EpochReport { epoch, checkpoint, .. } = epoch;
            turn.record(Fact::EpochReached { attempt, seq, epoch, checkpoint, score, at: turn.now });
            Ok(())
        }
        ReportBody::Ended(outcome) => {
            if let Outcome::Completed(summary) = &outcome {
                check_summary(attempt, summary)?;
            }
            ending::reported(turn, attempt, seq, outcome);
            Ok(())
        }
    }
}

fn check_epoch(turn: &Turn<'_>, attempt: AttemptId, report: &EpochReport) -> Result<(), Rejection> {
    let trial = attempt.trial;
    let epochs = turn.state().trial(trial).map_or(0, |trial| trial.epochs());
    let epoch = report.epoch;
    if !(1..=epochs).contains(&epoch) {
        return Err(Rejection::NoSuchEpoch { trial, epoch, epochs });
    }
    let name = &report.checkpoint.hash;
    let named = name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !named || report.checkpoint.epoch != epoch {
        let hash = name.chars().take(64).collect();
        return Err(Rejection::BadCheckpoint { hash, of: report.checkpoint.epoch, epoch });
    }
    for point in &report.points {
        if !point.value.is_finite() {
            return Err(Rejection::NonFinite { attempt, metric: point.metric.clone() });
        }
        if point.step != epoch {
            return Err(Rejection::WrongStep { metric: point.metric.clone(), step: point.step, epoch });
        }
    }
    Ok(())
}

fn objective_of(turn: &Turn<'_>, attempt: AttemptId, report: &EpochReport) -> Option<f64> {
    let objective = &turn.state().sweep(attempt.trial.sweep)?.plan().objective;
    report.points.iter().find(|point| point.metric == objective.metric).map(|point| point.value)
}

fn check_summary(attempt: AttemptId, summary: &Summary) -> Result<(), Rejection> {
    let fields = [("score", summary.score), ("train_seconds", summary.train_seconds)];
    let metrics = summary.metrics.iter().map(|(name, value)| (name.as_str(), *value));
    match fields.into_iter().chain(metrics).find(|(_, value)| !value.is_finite()) {
        Some((name, _)) => Err(Rejection::NonFinite { attempt, metric: name.to_owned() }),
        None => Ok(()),
    }
}
