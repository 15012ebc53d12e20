//! What several tests need: recipes, clips, and where real data is.
#![expect(unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::allow_attributes, dead_code, reason = "each test uses a part of it")]

pub mod bench;

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};

use gliss_types::Recipe;
use gliss_types::recipe::Training;
use serde_json::Value;

/// A recipe from its settings.
pub fn recipe(settings: Value) -> Recipe {
    let settings = serde_json::from_value(settings).expect("a mapping");
    Recipe::read(&settings).unwrap_or_else(|issues| panic!("{issues:?}")).0
}

/// A training from its settings.
pub fn training(settings: Value) -> Training {
    match recipe(settings) {
        Recipe::Train(training) => *training,
        Recipe::Noop(_) => panic!("a recipe that trains"),
    }
}

/// Writes a 16-bit mono wav file of a decaying tone.
pub fn clip(path: &Path, hertz: f64, rate: u32, samples: u32) {
    fs::create_dir_all(path.parent().expect("in a folder")).expect("created");
    let bytes = 2 * samples;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend([1u16, 1].map(u16::to_le_bytes).as_flattened());
    file.extend([rate, 2 * rate].map(u32::to_le_bytes).as_flattened());
    file.extend([2u16, 16].map(u16::to_le_bytes).as_flattened());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    for at in 0..samples {
        let time = f64::from(at) / f64::from(rate);
        let value = (TAU * hertz * time).sin() * (-2.0 * time).exp();
        file.extend(((value * 20_000.0) as i16).to_le_bytes());
    }
    fs::write(path, file).expect("written");
}

/// All files below `folder`, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("listed") {
            let path = entry.expect("listed").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// A file or folder of the real data; none, with a word on stderr, if it is not there.
pub fn real_data(name: &str) -> Option<PathBuf> {
    present("GLISS_TEST_DATA", "data", name)
}

/// The folder of broken clips.
pub fn bad_clips() -> Option<PathBuf> {
    present("GLISS_TEST_GOLDEN", "golden", "audio/bad")
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn present(variable: &str, folder: &str, name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    let path = std::env::var_os(variable).map_or_else(beside, PathBuf::from).join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there ({variable} names another folder)", path.display());
        return None;
    }
    Some(path)
}

/// A manifest of `each` clips of the first `classes` classes of the real set, in `folder`, by way of links or copies.
pub fn small_soundtracks(folder: &Path, classes: usize, each: usize) -> Option<PathBuf> {
    let source = real_data("soundtracks10")?;
    let mut labels: Vec<PathBuf> =
        fs::read_dir(source.join("audio")).expect("listed").map(|e| e.expect("listed").path()).collect();
    labels.sort();
    let mut manifest = String::from("file,label\n");
    for label in labels.iter().take(classes) {
        let name = label.file_name().expect("named").to_str().expect("text");
        fs::create_dir_all(folder.join(name)).expect("created");
        // Apart by five: clips that follow one another may be of one track.
        for file in files_below(label).iter().step_by(5).take(each) {
            let to = format!("{name}/{}", file.file_name().expect("named").to_str().expect("text"));
            fs::copy(file, folder.join(&to)).expect("copied");
            manifest.push_str(&format!("{to},{name}\n"));
        }
    }
    let path = folder.join("manifest.csv");
    fs::write(&path, manifest).expect("written");
    Some(path)
}
