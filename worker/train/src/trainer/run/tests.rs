//! Training while clips are still prepared, and over clips that cannot be used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use gliss_types::EpochReport;
use gliss_types::recipe::{Change, CopiesOf, Split, What};
use serde_json::json;

use super::*;
use crate::data::Clips;
use crate::features::fake::{Fake, Gate, listing};
use crate::split::{Deal, SplitError};

/// Clips, and a place to train on them.
struct Bench {
    root: tempfile::TempDir,
    gate: Arc<Gate>,
    listed: Clips,
    checkpoints: CheckpointStore,
    recipe: Recipe,
}

/// What a training gave: the summary, or none where it was stopped; its epochs; the number of steps in each.
type Gave = (Option<Summary>, Vec<EpochReport>, Vec<u32>);

impl Bench {
    /// `bad` of 60 clips in two classes cannot be used.
    fn new(bad: &[usize]) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let text = |number: usize| match bad.contains(&number) {
            true => "bad".to_owned(),
            false => (f64::from(number as u32 % 2) + 0.02 * (number as f64) % 0.9).to_string(),
        };
        let texts: Vec<String> = (0..60).map(text).collect();
        let listed = listing(root.path(), &texts.iter().map(String::as_str).collect::<Vec<_>>());
        let settings = json!({
            "data": {"source": "folder", "path": "not looked at"},
            "split": {"valid": 0.2, "test": 0.2},
            "features": {"kind": "embedding", "path": "not looked at", "size": 2},
            "net": {"name": "mlp", "hidden": [8], "dropout": 0.3},
            "schedule": {"name": "triangular", "max_lr": 0.05, "half_cycle": 1.5},
            "batch": 5, "epochs": 4, "seed": 3, "optimiser": {"name": "adam", "lr": 0.01},
        });
        let (recipe, _) = Recipe::read(&serde_json::from_value(settings).expect("a mapping")).expect("a recipe");
        let checkpoints = root.path().join("checkpoints");
        Bench {
            gate: Arc::default(),
            listed,
            checkpoints: CheckpointStore::open(checkpoints.to_str().expect("text")).expect("opened"),
            recipe,
            root,
        }
    }

    fn training(&self) -> &Training {
        let Recipe::Train(training) = &self.recipe else { panic!("it trains") };
        training
    }

    fn examples(&self, library: &Library) -> Examples {
        let views = 1 + self.training().augment.copies.len();
        library.of_clips(self.listed.clone(), vec![2], Box::new(Fake { views, ..Fake::new(&self.gate) }))
    }

    fn deal(&self) -> Deal {
        let library = Library::new(self.root.path(), 1);
        self.examples(&library).deal(&self.training().split).expect("dealt")
    }

    fn path(&self, place: usize) -> &Path {
        &self.listed.clips[place].path
    }

    /// Trains with a cache named `cache`; `on_step` is told of epoch and step.
    fn train(
        &self,
        cache: &str,
        threads: usize,
        resume: Option<CheckpointRef>,
        on_step: &mut (dyn FnMut(u32, u32, &Control) + Send),
    ) -> Result<Gave, TrainError> {
        let library = Library::new(self.root.path().join(cache), threads);
        let examples = self.examples(&library);
        let objective = Objective::default();
        let context = Context {
            library: &library,
            checkpoints: &self.checkpoints,
            objective: &objective,
            device: Device::Cpu,
            resume,
        };
        let (control, mut reports, mut steps) = (Control::new(), Vec::new(), Vec::new());
        let mut on_event = |event| match event {
            Event::Epoch(report) => reports.push(report),
            Event::Step { epoch, step, steps: of } => {
                let views = 1 + self.training().augment.copies.len() as u32;
                assert!(step <= of && of <= 8 * views, "step {step} of {of}");
                if step == 1 {
                    steps.push(0);
                }
                *steps.last_mut().expect("there is one") += 1;
                on_step(epoch, step, &control);
            }
            Event::Preparing { .. } | Event::Started { .. } => {}
        };
        let summary = match fit(&self.recipe, self.training(), &examples, &context, &control, &mut on_event) {
            Err(TrainError::Data(error)) if matches!(*error, DataError::Stopped) => None,
            other => Some(Summary { train_seconds: 0.0, ..other? }),
        };
        for report in &mut reports {
            report.points.retain(|point| !point.metric.ends_with("_seconds"));
        }
        Ok((summary, reports, steps))
    }

    fn complete(&self, cache: &str, threads: usize) -> Gave {
        self.train(cache, threads, None, &mut |_, _, _| {}).expect("trains")
    }

    /// The bits of a checkpoint's tensors.
    fn bits(&self, reference: &CheckpointRef) -> Vec<u32> {
        let tensors = self.checkpoints.read(&reference.hash).expect("there").tensors;
        tensors.iter().flat_map(|tensor| tensor.values.iter().map(|value| value.to_bits())).collect()
    }

    /// Epochs, scores and weights, without the times that checkpoints hold too.
    fn essence(&self, reports: &[EpochReport]) -> Vec<(u32, String, Vec<u32>)> {
        let one = |report: &EpochReport| (report.epoch, format!("{:?}", report.points), self.bits(&report.checkpoint));
        reports.iter().map(one).collect()
    }
}

