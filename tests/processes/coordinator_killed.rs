//! The coordinator dies in mid-sweep: workers train on and come back.

use crate::fleet::Fleet;
use crate::results::Results;
use crate::sweep::TRIALS;
use crate::world::until;

#[test]
fn a_killed_coordinator_costs_nothing() {
    let mut fleet = Fleet::start(&[]);
    let mut worker = fleet.worker(&["--slots", "2"]);
    fleet.submit();
    for stored in [5, 12, 20] {
        // Stopped in the midst of a trial, however fast it trains, it has epochs to go when its coordinator is gone.
        until("epochs of trials that run on", || {
            fleet.await_standing("stored epochs", |s| s.number("epochs_done") >= stored);
            worker.signal("STOP");
            let amid = fleet.standing().amid(2) > 0;
            if !amid {
                worker.signal("CONT");
            }
            amid.then_some(())
        });
        let before = fleet.ledger("s1");
        fleet.kill_coordinator();
        let seen = fleet.checkpoints();
        worker.signal("CONT");
        // It trains on while nobody listens: a checkpoint is written after each epoch, and none is removed before the
        // coordinator knows the next.
        until("a checkpoint of an epoch that nobody heard of", || {
            fleet.checkpoints().iter().find(|c| !seen.contains(c)).cloned()
        });
        assert!(worker.is_alive());
        fleet.start_coordinator();
        before.assert_kept(&fleet.ledger("s1"));
    }
    let standing = fleet.finished();
    assert_eq!(standing.number("attempts"), TRIALS, "an attempt was started again because its coordinator was");
    assert_eq!(fleet.workers().len(), 1);
    assert!(worker.is_alive());
    fleet.results("s1").assert_same(Results::undisturbed());
}

/// Two trials that last longer than the outage below.
const LONG_TRIALS: &str = "\
name: long
recipe:
  data: {source: synth, clips_per_style: 6, seconds: 2}
  split: {valid: 0.25, test: 0.25}
  features: {height: 64, width: 64}
  net: {name: liu_cnn, filters: 12, dense: [16], depth: 2, dropout: 0.3}
  batch: 8
  epochs: 40
parameters:
  optimiser.lr: {values: [0.001, 0.002]}
";

#[test]
fn an_outage_longer_than_the_lease_loses_no_epoch() {
    let mut fleet = Fleet::start(&["--lease", "900ms", "--heartbeat", "300ms"]);
    let worker = fleet.worker(&["--slots", "2", "-v"]);
    fleet.place.write("long.yaml", LONG_TRIALS);
    fleet.ask(&["submit", "long.yaml"]);
    fleet.await_standing("epochs of both trials", |s| s.trials().iter().all(|t| t["epoch"].as_u64() >= Some(1)));
    let before = fleet.ledger("s1");
    fleet.kill_coordinator();
    // Without its coordinator's word it may not go on: another could have its trials by now.
    until("the worker's attempts to stop", || worker.talk().contains("the leases ran out").then_some(()));
    fleet.start_coordinator();
    let standing = fleet.await_standing("the end of the sweep", |s| s.state() == "finished");
    assert!(standing.number("attempts") >= 4, "both attempts had to stop: {standing:?}");
    before.assert_kept(&fleet.ledger("s1"));
    fleet.ask(&["submit", "--again", "long.yaml"]);
    until("the end of the same sweep, undisturbed", || (fleet.json(&["list"])[1]["state"] == "finished").then_some(()));
    fleet.results("s1").assert_same(&fleet.results("s2"));
}
