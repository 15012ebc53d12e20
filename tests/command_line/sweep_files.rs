//! Sweep files with mistakes: all of them are told at once, with their places, and nothing is started.

use insta::assert_snapshot;

use crate::said::refused;
use crate::world::Place;

/// Without mistakes.
const GOOD: &str = "\
name: small
method: grid
metric: {name: valid_accuracy, goal: maximize}
recipe:
  data: {source: synth, clips_per_style: 6, seconds: 2}
  features: {height: 32, width: 32}
  epochs: 2
parameters:
  batch: {values: [8, 16]}
";

#[test]
fn mistakes_in_the_file() {
    let place = Place::new();
    let cases = [
        ("unknown_key", GOOD.replace("  epochs: 2", "  epochs: 2\n  learning_rate: 0.1")),
        ("unknown_key_at_the_top", GOOD.replace("method: grid", "methods: grid")),
        ("misspelt_value", GOOD.replace("goal: maximize", "goal: maximise")),
        ("misspelt_source", GOOD.replace("source: synth", "source: sinth")),
        ("wrong_type", GOOD.replace("epochs: 2", "epochs: two")),
        ("impossible_value", GOOD.replace("[8, 16]", "[8, 0]")),
        ("impossible_net", GOOD.replace("epochs: 2", "net: {depth: 9}")),
        ("empty_grid", GOOD.replace("[8, 16]", "[]")),
        (
            "everything_at_once",
            GOOD.replace("grid", "gird").replace("epochs: 2", "epochs: -1").replace("batch", "bach"),
        ),
        ("unclosed", GOOD.replace("[8, 16]", "[8, 16")),
        ("a_tab", GOOD.replace("  epochs", "\tepochs")),
        ("twice", GOOD.replace("  epochs: 2", "  epochs: 2\n  epochs: 3")),
        ("a_list", "- 1\n- 2\n".into()),
        ("empty", String::new()),
    ];
    for (name, text) in cases {
        assert!(text != GOOD, "{name} has no mistake");
        place.write("sweep.yaml", text);
        assert_snapshot!(name, refused(&place, 2, &["run", "sweep.yaml"]));
    }
    assert!(!place.data_dir().exists() && !place.path().join("cache").exists(), "a bad file started something");
}

#[test]
fn files_that_are_none() {
    let place = Place::new();
    place.write("latin1.yaml", b"name: caf\xe9\n");
    std::fs::create_dir(place.path().join("folder.yaml")).expect("a folder");
    place.write("large.yaml", vec![b'#'; 3 << 20]);
    for name in ["latin1", "folder", "large", "absent"] {
        assert_snapshot!(name, refused(&place, 2, &["run", &format!("{name}.yaml")]));
    }
}

#[test]
fn mistakes_in_overrides() {
    let place = Place::new();
    place.write("sweep.yaml", GOOD);
    let cases = [
        ("set_without_a_value", "batch"),
        ("set_without_a_path", "=3"),
        ("set_an_unknown_path", "optimizer.lr=0.1"),
        ("set_a_wrong_type", "epochs=many"),
        ("set_an_impossible_value", "optimiser.lr=-1"),
        ("set_broken_yaml", "batch=[1,"),
        ("set_a_metric_that_is_none", "metric.name=accuracy"),
    ];
    for (name, set) in cases {
        assert_snapshot!(name, refused(&place, 2, &["run", "--set", set, "sweep.yaml"]));
    }
    assert!(!place.data_dir().exists());
}
