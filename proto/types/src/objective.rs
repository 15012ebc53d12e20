//! What a sweep is judged by.

use serde::{Deserialize, Serialize};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Larger scores are better.
    Maximize,
    /// Smaller scores are better.
    Minimize,
}

/// The metric that ranks trials, and its direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// A name out of [`Objective::METRICS`].
    pub metric: String,
    /// Which way is better.
    pub goal: Goal,
}

impl Objective {
    /// Every metric that a worker reports at each epoch and that can rank trials.
    pub const METRICS: [&'static str; 5] =
        ["valid_accuracy", "valid_macro_f1", "valid_loss", "train_accuracy", "train_loss"];

    /// Whether `a` is strictly better than `b`. A value that is not a number is better than nothing.
    pub fn better(&self, a: f64, b: f64) -> bool {
        match self.goal {
            Goal::Maximize => a > b || (b.is_nan() && !a.is_nan()),
            Goal::Minimize => a < b || (b.is_nan() && !a.is_nan()),
        }
    }

    /// Orders scores best first, missing ones last; equal scores compare equal, so a stable sort keeps trial order.
    pub fn rank(&self, a: Option<f64>, b: Option<f64>) -> std::cmp::Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.better(a, b) => std::cmp::Ordering::Less,
            (Some(a), Some(b)) if self.better(b, a) => std::cmp::Ordering::Greater,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            _ => std::cmp::Ordering::Equal,
        }
    }
}

impl Default for Objective {
    /// Validation accuracy, the larger the better.
    fn default() -> Self {
        Objective { metric: "valid_accuracy".into(), goal: Goal::Maximize }
    }
}
