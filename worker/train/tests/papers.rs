//! The inputs, augmentations and segmentations of the five papers, each as a recipe from file to scores.

mod support;

use std::path::Path;

use gliss_train::checkpoint::CheckpointStore;
use gliss_train::embed::embed;
use gliss_train::features::{Need, Waiting};
use gliss_train::library::Inputs;
use gliss_train::trainer::{Context, Event, Finish, run};
use gliss_train::{Control, Device, Library};
use gliss_types::{CheckpointRef, EpochReport, Objective, Summary};
use serde_json::{Value, json};

use support::{clip, real_data, recipe, small_soundtracks, training};

/// Clips in two classes, in folders.
fn set(folder: &Path, rate: u32, samples: &[u32]) {
    for (class, hertz) in [("high", 1760.0), ("low", 220.0)] {
        for (number, samples) in samples.iter().enumerate() {
            let path = folder.join(class).join(format!("{number:02}.wav"));
            clip(&path, hertz * (1.0 + 0.01 * number as f64), rate, *samples);
        }
    }
}

struct Trained {
    parameters: u64,
    steps: u32,
    reports: Vec<EpochReport>,
    finish: Finish,
}

impl Trained {
    fn value(&self, metric: &str) -> f64 {
        let of_last = self.reports.last().expect("an epoch").points.iter();
        of_last.filter(|point| point.metric == metric).map(|point| point.value).next().expect("reported")
    }

    fn summary(&self) -> Summary {
        match &self.finish {
            Finish::Completed(summary) => Summary { train_seconds: 0.0, ..summary.clone() },
            Finish::Interrupted => panic!("nobody stopped it"),
        }
    }

    /// Values of one example, as a linear classifier of two classes has weights.
    fn values(&self) -> u64 {
        (self.parameters - 2) / 2
    }
}

/// Trains a linear classifier, batches of one, on the clips in `folder`/set.
fn train(folder: &Path, changes: Value, threads: usize, (resume, stop_after): (Option<CheckpointRef>, u32)) -> Trained {
    let mut settings = json!({
        "data": {"source": "folder", "path": folder.join("set")},
        "split": {"valid": 0.25, "test": 0.25},
        "net": {"name": "mlp", "hidden": []}, "optimiser": {"lr": 1e-6},
        "batch": 1, "epochs": 1, "seed": 3,
    });
    for (key, value) in changes.as_object().expect("a mapping") {
        settings[key] = value.clone();
    }
    let library = Library::new(folder.join("cache"), threads);
    let checkpoints = CheckpointStore::open(folder.join("checkpoints").to_str().expect("text")).expect("opened");
    let objective = Objective::default();
    let context =
        Context { library: &library, checkpoints: &checkpoints, objective: &objective, device: Device::Cpu, resume };
    let (control, mut reports, mut started) = (Control::new(), Vec::new(), (0, 0));
    let finish = run(&recipe(settings), &context, &control, &mut |event| match event {
        Event::Started { parameters, steps_per_epoch, .. } => started = (parameters, steps_per_epoch),
        Event::Epoch(report) => reports.push(report),
        Event::Step { epoch, .. } if epoch > stop_after => control.stop(),
        _ => {}
    });
    Trained { parameters: started.0, steps: started.1, reports, finish: finish.expect("trains") }
}

fn once(folder: &Path, changes: Value) -> Trained {
    train(folder, changes, 2, (None, u32::MAX))
}

/// Thirty seconds as GTZAN has them: 4 clips a class, of which 2 train.
fn gtzan_like() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    set(&root.path().join("set"), 22_050, &[661_794, 660_000, 675_808, 661_500]);
    root
}

