//! Trained nets at work: their answers are those of the test, from a checkpoint and from a file, with nothing else at hand.

use std::fs;
use std::path::{Path, PathBuf};

use gliss_train::checkpoint::{Checkpoint, CheckpointStore};
use gliss_train::split::Deal;
use gliss_train::trained::{self, Origin, Trained, TrainedError};
use gliss_train::trainer::{Context, Event, Finish, run};
use gliss_train::{Control, Device, Library};
use gliss_types::{Objective, Recipe, Summary};
use serde_json::{Value, json};

mod support;

/// Two classes of tones, in clips of two lengths.
fn clips(root: &Path) -> PathBuf {
    let folder = root.join("tones");
    for (class, hertz) in [("high", 2000.0), ("low", 300.0)] {
        for number in 0..20u32 {
            let path = folder.join(class).join(format!("{number:02}.wav"));
            support::clip(&path, hertz + 60.0 * f64::from(number), 16_000, 12_000 + 2_000 * (number % 2));
        }
    }
    folder
}

struct Trial {
    root: tempfile::TempDir,
    recipe: Recipe,
    summary: Summary,
    checkpoint: Checkpoint,
    deal: Deal,
    files: Vec<PathBuf>,
}

fn train(changes: &Value) -> Trial {
    let root = tempfile::tempdir().expect("a folder");
    let folder = clips(root.path());
    let mut settings = json!({
        "data": {"source": "folder", "path": folder},
        "split": {"valid": 0.25, "test": 0.25},
        "features": {"kind": "mel", "sample_rate": 16_000, "n_fft": 512, "hop": 256, "mels": 24, "normalise": "band"},
        "net": {"name": "conv2d", "filters": [4, 8], "kernels": 3, "pools": 2},
        "batch": 8, "epochs": 3, "seed": 2, "optimiser": {"name": "adam", "lr": 0.01},
    });
    for (key, value) in changes.as_object().expect("a mapping") {
        settings[key] = value.clone();
    }
    let recipe = support::recipe(settings);
    let Recipe::Train(training) = &recipe else { panic!("it trains") };
    let library = Library::new(root.path().join("cache"), 2);
    let checkpoints = CheckpointStore::open(root.path().join("kept").to_str().expect("text")).expect("opened");
    let objective = Objective::default();
    let context = Context {
        library: &library,
        checkpoints: &checkpoints,
        objective: &objective,
        device: Device::Cpu,
        resume: None,
    };
    let mut last = None;
    let finish = run(&recipe, &context, &Control::new(), &mut |event| {
        if let Event::Epoch(report) = event {
            last = Some(report.checkpoint);
        }
    });
    let Finish::Completed(summary) = finish.expect("trains") else { panic!("nobody stopped it") };
    let examples = library.examples(training, &mut |_, _| {}, &Control::new()).expect("listed");
    let deal = examples.deal(&training.split).expect("dealt");
    let checkpoint = checkpoints.read(&last.expect("an epoch").hash).expect("kept");
    let files = support::files_below(&folder);
    Trial { root, recipe, summary, checkpoint, deal, files }
}

