//! Pause, resume, cancel, and workers that are asked to leave.

use serde_json::Value;

use crate::fleet::Fleet;
use crate::results::Results;
use crate::sweep::TRIALS;
use crate::world::until;

/// How every attempt of a sweep ended.
fn outcomes(details: &[Value]) -> Vec<String> {
    let attempts = details.iter().flat_map(|d| d["attempts"].as_array().expect("a list"));
    attempts.map(|a| a["outcome"].as_str().expect("a word").to_owned()).collect()
}

#[test]
fn two_workers_share_a_sweep_that_is_paused_resumed_and_left_by_one() {
    // The lease is longer than any test waits: what goes on elsewhere was handed back.
    let fleet = Fleet::start(&["--lease", "10m"]);
    let mut leaver = fleet.worker(&["--slots", "1", "--name", "leaver"]);
    let _stayer = fleet.worker(&["--slots", "1", "--name", "stayer"]);
    until("both workers", || (fleet.workers().len() == 2).then_some(()));
    fleet.submit();
    fleet.await_standing("both workers to train", |s| s.amid(1) == 2);
    let busy: Vec<u64> = fleet.workers().iter().map(|w| w["busy"].as_u64().expect("a number")).collect();
    assert_eq!(busy, [1, 1]);

    assert_eq!(fleet.json(&["pause", "s1"])[0]["state"], "paused");
    let paused = fleet.await_standing("trials to stop", |s| s.count("running") + s.count("leased") == 0);
    let before = fleet.ledger("s1");
    assert_eq!(before.len(), paused.number("epochs_done"), "something trains in a paused sweep");
    assert_eq!(fleet.json(&["resume", "s1"])[0]["state"], "active");
    fleet.await_standing("both workers to train again", |s| s.amid(1) == 2);

    leaver.signal("TERM");
    assert_eq!(leaver.end(), Some(0), "{}", leaver.talk());
    let workers = fleet.workers();
    assert!(workers.iter().any(|w| w["name"] == "leaver" && w["connected"] == false && w["busy"] == 0), "{workers:?}");
    fleet.finished();
    let outcomes = outcomes(&fleet.details("s1"));
    assert!(outcomes.iter().all(|o| o == "completed" || o == "released"), "{outcomes:?}");
    assert!(outcomes.iter().any(|o| o == "released"), "{outcomes:?}");
    before.assert_kept(&fleet.ledger("s1"));
    fleet.results("s1").assert_same(Results::undisturbed());
}

#[test]
fn a_cancelled_sweep_stops_and_stays_so() {
    let fleet = Fleet::start(&[]);
    let mut worker = fleet.worker(&["--slots", "2"]);
    fleet.submit();
    fleet.await_standing("two trials with stored epochs", |s| s.amid(1) == 2);
    assert_eq!(fleet.json(&["cancel", "s1"])[0]["state"], "cancelled");
    until("the worker to be free", || (fleet.workers()[0]["busy"] == 0).then_some(()));
    let standing = fleet.standing();
    assert_eq!(standing.count("completed") + standing.count("cancelled"), TRIALS);
    assert!(standing.count("cancelled") > 0, "{standing:?}");
    let refused = fleet.run(&["resume", "s1"]);
    assert_eq!((refused.code, refused.data.as_str()), (Some(2), ""), "{}", refused.talk);
    // A cancelled sweep is no obstacle to the same one anew.
    assert_eq!(fleet.ask(&["submit", "sweep.yaml"]).trim(), "s2");
    until("a trial of the second sweep", || (fleet.json(&["list"])[1]["started"].is_u64()).then_some(()));
    fleet.ask(&["cancel", "s2"]);
    worker.signal("TERM");
    assert_eq!(worker.end(), Some(0), "{}", worker.talk());
}
