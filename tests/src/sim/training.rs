//! The model of training: what an epoch yields is a function of the recipe and of the epoch, as it is for real.

use std::collections::BTreeSet;

use gliss_types::{AttemptId, CheckpointRef, EpochReport, MetricPoint, Outcome, Summary};
use gliss_wire::ReportBody;

/// How a trial goes when nothing disturbs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It trains to its end.
    Good,
    /// Its first attempt fails in a way that may pass.
    FailsOnce,
    /// It ends as not a number at its first epoch.
    Diverges,
    /// Whoever trains its first epoch dies.
    Kills,
}

impl Nature {
    /// A trial's nature, by its key.
    pub(crate) fn of(key: &str, killers: bool) -> Nature {
        match number(key, 0) % 20 {
            0 | 1 => Nature::FailsOnce,
            2 => Nature::Diverges,
            3 if killers => Nature::Kills,
            _ => Nature::Good,
        }
    }
}

fn number(key: &str, epoch: u32) -> u64 {
    let hash = blake3::hash(format!("{key} {epoch}").as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("32 bytes have a first eight"))
}

/// The objective's value after an epoch.
pub(crate) fn score(key: &str, epoch: u32) -> f64 {
    (number(key, epoch) >> 11) as f64 / (1_u64 << 53) as f64
}

/// What is reported of an epoch.
pub(crate) fn epoch(attempt: AttemptId, key: &str, epoch: u32) -> EpochReport {
    let points = vec![MetricPoint { metric: "valid_accuracy".into(), step: epoch, value: score(key, epoch) }];
    EpochReport { epoch, points, checkpoint: checkpoint(attempt, key, epoch) }
}

/// The checkpoint of an epoch: named by its content, in which the seconds that it took differ from attempt to attempt.
pub(crate) fn checkpoint(attempt: AttemptId, key: &str, epoch: u32) -> CheckpointRef {
    let content = format!("{attempt} {key} {epoch}");
    CheckpointRef { hash: blake3::hash(content.as_bytes()).to_hex().to_string(), epoch }
}

/// What a trial of good nature leaves.
pub(crate) fn summary(key: &str, epochs: u32) -> Summary {
    let best = |a: &u32, b: &u32| score(key, *a).total_cmp(&score(key, *b)).then(b.cmp(a));
    let best_epoch = (1..=epochs).max_by(best).unwrap_or(1);
    Summary { score: score(key, best_epoch), best_epoch, epochs, ..Summary::default() }
}

/// The end of a trial of good nature.
pub(crate) fn completed(key: &str, epochs: u32) -> ReportBody {
    ReportBody::Ended(Outcome::Completed(summary(key, epochs)))
}

/// The folder of checkpoints that coordinator and workers share. It outlives them all.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints(BTreeSet<String>);

impl Checkpoints {
    pub(crate) fn write(&mut self, checkpoint: &CheckpointRef) {
        self.0.insert(checkpoint.hash.clone());
    }

    pub(crate) fn remove(&mut self, hash: &str) {
        self.0.remove(hash);
    }

    pub(crate) fn holds(&self, checkpoint: &CheckpointRef) -> bool {
        self.0.contains(&checkpoint.hash)
    }
}
