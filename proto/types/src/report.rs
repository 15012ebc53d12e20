//! What a worker says of an attempt.

use serde::{Deserialize, Serialize};

use crate::Confusion;

/// One metric value at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The metric's name, such as `valid_accuracy`.
    pub metric: String,
    /// The epoch that it belongs to, from 1.
    pub step: u32,
    /// Its value; always finite, a worker ends an attempt rather than report what is not a number.
    pub value: f64,
}

/// A checkpoint in the store of checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRef {
    /// BLAKE3 of the file, 64 hex digits; also its name.
    pub hash: String,
    /// Finished epochs that it holds.
    pub epoch: u32,
}

/// Everything about one finished epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// The epoch that ended, from 1.
    pub epoch: u32,
    /// Metric points of this epoch, all with `step == epoch`.
    pub points: Vec<Point>,
    /// The checkpoint from which the next epoch can start.
    pub checkpoint: CheckpointRef,
}

/// What a completed trial leaves on the leaderboard. Every number belongs to the best epoch, weights of that epoch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The objective's value: the best over the epochs (first best). Finite.
    pub score: f64,
    /// The epoch that gave it, from 1; 0 for a recipe that trains nothing.
    pub best_epoch: u32,
    /// Epochs trained in all, over all attempts.
    pub epochs: u32,
    /// Metrics at the best epoch and of the test split, by name in ascending order.
    pub metrics: Vec<(String, f64)>,
    /// Trainable parameters of the net.
    pub parameters: u64,
    /// Seconds spent training, without waiting for clips, over all attempts that led to this result.
    pub train_seconds: f64,
    /// The test side's confusion matrix: of clips where segments decide together, else of examples. None for a recipe
    /// that trains nothing, for classes that are too many or too long in name for a [`Confusion`], in the rows of
    /// listings, and in what earlier versions stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Confusion>,
}

impl Summary {
    /// All of it but the confusion matrix, which takes more room than a row of a listing has.
    pub fn brief(&self) -> Summary {
        let Summary { score, best_epoch, epochs, ref metrics, parameters, train_seconds, confusion: _ } = *self;
        Summary { score, best_epoch, epochs, metrics: metrics.clone(), parameters, train_seconds, confusion: None }
    }
}

/// How an attempt ended, as the worker says it or as the coordinator concludes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// Trained to the end.
    Completed(Summary),
    /// The recipe cannot be trained here; `retry` says whether another attempt could fare better.
    Failed {
        /// What happened, for people.
        reason: String,
        /// Whether another attempt could fare better (device trouble) or not (a recipe at fault).
        retry: bool,
    },
    /// Handed back unfinished: the worker drains, or was told to stop. Costs the trial no retry.
    Released,
    /// The lease ran out or the worker came back without it.
    Lapsed,
}
