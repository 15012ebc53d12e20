//! How exact a net's matrix products are on a GPU.

use serde::{Deserialize, Serialize};

use crate::settings::Reader;

/// What matrix products on a GPU round their factors to. Weights, sums and all else are f32, and on the CPU nothing is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Nothing: f32 throughout.
    #[default]
    Single,
    /// 10 bits of fraction, on tensor cores.
    Tf32,
    /// 7 bits of fraction, on tensor cores.
    Bf16,
}

impl Precision {
    pub(super) fn read(r: &mut Reader<'_>) -> Precision {
        match r.choice("precision", Some("single"), &["single", "tf32", "bf16"]) {
            "tf32" => Precision::Tf32,
            "bf16" => Precision::Bf16,
            _ => Precision::Single,
        }
    }

    pub(super) fn is_single(&self) -> bool {
        *self == Precision::Single
    }
}