#[test]
fn the_first_paper_s_mel_is_padded_scaled_and_changed_in_every_epoch() {
    let root = gtzan_like();
    let features = json!({"kind": "mel", "sample_rate": 22_050, "n_fft": 1024, "mels": 256, "power": 1, "frames": 1320,
                          "channels": 3, "normalise": "range", "seconds": 1});
    let augment = json!({"online": [
        {"noise": 0.005, "chance": 0.5}, {"stretch": [0.9, 1.1], "chance": 0.5}, {"roll": 1600, "chance": 0.5},
        {"pitch": [0, 4], "chance": 0.5}, {"percussive": true, "chance": 0.5}]});
    let changes = json!({"features": features, "augment": augment, "epochs": 2});
    let whole = once(root.path(), changes.clone());
    assert_eq!((whole.values(), whole.steps), (3 * 256 * 1320, 4));
    // Any number of threads, and an interruption after any epoch, give the same bits.
    let other = train(root.path(), changes.clone(), 3, (None, u32::MAX));
    assert_eq!(other.summary(), whole.summary());
    let first = train(root.path(), changes.clone(), 1, (None, 1));
    let resumed = train(root.path(), changes, 2, (Some(first.reports[0].checkpoint.clone()), u32::MAX));
    assert_eq!(resumed.summary(), whole.summary());
    let plain = once(root.path(), json!({"features": features, "epochs": 2}));
    assert_ne!(plain.value("train_loss"), whole.value("train_loss"));
}

#[test]
fn the_first_paper_s_57_numbers_are_a_table_made_of_sound() {
    let root = tempfile::tempdir().expect("a folder");
    set(&root.path().join("set"), 22_050, &[30_000; 4]);
    let trained = once(root.path(), json!({"features": {"kind": "statistics"}}));
    assert_eq!((trained.values(), trained.steps), (57, 4));
}

#[test]
fn the_second_paper_s_copies_train_and_nothing_else() {
    let root = tempfile::tempdir().expect("a folder");
    set(&root.path().join("set"), 16_000, &[40_000; 4]);
    let copies = json!({"copies": [{"pitch": 1}, {"pitch": -1}, {"stretch": 0.93, "length": "free"},
                                   {"stretch": 1.07, "length": "free"}]});
    let trained = once(root.path(), json!({"features": {"colours": "magma"}, "augment": copies}));
    assert_eq!((trained.values(), trained.steps), (3 * 128 * 128, 4 * 5));
    // One clip of each class validates: accuracy is a multiple of a half.
    assert!((trained.value("valid_accuracy") * 2.0).fract() == 0.0);
}

#[test]
fn the_third_paper_s_inputs_whole_and_in_segments() {
    let root = tempfile::tempdir().expect("a folder");
    set(&root.path().join("set"), 44_100, &[1_200_000, 1_000_000, 900_000, 1_323_000]);
    let wave = json!({"kind": "waveform", "sample_rate": 44_100, "samples": 1_000_000});
    let stft = json!({"kind": "stft", "sample_rate": 44_100, "samples": 1_000_000, "hop": 1024, "normalise": "global",
                      "store": "f16"});
    let whole = once(root.path(), json!({"features": wave.clone()}));
    assert_eq!((whole.values(), whole.steps), (1_000_000, 4));
    let plane = once(root.path(), json!({"features": stft.clone()}));
    assert_eq!((plane.values(), plane.steps), (1025 * 977, 4));
    for (mut features, values) in [(wave, 131_072), (stft, 1025 * 129)] {
        features["segments"] = json!({"samples": 131_072, "overlap": 0.5});
        let cut = once(root.path(), json!({"features": features, "batch": 7}));
        assert_eq!((cut.values(), cut.steps), (values, 4 * 14 / 7));
        assert!((cut.value("valid_accuracy") * 2.0).fract() == 0.0, "validation judges clips");
    }
}

#[test]
fn the_fourth_paper_s_mel_lies_the_other_way_and_is_scaled_place_by_place() {
    let root = gtzan_like();
    let features = json!({"kind": "mel", "sample_rate": 22_050, "win_length": 1984, "hop": 992, "mels": 64,
                          "compress": "none", "frames": 668, "layout": "time_bands", "normalise": "position", "ddof": 1});
    let trained = once(root.path(), json!({"features": features}));
    assert_eq!(trained.values(), 668 * 64);
}

