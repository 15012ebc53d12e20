//! How much the examples of a class count.

use serde::Serialize;

use crate::settings::Reader;

/// How much the examples of each class count in the loss of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeights {
    /// All the same.
    #[default]
    None,
    /// Each class as much as the others: an example of a class with n of the training side's N examples counts `N / (k n)` times,
    /// where k is the number of classes (scikit-learn's "balanced").
    Balanced,
}

impl ClassWeights {
    pub(super) fn read(r: &mut Reader<'_>) -> ClassWeights {
        match r.choice("class_weights", Some("none"), &["none", "balanced"]) {
            "balanced" => ClassWeights::Balanced,
            _ => ClassWeights::None,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        *self == ClassWeights::None
    }
}
