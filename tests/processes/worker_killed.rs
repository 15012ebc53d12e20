//! A worker dies in mid-trial: another goes on from the last stored epoch.

use serde_json::Value;

use crate::fleet::Fleet;
use crate::results::Results;
use crate::sweep::{EPOCHS, TRIALS};
use crate::world::until;

/// Waits until two trials run with epochs behind and before them, kills their worker, and starts another. Yields how the
/// sweep ended for each trial.
fn kill_amid(fleet: &Fleet, args: &[&str], next: &[&str]) -> Vec<Value> {
    let worker = fleet.worker(args);
    fleet.submit();
    fleet.await_standing("two trials with stored epochs", |s| s.amid(1) == 2);
    worker.kill();
    until("the coordinator to notice", || fleet.workers().iter().all(|w| w["connected"] == false).then_some(()));
    let (standing, before) = (fleet.standing(), fleet.ledger("s1"));
    let unfinished = standing.count("running");
    assert!(unfinished > 0, "the worker was killed after its last epoch: {standing:?}");
    let _next = fleet.worker(next);
    let standing = fleet.finished();
    assert_eq!(standing.number("attempts"), TRIALS + unfinished);
    before.assert_kept(&fleet.ledger("s1"));
    fleet.results("s1").assert_same(Results::undisturbed());
    fleet.details("s1")
}

/// The trials that were interrupted: each has a second attempt, which went on where the first was stored.
fn assert_resumed(details: &[Value]) {
    let twice: Vec<&Value> = details.iter().filter(|d| d["trial"]["attempts"] == 2).collect();
    assert!(!twice.is_empty());
    for detail in twice {
        let attempts = detail["attempts"].as_array().expect("a list");
        assert_eq!(attempts[0]["outcome"], "lapsed", "{detail}");
        assert_eq!(attempts[1]["outcome"], "completed", "{detail}");
        assert_eq!(attempts[0]["resumed_after"], 0);
        assert!(attempts[1]["resumed_after"].as_u64() <= Some(EPOCHS));
    }
    let resumed = |d: &Value| d["attempts"][1]["resumed_after"].as_u64().is_some_and(|epoch| epoch >= 1);
    assert!(details.iter().any(resumed), "no second attempt went on from an epoch: {details:#?}");
}

#[test]
fn a_killed_workers_trials_go_on_elsewhere_when_its_lease_is_over() {
    let fleet = Fleet::start(&["--lease", "3s", "--heartbeat", "1s"]);
    let details = kill_amid(&fleet, &["--slots", "2"], &["--slots", "2"]);
    assert_resumed(&details);
    assert_eq!(fleet.workers().len(), 2);
}

#[test]
fn a_worker_of_the_same_name_takes_over_at_once() {
    // The lease is longer than any test waits.
    let fleet = Fleet::start(&["--lease", "10m"]);
    let details = kill_amid(&fleet, &["--slots", "2", "--name", "bench"], &["--slots", "2", "--name", "bench"]);
    assert_resumed(&details);
    assert_eq!(fleet.workers().len(), 1);
}