#[test]
fn the_fifth_paper_s_conditions() {
    let root = tempfile::tempdir().expect("a folder");
    // 936 frames is the shortest that trains, whichever do.
    set(&root.path().join("set"), 16_000, &[479_100; 4]);
    let mel = json!({"kind": "mel", "n_fft": 1024, "mels": 96, "normalise": "global"});
    let copies = json!({"copies": [[{"noise": 0.0025}, {"roll": [0, 7999]},
                                    {"stretch": {"one_of": [0.8, 0.9, 1.0, 1.1]}, "length": "free"}]],
                        "copies_of": ["train", "valid"]});
    let original = once(root.path(), json!({"features": mel.clone()}));
    assert_eq!((original.values(), original.steps), (96 * 936, 4));
    let doubled = once(root.path(), json!({"features": mel.clone(), "augment": copies.clone()}));
    assert_eq!(doubled.steps, 8);
    let shortest = [936, 1170, 1040, 851].map(|frames| 96 * frames);
    assert!(shortest.contains(&doubled.values()), "{}", doubled.values());
    assert!((doubled.value("valid_accuracy") * 4.0).fract() == 0.0, "copies validate");

    let mut cut = mel;
    cut["segments"] = json!({"frames": 125, "aggregate": "vote", "aggregate_valid": false});
    cut["channels"] = json!(3);
    let segments = once(root.path(), json!({"features": cut.clone()}));
    assert_eq!((segments.values(), segments.steps), (3 * 96 * 125, 4 * 7));
    assert!((segments.value("valid_accuracy") * 14.0).fract().abs() < 1e-9, "validation judges segments");
    let test = segments.summary().metrics.into_iter().find(|(name, _)| name == "test_accuracy").expect("tested").1;
    assert!((test * 2.0).fract() == 0.0, "the test judges clips");
    let confusion = segments.summary().confusion.expect("two classes");
    assert_eq!((confusion.total(), confusion.accuracy()), (2, test), "clips are confused, not their segments");
    let both = once(root.path(), json!({"features": cut, "augment": copies}));
    assert!((4 * 7 + 4 * 6..=4 * 7 + 4 * 9).contains(&both.steps), "{}", both.steps);
}

#[test]
fn vectors_pictures_and_masks() {
    let root = tempfile::tempdir().expect("a folder");
    set(&root.path().join("set"), 16_000, &[16_000; 4]);
    let vectors = root.path().join("vectors");
    for class in ["high", "low"] {
        std::fs::create_dir_all(vectors.join(class)).expect("created");
        for number in 0..4 {
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (753,), }\n";
            bytes.extend((header.len() as u16).to_le_bytes());
            bytes.extend(header.as_bytes());
            let value = |place: u16| f32::from(place) * if class == "low" { 1e-3 } else { -1e-3 };
            bytes.extend((0..753).flat_map(|place| value(place).to_le_bytes()));
            std::fs::write(vectors.join(class).join(format!("{number:02}.npy")), bytes).expect("written");
        }
    }
    let embedding = json!({"kind": "embedding", "path": vectors, "normalise": "range"});
    let trained = once(root.path(), json!({"features": embedding, "epochs": 4, "optimiser": {"lr": 0.01}}));
    assert_eq!((trained.values(), trained.value("train_accuracy")), (753, 1.0));

    let mel = json!({"kind": "mel", "mels": 32, "compress": "musicnn"});
    let masks = json!({"masks": {"time": 2, "time_width": 10, "bands": 1, "bands_width": 8, "value": "zero"}});
    let plain = once(root.path(), json!({"features": mel.clone()}));
    let masked = once(root.path(), json!({"features": mel, "augment": masks}));
    assert_eq!(plain.values(), 32 * 32);
    assert_ne!(plain.value("train_loss"), masked.value("train_loss"));
    assert_eq!(plain.steps, masked.steps);
}

