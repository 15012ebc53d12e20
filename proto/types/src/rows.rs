//! What people read: rows of listings and the detail of a trial. Made by the coordinator, printed by the command line.

use serde::{Deserialize, Serialize};

use crate::{AttemptId, CheckpointRef, Objective, Point, Summary, SweepId, SweepState, TrialId, TrialState, WorkerId};

/// One sweep in a listing. Times are milliseconds since 1970, UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepRow {
    /// Its id.
    pub id: SweepId,
    /// Its label.
    pub name: String,
    /// Where it is in its life.
    pub state: SweepState,
    /// Why the coordinator paused it by itself; none where a person did, or it is not paused.
    pub halted: Option<String>,
    /// What ranks its trials.
    pub objective: Objective,
    /// Trials in all.
    pub trials: u64,
    /// Trials by state, in the order of [`TrialState::ALL`]; those not yet proposed count as queued.
    pub counts: [u64; 7],
    /// The best trial so far and its score.
    pub best: Option<(TrialId, f64)>,
    /// When it was submitted.
    pub submitted: u64,
    /// When its first attempt began, if one has.
    pub started: Option<u64>,
    /// When its last trial closed, if it has.
    pub ended: Option<u64>,
    /// Attempts leased in all.
    pub attempts: u64,
    /// Epochs finished and stored, over all trials.
    pub epochs_done: u64,
    /// Epochs that the whole sweep asks for, where every recipe names them.
    pub epochs_total: u64,
}

impl SweepRow {
    /// The number of trials in a state.
    pub fn count(&self, state: TrialState) -> u64 {
        let index = TrialState::ALL.iter().position(|s| *s == state);
        index.and_then(|i| self.counts.get(i)).copied().unwrap_or(0)
    }

    /// The number of trials that are closed, however they ended.
    pub fn closed(&self) -> u64 {
        TrialState::ALL.iter().filter(|s| s.is_closed()).map(|s| self.count(*s)).sum()
    }
}

/// One trial in a listing or on the leaderboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRow {
    /// Its id.
    pub id: TrialId,
    /// Where it is in its life.
    pub state: TrialState,
    /// Its choices.
    pub point: Point,
    /// The hash of its recipe; empty while it is not yet proposed.
    pub key: String,
    /// What it left, once completed or stopped. Its confusion matrix is there in a [`TrialDetail`] alone.
    pub summary: Option<Summary>,
    /// Epochs finished and stored.
    pub epoch: u32,
    /// Epochs its recipe asks for.
    pub epochs: u32,
    /// The worker that has it or had it last.
    pub worker: Option<WorkerId>,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt that failed failed, in the worker's words.
    pub reason: Option<String>,
}

/// One attempt of a trial. Times are milliseconds since 1970, UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// Its id.
    pub id: AttemptId,
    /// Who had it.
    pub worker: WorkerId,
    /// When it was leased.
    pub leased: u64,
    /// When it ended, if it has.
    pub ended: Option<u64>,
    /// The epoch it resumed after; 0 for a fresh start.
    pub resumed_after: u32,
    /// How it ended, in words; empty while it lives.
    pub outcome: String,
}

/// A metric over the epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The metric's name.
    pub metric: String,
    /// Pairs of epoch and value, ascending.
    pub points: Vec<(u32, f64)>,
}

/// Everything about one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialDetail {
    /// The listing's row.
    pub row: TrialRow,
    /// What ranks it.
    pub objective: Objective,
    /// Its recipe in canonical form.
    pub recipe: String,
    /// Its attempts, first to last.
    pub attempts: Vec<AttemptRow>,
    /// The checkpoint that a next attempt would start from.
    pub checkpoint: Option<CheckpointRef>,
    /// Its learning curves, by name.
    pub curves: Vec<Curve>,
}

/// One worker in a listing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkerRow {
    /// Its id.
    pub id: WorkerId,
    /// The name it gave.
    pub name: String,
    /// Its devices, such as `cpu`.
    pub devices: Vec<String>,
    /// Attempts that it can run at once.
    pub slots: u32,
    /// Attempts that it holds.
    pub busy: u32,
    /// Whether its session stands.
    pub connected: bool,
}

/// What a part of the log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// All that was decided.
    Everything,
    /// One sweep with its trials.
    Sweep(SweepId),
    /// One trial.
    Trial(TrialId),
}

/// Something that was decided, for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The commit that stored it, from 0.
    pub batch: u64,
    /// When, in milliseconds since 1970 UTC; none where the fact does not say.
    pub at: Option<u64>,
    /// The fact as JSON; of a plan only its name and the number of trials.
    pub json: String,
    /// The same in words.
    pub text: String,
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// In the order in which it was decided.
    pub lines: Vec<LogLine>,
    /// The commit from which the next part goes on.
    pub next: u64,
    /// Whether there is nothing more for now.
    pub end: bool,
}
