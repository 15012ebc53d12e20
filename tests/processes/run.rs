//! `gliss run`, interrupted and killed: it goes on where it stopped.

use serde_json::Value;

use crate::results::Results;
use crate::sweep::{EPOCHS, Ledger, Standing, TEXT, TRIALS};
use crate::world::{Place, Process, until};

const RUN: [&str; 4] = ["run", "--slots", "2", "sweep.yaml"];

/// Starts the sweep and waits until two trials run with epochs behind and before them.
fn amid(place: &Place) -> Process {
    place.write("sweep.yaml", TEXT);
    let mut run = place.start(&RUN);
    let address = place.data_dir().join("coordinator.addr");
    until("two trials with stored epochs", || {
        assert!(run.is_alive(), "it ended too early: {}", run.talk());
        // Before it is there a reader would open the store itself and keep it from the run.
        if !address.is_file() {
            return None;
        }
        let said = place.run(&["show", "s1", "--output", "json"]);
        let standing = serde_json::from_str(&said.data).map(Standing::new).ok()?;
        (standing.amid(1) == 2).then_some(())
    });
    run
}

/// Everything about each trial, read from the store: nothing runs.
fn details(place: &Place) -> Vec<Value> {
    (1..=TRIALS).map(|n| place.json(&["show", &format!("s1/t{n}")])).collect()
}

fn standing(place: &Place) -> Standing {
    Standing::new(place.json(&["show", "s1"]))
}

/// Asserts that the sweep has ended as an undisturbed one, and that it repeated nothing that was stored before.
fn assert_went_on(place: &Place, before: &Ledger) {
    let standing = standing(place);
    assert_eq!((standing.state(), standing.count("completed")), ("finished", TRIALS));
    let (details, after) = (details(place), before);
    let last = Ledger::new(&details);
    assert_eq!(last.len(), TRIALS * EPOCHS);
    after.assert_kept(&last);
    Results::new(&details, &place.data_dir()).assert_same(Results::undisturbed());
}

#[test]
fn an_interrupted_run_says_how_to_go_on_and_does() {
    let place = Place::new();
    let mut run = amid(&place);
    run.signal("INT");
    assert_eq!(run.end(), Some(130), "{}", run.talk());
    assert_eq!(run.data(), "", "there is no leaderboard yet");
    assert_eq!(standing(&place).state(), "paused");
    let before = Ledger::new(&details(&place));
    let talk = run.talk();
    let line = talk.lines().find_map(|line| line.trim().strip_prefix("gliss ")).expect("the command that goes on");
    let command: Vec<&str> = line.split("   ").next().unwrap_or_default().split(' ').collect();
    assert_eq!(command, ["resume", "s1", "--data-dir", "data"]);
    let said = place.run(&command);
    assert_eq!(said.code, Some(0), "{}", said.talk);
    assert!(said.data.contains("s1/t6"), "the leaderboard: {}", said.data);
    assert_went_on(&place, &before);
    // What was in progress was handed back, not lost.
    for detail in details(&place) {
        for attempt in detail["attempts"].as_array().expect("a list") {
            assert!(["completed", "released"].contains(&attempt["outcome"].as_str().expect("a word")), "{attempt}");
        }
    }
}

#[test]
fn a_killed_run_goes_on_when_it_is_run_again() {
    let place = Place::new();
    let run = amid(&place);
    run.kill();
    let before = Ledger::new(&details(&place));
    assert!(before.len() >= 2 && before.len() < TRIALS * EPOCHS);
    let said = place.run(&RUN);
    assert_eq!(said.code, Some(0), "{}", said.talk);
    assert!(said.talk.contains("s1 goes on where it stopped"), "{}", said.talk);
    assert_went_on(&place, &before);
    let shown = place.run(&["show", "s1/t2"]).data;
    let (test, matrix) =
        (shown.find("\nCLASS  ").expect("classes"), shown.find("\nTRUE \\ PREDICTED").expect("a matrix"));
    assert!(shown.find("\nrecipe\n").expect("a recipe") < test && test < matrix, "{shown}");
    // Once more: nothing is left to do, and the same leaderboard is shown.
    let again = place.run(&RUN);
    assert_eq!((again.code, again.data), (Some(0), said.data), "{}", again.talk);
    assert!(again.talk.contains("it is finished"), "{}", again.talk);
}

#[test]
fn an_interrupt_before_the_first_trial_stops_the_preparation() {
    let place = Place::new();
    place.write("sweep.yaml", TEXT);
    // Minutes of rendering.
    let mut run = place.start(&["run", "--set", "data.clips_per_style=1000", "--set", "data.seconds=30", "sweep.yaml"]);
    let cache = place.path().join("cache");
    until("the cache to be made", || cache.is_dir().then_some(()));
    run.signal("INT");
    assert_eq!(run.end(), Some(130), "{}", run.talk());
    assert_eq!(run.data(), "");
    assert!(run.talk().contains("stopped before the first trial"), "{}", run.talk());
}