#[test]
fn stretched_clips_of_the_second_document_have_its_numbers_of_frames() {
    let folder = tempfile::tempdir().expect("a folder");
    // papers.md 2.2, 2.3: 30 s at 16 kHz, and the whole stretched clip becomes the picture.
    set(&folder.path().join("set"), 16_000, &[480_000]);
    let training = training(json!({
        "data": {"source": "folder", "path": folder.path().join("set")},
        "features": {"kind": "mel", "sample_rate": 16_000, "n_fft": 2048, "hop": 512, "mels": 128},
        "augment": {"copies": [{"stretch": 0.93, "length": "free"}, {"stretch": 1.07, "length": "free"}]},
        "net": {"name": "mlp"},
    }));
    let (library, stop) = (Library::new(folder.path().join("cache"), 2), Control::new());
    let examples = library.examples(&training, &mut |_, _| {}, &stop).expect("listed");
    let Inputs::Clips(clips) = &examples.inputs else { panic!("made of clips") };
    let mut progress = |_, _| {};
    let needed = Need { place: 0, copies: true };
    let clip = clips.wait(needed, &mut Waiting::new(&mut progress, &stop)).expect("prepared").expect("usable");
    let shapes: Vec<&[usize]> = clip.views().map(|view| view.shape()).collect();
    assert_eq!(shapes, [[128, 938], [128, 1009], [128, 877]]);
}

#[test]
fn musicnn_describes_clips_as_it_describes_files_and_their_copies_too() {
    let root = tempfile::tempdir().expect("a folder");
    let (Some(musicnn), Some(manifest)) = (real_data("musicnn"), small_soundtracks(&root.path().join("set"), 2, 4))
    else {
        return;
    };
    let weights = musicnn.join("MTT_musicnn.safetensors");
    let data = json!({"source": "manifest", "path": manifest});
    let changed = |features: Value, others: Value| {
        let mut changes = json!({"data": data, "features": features, "epochs": 3, "optimiser": {"lr": 0.001}});
        for (key, value) in others.as_object().expect("a mapping") {
            changes[key] = value.clone();
        }
        once(root.path(), changes)
    };
    let (vectors, cache) = (root.path().join("vectors"), root.path().join("cache"));
    let recipe = training(json!({"data": data}));
    let quiet = &mut |_, _| {};
    let written = embed(&recipe.data, &weights, &vectors, (&cache, 2), quiet, &Control::new()).expect("embedded");
    assert_eq!((written.written, written.skipped.len()), (8, 0));
    let of_files = changed(json!({"kind": "embedding", "path": vectors}), json!({}));
    let of_sound = changed(json!({"kind": "musicnn", "weights": weights}), json!({}));
    assert_eq!((of_sound.values(), of_sound.summary()), (753, of_files.summary()));
    // Beside a spectrogram in pieces, the vector of each copy is that of the changed sound.
    let both = json!({
        "kind": "mel", "segments": {"frames": 125, "aggregate_valid": false},
        "beside": {"kind": "musicnn", "weights": weights},
    });
    let net = json!({"name": "spec_embed"});
    let copies = json!({"copies": [[{"noise": 0.0025}, {"stretch": {"one_of": [0.8, 0.9]}, "length": "free"}]]});
    let plain = changed(both.clone(), json!({"net": net, "batch": 16}));
    let copied = changed(both, json!({"net": net, "batch": 16, "augment": copies}));
    assert!(copied.steps >= 2 * plain.steps, "{} and {}", copied.steps, plain.steps);
    assert_ne!(copied.summary(), plain.summary());
    let wrong = json!({"kind": "musicnn", "weights": musicnn.join("MTT_vgg.safetensors")});
    let recipe = training(json!({"data": data, "features": wrong}));
    let error = Library::new(&cache, 2).examples(&recipe, &mut |_, _| {}, &Control::new()).expect_err("no musicnn");
    assert!(error.to_string().contains("MTT_vgg.safetensors"), "{error}");
}
