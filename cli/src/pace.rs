//! How fast this machine trains: measured by the trials that it has trained, kept in the cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Multiply-accumulates a second that a slot is taken to make before anything was measured.
const NOMINAL: f64 = 2e10;
/// Seconds that an example costs beside its multiply-accumulates: batching, graph, update.
const OVERHEAD: f64 = 3e-6;
/// Weight of the newest measurement.
const NEWEST: f64 = 0.3;

/// Measured rates by net, in multiply-accumulates a second and slot.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    path: PathBuf,
    rates: Rates,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Rates {
    #[serde(default)]
    macs_per_second: BTreeMap<String, f64>,
}

impl Pace {
    /// Reads what was measured; an unreadable file is as good as none.
    pub(crate) fn read(cache: &Path) -> Pace {
        let path = cache.join("pace.json");
        let rates = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Pace { path, rates }
    }

    /// The rate of a net, and whether it was measured here.
    pub(crate) fn macs_per_second(&self, net: &str) -> (f64, bool) {
        let measured = self.rates.macs_per_second.get(net).copied().filter(|r| r.is_finite() && *r > 0.0);
        measured.map_or((NOMINAL, false), |rate| (rate, true))
    }

    /// Seconds that an example costs beside its multiply-accumulates.
    pub(crate) fn overhead(&self) -> f64 {
        OVERHEAD
    }

    /// Takes in a trial that made `macs` multiply-accumulates on `examples` examples in `seconds`.
    pub(crate) fn learn(&mut self, net: &str, macs: f64, examples: f64, seconds: f64) {
        let rate = macs / (seconds - examples * OVERHEAD).max(seconds * 0.1);
        if !rate.is_finite() || rate <= 0.0 {
            return;
        }
        let old = self.macs_per_second(net);
        let new = if old.1 { old.0 * (1.0 - NEWEST) + rate * NEWEST } else { rate };
        self.rates.macs_per_second.insert(net.to_owned(), new);
    }

    /// Keeps what was learnt. Estimates are a convenience: a failure is not worth a word.
    pub(crate) fn write(&self) {
        let temporary = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let text = serde_json::to_string(&self.rates).unwrap_or_default();
        if fs::write(&temporary, text).is_ok() {
            let _ = fs::rename(&temporary, &self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_rate_takes_the_place_of_the_nominal_one_and_survives() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut pace = Pace::read(folder.path());
        assert_eq!(pace.macs_per_second("mlp"), (NOMINAL, false));
        pace.learn("mlp", 1e9, 0.0, 2.0);
        pace.learn("mlp", f64::NAN, 0.0, 2.0);
        pace.write();
        assert_eq!(Pace::read(folder.path()).macs_per_second("mlp"), (5e8, true));
    }
}
