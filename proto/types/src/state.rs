//! The states people see. The engine's own states carry more and are private to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a trial is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialState {
    /// Waits for a slot.
    Queued,
    /// Offered to a worker that has not said yet that it began.
    Leased,
    /// A worker trains it.
    Running,
    /// Trained to the end; has a score.
    Completed,
    /// Ended early by a verdict; has a score.
    Stopped,
    /// Gave up after its last permitted attempt.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl TrialState {
    /// Every state, in the order of a life.
    pub const ALL: [TrialState; 7] = [
        TrialState::Queued,
        TrialState::Leased,
        TrialState::Running,
        TrialState::Completed,
        TrialState::Stopped,
        TrialState::Failed,
        TrialState::Cancelled,
    ];

    /// Whether nothing can follow.
    pub fn is_closed(self) -> bool {
        matches!(self, TrialState::Completed | TrialState::Stopped | TrialState::Failed | TrialState::Cancelled)
    }

    /// The word that is printed, stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            TrialState::Queued => "queued",
            TrialState::Leased => "leased",
            TrialState::Running => "running",
            TrialState::Completed => "completed",
            TrialState::Stopped => "stopped",
            TrialState::Failed => "failed",
            TrialState::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for TrialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a sweep is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SweepState {
    /// Its trials are leased as slots come free.
    Active,
    /// Nothing is leased until a person resumes it.
    Paused,
    /// Every trial is closed.
    Finished,
    /// A person ended it; trials that had not closed are cancelled.
    Cancelled,
}

impl SweepState {
    /// Every state.
    pub const ALL: [SweepState; 4] =
        [SweepState::Active, SweepState::Paused, SweepState::Finished, SweepState::Cancelled];

    /// Whether nothing can follow.
    pub fn is_closed(self) -> bool {
        matches!(self, SweepState::Finished | SweepState::Cancelled)
    }

    /// The word that is printed, stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            SweepState::Active => "active",
            SweepState::Paused => "paused",
            SweepState::Finished => "finished",
            SweepState::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for SweepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
