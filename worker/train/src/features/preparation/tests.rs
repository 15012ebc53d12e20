//! Preparation with a front end that does as it is told.

use std::fs;

use super::*;
use crate::cache::Precision;
use crate::features::fake::{Fake, Gate, listing};

/// A folder of clips and a cache.
struct Bench {
    root: tempfile::TempDir,
    gate: Arc<Gate>,
    listed: Clips,
}

impl Bench {
    fn new(texts: &[&str]) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let listed = listing(root.path(), texts);
        Bench { gate: Arc::default(), listed, root }
    }

    fn prepare(&self, threads: usize) -> Preparation {
        self.prepare_as(Fake::new(&self.gate), threads)
    }

    fn prepare_as(&self, fake: Fake, threads: usize) -> Preparation {
        let cache = Arc::new(FeatureCache::new(&self.root.path().join("cache")));
        Preparation::new(&self.listed, Box::new(fake), cache, Arc::new(Permits::new(threads)), threads)
    }
}

/// Waits for all clips with their copies.
fn wait_whole(preparation: &Preparation) -> Result<(), DataError> {
    let needs = (0..preparation.len()).map(|place| Need { place, copies: true }).collect();
    preparation.wait_each(needs, &mut Waiting::new(&mut |_, _| {}, &Control::new()))
}

/// All views of the clip at `place` that are there.
fn views(preparation: &Preparation, place: usize) -> Vec<Vec<f32>> {
    preparation.get(place).expect("there").views().map(crate::cache::View::to_vec).collect()
}

/// What is at `place`: none if it cannot be used.
fn wait(preparation: &Preparation, place: usize) -> Result<Option<Vec<f32>>, DataError> {
    let control = Control::new();
    let mut progress = |_, _| {};
    let mut waiting = Waiting::new(&mut progress, &control);
    Ok(preparation.wait(Need::original(place), &mut waiting)?.map(|clip| clip.original().to_vec()))
}

fn wait_all(preparation: &Preparation) -> Result<(), DataError> {
    preparation.wait_all(&mut Waiting::new(&mut |_, _| {}, &Control::new()))
}

#[test]
fn the_first_are_there_while_the_last_are_held_up() {
    let bench = Bench::new(&["0", "1", "2", "3", "4", "5"]);
    bench.gate.hold(&bench.listed.clips[2].path);
    let preparation = bench.prepare(1);
    assert!(bench.gate.begun().is_empty(), "nobody needs them");
    let wish = preparation.wish([4, 1, 5, 2, 0].map(Need::original).to_vec());
    for place in [4, 1, 5] {
        assert_eq!(wait(&preparation, place).expect("prepared"), Some(vec![place as f32, 0.0]));
    }
    bench.gate.wait_for_begun(4);
    assert!(preparation.get(4).is_some() && preparation.get(2).is_none() && preparation.get(99).is_none());
    bench.gate.open();
    assert_eq!(wait(&preparation, 0).expect("prepared"), Some(vec![0.0, 0.0]));
    assert_eq!(bench.gate.begun(), ["4", "1", "5", "2", "0"]);
    drop(wish);
    // Nobody wished for it.
    assert_eq!(wait(&preparation, 3).expect("prepared"), Some(vec![3.0, 0.0]));
    assert_eq!(bench.gate.begun().len(), 6);
}

#[test]
fn who_stops_waiting_stops_preparation() {
    let bench = Bench::new(&["0", "1", "2", "3"]);
    bench.gate.hold(&bench.listed.clips[0].path);
    let preparation = bench.prepare(1);
    let control = Control::new();
    let mut asked = 0;
    let mut progress = |done, all| {
        assert_eq!((done, all), (0, 4));
        asked += 1;
        control.stop();
    };
    let stopped = preparation.wait_all(&mut Waiting::new(&mut progress, &control));
    assert!(matches!(stopped, Err(DataError::Stopped)), "{stopped:?}");
    assert_eq!(asked, 1);
    bench.gate.wait_for_begun(1);
    bench.gate.open();
    // It waits for the one in progress.
    drop(preparation);
    assert_eq!(bench.gate.begun(), ["0"]);
    let again = bench.prepare(2);
    wait_all(&again).expect("prepared");
    assert_eq!(bench.gate.begun().len(), 4, "the first was in the cache");
}

