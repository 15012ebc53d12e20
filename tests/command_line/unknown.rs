//! Questions about what is not there, and what is over.

use insta::assert_snapshot;

use crate::said::refused;
use crate::world::Place;

const TWO: &str = "name: two\nrecipe: {task: noop}\nparameters: {seed: {values: [1, 2]}}\n";

#[test]
fn no_such_sweep_or_trial() {
    let place = Place::new();
    place.write("two.yaml", TWO);
    place.ask(&["run", "two.yaml"]);
    for (name, args) in [
        ("show_no_sweep", &["show", "s9"][..]),
        ("show_no_trial", &["show", "s1/t99"]),
        ("top_no_sweep", &["top", "s9"]),
        ("watch_no_sweep", &["watch", "s9"]),
        ("pause_no_sweep", &["pause", "s9"]),
        ("resume_no_sweep", &["resume", "s9"]),
        ("cancel_no_sweep", &["cancel", "s9"]),
        ("resume_finished", &["resume", "s1"]),
        ("top_unknown_column", &["top", "s1", "--sort", "test_acuracy"]),
    ] {
        assert_snapshot!(name, refused(&place, 2, args));
    }
}

#[test]
fn no_store_and_no_coordinator() {
    let place = Place::new();
    let mut list = place.command(&["list"]);
    let said = place.complete(&mut list);
    // A coordinator of the tester's own may answer at the default address.
    if said.code == Some(3) {
        crate::said::assert_failure(3, &said);
        assert_snapshot!("no_store", crate::said::shown(&place, &["list"], &said));
    }
    assert!(!place.data_dir().exists(), "looking made a store");
}
