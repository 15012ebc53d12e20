//! Who may speak with a coordinator.

use crate::fleet::Fleet;
use crate::world::{Place, until};

#[test]
fn a_coordinator_with_a_token_hears_nobody_without() {
    let place = Place::new();
    place.write("token", "a secret of sixteen or more characters\n");
    place.write("wrong", "another secret, which is just as long..\n");
    let mut fleet = Fleet::start_in(place, &["--token-file", "token"]);
    for args in [&["list"][..], &["list", "--token-file", "wrong"], &["submit", "sweep.yaml"], &["worker"]] {
        let refused = fleet.run(args);
        assert_eq!((refused.code, refused.data.as_str()), (Some(2), ""), "{args:?}: {}", refused.talk);
        assert!(refused.talk.contains("--token-file"), "{args:?}: {}", refused.talk);
    }
    assert_eq!(fleet.ask(&["list", "--token-file", "token"]), "");
    let _worker = fleet.worker(&["--token-file", "token"]);
    fleet.place.write("one.yaml", "name: one\nrecipe: {task: noop}\nparameters: {seed: {values: [1]}}\n");
    fleet.ask(&["submit", "--token-file", "token", "one.yaml"]);
    until("the trial", || (fleet.json(&["list", "--token-file", "token"])[0]["state"] == "finished").then_some(()));
    fleet.stop_coordinator();
}

#[test]
fn an_open_address_wants_a_token() {
    let place = Place::new();
    let said = place.run(&["coordinator", "--listen", "0.0.0.0:0"]);
    assert_eq!((said.code, said.data.as_str()), (Some(2), ""), "{}", said.talk);
    assert!(said.talk.contains("0.0.0.0:0 is reachable") && said.talk.contains("--token-file"), "{}", said.talk);
    assert!(!place.data_dir().exists(), "a coordinator that is refused leaves nothing behind");
}
