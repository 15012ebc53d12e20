//! A sweep whose trials all fail for one reason, which nobody could know when it was planned.

use std::fs;

use crate::fleet::Fleet;
use crate::world::until;

const SWEEP: &str = "
name: hopeless
max_running: 2
give_up_after: 3
recipe: {data.source: table, data.path: table.csv, net.name: mlp_32, epochs: 1}
parameters: {seed: {min: 1, max: 12}}
";

/// A table of two classes in two columns.
fn table() -> String {
    let rows = (0..24).map(|row| format!("{},{},{}\n", row % 7, row % 5, if row % 2 == 0 { "jazz" } else { "rock" }));
    format!("low,high,label\n{}", rows.collect::<String>())
}

#[test]
fn a_sweep_that_fails_alike_is_paused_says_why_and_goes_on_when_mended() {
    let fleet = Fleet::start(&[]);
    fleet.place.write("sweep.yaml", SWEEP);
    fleet.place.write("table.csv", table());
    fleet.submit();
    let file = fleet.place.path().join("table.csv");
    fs::remove_file(&file).expect("it is there");
    let _worker = fleet.worker(&["--slots", "4"]);

    let reason = until("the sweep to be paused", || {
        let row = fleet.json(&["list"])[0].clone();
        row["halted"].as_str().map(str::to_owned).filter(|_| row["state"] == "paused")
    });
    assert!(reason.starts_with("3 trials in a row failed alike: ") && reason.contains("table.csv"), "{reason}");
    let standing = fleet.await_standing("what ran to end", |s| s.count("running") + s.count("leased") == 0);
    let failed = standing.count("failed");
    // Of the two that ran beside each other the second may have failed before it heard.
    assert!((3..=4).contains(&failed), "{failed} failed");
    assert!(fleet.ask(&["explain", "s1/t12"]).contains(&reason));

    fleet.place.write("table.csv", table());
    fleet.ask(&["resume", "s1"]);
    let ended = fleet.await_standing("the sweep to end", |s| s.count("completed") + s.count("failed") == 12);
    assert_eq!(ended.count("failed"), failed);
    assert_eq!(fleet.json(&["list"])[0]["halted"], serde_json::Value::Null);
}
