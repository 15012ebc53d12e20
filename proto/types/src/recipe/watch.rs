//! The metrics of validation that training itself looks at.

use serde::Serialize;

use crate::settings::Reader;

/// What a plateau, or the end of progress, is seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// Smaller is better.
    ValidLoss,
    /// Larger is better.
    ValidAccuracy,
    /// Larger is better.
    ValidMacroF1,
}

impl Watch {
    pub(super) fn read(r: &mut Reader<'_>, path: &str, default: &'static str) -> Watch {
        match r.choice(path, Some(default), &["valid_loss", "valid_accuracy", "valid_macro_f1"]) {
            "valid_accuracy" => Watch::ValidAccuracy,
            "valid_macro_f1" => Watch::ValidMacroF1,
            _ => Watch::ValidLoss,
        }
    }

    /// Whether a value is better than another.
    pub fn better(self, value: f64, than: f64) -> bool {
        match self {
            Watch::ValidLoss => value < than,
            Watch::ValidAccuracy | Watch::ValidMacroF1 => value > than,
        }
    }
}