#[test]
fn panics_and_bad_clips_are_skipped_with_their_reasons() {
    let bench = Bench::new(&["0", "panic", "bad", "3", "4", "5"]);
    for threads in [1, 3] {
        let preparation = bench.prepare(threads);
        wait_all(&preparation).expect("one of three of each class");
        let skipped = preparation.skipped();
        assert_eq!(skipped.len(), 2);
        assert!(skipped[0].reason.contains("panicked") && skipped[0].reason.contains("on purpose"), "{skipped:?}");
        assert!(skipped[1].path.ends_with("2.x"), "{skipped:?}");
        assert_eq!(preparation.hopeful(&[0, 1, 2, 3]), 2);
        assert_eq!(wait(&preparation, 1).expect("known"), None);
        assert_eq!(wait(&preparation, 5).expect("known"), Some(vec![5.0, 0.0]));
    }
}

#[test]
fn a_class_in_ruins_is_refused() {
    let bench = Bench::new(&["0", "1", "bad", "3", "bad", "5"]);
    let preparation = bench.prepare(2);
    let refused = wait_all(&preparation).expect_err("two of three");
    assert!(
        matches!(&refused, DataError::TooManySkipped { class, skipped: 2, listed: 3, .. } if class == "a"),
        "{refused}"
    );
    assert!(matches!(wait(&preparation, 1), Err(DataError::TooManySkipped { .. })), "whatever one asks for");
}

