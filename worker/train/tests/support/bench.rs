//! A place to train in, and a table to train on.

use std::fs;
use std::path::Path;

use gliss_train::checkpoint::CheckpointStore;
use gliss_train::trainer::{Context, Event, Finish, TrainError, run};
use gliss_train::{Control, Device, Library};
use gliss_types::{CheckpointRef, EpochReport, Objective, Recipe, Summary};
use serde_json::{Value, json};

use super::recipe;

/// The processor, or what `GLISS_TEST_DEVICE` says (`cuda`, in a build with that feature).
fn device() -> Device {
    let named = std::env::var("GLISS_TEST_DEVICE");
    named.map_or(Device::Cpu, |name| name.parse().expect("a device"))
}

/// A place to train in.
pub struct Bench {
    pub root: tempfile::TempDir,
    pub library: Library,
    pub checkpoints: CheckpointStore,
    pub objective: Objective,
}

impl Bench {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let checkpoints = root.path().join("checkpoints");
        Bench {
            library: Library::new(root.path().join("cache"), 2),
            checkpoints: CheckpointStore::open(checkpoints.to_str().expect("text")).expect("opened"),
            objective: Objective::default(),
            root,
        }
    }

    /// Trains, stopping at the first step after `stop_after` epochs in all; yields the end and the epochs' reports.
    pub fn train(
        &self,
        recipe: &Recipe,
        resume: Option<CheckpointRef>,
        stop_after: u32,
    ) -> Result<(Finish, Vec<EpochReport>), TrainError> {
        let context = Context {
            library: &self.library,
            checkpoints: &self.checkpoints,
            objective: &self.objective,
            device: device(),
            resume,
        };
        let (control, mut reports) = (Control::new(), Vec::new());
        let finish = run(recipe, &context, &control, &mut |event| match event {
            Event::Epoch(report) => {
                assert!(self.checkpoints.read(&report.checkpoint.hash).is_ok(), "kept before it is reported");
                reports.push(report);
            }
            // In the midst of an epoch, so that what is lost is seen to be trained again.
            Event::Step { epoch, .. } if epoch > stop_after => control.stop(),
            _ => {}
        })?;
        Ok((finish, reports))
    }

    pub fn complete(&self, recipe: &Recipe) -> (Summary, Vec<EpochReport>) {
        match self.train(recipe, None, u32::MAX).expect("trains") {
            (Finish::Completed(summary), reports) => (summary, reports),
            (Finish::Interrupted, _) => panic!("nobody stopped it"),
        }
    }

    /// Names and bits of the tensors of a checkpoint.
    pub fn bits(&self, reference: &CheckpointRef) -> Vec<(String, Vec<u32>)> {
        let tensors = self.checkpoints.read(&reference.hash).expect("there").tensors;
        tensors.into_iter().map(|t| (t.name, t.values.iter().map(|value| value.to_bits()).collect())).collect()
    }
}

pub fn without_time(summary: &Summary) -> Summary {
    Summary { train_seconds: 0.0, ..summary.clone() }
}

pub fn timeless(reports: &[EpochReport]) -> Vec<(u32, Vec<(String, u64)>)> {
    let points = |report: &EpochReport| {
        let timeless = report.points.iter().filter(|point| !point.metric.ends_with("_seconds"));
        (report.epoch, timeless.map(|point| (point.metric.clone(), point.value.to_bits())).collect())
    };
    reports.iter().map(points).collect()
}

/// A table of three classes that a net can learn, but not at once.
pub fn table(folder: &Path) -> std::path::PathBuf {
    let mut text = String::from("filename,a,b,c,label\n");
    for row in 0..90u32 {
        let noise =
            |salt: u32| f64::from((row.wrapping_mul(2_654_435_761u32.wrapping_mul(salt)) >> 12) & 0xffff) / 65_536.0;
        let class = row % 3;
        let (a, b) = (f64::from(class) + 2.0 * noise(3), 10.0 * noise(5) - 4.0 * f64::from(class));
        text.push_str(&format!("{row}.wav,{a},{b},{},{}\n", noise(7), ["rock", "jazz", "folk"][class as usize]));
    }
    let path = folder.join("table.csv");
    fs::write(&path, text).expect("written");
    path
}

pub fn on_table(path: &Path, changes: Value) -> Recipe {
    let mut settings = json!({
        "data": {"source": "table", "path": path},
        "split": {"valid": 0.2, "test": 0.2},
        "net": {"name": "mlp", "hidden": [16], "dropout": 0.2},
        "batch": 8, "epochs": 6, "seed": 5,
    });
    for (key, value) in changes.as_object().expect("a mapping") {
        settings[key] = value.clone();
    }
    recipe(settings)
}

/// What an epoch reported.
pub fn value_of(report: &EpochReport, metric: &str) -> f64 {
    report.points.iter().find(|point| point.metric == metric).expect(metric).value
}
