//! What was decided: durable, in the past tense, the only thing that changes the [`crate::State`].
//!
//! Facts are stored as JSON, one object each, told apart by `fact`. A reader ignores fields it does not know, and every
//! field added later has a default, so a store is readable by the same version and all later ones. A fact of an unknown
//! kind is refused: it was written by a newer version.

use gliss_types::{
    AttemptId, CheckpointRef, Outcome, Summary, SweepId, SweepPlan, TrialId, TrialKey, TrialState, WorkerId,
};
use serde::{Deserialize, Serialize};

use crate::Millis;

/// Something that was decided. `at` is when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A sweep exists.
    SweepSubmitted {
        /// Its id, one more than the last.
        sweep: SweepId,
        /// The whole plan.
        plan: Box<SweepPlan>,
        /// Epochs that all its trials ask for together; 0 where that could not be counted.
        epochs: u64,
        /// When.
        at: Millis,
    },
    /// A worker is known, or what is known of it changed.
    WorkerJoined {
        /// Its id: one more than the last for a new instance, the old one for a known instance.
        worker: WorkerId,
        /// The worker process.
        instance: String,
        /// What people call it.
        name: String,
        /// The version of the program it runs.
        version: String,
        /// Its devices.
        devices: Vec<String>,
        /// Attempts that it can run at once.
        slots: u32,
        /// When.
        at: Millis,
    },
    /// A trial exists. Its recipe follows from the plan and its number.
    TrialProposed {
        /// Its id, the next of its sweep.
        trial: TrialId,
        /// The key of its recipe; of its settings as they are where those cannot be read.
        key: TrialKey,
        /// Epochs that its recipe asks for.
        epochs: u32,
    },
    /// A worker has the trial until the lease runs out.
    AttemptLeased {
        /// The attempt, its ordinal one more than the trial's last.
        attempt: AttemptId,
        /// Who has it.
        worker: WorkerId,
        /// The checkpoint that it goes on from.
        resume: Option<CheckpointRef>,
        /// When.
        at: Millis,
    },
    /// The worker trains.
    AttemptStarted {
        /// Which attempt.
        attempt: AttemptId,
        /// The report that said so.
        seq: u64,
        /// When.
        at: Millis,
    },
    /// An epoch is finished. Its metric points are stored beside this fact, not in it.
    EpochReached {
        /// Which attempt.
        attempt: AttemptId,
        /// The report that said so.
        seq: u64,
        /// The epoch, from 1.
        epoch: u32,
        /// Where the next attempt can go on from.
        checkpoint: CheckpointRef,
        /// The objective's value at this epoch, where the report had it.
        score: Option<f64>,
        /// When.
        at: Millis,
    },
    /// The attempt is over and its trial waits again, unless [`Fact::TrialClosed`] follows.
    AttemptEnded {
        /// Which attempt.
        attempt: AttemptId,
        /// The report that said so; the last stored report where the engine concluded it by itself.
        seq: u64,
        /// How; without the confusion matrix, which [`Fact::TrialClosed`] has.
        outcome: Outcome,
        /// When.
        at: Millis,
    },
    /// The trial is over.
    TrialClosed {
        /// Which trial.
        trial: TrialId,
        /// How: one of the closed states.
        state: TrialState,
        /// What it leaves on the leaderboard, where it has a score.
        summary: Option<Summary>,
        /// Why, where it did not complete.
        reason: Option<String>,
        /// When.
        at: Millis,
    },
    /// The sweep is paused.
    SweepPaused {
        /// Which.
        sweep: SweepId,
        /// Why the engine paused it; none where a person did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// When.
        at: Millis,
    },
    /// A person resumed the sweep.
    SweepResumed {
        /// Which.
        sweep: SweepId,
        /// When.
        at: Millis,
    },
    /// A person ended the sweep. Trials that were proposed are closed by facts of their own before this one; points
    /// that were not never become trials.
    SweepCancelled {
        /// Which.
        sweep: SweepId,
        /// When.
        at: Millis,
    },
    /// Every point of the sweep is a closed trial.
    SweepFinished {
        /// Which.
        sweep: SweepId,
        /// When.
        at: Millis,
    },
}

impl Fact {
    /// The word that tells this kind of fact apart, as it is stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::SweepSubmitted { .. } => "sweep_submitted",
            Fact::WorkerJoined { .. } => "worker_joined",
            Fact::TrialProposed { .. } => "trial_proposed",
            Fact::AttemptLeased { .. } => "attempt_leased",
            Fact::AttemptStarted { .. } => "attempt_started",
            Fact::EpochReached { .. } => "epoch_reached",
            Fact::AttemptEnded { .. } => "attempt_ended",
            Fact::TrialClosed { .. } => "trial_closed",
            Fact::SweepPaused { .. } => "sweep_paused",
            Fact::SweepResumed { .. } => "sweep_resumed",
            Fact::SweepCancelled { .. } => "sweep_cancelled",
            Fact::SweepFinished { .. } => "sweep_finished",
        }
    }
}