#[test]
fn a_fault_is_told_and_the_next_try_may_go_better() {
    let bench = Bench::new(&["0", "fault", "2"]);
    let preparation = bench.prepare(1);
    let fault = wait_all(&preparation).expect_err("the disk is tired");
    assert!(matches!(&fault, DataError::Io { .. }) && fault.retry(), "{fault}");
    assert_eq!(wait(&preparation, 1).expect("read the second time"), Some(vec![7.0, 0.0]));
    wait_all(&preparation).expect("prepared");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_stored_as_what_it_has_become() {
    let bench = Bench::new(&["change", "1"]);
    assert_eq!(wait(&bench.prepare(1), 0).expect("prepared"), Some(vec![5.0, 0.0]));
    let again = bench.prepare(1);
    assert_eq!(wait(&again, 0).expect("prepared"), Some(vec![5.0, 0.0]));
    assert_eq!(bench.gate.begun(), ["0", "0"], "the last time it came from the cache");
    assert_eq!(again.get(0).expect("there").content(), &blake3::hash(b"5"));
    // What it was is not in the cache under the name of what it is.
    fs::write(&bench.listed.clips[0].path, "change").expect("written");
    assert_eq!(wait(&bench.prepare(1), 0).expect("prepared"), Some(vec![5.0, 0.0]));
    assert_eq!(bench.gate.begun().len(), 3);
}

#[test]
fn copies_are_views_of_their_own() {
    let bench = Bench::new(&["1", "2"]);
    let three = Fake { views: 3, precision: Precision::F16, ..Fake::new(&bench.gate) };
    let all = |preparation: &Preparation| {
        wait_whole(preparation).expect("prepared");
        views(preparation, 1)
    };
    let expected: Vec<Vec<f32>> = vec![vec![2.0, 0.0], vec![2.0, 1.0], vec![2.0, 2.0]];
    assert_eq!(all(&bench.prepare_as(three.clone(), 2)), expected);
    assert_eq!(all(&bench.prepare_as(three.clone(), 1)), expected);
    assert_eq!(bench.gate.begun().len(), 2);
    // One more copy: what is there is taken.
    let four = Fake { views: 4, ..three };
    assert_eq!(all(&bench.prepare_as(four, 1))[3], [2.0, 3.0]);
    // Another precision: nothing is.
    assert_eq!(all(&bench.prepare(1)), expected[..1]);
    assert_eq!(bench.gate.begun().len(), 6);
}

// Copies were once made of every clip, those of the sides that never use them too.
#[test]
fn copies_are_made_of_clips_whose_copies_are_needed() {
    let bench = Bench::new(&["0", "1", "2", "3"]);
    let preparation = bench.prepare_as(Fake { views: 3, ..Fake::new(&bench.gate) }, 2);
    let _wish = preparation.wish(vec![Need { place: 1, copies: true }, Need::original(2)]);
    let control = Control::new();
    let mut progress = |_, _| {};
    let mut waiting = Waiting::new(&mut progress, &control);
    let first = preparation.wait(Need { place: 1, copies: true }, &mut waiting).expect("prepared").expect("usable");
    assert_eq!(first.view(2).expect("there").to_vec(), [1.0, 2.0]);
    assert!(first.view(3).is_none());
    wait_all(&preparation).expect("prepared");
    assert_eq!(bench.gate.copied().into_iter().collect::<Vec<_>>(), ["1"]);
    assert_eq!(bench.gate.begun().len(), 4, "the clip that is copied is read once");
    assert_eq!(views(&preparation, 2), [[2.0, 0.0]]);
    // Somebody else's split comes to need them later.
    let later = preparation.wait(Need { place: 2, copies: true }, &mut waiting).expect("prepared").expect("usable");
    assert_eq!(later.view(1).expect("there").to_vec(), [2.0, 1.0]);
    assert_eq!(bench.gate.copied().len(), 2);
}

#[test]
fn a_copy_that_cannot_be_made_leaves_the_clip_and_the_other_copies() {
    let bench = Bench::new(&["short", "trap", "2", "3"]);
    for threads in [1, 2] {
        let preparation = bench.prepare_as(Fake { views: 3, ..Fake::new(&bench.gate) }, threads);
        wait_whole(&preparation).expect("prepared");
        assert_eq!(views(&preparation, 0), [[8.0, 0.0], [8.0, 1.0]]);
        assert_eq!(views(&preparation, 1), [[8.0, 0.0]]);
        assert!(preparation.get(0).expect("there").view(2).is_none());
        assert!(preparation.skipped().is_empty(), "both clips are of use");
        let (count, first) = preparation.flaws().expect("copies are missing");
        assert!(count == 3 && first.path.ends_with("0.x") && first.reason.contains("samples"), "{count} {first:?}");
    }
}

#[test]
fn a_file_that_changes_before_its_copies_are_needed_is_a_fault() {
    let bench = Bench::new(&["0", "1"]);
    let preparation = bench.prepare_as(Fake { views: 2, ..Fake::new(&bench.gate) }, 1);
    wait_all(&preparation).expect("prepared");
    fs::write(&bench.listed.clips[0].path, "9").expect("written");
    let fault = wait_whole(&preparation).expect_err("the copies would be of another clip");
    assert!(matches!(&fault, DataError::Io { .. }) && fault.retry(), "{fault}");
    assert_eq!(views(&preparation, 0), [[0.0, 0.0]]);
}

#[test]
fn a_clip_that_is_no_file_is_skipped_and_blocks_nobody() {
    let mut bench = Bench::new(&["0", "1", "2", "3"]);
    fs::remove_file(&bench.listed.clips[0].path).expect("removed");
    bench.listed.clips[3].path = bench.root.path().to_owned();
    let preparation = bench.prepare(2);
    wait_all(&preparation).expect_err("neither has a file's content");
    let skipped: Vec<_> = preparation.skipped().into_iter().map(|skipped| skipped.path).collect();
    assert_eq!(skipped, [bench.listed.clips[0].path.clone()], "a missing file is of no use");
}