/// The share of the test side that a net answers right; listing and files are both in ascending order.
fn right(net: &mut Trained, trial: &Trial) -> f64 {
    let hit = |place: &usize, net: &mut Trained| {
        let file = &trial.files[*place];
        let answer = net.answer(file).expect("is a clip");
        assert!((answer.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        file.parent().expect("a folder").ends_with(&net.classes()[answer.class])
    };
    let hits = trial.deal.test.iter().filter(|place| hit(place, net)).count();
    hits as f64 / trial.deal.test.len() as f64
}

fn metric(summary: &Summary, name: &str) -> f64 {
    summary.metrics.iter().find(|(metric, _)| metric == name).expect("is reported").1
}

#[test]
fn answers_are_those_of_the_test() {
    let whole = json!({});
    let longest = json!({"features": {
        "kind": "mel", "sample_rate": 16_000, "n_fft": 512, "hop": 256, "mels": 24, "fit": "longest",
        "normalise": "position", "store": "f16", "layout": "time_bands",
    }});
    let frames = json!({"features": {
        "kind": "mel", "sample_rate": 16_000, "n_fft": 512, "hop": 256, "mels": 24, "normalise": "global",
        "segments": {"frames": 12},
    }});
    let pieces = json!({
        "features": {"kind": "waveform", "sample_rate": 16_000, "segments": {"samples": 4000, "overlap": 0.5}},
        "net": {"name": "conv1d", "filters": [4, 8], "kernels": 9, "pools": 4},
    });
    let numbers = json!({"features": {"kind": "statistics"}, "net": {"name": "mlp", "hidden": [8]}});
    let two = json!({
        "features": {
            "kind": "stft", "sample_rate": 16_000, "n_fft": 2048, "hop": 1024, "samples": 16_384, "normalise": "band",
            "beside": {"kind": "waveform", "sample_rate": 16_000, "samples": 16_384},
        },
        "net": {"name": "nnet2_mix"}, "epochs": 1,
    });
    let cases = [
        ("whole", whole, 0),
        ("longest", longest, 0),
        ("frames", frames, 3),
        ("pieces", pieces, 5),
        ("57 numbers", numbers, 0),
        ("two inputs", two, 0),
    ];
    for (name, changes, cut) in cases {
        let trial = train(&changes);
        let mut net = Trained::of_checkpoint(trial.recipe.clone(), trial.checkpoint.clone()).expect("put together");
        assert_eq!(net.classes(), ["high", "low"]);
        assert_eq!(right(&mut net, &trial), metric(&trial.summary, "test_accuracy"), "{name}");
        let answer = net.answer(&trial.files[0]).expect("is a clip");
        assert_eq!(answer.segments.len(), cut, "{name}");
        if let [first, second, ..] = answer.segments.as_slice() {
            assert!(first.start == 0.0 && second.start > 0.0 && second.start <= first.seconds, "{name}");
        }
        // The file says the same to the bit, where there is neither store nor data.
        let file = trial.root.path().join("net.safetensors");
        let origin = Origin { trial: "s1/t1".into(), epoch: 2, metrics: trial.summary.metrics.clone() };
        trained::write(&net, Some(&origin), &file).expect("written");
        let (mut again, from) = trained::read(&file).expect("readable");
        assert_eq!((from, again.recipe()), (Some(origin), &trial.recipe));
        for file in &trial.files {
            assert_eq!(again.answer(file).expect("is a clip"), net.answer(file).expect("is a clip"), "{name}");
        }
    }
}

#[test]
fn what_cannot_answer_says_why() {
    let trial = train(&json!({"epochs": 1}));
    let other = train(&json!({"epochs": 1, "seed": 9}));
    let refuse = |recipe: &Recipe, checkpoint: Checkpoint| {
        Trained::of_checkpoint(recipe.clone(), checkpoint).expect_err("cannot be").to_string()
    };
    assert!(refuse(&trial.recipe, other.checkpoint).contains("another recipe"));
    let old = Checkpoint { basis: None, ..trial.checkpoint.clone() };
    assert!(refuse(&trial.recipe, old).contains("earlier version"));
    let mut less = trial.checkpoint.clone();
    less.tensors.retain(|tensor| !tensor.name.ends_with("fc.bias"));
    assert!(refuse(&trial.recipe, less).contains("build or run"));
    let mut unscaled = trial.checkpoint.clone();
    unscaled.tensors.retain(|tensor| !tensor.name.starts_with("basis/"));
    assert!(refuse(&trial.recipe, unscaled).contains("constants"));

    let mut net = Trained::of_checkpoint(trial.recipe, trial.checkpoint).expect("put together");
    let text = trial.root.path().join("text.wav");
    fs::write(&text, "no sound at all").expect("written");
    let short = trial.root.path().join("short.wav");
    support::clip(&short, 440.0, 16_000, 20);
    for path in [text.as_path(), &short, trial.root.path(), Path::new("/nowhere/at/all.wav")] {
        assert!(matches!(net.answer(path), Err(TrainedError::Clip { .. })), "{}", path.display());
    }

    let file = trial.root.path().join("net.safetensors");
    trained::write(&net, None, &file).expect("written");
    let sound = fs::read(&file).expect("there");
    let broken = trial.root.path().join("broken.safetensors");
    for end in (0..sound.len()).step_by(97) {
        fs::write(&broken, &sound[..end]).expect("written");
        trained::read(&broken).expect_err("cut short");
    }
    // Every byte of the header, which says how much there is of what.
    let header = 8 + u64::from_le_bytes(*sound.first_chunk().expect("a length")) as usize;
    for place in 0..header {
        let mut changed = sound.clone();
        changed[place] ^= 1 << (place % 7);
        fs::write(&broken, &changed).expect("written");
        let _ = trained::read(&broken);
    }
    assert!(trained::write(&net, None, Path::new("/nowhere/net.safetensors")).is_err());
}
