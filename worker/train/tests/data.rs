//! Data sets on disk, from listing to examples, with real clips where they are present.

mod support;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use gliss_train::data::{DataError, Warning, inspect};
use gliss_train::library::{Examples, Inputs};
use gliss_train::split::{SplitError, numpy_permutation};
use gliss_train::{Control, Library};
use gliss_types::recipe::Training;
use serde_json::json;

use support::{bad_clips, clip, real_data, small_soundtracks, training};

/// Listed, and prepared to the end.
fn examples(library: &Library, training: &Training) -> Result<Arc<Examples>, DataError> {
    let examples = library.examples(training, &mut |_, _| {}, &Control::new())?;
    examples.wait_all(&mut |_, _| {}, &Control::new())?;
    Ok(examples)
}

/// What a net would see of each listed clip; none of those that cannot be used.
fn pictures(examples: &Examples) -> Vec<Option<Vec<f32>>> {
    let Inputs::Clips(clips) = &examples.inputs else { panic!("clips are pictures") };
    let picture = |place| {
        let view = clips.get(place)?.original();
        assert_eq!(view.shape(), examples.shape);
        Some(view.to_vec())
    };
    (0..clips.len()).map(picture).collect()
}

/// A folder of two classes with `each` second-long clips.
fn two_classes(root: &Path, each: u32) {
    for (class, pitch) in [("high", 900.0), ("low", 200.0)] {
        for number in 0..each {
            clip(&root.join(class).join(format!("{number}.wav")), pitch + f64::from(number), 8000, 8000);
        }
    }
}

fn of_folder(path: &Path) -> Training {
    training(json!({
        "data": {"source": "folder", "path": path},
        "features": {"sample_rate": 8000, "n_fft": 512, "hop": 128, "mels": 32, "height": 16, "width": 12},
        "net": {"name": "mlp", "hidden": [8]},
    }))
}

#[test]
fn a_warm_cache_gives_the_same_bits_and_damage_is_repaired() {
    let (root, cache) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_classes(root.path(), 3);
    let training = of_folder(root.path());
    let cold = examples(&Library::new(cache.path(), 2), &training).expect("prepared");
    assert_eq!(
        (cold.shape.as_slice(), cold.labels.as_slice()),
        ([1, 16, 12].as_slice(), [0, 0, 0, 1, 1, 1].as_slice())
    );
    let files = support::files_below(&cache.path().join("features"));
    assert_eq!(files.len(), 6);
    let stamps: Vec<_> =
        files.iter().map(|file| fs::metadata(file).and_then(|f| f.modified()).expect("there")).collect();

    let warm = examples(&Library::new(cache.path(), 1), &training).expect("prepared");
    assert_eq!(pictures(&warm), pictures(&cold));
    let now: Vec<_> = files.iter().map(|file| fs::metadata(file).and_then(|f| f.modified()).expect("there")).collect();
    assert_eq!(now, stamps, "nothing was written again");

    fs::write(&files[0], b"half a file").expect("written");
    let mut bytes = fs::read(&files[1]).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&files[1], bytes).expect("written");
    let repaired = examples(&Library::new(cache.path(), 2), &training).expect("prepared");
    assert_eq!(pictures(&repaired), pictures(&cold));
    assert!(fs::metadata(&files[0]).expect("there").len() > 500, "the damaged entry was replaced");
}

#[test]
fn trials_that_ask_at_once_prepare_once_and_share() {
    let (root, cache) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_classes(root.path(), 8);
    let library = Library::new(cache.path(), 2);
    let mut other_split = of_folder(root.path());
    other_split.split = gliss_types::recipe::Split::NumpyShuffle { seed: 3 };
    let trainings = [of_folder(root.path()), other_split];
    let started = Mutex::new(0);
    let all: Vec<_> = std::thread::scope(|scope| {
        let ask = |i: usize| {
            let (library, trainings, started) = (&library, &trainings, &started);
            scope.spawn(move || {
                let mut progress = |_, _| *started.lock().expect("whole") += 1;
                let examples = library.examples(&trainings[i % 2], &mut |_, _| {}, &Control::new()).expect("listed");
                examples.wait_all(&mut progress, &Control::new()).expect("prepared");
                examples
            })
        };
        let asked: Vec<_> = (0..6).map(ask).collect();
        asked.into_iter().map(|thread| thread.join().expect("ended")).collect()
    });
    assert!(all.iter().all(|examples| Arc::ptr_eq(examples, &all[0])));
    assert!(*started.lock().expect("whole") > 0, "they heard of the progress");

    // A changed file is another data set.
    clip(&root.path().join("low/0.wav"), 333.0, 8000, 9000);
    let changed = examples(&library, &trainings[0]).expect("prepared");
    assert_ne!(pictures(&changed), pictures(&all[0]));
}

