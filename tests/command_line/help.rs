//! The help, and command lines that are none.

use insta::assert_snapshot;

use crate::said::{assert_failure, shown};
use crate::world::Place;

/// What a command prints where no variable says anything: the help shows them.
fn plainly(place: &Place, code: i32, args: &[&str]) -> String {
    let mut command = place.command(args);
    let said = place.complete(command.env_remove("GLISS_DATA_DIR").env_remove("GLISS_CACHE_DIR"));
    match code {
        0 => assert_eq!((said.code, said.talk.as_str()), (Some(0), "")),
        code => assert_failure(code, &said),
    }
    shown(place, args, &said)
}

#[test]
fn help() {
    let place = Place::new();
    for (name, args) in [("help", &["--help"][..]), ("help_run", &["run", "--help"]), ("help_top", &["top", "-h"])] {
        assert_snapshot!(name, plainly(&place, 0, args));
    }
}

#[test]
fn command_lines_that_are_none() {
    let place = Place::new();
    let cases = [
        ("no_such_verb", &["rnu", "x.yaml"][..]),
        ("no_such_option", &["run", "--slot", "2", "x.yaml"]),
        ("no_file", &["run"]),
        ("no_slots", &["worker", "--slots", "0"]),
        ("no_time", &["coordinator", "--lease", "soon"]),
        ("no_number", &["top", "s1", "--limit", "few"]),
        ("no_address", &["coordinator", "--listen", "here"]),
        ("no_sweep_id", &["pause", "1"]),
        ("no_trial_id", &["show", "t3"]),
    ];
    for (name, args) in cases {
        assert_snapshot!(name, plainly(&place, 2, args));
    }
}
