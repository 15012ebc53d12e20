//! Facts in words, and whom they are about.

use gliss_types::{AttemptId, CheckpointRef, Outcome, SweepId, TrialId, TrialState, WorkerId};

use crate::{Fact, Millis};

impl Fact {
    /// The sweep that it is about; none where it is about a worker.
    pub fn sweep(&self) -> Option<SweepId> {
        match self {
            Fact::SweepSubmitted { sweep, .. }
            | Fact::SweepPaused { sweep, .. }
            | Fact::SweepResumed { sweep, .. }
            | Fact::SweepCancelled { sweep, .. }
            | Fact::SweepFinished { sweep, .. } => Some(*sweep),
            Fact::WorkerJoined { .. } => None,
            _ => self.trial().map(|trial| trial.sweep),
        }
    }

    /// The trial that it is about, if it is about one.
    pub fn trial(&self) -> Option<TrialId> {
        match self {
            Fact::TrialProposed { trial, .. } | Fact::TrialClosed { trial, .. } => Some(*trial),
            Fact::AttemptLeased { attempt, .. }
            | Fact::AttemptStarted { attempt, .. }
            | Fact::EpochReached { attempt, .. }
            | Fact::AttemptEnded { attempt, .. } => Some(attempt.trial),
            _ => None,
        }
    }

    /// When it was decided; none where it does not say.
    pub fn at(&self) -> Option<Millis> {
        match self {
            Fact::TrialProposed { .. } => None,
            Fact::SweepSubmitted { at, .. }
            | Fact::WorkerJoined { at, .. }
            | Fact::AttemptLeased { at, .. }
            | Fact::AttemptStarted { at, .. }
            | Fact::EpochReached { at, .. }
            | Fact::AttemptEnded { at, .. }
            | Fact::TrialClosed { at, .. }
            | Fact::SweepPaused { at, .. }
            | Fact::SweepResumed { at, .. }
            | Fact::SweepCancelled { at, .. }
            | Fact::SweepFinished { at, .. } => Some(*at),
        }
    }

    /// It in a sentence without its time.
    pub fn told(&self) -> String {
        match self {
            Fact::SweepSubmitted { sweep, plan, .. } => {
                let trials = plan.space.len().unwrap_or_default();
                format!("{sweep} is submitted: {}, {trials} trials", plan.name)
            }
            Fact::WorkerJoined { worker, name, devices, slots, .. } => {
                format!("worker {} joins: {name}, {slots} slots on {}", worker.0, devices.join(", "))
            }
            Fact::TrialProposed { trial, key, epochs } => format!("{trial} is made: key {key}, {epochs} epochs"),
            Fact::AttemptLeased { attempt, worker, resume, .. } => leased(*attempt, *worker, resume.as_ref()),
            Fact::AttemptStarted { attempt, .. } => format!("{attempt} starts"),
            Fact::EpochReached { attempt, epoch, score, .. } => {
                let score = score.map(|score| format!(", score {score}")).unwrap_or_default();
                format!("{attempt} reaches epoch {epoch}{score}")
            }
            Fact::AttemptEnded { attempt, outcome, .. } => format!("{attempt} ends: {}", ended(outcome)),
            Fact::TrialClosed { trial, state, summary, reason, .. } => {
                let score = summary.as_ref().map(|s| format!(", score {} at epoch {}", s.score, s.best_epoch));
                let reason = reason.as_ref().map(|reason| format!(": {reason}"));
                format!("{trial} is {}{}{}", word(*state), score.unwrap_or_default(), reason.unwrap_or_default())
            }
            Fact::SweepPaused { sweep, reason, .. } => {
                let reason = reason.as_ref().map(|reason| format!(": {reason}"));
                format!("{sweep} is paused{}", reason.unwrap_or_default())
            }
            Fact::SweepResumed { sweep, .. } => format!("{sweep} is resumed"),
            Fact::SweepCancelled { sweep, .. } => format!("{sweep} is cancelled"),
            Fact::SweepFinished { sweep, .. } => format!("{sweep} is finished"),
        }
    }
}

fn leased(attempt: AttemptId, worker: WorkerId, resume: Option<&CheckpointRef>) -> String {
    let from = match resume {
        None => "from the start".to_owned(),
        Some(checkpoint) => format!("going on after epoch {}", checkpoint.epoch),
    };
    format!("{attempt} is leased to worker {}, {from}", worker.0)
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Completed(summary) => format!("completed after epoch {}", summary.epochs),
        Outcome::Failed { reason, retry: true } => format!("failed, and may be tried again: {reason}"),
        Outcome::Failed { reason, retry: false } => format!("failed for good: {reason}"),
        Outcome::Released => "handed back by its worker".to_owned(),
        Outcome::Lapsed => "its lease ran out, or its worker came back without it".to_owned(),
    }
}

fn word(state: TrialState) -> &'static str {
    state.as_str()
}
