//! Data that are not as they should be.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::said::{refused, said, tidy};
use crate::world::Place;

const SWEEP: &str = "\
name: folder
recipe:
  data: {source: folder, path: music}
  split: {valid: 0.25, test: 0.25}
  features: {height: 32, width: 32}
  net: {depth: 1, filters: 2, dense: [8]}
  batch: 8
  epochs: 1
parameters:
  seed: {values: [1]}
";

/// A place with a folder of clips, one folder for each of ten styles.
fn music() -> Place {
    let place = Place::new();
    place.write("sweep.yaml", SWEEP);
    place.ask(&["data", "synth", "music", "--clips-per-style", "4", "--seconds", "1"]);
    place
}

fn clip(place: &Place, name: &str) -> std::path::PathBuf {
    place.path().join("music").join(name)
}

#[test]
fn data_that_cannot_be_used_start_nothing() {
    let place = Place::new();
    place.write("sweep.yaml", SWEEP);
    let run = ["run", "sweep.yaml"];
    assert_snapshot!("no_folder", refused(&place, 2, &run));
    place.write("music", "a file");
    assert_snapshot!("a_file_for_a_folder", refused(&place, 2, &run));
    fs::remove_file(place.path().join("music")).expect("it was just written");
    fs::create_dir(place.path().join("music")).expect("a folder");
    assert_snapshot!("an_empty_folder", refused(&place, 2, &run));
    fs::create_dir(place.path().join("music/jazz")).expect("a folder");
    place.write("music/jazz/a.wav", "no sound");
    assert_snapshot!("one_class", refused(&place, 2, &run));
    fs::create_dir(place.path().join("music/folk")).expect("a folder");
    place.write("music/folk/a.wav", "");
    assert_snapshot!("too_few_clips", refused(&place, 2, &run));
    assert!(!place.data_dir().exists());
}

#[test]
fn broken_clips_are_named_and_skipped() {
    let place = music();
    let cut = clip(&place, "drone/drone.00001.wav");
    let bytes = fs::read(&cut).expect("it was just rendered");
    fs::write(&cut, &bytes[..30]).expect("writable");
    let half = clip(&place, "pulse/pulse.00002.wav");
    let bytes = fs::read(&half).expect("it was just rendered");
    fs::write(&half, &bytes[..bytes.len() / 2]).expect("writable");
    fs::write(clip(&place, "jig/empty.wav"), "").expect("writable");
    fs::write(clip(&place, "lope/text.mp3"), "This is no music at all. ".repeat(400)).expect("writable");
    fs::write(clip(&place, "march/notes.txt"), "not audio, by its name").expect("writable");
    let out = place.run(&["run", "--output", "json", "sweep.yaml"]);
    assert_eq!(out.code, Some(0), "{}", out.talk);
    let lines: Vec<&str> = out.talk.lines().filter(|l| l.contains("skipped") || l.contains("warning")).collect();
    assert_snapshot!("broken_clips", tidy(&place, &lines.join("\n")));
    assert!(out.data.contains("\"completed\""), "{}", out.data);
}

#[test]
fn a_set_is_not_written_over_something_else() {
    let place = music();
    let synth = |args: &[&str]| {
        let args: Vec<&str> = ["data", "synth"].iter().chain(args).copied().collect();
        refused(&place, 2, &args)
    };
    assert_snapshot!("another_set", synth(&["music", "--clips-per-style", "5"]));
    fs::create_dir(place.path().join("mine")).expect("a folder");
    place.write("mine/thesis.txt", "my thesis");
    assert_snapshot!("not_empty", synth(&["mine"]));
    assert_snapshot!("too_short", synth(&["new", "--seconds", "0.1"]));
    assert!(!Path::new(&place.path().join("new")).exists());
}

#[test]
fn a_plan_of_a_folder() {
    let place = music();
    assert_snapshot!("plan_of_a_folder", said(&place, &["plan", "--slots", "2", "sweep.yaml"]));
}