#[test]
fn preparation_can_be_stopped_and_taken_up() {
    let (root, cache) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_classes(root.path(), 12);
    let (library, training, stop) = (Library::new(cache.path(), 1), of_folder(root.path()), Control::new());
    let mut progress = |done, _| {
        if done >= 2 {
            stop.stop();
        }
    };
    let listed = library.examples(&training, &mut |_, _| {}, &stop).expect("listed");
    let stopped = listed.wait_all(&mut progress, &stop);
    assert!(matches!(stopped, Err(DataError::Stopped)), "{stopped:?}");
    drop(listed);
    assert_eq!(examples(&library, &training).expect("prepared").len(), 24);
}

#[test]
fn a_cache_that_cannot_be_written_costs_no_trial() {
    let (root, cache) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_classes(root.path(), 3);
    fs::write(cache.path().join("features"), b"in the way").expect("written");
    assert_eq!(examples(&Library::new(cache.path(), 2), &of_folder(root.path())).expect("prepared").len(), 6);
    let file = root.path().join("low/0.wav");
    let error = inspect(&of_folder(root.path()).data, &file).expect_err("a file is no cache");
    assert!(matches!(error, DataError::CacheNotAFolder { .. }), "{error}");
}

#[test]
fn bad_files_are_skipped_with_their_names_and_counted() {
    let Some(bad) = bad_clips() else { return };
    let (root, cache) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_classes(root.path(), 6);
    for name in ["empty.wav", "header_only.wav", "noise.ogg", "text.mp3", "truncated.wav"] {
        fs::copy(bad.join(name), root.path().join("low").join(name)).expect("copied");
    }
    clip(&root.path().join("high/short.wav"), 440.0, 8000, 511);
    let training = of_folder(root.path());
    let prepared = examples(&Library::new(cache.path(), 2), &training).expect("most are good");
    let skipped = prepared.skipped();
    let names: Vec<_> = skipped.iter().map(|s| s.path.file_name().expect("named").to_str().expect("text")).collect();
    assert_eq!(names, ["short.wav", "empty.wav", "header_only.wav", "noise.ogg", "text.mp3", "truncated.wav"]);
    let reason = |i: usize| skipped[i].reason.as_str();
    assert!(reason(0).contains("511 samples"), "{}", reason(0));
    assert!(reason(1).contains("0 bytes"), "{}", reason(1));
    assert!(reason(5).contains("40001 of 110250 frames"), "{}", reason(5));
    assert_eq!((prepared.len(), pictures(&prepared).iter().flatten().count()), (18, 12));
    let warnings = prepared.warnings();
    assert!(matches!(&warnings[..], [Warning::Skipped { count: 6, listed: 18, .. }]), "{warnings:?}");

    // What is skipped moves nobody else: the same deal, and those that are skipped are passed over.
    let planned = inspect(&training.data, cache.path()).expect("listed").deal(&training.split).expect("dealt");
    let dealt = prepared.deal(&training.split).expect("dealt");
    assert_eq!(dealt, planned);
    let usable = [&dealt.train, &dealt.valid, &dealt.test].map(|side| prepared.usable(side).len());
    assert_eq!(usable.iter().sum::<usize>(), 12);

    for name in ["0.wav", "1.wav", "2.wav"] {
        fs::remove_file(root.path().join("low").join(name)).expect("removed");
    }
    let ruined = examples(&Library::new(cache.path(), 2), &training).expect_err("most of a class is bad");
    assert!(
        matches!(&ruined, DataError::TooManySkipped { class, skipped: 5, listed: 8, .. } if class == "low"),
        "{ruined}"
    );
    assert!(!ruined.retry());
}

#[test]
fn inspection_finds_what_would_stop_every_trial() {
    let (root, cache) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    clip(&root.path().join("only/0.wav"), 440.0, 8000, 8000);
    let training = of_folder(root.path());
    assert!(matches!(inspect(&training.data, cache.path()), Err(DataError::OneClass { .. })));
    clip(&root.path().join("other/0.wav"), 440.0, 8000, 8000);
    let inspected = inspect(&training.data, cache.path()).expect("two classes");
    assert_eq!(inspected.classes, [("only".to_owned(), 1), ("other".to_owned(), 1)]);
    assert_eq!((inspected.examples, inspected.bytes, inspected.columns), (2, 2 * 16_044, None));
    let few = inspected.deal(&training.split).expect_err("one example cannot be on three sides");
    assert_eq!(few, SplitError::SmallClass { class: "only".into(), examples: 1 });
}

