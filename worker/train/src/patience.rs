//! When there is no more progress to wait for.

use gliss_types::recipe::EarlyStop;
use serde::{Deserialize, Serialize};

/// How long the metric that is watched has not become better; all of the state, to be stored and restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Patience {
    /// None before the first epoch.
    best: Option<f64>,
    /// Epochs since then.
    waited: u32,
}

impl Patience {
    /// Takes note of an epoch that has ended with this `value` of the metric that is watched.
    pub(crate) fn note(&mut self, rule: &EarlyStop, value: f64) {
        if self.best.is_none_or(|best| rule.watch.better(value, best)) {
            *self = Patience { best: Some(value), waited: 0 };
        } else {
            self.waited += 1;
        }
    }

    /// Whether it is at its end.
    pub(crate) fn is_over(&self, rule: &EarlyStop) -> bool {
        self.waited > rule.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::recipe::Watch;

    /// The epoch, from 1, after which these values end a training.
    fn last(watch: Watch, patience: u32, values: &[f64]) -> Option<usize> {
        let rule = EarlyStop { watch, patience };
        let mut state = Patience::default();
        values
            .iter()
            .position(|value| {
                state.note(&rule, *value);
                let stored = serde_json::to_string(&state).expect("plain numbers");
                state = serde_json::from_str(&stored).expect("as written");
                state.is_over(&rule)
            })
            .map(|place| place + 1)
    }

    // papers.md 1.6: a patience of 8 ends it in the ninth epoch after the best.
    #[test]
    fn the_first_document_ends_nine_epochs_after_the_best() {
        let values: Vec<f64> = (0..40).map(|epoch| if epoch < 17 { f64::from(epoch) / 100.0 } else { 0.16 }).collect();
        assert_eq!(last(Watch::ValidAccuracy, 8, &values), Some(17 + 9));
        assert_eq!(last(Watch::ValidAccuracy, 30, &values), None);
    }

    #[test]
    fn a_loss_becomes_better_downwards_and_the_same_is_no_better() {
        assert_eq!(last(Watch::ValidLoss, 1, &[3.0, 2.0, 2.0, 1.0, 1.5, 1.0, 0.5]), Some(6));
        assert_eq!(last(Watch::ValidMacroF1, 1, &[0.1, 0.2, 0.2, 0.3]), None);
    }
}