#[test]
fn steps_are_made_while_other_clips_are_held_up() {
    let bench = Bench::new(&[]);
    let (whole, whole_reports, steps) = bench.complete("undisturbed", 2);
    assert_eq!(steps, [8, 8, 8, 8], "36 clips in batches of five");
    let deal = bench.deal();
    let order = gliss_nets::draw::permutation(bench.training().seed, 0, deal.train.len() as u32);
    // The last clip of the first epoch, and everything that is not trained on.
    let last = deal.train[*order.last().expect("some") as usize];
    let held: Vec<PathBuf> =
        deal.valid.iter().chain(&deal.test).chain([&last]).map(|place| bench.path(*place).to_owned()).collect();
    for threads in [1, 4] {
        held.iter().for_each(|path| bench.gate.hold(path));
        let gate = bench.gate.clone();
        let mut on_step = |epoch, step, _: &Control| {
            // If training waited for more than its next batch, this would never be reached.
            if (epoch, step) == (1, 7) {
                gate.open();
            }
        };
        let (summary, reports, _) =
            bench.train(&format!("held up {threads}"), threads, None, &mut on_step).expect("trains");
        assert_eq!(summary, whole);
        assert_eq!(bench.essence(&reports), bench.essence(&whole_reports));
    }
}

// What the first epoch waited for clips once counted as its own time, as if the next would take as long.
#[test]
fn waiting_for_clips_is_no_time_of_an_epoch() {
    let bench = Bench::new(&[]);
    let held = bench.deal().valid[0];
    bench.gate.hold(bench.path(held));
    let library = Library::new(bench.root.path().join("cache"), 2);
    let examples = bench.examples(&library);
    let objective = Objective::default();
    let context = Context {
        library: &library,
        checkpoints: &bench.checkpoints,
        objective: &objective,
        device: Device::Cpu,
        resume: None,
    };
    let (mut waits, mut began, mut times) = (0, Instant::now(), Vec::new());
    let mut on_event = |event| match event {
        Event::Started { .. } => began = Instant::now(),
        // At most every 50 ms.
        Event::Preparing { .. } => {
            waits += 1;
            if waits == 5 {
                bench.gate.open();
            }
        }
        Event::Epoch(report) => {
            let time = |name| report.points.iter().find(|point| point.metric == name).expect("timed").value;
            times.push((time("epoch_seconds"), time("waiting_seconds"), began.elapsed().as_secs_f64()));
        }
        Event::Step { .. } => {}
    };
    let training = bench.training();
    let summary = fit(&bench.recipe, training, &examples, &context, &Control::new(), &mut on_event).expect("trains");
    let (own, waited, all) = times[0];
    assert!(waited > 0.0 && own + waited <= all, "{times:?}");
    assert!(times[1..].iter().all(|(_, waited, _)| *waited == 0.0), "{times:?}");
    let own: f64 = times.iter().map(|(own, ..)| own).sum();
    assert!(summary.train_seconds >= own && summary.train_seconds + waited <= began.elapsed().as_secs_f64());
}

#[test]
fn clips_of_no_use_are_passed_over_alike_in_every_epoch_and_after_a_resume() {
    let all = Bench::new(&[]).deal();
    let bad = [all.train[0], all.train[9], all.train[20], all.train[30], all.train[35], all.valid[2], all.test[5]];
    let bench = Bench::new(&bad);
    assert_eq!(bench.deal(), all, "they move nobody");
    let (whole, whole_reports, steps) = bench.complete("cold", 1);
    assert_eq!(steps, [7, 7, 7, 7], "31 clips in batches of five");
    for (cache, threads) in [("cold too", 4), ("cold", 2)] {
        let (summary, reports, _) = bench.complete(cache, threads);
        assert_eq!(summary, whole);
        assert_eq!(bench.essence(&reports), bench.essence(&whole_reports));
    }
    for stop_after in 0..4 {
        let mut stop = |epoch: u32, step: u32, control: &Control| {
            if epoch > stop_after && step == 3 {
                control.stop();
            }
        };
        let cache = format!("stopped {stop_after}");
        let (none, mut reports, _) = bench.train(&cache, 2, None, &mut stop).expect("trains");
        assert!(none.is_none() && reports.len() == stop_after as usize);
        let resume = reports.last().map(|report| report.checkpoint.clone());
        let (summary, rest, _) = bench.train(&cache, 2, resume, &mut |_, _, _| {}).expect("goes on");
        reports.extend(rest);
        assert_eq!(summary, whole);
        assert_eq!(bench.essence(&reports), bench.essence(&whole_reports));
    }
}

