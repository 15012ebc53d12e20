//! Thousands of trials that train nothing: what is left is the bookkeeping.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fleet::Fleet;
use crate::world::until;

const TRIALS: u64 = 2_000;

#[test]
fn each_of_many_trials_is_completed_once_though_the_coordinator_is_killed() {
    let mut fleet = Fleet::start(&[]);
    let workers = [fleet.worker(&["--slots", "8"]), fleet.worker(&["--slots", "8"])];
    until("both workers", || (fleet.workers().len() == 2).then_some(()));
    let text = format!("name: many\nrecipe: {{task: noop}}\nparameters: {{seed: {{min: 1, max: {TRIALS}}}}}\n");
    fleet.place.write("many.yaml", text);
    fleet.ask(&["submit", "many.yaml"]);
    let completed = |fleet: &Fleet| fleet.json(&["list"])[0]["counts"]["completed"].as_u64().expect("a count");
    let before = until("some trials", || Some(completed(&fleet)).filter(|n| *n >= TRIALS / 20));
    fleet.kill_coordinator();
    assert!(before < TRIALS, "all were done before the coordinator could be killed");
    fleet.start_coordinator();
    assert!(completed(&fleet) >= before, "a completed trial was forgotten");
    let standing = fleet.await_standing("the end of the sweep", |s| s.state() == "finished");
    assert_eq!((standing.count("completed"), standing.number("trials")), (TRIALS, TRIALS));

    let trials = standing.trials();
    let ids: BTreeSet<&str> = trials.iter().filter_map(|t| t["id"].as_str()).collect();
    assert_eq!(ids.len() as u64, TRIALS);
    let attempts = |t: &Value| t["attempts"].as_u64().expect("a number");
    assert_eq!(trials.iter().map(attempts).sum::<u64>(), standing.number("attempts"));
    // At most the offers that were under way when it was killed had to be made again.
    assert!(standing.number("attempts") <= TRIALS + 16, "{} attempts", standing.number("attempts"));
    for trial in trials.iter().filter(|t| attempts(t) > 1) {
        let detail = fleet.json(&["show", trial["id"].as_str().expect("an id")]);
        let outcomes: Vec<&str> =
            detail["attempts"].as_array().expect("a list").iter().filter_map(|a| a["outcome"].as_str()).collect();
        let completed = outcomes.iter().filter(|o| **o == "completed").count();
        assert_eq!((completed, outcomes.last()), (1, Some(&"completed")), "{detail}");
    }
    drop(workers);
    fleet.stop_coordinator();
}
