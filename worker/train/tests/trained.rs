//! Trained nets at work: their answers are those of the test, from a checkpoint and from a file, with nothing else at hand.

use std::fs;
use std::path::{Path, PathBuf};

use gliss_audio::decode::{DecodeLimits, decode_file};
use gliss_audio::features::gtzan::{self, GtzanFeatures};
use gliss_audio::spectrum::PadMode;
use gliss_train::checkpoint::{Checkpoint, CheckpointStore};
use gliss_train::split::Deal;
use gliss_train::trained::{self, Answer, Origin, Trained, TrainedError};
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
    train_in(root, settings, support::files_below(&folder))
}

fn train_in(root: tempfile::TempDir, settings: Value, files: Vec<PathBuf>) -> Trial {
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
    Trial { root, recipe, summary, checkpoint, deal, files }
}

/// The one answer for a sound.
fn answer(net: &mut Trained, file: &Path) -> Answer {
    let answers = net.answers(file).expect("is a clip");
    let [(None, answer)] = answers.as_slice() else { panic!("one sound: {answers:?}") };
    answer.clone()
}

/// The share of the test side that a net answers right; listing and files are both in ascending order.
fn right(net: &mut Trained, trial: &Trial) -> f64 {
    let hit = |place: &usize, net: &mut Trained| {
        let file = &trial.files[*place];
        let answer = answer(net, file);
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
        let first_answer = answer(&mut net, &trial.files[0]);
        assert_eq!(first_answer.segments.len(), cut, "{name}");
        if let [first, second, ..] = first_answer.segments.as_slice() {
            assert!(first.start == 0.0 && second.start > 0.0 && second.start <= first.seconds, "{name}");
        }
        // The file says the same to the bit, where there is neither store nor data.
        let file = trial.root.path().join("net.safetensors");
        let origin = Origin { trial: "s1/t1".into(), epoch: 2, metrics: trial.summary.metrics.clone() };
        trained::write(&net, Some(&origin), &file).expect("written");
        let (mut again, from) = trained::read(&file).expect("readable");
        assert_eq!((from, again.recipe()), (Some(origin), &trial.recipe));
        for file in &trial.files {
            assert_eq!(answer(&mut again, file), answer(&mut net, file), "{name}");
        }
    }
}

/// 120 rows with GTZAN's 57 columns in another order, and one more if `odd`.
fn table(root: &Path, odd: bool) -> PathBuf {
    let mut names: Vec<&str> = gtzan::COLUMNS.iter().rev().copied().collect();
    names.extend(odd.then_some("mood"));
    let mut text = format!("filename,length,{},label\n", names.join(","));
    for row in 0..120usize {
        let cells = (0..names.len()).map(|column| ((row * 7 + column * 13) % 31 + 40 * (row % 3)).to_string());
        let cells: Vec<String> = cells.collect();
        text.push_str(&format!("clip.{row:03}.wav,661794,{},{}\n", cells.join(","), ["a", "b", "c"][row % 3]));
    }
    let path = root.join("table.csv");
    fs::write(&path, text).expect("written");
    path
}

#[test]
fn a_net_of_columns_answers_for_rows_and_for_sound_whose_columns_can_be_computed() {
    let on = |odd: bool, features: Value| {
        let root = tempfile::tempdir().expect("a folder");
        let path = table(root.path(), odd);
        let settings = json!({
            "data": {"source": "table", "path": path}, "features": features, "split": {"valid": 0.25, "test": 0.25},
            "net": {"name": "mlp", "hidden": [8]}, "epochs": 4, "optimiser": {"lr": 0.01},
        });
        train_in(root, settings, vec![path])
    };
    for features in [json!({}), json!({"standardise": false}), json!({"as_uint8": true})] {
        let trial = on(false, features.clone());
        let mut net = Trained::of_checkpoint(trial.recipe.clone(), trial.checkpoint.clone()).expect("put together");
        let answers = net.answers(&trial.files[0]).expect("its own table");
        assert_eq!((answers.len(), answers[7].0.as_deref()), (120, Some("clip.007.wav")));
        let hits = trial.deal.test.iter().filter(|row| answers[**row].1.class == **row % 3).count();
        assert_eq!(hits as f64 / trial.deal.test.len() as f64, metric(&trial.summary, "test_accuracy"), "{features}");
        // Without labels and names, in another order of columns.
        let text = fs::read_to_string(&trial.files[0]).expect("there");
        let turned = |line: &str| {
            line.split(',').skip(2).take(57).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(",")
        };
        let bare = trial.root.path().join("bare.csv");
        fs::write(&bare, text.lines().take(3).map(turned).collect::<Vec<_>>().join("\n")).expect("written");
        let again = net.answers(&bare).expect("all columns are there");
        assert_eq!(again.iter().map(|(name, _)| name.as_deref()).collect::<Vec<_>>(), [Some("line 2"), Some("line 3")]);
        for ((_, one), (_, other)) in again.iter().zip(&answers) {
            // A product over other numbers of rows sums in another order.
            let close = one.probabilities.iter().zip(&other.probabilities).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(one.class == other.class && close, "{one:?}, {other:?}");
        }
        // From sound, by the numbers that are computed of it, through an exported file.
        let file = trial.root.path().join("net.safetensors");
        trained::write(&net, None, &file).expect("written");
        let (mut exported, _) = trained::read(&file).expect("readable");
        let sound = trial.root.path().join("sound.wav");
        support::clip(&sound, 440.0, 22_050, 66_150);
        let samples = decode_file(&sound, &DecodeLimits::default()).expect("sound").samples;
        let numbers = GtzanFeatures::new(PadMode::Reflect).and_then(|mut plan| plan.of(&samples)).expect("long enough");
        let row = numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        fs::write(&bare, format!("{}\n{row}\n", gtzan::COLUMNS.join(","))).expect("written");
        assert_eq!(answer(&mut exported, &sound), net.answers(&bare).expect("one row")[0].1);
    }
    let trial = on(true, json!({}));
    let mut net = Trained::of_checkpoint(trial.recipe, trial.checkpoint.clone()).expect("put together");
    let sound = trial.root.path().join("sound.wav");
    support::clip(&sound, 440.0, 22_050, 66_150);
    assert!(matches!(net.answers(&sound), Err(TrainedError::NotSound { column, .. }) if column == "mood"));
    let less = trial.root.path().join("less.csv");
    fs::write(&less, "mood\n1\n").expect("written");
    assert!(matches!(net.answers(&less), Err(TrainedError::Table(_))));
    fs::write(&less, fs::read_to_string(&trial.files[0]).expect("there").replace(",40,", ",x,")).expect("written");
    assert!(matches!(net.answers(&less), Err(TrainedError::Table(_))));
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
        assert!(matches!(net.answers(path), Err(TrainedError::Clip { .. })), "{}", path.display());
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