#[test]
fn trials_of_one_library_share_a_preparation() {
    let bench = Bench::new(&[]);
    let library = Library::new(bench.root.path().join("cache"), 2);
    let examples = bench.examples(&library);
    let objective = Objective::default();
    let alone = bench.complete("alone", 1).0;
    let scores: Vec<Summary> = std::thread::scope(|scope| {
        let one = |seed: u64| {
            let (bench, library, examples, objective) = (&bench, &library, &examples, &objective);
            scope.spawn(move || {
                let mut training = bench.training().clone();
                training.seed = seed;
                let context =
                    Context { library, checkpoints: &bench.checkpoints, objective, device: Device::Cpu, resume: None };
                fit(&bench.recipe, &training, examples, &context, &Control::new(), &mut |_| {}).expect("trains")
            })
        };
        let trials: Vec<_> = [3, 4, 5].map(one).into_iter().collect();
        trials.into_iter().map(|trial| trial.join().expect("ended")).collect()
    });
    assert_eq!(bench.gate.begun().len(), 120, "60 alone, and once for the three");
    assert_eq!(Some(Summary { train_seconds: 0.0, ..scores[0].clone() }), alone);
    assert_ne!(scores[0].metrics, scores[1].metrics);
}

// Copies were once made of every clip, whatever its side. A preparation is shared by trials with other splits, which need
// copies of other clips.
#[test]
fn copies_are_made_of_the_sides_that_have_them() {
    let mut bench = Bench::new(&[]);
    let change = Change { what: What::Percussive { percussive: true }, chance: 1.0 };
    let Recipe::Train(training) = &mut bench.recipe else { panic!("it trains") };
    training.augment.copies = vec![vec![change.clone()], vec![change]];
    training.epochs = 1;
    let names = |sides: &[&[usize]]| sides.iter().flat_map(|side| side.iter()).map(usize::to_string).collect();
    let copied = |bench: &Bench, cache: &str| -> (BTreeSet<String>, Gave) {
        let before = bench.gate.copied();
        let gave = bench.complete(cache, 2);
        (bench.gate.copied().difference(&before).cloned().collect(), gave)
    };
    let deal = bench.deal();
    let (train, gave) = copied(&bench, "train");
    assert_eq!(train, names(&[&deal.train]));
    assert_eq!(gave.2, [22], "36 clips and two copies of each, in batches of five");
    assert_eq!(bench.gate.begun().len(), 60, "each clip is read once");
    let Recipe::Train(training) = &mut bench.recipe else { panic!("it trains") };
    training.augment.copies_of = CopiesOf::TrainAndValid;
    let (both, _) = copied(&bench, "both");
    assert_eq!(both, names(&[&deal.valid]));
    // Two splits over one preparation give what each gives alone.
    let (library, objective) = (Library::new(bench.root.path().join("shared"), 2), Objective::default());
    let shared = bench.examples(&library);
    let trained = |number: u64, examples: &Examples| {
        let mut training = bench.training().clone();
        if let Split::Stratified { seed, .. } = &mut training.split {
            *seed = number;
        }
        let context = Context {
            library: &library,
            checkpoints: &bench.checkpoints,
            objective: &objective,
            device: Device::Cpu,
            resume: None,
        };
        let summary = fit(&bench.recipe, &training, examples, &context, &Control::new(), &mut |_| {}).expect("trains");
        summary.metrics
    };
    let [first, second] = [1, 2].map(|number| trained(number, &shared));
    assert_ne!(first, second);
    let alone = Library::new(bench.root.path().join("alone"), 1);
    assert_eq!(second, trained(2, &bench.examples(&alone)));
}

#[test]
fn a_side_without_a_usable_example_ends_the_trial() {
    let all = Bench::new(&[]).deal();
    for (side, places) in [("validation", &all.valid), ("test", &all.test)] {
        let bench = Bench::new(places);
        let error = bench.train("cache", 2, None, &mut |_, _, _| {}).expect_err("nothing to judge by");
        assert!(
            matches!(&error, TrainError::Split(SplitError::EmptySide { side: found }) if *found == side),
            "{side}: {error}"
        );
        assert!(!error.retry());
    }
    let error = Bench::new(&all.train).train("cache", 2, None, &mut |_, _, _| {}).expect_err("nothing to train on");
    assert!(
        matches!(&error, TrainError::Data(error) if matches!(**error, DataError::TooManySkipped { .. })),
        "{error}"
    );
}