#[test]
fn a_synthetic_set_is_what_inspection_says_and_is_rendered_once() {
    let cache = tempfile::tempdir().expect("a folder");
    let training = training(json!({
        "data": {"source": "synth", "clips_per_style": 4, "seconds": 1.0, "sample_rate": 8000},
        "features": {"sample_rate": 8000, "n_fft": 512, "hop": 256, "mels": 32, "height": 16, "width": 16},
        "net": {"name": "mlp"},
    }));
    let inspected = inspect(&training.data, cache.path()).expect("quick");
    assert!(fs::read_dir(cache.path()).expect("listed").next().is_none(), "inspection renders nothing");
    // Two libraries stand for two processes.
    let all: Vec<_> = std::thread::scope(|scope| {
        let ask = || examples(&Library::new(cache.path(), 1), &training).expect("prepared");
        let asked: Vec<_> = (0..2).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|thread| thread.join().expect("ended")).collect()
    });
    assert_eq!(pictures(&all[0]), pictures(&all[1]));
    let classes: Vec<String> = inspected.classes.iter().map(|(class, _)| class.clone()).collect();
    assert_eq!((all[0].classes.clone(), all[0].len()), (classes, inspected.examples));
    let sets: Vec<_> = fs::read_dir(cache.path().join("synth")).expect("listed").collect();
    assert_eq!(sets.len(), 1);
    let rendered = support::files_below(&cache.path().join("synth"));
    let bytes: u64 = rendered
        .iter()
        .filter(|p| p.extension().is_some_and(|e| e == "wav"))
        .map(|p| fs::metadata(p).expect("there").len())
        .sum();
    assert_eq!(bytes, inspected.bytes);
    assert_eq!(inspected.deal(&training.split), all[0].deal(&training.split));
    let values = pictures(&all[0]).into_iter().flatten().collect::<Vec<_>>().concat();
    assert!(values.iter().all(|value| (0.0..=1.0).contains(value)) && values.len() == 40 * 16 * 16);
}

#[test]
fn the_first_document_s_split_of_the_real_table() {
    let Some(data) = real_data("gtzan/features_30_sec.csv") else { return };
    let cache = tempfile::tempdir().expect("a folder");
    let training = training(json!({
        "data": {"source": "table", "path": data},
        "split": {"method": "numpy_shuffle"},
    }));
    let inspected = inspect(&training.data, cache.path()).expect("the table is good");
    assert_eq!((inspected.examples, inspected.columns), (1000, Some(57)));
    let table = examples(&Library::new(cache.path(), 1), &training).expect("read");
    let deal = table.deal(&training.split).expect("dealt");
    assert_eq!(deal.train[..5], numpy_permutation(1000, 0)[..5]);
    let counts = |side: &[usize]| {
        let mut counts = [0; 10];
        side.iter().for_each(|row| counts[table.labels[*row] as usize] += 1);
        counts
    };
    assert_eq!(counts(&deal.train), [58, 57, 60, 66, 67, 54, 61, 59, 58, 60]);
    assert_eq!(counts(&deal.valid), [16, 22, 19, 15, 19, 25, 19, 20, 21, 24]);
    assert_eq!(counts(&deal.test), [26, 21, 21, 19, 14, 21, 20, 21, 21, 16]);
    assert!(deal.test.contains(&554), "the broken clip's row");
}

#[test]
fn real_clips_keep_their_groups_together() {
    let Some(manifest) = real_data("soundtracks10/manifest.csv") else { return };
    let cache = tempfile::tempdir().expect("a folder");
    let grouped = training(json!({
        "data": {"source": "manifest", "path": manifest},
        "split": {"method": "stratified", "by_group": true},
    }));
    let inspected = inspect(&grouped.data, cache.path()).expect("the manifest is good");
    assert_eq!((inspected.examples, inspected.classes.len()), (400, 10));
    assert!(inspected.warnings.is_empty(), "{:?}", inspected.warnings);
    let deal = inspected.deal(&grouped.split).expect("enough groups");
    assert!((50..=70).contains(&deal.valid.len()) && (50..=70).contains(&deal.test.len()), "{deal:?}");
    let folds = training(json!({
        "data": {"source": "manifest", "path": manifest},
        "split": {"method": "folds", "valid": 1, "test": 0},
    }));
    let deal = inspected.deal(&folds.split).expect("five folds");
    assert_eq!(deal.train.len() + deal.valid.len() + deal.test.len(), 400);
    let absent = gliss_types::recipe::Split::Folds { valid: 1, test: 5 };
    assert_eq!(
        inspected.deal(&absent),
        Err(SplitError::NoFold { side: "test", fold: 5, present: vec![0, 1, 2, 3, 4] })
    );
}

#[test]
fn real_clips_become_pictures() {
    let root = tempfile::tempdir().expect("a folder");
    let Some(manifest) = small_soundtracks(root.path(), 3, 4) else { return };
    let training = training(json!({
        "data": {"source": "manifest", "path": manifest},
        "split": {"method": "stratified", "valid": 0.25, "test": 0.25},
        "features": {"seconds": 3, "height": 32, "width": 32},
        "net": {"name": "mlp"},
    }));
    let cache = root.path().join("cache");
    let prepared = examples(&Library::new(&cache, 2), &training).expect("real clips decode");
    assert_eq!((prepared.len(), prepared.skipped().len(), prepared.classes.len()), (12, 0, 3));
    for picture in pictures(&prepared).into_iter().flatten() {
        let (low, high) = picture.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        assert!(low >= 0.0 && high <= 1.0 && high - low > 0.5, "{low} to {high}");
    }
    let deal = prepared.deal(&training.split).expect("dealt");
    assert_eq!((deal.train.len(), deal.valid.len(), deal.test.len()), (6, 3, 3));
}
