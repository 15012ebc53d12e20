//! What the log and an explanation say, of a coordinator and of the store that it leaves.

use serde_json::Value;

use crate::fleet::Fleet;
use crate::sweep::{EPOCHS, TRIALS};

/// The facts of a log in JSON.
fn facts(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).expect("a fact a line")).collect()
}

fn count(facts: &[Value], kind: &str) -> u64 {
    facts.iter().filter(|fact| fact["fact"] == kind).count() as u64
}

#[test]
fn a_sweep_is_followed_to_its_end_and_explained_at_each_stage() {
    let mut fleet = Fleet::start(&[]);
    fleet.submit();
    let explained = |trial: &str| {
        let said = fleet.json(&["explain", trial]);
        let because = said["because"].as_array().expect("a list").iter().filter_map(Value::as_str);
        because.collect::<Vec<_>>().join("\n")
    };
    let waits = explained("s1/t2");
    assert!(waits.contains("no worker is connected") && waits.contains("1 waiting trials of its sweep"), "{waits}");
    fleet.ask(&["pause", "s1"]);
    assert!(explained("s1/t2").contains("s1 is paused: `gliss resume s1` goes on"));
    fleet.ask(&["resume", "s1"]);
    let worker = fleet.worker(&["--slots", "2"]);
    // Ends with the sweep.
    let followed = facts(&fleet.ask(&["log", "s1", "--follow", "--output", "json"]));
    fleet.finished();
    let kinds =
        ["sweep_submitted", "sweep_paused", "sweep_resumed", "trial_proposed", "trial_closed", "sweep_finished"];
    assert_eq!(kinds.map(|kind| count(&followed, kind)), [1, 1, 1, TRIALS, TRIALS, 1]);
    assert_eq!(count(&followed, "epoch_reached"), TRIALS * EPOCHS);
    assert_eq!(followed[0]["plan"]["trials"], TRIALS);
    let done = explained("s1/t2");
    assert!(done.contains("s1/t2 is completed, with 8 of 8 epochs stored") && done.contains("it is number "), "{done}");

    // The same without a coordinator, and of one trial only what is about it.
    let of_trial = facts(&fleet.ask(&["log", "s1/t2", "--output", "json"]));
    assert_eq!((count(&of_trial, "epoch_reached"), count(&of_trial, "trial_closed")), (EPOCHS, 1));
    let everything = facts(&fleet.ask(&["log", "--output", "json"]));
    assert_eq!(everything.len() as u64, followed.len() as u64 + count(&everything, "worker_joined"));
    drop(worker);
    fleet.stop_coordinator();
    let offline = |args: &[&str]| fleet.place.ask(args);
    assert_eq!(facts(&offline(&["log", "s1", "--follow", "--output", "json"])), followed);
    assert_eq!(facts(&offline(&["log", "s1/t2", "--output", "json"])), of_trial);
    let lines = offline(&["log", "s1"]);
    assert!(lines.lines().last().is_some_and(|line| line.ends_with("Z  s1 is finished")), "{lines}");
    let unknown = fleet.place.run(&["log", "s1/t7"]);
    assert_eq!((unknown.code, unknown.data.as_str()), (Some(2), ""));
    assert!(unknown.talk.contains("there is no trial s1/t7"), "{}", unknown.talk);
}
