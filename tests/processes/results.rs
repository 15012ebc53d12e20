//! What a sweep has come to: everything that must be the same bits however often it was disturbed.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::sweep::TRIALS;

/// The results of a sweep's trials, in their order.
#[derive(Debug)]
pub(crate) struct Results {
    trials: Vec<Trial>,
}

#[derive(Debug)]
struct Trial {
    /// Scores, metrics and curves as text: numbers print in the shortest form that reads back as the same bits.
    told: String,
    /// Weights and the optimiser's moments after the last epoch.
    weights: Vec<u8>,
}

impl Results {
    /// Takes the answers of `gliss show` to each trial, and the last checkpoints out of the data folder.
    pub(crate) fn new(details: &[Value], data_dir: &Path) -> Results {
        Results { trials: details.iter().map(|d| trial(d, data_dir)).collect() }
    }

    /// Those of an undisturbed sweep; it is run once for all tests.
    pub(crate) fn undisturbed() -> &'static Results {
        static ONCE: OnceLock<Results> = OnceLock::new();
        ONCE.get_or_init(|| {
            let fleet = Fleet::start(&[]);
            let worker = fleet.worker(&["--slots", "2"]);
            fleet.submit();
            let standing = fleet.finished();
            assert_eq!(standing.number("attempts"), TRIALS);
            drop(worker);
            fleet.results("s1")
        })
    }

    /// Asserts that both are the same bits.
    pub(crate) fn assert_same(&self, other: &Results) {
        for (number, (ours, theirs)) in (1..).zip(self.trials.iter().zip(&other.trials)) {
            assert_eq!(ours.told, theirs.told, "trial {number} tells something else");
            assert!(ours.weights == theirs.weights, "trial {number} tells the same, and its weights are others");
        }
        assert_eq!(self.trials.len(), other.trials.len());
    }

    /// Asserts that trials differ from each other: if they did not, being the same would mean nothing.
    pub(crate) fn assert_distinct(&self) {
        for (i, one) in self.trials.iter().enumerate() {
            for other in &self.trials[..i] {
                assert!(one.weights != other.weights && one.told != other.told, "two trials are the same");
            }
        }
    }
}

fn trial(detail: &Value, data_dir: &Path) -> Trial {
    let row = &detail["trial"];
    assert_eq!(row["state"], "completed", "{row}");
    let mut curves = detail["curves"].as_object().expect("a mapping").clone();
    for time in ["epoch_seconds", "waiting_seconds"] {
        curves.remove(time).expect("epochs are timed");
    }
    for (metric, points) in &curves {
        let epochs: Vec<u64> = points.as_array().expect("a list").iter().filter_map(|p| p[0].as_u64()).collect();
        let wanted: Vec<u64> = (1..=row["epochs"].as_u64().expect("a number")).collect();
        assert_eq!(epochs, wanted, "epochs of {metric} in {}", row["id"]);
    }
    assert!(curves.contains_key("valid_accuracy") && curves.contains_key("train_loss"), "{:?}", curves.keys());
    let confusion = &detail["confusion"];
    for metric in ["accuracy", "macro_f1"] {
        assert_eq!(confusion[metric], row["metrics"][format!("test_{metric}")], "{confusion}");
    }
    let told = json!({
        "key": row["key"], "point": row["point"], "score": row["score"],
        "best_epoch": row["best_epoch"], "metrics": row["metrics"], "parameters": row["parameters"],
        "epoch": row["epoch"], "confusion": confusion, "curves": curves, "recipe": detail["recipe"],
    });
    assert!(row["score"].is_f64() && row["metrics"]["test_accuracy"].is_f64(), "{row}");
    let hash = detail["checkpoint"]["hash"].as_str().expect("a completed trial keeps its last checkpoint");
    Trial { told: told.to_string(), weights: weights(&data_dir.join(format!("checkpoints/{hash}.safetensors"))) }
}

/// The tensors of a safetensors file: what follows its header, which also has times. The header's length comes first, as
/// eight bytes, the smallest first.
fn weights(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{} is readable: {error}", path.display()));
    let (length, rest) = bytes.split_first_chunk::<8>().expect("a header's length");
    let header = usize::try_from(u64::from_le_bytes(*length)).expect("it fits into memory");
    let tensors = rest.get(header..).expect("tensors after the header");
    assert!(!tensors.is_empty());
    tensors.to_vec()
}
