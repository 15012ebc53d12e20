//! The sweep that is disturbed, and how it stands.

use std::collections::BTreeMap;

use serde_json::Value;

/// Trials of [`TEXT`].
pub(crate) const TRIALS: u64 = 6;
/// Epochs of each trial.
pub(crate) const EPOCHS: u64 = 8;
/// Both optimisers, both schedules, dropout; epochs long enough to be killed in, and a few seconds in all.
pub(crate) const TEXT: &str = "\
name: disturbed
method: grid
recipe:
  data: {source: synth, clips_per_style: 6, seconds: 2}
  split: {valid: 0.25, test: 0.25}
  features: {height: 64, width: 64}
  net: {name: liu_cnn, filters: 12, dense: [16]}
  batch: 8
  epochs: 8
rows:
  - {optimiser: {name: adam, lr: 0.002}, net: {depth: 1}}
  - {optimiser: {name: adam, lr: 0.002}, net: {depth: 2}}
  - optimiser: {name: sgd, lr: 0.001, momentum: 0.9}
    schedule: {name: triangular, max_lr: 0.05, half_cycle: 2}
    net: {depth: 2}
parameters:
  net.dropout: {values: [0.0, 0.3]}
";

/// How a sweep stands, as `gliss show s1 --output json` says it.
#[derive(Debug)]
pub(crate) struct Standing(Value);

impl Standing {
    /// Reads the answer.
    pub(crate) fn new(value: Value) -> Standing {
        Standing(value)
    }

    /// A number of the sweep, such as `epochs_done`.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.0["sweep"][name].as_u64().unwrap_or_else(|| panic!("`{name}` is a number of {}", self.0["sweep"]))
    }

    /// Trials in a state.
    pub(crate) fn count(&self, state: &str) -> u64 {
        self.0["sweep"]["counts"][state].as_u64().expect("a count")
    }

    /// The sweep's state.
    pub(crate) fn state(&self) -> &str {
        self.0["sweep"]["state"].as_str().expect("a word")
    }

    /// Its trials.
    pub(crate) fn trials(&self) -> &[Value] {
        self.0["trials"].as_array().expect("a list")
    }

    /// Running trials that have at least `stored` epochs stored and as many still before them.
    pub(crate) fn amid(&self, stored: u64) -> usize {
        let amid = |t: &&Value| {
            let epoch = t["epoch"].as_u64().expect("a number");
            t["state"] == "running" && epoch >= stored && epoch + stored <= EPOCHS
        };
        self.trials().iter().filter(amid).count()
    }
}

/// Seconds that each finished epoch took, by trial and epoch. An epoch that is trained again takes another time: what was
/// in an early ledger and is in a late one unchanged was not repeated.
#[derive(Debug, Default)]
pub(crate) struct Ledger(BTreeMap<(String, u64), String>);

impl Ledger {
    /// Reads the answers of `gliss show` to each trial.
    pub(crate) fn new(details: &[Value]) -> Ledger {
        let mut ledger = Ledger::default();
        for detail in details {
            let id = detail["trial"]["id"].as_str().expect("an id");
            let points = detail["curves"]["epoch_seconds"].as_array().map_or(&[][..], Vec::as_slice);
            for point in points {
                let epoch = point[0].as_u64().expect("an epoch");
                assert!(
                    ledger.0.insert((id.to_owned(), epoch), point[1].to_string()).is_none(),
                    "{id} has {epoch} twice"
                );
            }
        }
        ledger
    }

    /// Epochs in it.
    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Asserts that every epoch of this ledger is in the later one as it was.
    pub(crate) fn assert_kept(&self, later: &Ledger) {
        for ((trial, epoch), seconds) in &self.0 {
            let then = later.0.get(&(trial.clone(), *epoch));
            assert_eq!(then, Some(seconds), "epoch {epoch} of {trial} was finished and trained again");
        }
    }
}
