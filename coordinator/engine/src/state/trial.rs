//! A trial and its attempts.

use gliss_types::{CheckpointRef, Outcome, Summary, TrialKey, TrialState, WorkerId};

use crate::Millis;

/// Where a trial is in its life, with what is so only there.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// It waits for a slot.
    Queued,
    /// Its last attempt was offered and has not reported yet.
    Leased,
    /// Its last attempt trains.
    Running {
        /// The last report of it that is stored, at least 1.
        seq: u64,
    },
    /// It is over, for ever.
    Closed(Closed),
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// One of the closed states.
    pub state: TrialState,
    /// What it left on the leaderboard, where it has a score.
    pub summary: Option<Summary>,
    /// When.
    pub at: Millis,
}

impl Phase {
    /// The word that people see.
    pub fn state(&self) -> TrialState {
        match self {
            Phase::Queued => TrialState::Queued,
            Phase::Leased => TrialState::Leased,
            Phase::Running { .. } => TrialState::Running,
            Phase::Closed(closed) => closed.state,
        }
    }

    /// Whether an attempt has the trial.
    pub fn is_live(&self) -> bool {
        matches!(self, Phase::Leased | Phase::Running { .. })
    }
}

/// One execution of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Who has it, or had it.
    pub worker: WorkerId,
    /// When it was leased.
    pub leased: Millis,
    /// The epoch that it went on after; 0 for a fresh start.
    pub resumed_after: u32,
    /// How it ended; none while it lives.
    pub end: Option<AttemptEnd>,
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptEnd {
    /// When.
    pub at: Millis,
    /// The last report of it that is stored.
    pub seq: u64,
    /// Whether that report was the end, so that the worker knows of it; else the engine concluded it.
    pub reported: bool,
    /// How, in words: `completed`, `failed: ...`, `released`, `lapsed`.
    pub how: String,
}

/// One point of the space and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub(super) key: TrialKey,
    pub(super) epochs: u32,
    pub(super) phase: Phase,
    pub(super) attempts: Vec<Attempt>,
    pub(super) epoch: u32,
    pub(super) best: Option<f64>,
    pub(super) checkpoint: Option<CheckpointRef>,
    pub(super) failed: u32,
    pub(super) lapsed: u32,
    pub(super) reason: Option<String>,
}

impl Trial {
    pub(super) fn new(key: TrialKey, epochs: u32) -> Trial {
        Trial {
            key,
            epochs,
            phase: Phase::Queued,
            attempts: Vec::new(),
            epoch: 0,
            best: None,
            checkpoint: None,
            failed: 0,
            lapsed: 0,
            reason: None,
        }
    }

    /// The key of its recipe.
    pub fn key(&self) -> &TrialKey {
        &self.key
    }

    /// Epochs that its recipe asks for.
    pub fn epochs(&self) -> u32 {
        self.epochs
    }

    /// Where it is in its life.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Its attempts, first to last; attempt `n` stands at `n - 1`. Only the last may live.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The attempt with an ordinal.
    pub fn attempt(&self, ordinal: u32) -> Option<&Attempt> {
        self.attempts.get(ordinal.checked_sub(1)? as usize)
    }

    /// The ordinal that its next attempt gets.
    pub fn next_ordinal(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The ordinal of the attempt that has it now, if one has.
    pub fn live_ordinal(&self) -> Option<u32> {
        self.phase.is_live().then(|| self.next_ordinal() - 1)
    }

    /// The last stored report of the attempt that has it now; 0 where there is none.
    pub fn stored_seq(&self) -> u64 {
        match self.phase {
            Phase::Running { seq } => seq,
            _ => 0,
        }
    }

    /// The highest epoch that was ever finished and stored.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The best value of the objective at any stored epoch.
    pub fn best(&self) -> Option<f64> {
        self.best
    }

    /// The last checkpoint that was stored: where the next attempt goes on.
    pub fn checkpoint(&self) -> Option<&CheckpointRef> {
        self.checkpoint.as_ref()
    }

    /// Attempts that failed.
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// Attempts that were lost with their worker since the trial last finished an epoch.
    pub fn lapsed(&self) -> u32 {
        self.lapsed
    }

    /// Why the last attempt that failed failed, or why the trial was closed without completing.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// An outcome in words.
pub(super) fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Completed(_) => "completed".into(),
        Outcome::Failed { reason, .. } => format!("failed: {reason}"),
        Outcome::Released => "released".into(),
        Outcome::Lapsed => "lapsed".into(),
    }
}
