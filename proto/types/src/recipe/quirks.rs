//! What published programs did otherwise than their papers say, to be compared with their numbers. All off by default.

use serde::Serialize;

use crate::settings::Reader;

/// Defects of published programs that are of training itself (papers.md 0.2); those of data and inputs are beside the
/// settings that they bend: `data.drop_544`, `features.of_complex`, `features.as_uint8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Quirks {
    /// Q000-3: from the second epoch on the net trains as it predicts: nothing is dropped, and batch norms use their running
    /// statistics, which stay as they are.
    #[serde(skip_serializing_if = "is_off")]
    pub eval_mode_after_first_epoch: bool,
    /// Q000-4: the net has the 1000 outputs of ImageNet, and keeps those that its weights come with; classes are the first.
    #[serde(skip_serializing_if = "is_off")]
    pub head_1000: bool,
    /// Q003-1: step i of an epoch learns from the examples i, i + 1... of the training side in its own order, as many as a
    /// batch has. Most are never seen.
    #[serde(skip_serializing_if = "is_off")]
    pub sliding_minibatch: bool,
    /// Q003-2: validation drops values, and its batch norms use and keep the statistics of its batches, of `batch` examples.
    #[serde(skip_serializing_if = "is_off")]
    pub validate_in_train_mode: bool,
    /// Q004-1, Q004-2: the last partial batch is left out of training and of validation, whose batches have so many examples
    /// and are shuffled; their sums are divided by the number of all examples. 0 for off.
    #[serde(skip_serializing_if = "is_zero")]
    pub divide_by_full_set: u32,
}

fn is_off(quirk: &bool) -> bool {
    !quirk
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl Quirks {
    /// ImageNet's classes.
    pub const HEAD: usize = 1000;

    pub(super) fn read(r: &mut Reader<'_>) -> Quirks {
        Quirks {
            eval_mode_after_first_epoch: r.boolean("quirks.eval_mode_after_first_epoch", false),
            head_1000: r.boolean("quirks.head_1000", false),
            sliding_minibatch: r.boolean("quirks.sliding_minibatch", false),
            validate_in_train_mode: r.boolean("quirks.validate_in_train_mode", false),
            divide_by_full_set: r.int32("quirks.divide_by_full_set", 0, 0..=65_536),
        }
    }

    pub(super) fn are_none(&self) -> bool {
        *self == Quirks::default()
    }
}
