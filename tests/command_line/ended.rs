//! Sweeps that are over.

use insta::assert_snapshot;

use crate::said::{shown, tidy};
use crate::world::{Place, until};

const TWO: &str = "name: two\nrecipe: {task: noop}\nparameters: {seed: {values: [1, 2]}}\n";

#[test]
fn a_coordinator_that_is_asked_to_stop_says_so() {
    let place = Place::new();
    let mut coordinator = place.start(&["coordinator", "--listen", "127.0.0.1:0"]);
    until("the coordinator to say what is next", || coordinator.talk().contains("next:").then_some(()));
    coordinator.signal("TERM");
    assert_eq!(coordinator.end(), Some(0));
    assert_eq!(coordinator.data(), "");
    assert_snapshot!("coordinator_stopped", tidy(&place, &coordinator.talk()));
    assert!(!place.data_dir().join("coordinator.addr").exists());
}

#[test]
fn a_finished_sweep_is_shown_and_not_run_again() {
    let place = Place::new();
    place.write("two.yaml", TWO);
    place.ask(&["run", "two.yaml"]);
    let args = ["run", "two.yaml"];
    let mut said = place.run(&args);
    assert_eq!(said.code, Some(0), "{}", said.talk);
    // How long it took is another time each time.
    let took = said.talk.find("completed in ").expect("it says how long it took");
    let line = said.talk[took..].find('\n').map_or(said.talk.len(), |end| took + end);
    said.talk.replace_range(took + "completed in ".len()..line, "[time]");
    assert_snapshot!("finished_already", shown(&place, &args, &said));
    assert_eq!(place.json(&["list"]).as_array().map(Vec::len), Some(1));
    place.ask(&["run", "--again", "two.yaml"]);
    assert_eq!(place.json(&["list"]).as_array().map(Vec::len), Some(2));
}
