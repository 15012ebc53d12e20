//! A rate that is cut when a metric no longer becomes better.

use gliss_types::recipe::{Plateau as Settings, Threshold, Watch};
use serde::{Deserialize, Serialize};

/// A cut smaller than this is not made; PyTorch's `eps`.
const LEAST_CUT: f64 = 1e-8;

/// PyTorch's `ReduceLROnPlateau`, as a value: all of its state is here, to be stored and restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    lr: f64,
    /// None before the first epoch.
    best: Option<f64>,
    /// Epochs since then, without those that do not count.
    waited: u32,
    /// Epochs to come that do not count.
    cooling: u32,
}

impl Plateau {
    /// Before the first epoch, at the optimiser's rate.
    pub fn new(lr: f64) -> Self {
        Plateau { lr, best: None, waited: 0, cooling: 0 }
    }

    /// The rate from now on.
    pub fn lr(&self) -> f64 {
        self.lr
    }

    /// Takes note of an epoch that has ended with this `value` of the metric that is watched.
    pub fn note(&mut self, settings: &Settings, value: f64) {
        if self.best.is_none_or(|best| better(settings, value, best)) {
            self.best = Some(value);
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.waited = 0;
        }
        if self.waited > settings.patience {
            let cut = (self.lr * settings.factor).max(settings.min_lr);
            if self.lr - cut > LEAST_CUT {
                self.lr = cut;
            }
            self.cooling = settings.cooldown;
            self.waited = 0;
        }
    }
}

fn better(settings: &Settings, value: f64, best: f64) -> bool {
    let Settings { threshold, threshold_mode, watch, .. } = *settings;
    match (watch, threshold_mode) {
        (Watch::ValidLoss, Threshold::Rel) => value < best * (1.0 - threshold),
        (Watch::ValidLoss, Threshold::Abs) => value < best - threshold,
        (Watch::ValidAccuracy | Watch::ValidMacroF1, Threshold::Rel) => value > best * (1.0 + threshold),
        (Watch::ValidAccuracy | Watch::ValidMacroF1, Threshold::Abs) => value > best + threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_document_s_cuts() {
        // papers.md 1.6: factor 0.1, patience 3: the fourth epoch that is no better cuts.
        let settings = Settings {
            watch: Watch::ValidLoss,
            factor: 0.1,
            patience: 3,
            threshold: 1e-4,
            threshold_mode: Threshold::Rel,
            cooldown: 0,
            min_lr: 0.0,
        };
        let mut plateau = Plateau::new(1e-3);
        let mut rates = Vec::new();
        for loss in [1.0, 0.9, 0.9, 0.89999, 0.9, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8] {
            plateau.note(&settings, loss);
            rates.push(plateau.lr());
            let stored = serde_json::to_string(&plateau).expect("plain numbers");
            plateau = serde_json::from_str(&stored).expect("as written");
        }
        let close = |a: &f64, b: f64| (a - b).abs() < 1e-18;
        assert!(rates[..5].iter().all(|rate| close(rate, 1e-3)), "{rates:?}");
        assert!(rates[5..10].iter().all(|rate| close(rate, 1e-4)), "{rates:?}");
        assert!(close(&rates[10], 1e-5), "{rates:?}");
    }
}
