//! When a training ends before its last epoch.

use serde::Serialize;

use super::Watch;
use crate::settings::Reader;

const PATIENCE: &str = "early_stop.patience";
const WATCH: &str = "early_stop.watch";

/// A training ends once a metric has not become better for more than so many epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EarlyStop {
    /// The metric. Better is lower for a loss, higher for others; the same is no better.
    pub watch: Watch,
    /// Epochs without a better value that are borne: at 8 the ninth is the last.
    pub patience: u32,
}

impl EarlyStop {
    pub(super) fn read(r: &mut Reader<'_>) -> Option<EarlyStop> {
        let patience = r.int32(PATIENCE, 0, 0..=100_000);
        if patience == 0 {
            r.unused(&[WATCH], &format!("without an `{PATIENCE}` above 0 nothing stops early"));
            return None;
        }
        Some(EarlyStop { watch: Watch::read(r, WATCH, "valid_accuracy"), patience })
    }
}
