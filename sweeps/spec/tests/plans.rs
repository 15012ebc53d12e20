//! Files that are right, and the plans they make.

use std::path::Path;

use gliss_spec::{Finding, Override, Planned, Source, plan};
use gliss_types::recipe::{Data, Method};
use gliss_types::{Goal, Recipe};
use serde_json::{Value, json};

fn planned(text: &str, sets: &[&str]) -> Planned {
    let overrides = sets.iter().map(|set| Override::parse(set).unwrap_or_else(|e| panic!("{e:#}")));
    let overrides: Vec<_> = overrides.collect();
    let planned = plan(&Source::new("sweeps/try.yaml", text), &overrides, Path::new("/home/me/sweeps"));
    let planned = planned.unwrap_or_else(|errors| panic!("{errors:#}"));
    for (index, recipe) in planned.recipes().enumerate() {
        assert!(recipe.is_ok(), "point {index}: {recipe:?}");
    }
    planned
}

fn points(planned: &Planned) -> Vec<Value> {
    let point = |i| planned.plan.space.point(i).map(|p| p.into_iter().map(|(path, v)| json!([path, v])).collect());
    (0..planned.points).filter_map(point).collect()
}

fn warnings(planned: &Planned) -> Vec<String> {
    planned.warnings.iter().map(Finding::plain).collect()
}

const QUICKSTART: &str = "
name: quickstart
description: |
  A first look.
  Two lines of it.
method: grid
metric: {name: valid_loss}
attempts: 2
recipe:
  data: {source: synth, clips_per_style: 8}
  features: {height: 64, width: 64}
  epochs: 4
parameters:
  batch: {values: [16, 32]}
  optimiser:
    values:
      - {name: adam, lr: 0.001}
      - {name: sgd, lr: 0.05, momentum: 0.9}
  net:
    parameters:
      depth: {min: 2, max: 4}
      dropout: {value: 0.25}
";

#[test]
fn a_first_sweep() {
    let planned = planned(QUICKSTART, &[]);
    assert_eq!((planned.points, planned.warnings.len()), (12, 0));
    let plan = &planned.plan;
    assert_eq!((plan.name.as_str(), plan.description.as_str()), ("quickstart", "A first look.\nTwo lines of it."));
    assert_eq!((plan.objective.metric.as_str(), plan.objective.goal), ("valid_loss", Goal::Minimize));
    assert_eq!(plan.max_attempts, 2);
    assert_eq!(plan.source, QUICKSTART);
    assert_eq!(plan.recipe.get("net.dropout"), Some(&json!(0.25)));
    let order: Vec<_> = plan.space.dimensions.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(order, ["batch", "optimiser", "net.depth"]);
    let settings = plan.settings(3).expect("in range");
    assert_eq!(settings.get("optimiser"), Some(&json!({"name": "sgd", "lr": 0.05, "momentum": 0.9})));
    let Some(Ok(Recipe::Train(training))) = planned.recipe(3) else { panic!("point 3 trains") };
    assert!(matches!(training.optimiser.method, Method::Sgd { momentum: 0.9, .. }));
    assert_eq!(training.batch, 16);
}

#[test]
fn rows_times_grid() {
    let planned = planned(
        "
recipe: {data.source: synth, epochs: 3}
parameters: {seed: {values: [1, 2]}}
rows:
  - {batch: 8, optimiser: {name: sgd, lr: 0.1}}
  - {batch: 16, optimiser.name: adam, epochs: 5}
",
        &[],
    );
    assert_eq!(planned.points, 4);
    assert_eq!(points(&planned)[2], json!([["batch", 16], ["optimiser.name", "adam"], ["epochs", 5], ["seed", 1]]));
    assert_eq!(planned.plan.settings(0).and_then(|s| s.get("epochs").cloned()), Some(json!(3)));
    assert_eq!(planned.plan.settings(3).and_then(|s| s.get("epochs").cloned()), Some(json!(5)));
}

#[test]
fn the_documented_grid_of_wandb_reads_with_our_settings() {
    let planned = planned(
        "
method: grid
metric:
  name: valid_accuracy
  goal: maximize
parameters:
  data.source:
    value: synth
  optimiser.name:
    values: [adam, sgd]
    distribution: categorical
  net.dropout:
    values: [0.3, 0.4, 0.5]
  epochs:
    value: 1
    distribution: constant
  batch:
    distribution: int_uniform
    min: 16
    max: 18
",
        &[],
    );
    assert_eq!(planned.points, 18);
    assert_eq!(planned.plan.name, "try");
}

#[test]
fn a_value_may_be_a_mapping_with_dots_and_refine_what_is_fixed() {
    let planned = planned(
        "
recipe: {data.source: synth, schedule.name: triangular}
parameters:
  schedule:
    values: [{max_lr: 0.1}, {max_lr: 0.2, half_cycle: 2}]
  features: {values: [{mels: 64}, {mels: 32, height: 32}]}
",
        &[],
    );
    let schedule = planned.plan.settings(3).and_then(|s| s.get("schedule").cloned());
    assert_eq!(schedule, Some(json!({"name": "triangular", "max_lr": 0.2, "half_cycle": 2})));
}

#[test]
fn one_point_needs_no_space() {
    assert_eq!(planned("recipe: {data.source: synth}", &[]).points, 1);
    assert_eq!(planned("rows: [{data.source: synth}]", &[]).points, 1);
}

#[test]
fn aliases_stand_for_their_values() {
    let planned = planned(
        "
recipe: {data.source: synth, seed: &n 3, data.seed: *n}
parameters:
  optimiser: {values: [&adam {name: adam, lr: 0.1}, {name: sgd}]}
",
        &[],
    );
    assert_eq!(planned.plan.recipe.get("data.seed"), Some(&json!(3)));
}

#[test]
fn data_paths_become_absolute() {
    let text = "
recipe: {data: {source: folder, path: ../music/./gtzan}}
";
    let path = |planned: &Planned| planned.plan.recipe.get("data.path").cloned();
    assert_eq!(path(&planned(text, &[])), Some(json!("/home/me/music/gtzan")));
    assert_eq!(path(&planned(text, &["data.path=/other"])), Some(json!("/other")));
    assert_eq!(path(&planned(text, &["data.path=other"])), Some(json!("/home/me/sweeps/other")));

    let here = Override::parse("data.path=other").expect("an override").relative_to(Path::new("/tmp/here"));
    let planned_here = plan(&Source::new("try.yaml", text), &[here], Path::new("/home/me")).expect("a plan");
    assert_eq!(path(&planned_here), Some(json!("/tmp/here/other")));

    let searched = planned(
        "
parameters:
  data: {values: [{source: folder, path: a}, {source: manifest, path: b.csv}]}
rows: [{epochs: 1}, {epochs: 2}]
",
        &[],
    );
    let Some(Ok(Recipe::Train(training))) = searched.recipe(3) else { panic!("point 3 trains") };
    assert!(matches!(&training.data, Data::Manifest { path, .. } if path == "/home/me/sweeps/b.csv"));

    let tracks = planned("recipe: {data: {source: fma, path: fma_small, tracks: ../tracks.csv}}", &[]);
    assert_eq!(tracks.plan.recipe.get("data.tracks"), Some(&json!("/home/me/tracks.csv")));
}

#[test]
fn overrides_fix_replace_and_label() {
    let set = |sets: &[&str]| planned(QUICKSTART, sets);
    let one = set(&["batch=64"]);
    assert_eq!((one.points, one.plan.recipe.get("batch")), (6, Some(&json!(64))));
    let three = set(&["batch=[8, 16, 64]"]);
    assert_eq!(three.points, 18);
    assert_eq!(three.plan.space.dimensions[0].path.as_str(), "batch");
    // A list for a fixed setting, or one that the file does not have, is values to try.
    let (more, new) = (set(&["epochs=[2, 3]"]), set(&["precision=[single, tf32]"]));
    assert_eq!((more.points, more.plan.recipe.get("epochs"), new.points), (24, None, 24));
    assert_eq!(set(&["optimiser.momentum=[0.5, 0.9]"]).points, 24);
    let nets = planned("recipe: {data: {source: table, path: t.csv}, net: {name: mlp}}", &["net.hidden=[64, 32]"]);
    assert_eq!((nets.points, nets.plan.recipe.get("net.hidden")), (1, Some(&json!([64, 32]))));
    let whole = set(&["optimiser={name: sgd, lr: 0.1}"]);
    assert_eq!((whole.points, whole.plan.recipe.get("optimiser")), (6, Some(&json!({"name": "sgd", "lr": 0.1}))));
    let inner = set(&["optimiser.lr=0.1"]);
    assert_eq!(inner.points, 12);
    assert_eq!(
        inner.plan.settings(3).and_then(|s| s.get("optimiser").cloned()),
        Some(json!({"name": "sgd", "lr": 0.1, "momentum": 0.9}))
    );
    let fixed = set(&["net.dropout=0.5", "net.dropout=0.75", "epochs=9"]);
    assert_eq!(fixed.plan.recipe.get("net.dropout"), Some(&json!(0.75)));
    let f1 = set(&["metric.name=valid_macro_f1"]).plan.objective;
    assert_eq!((f1.metric.as_str(), f1.goal), ("valid_macro_f1", Goal::Maximize));
    let labels = set(&["name=again", "metric.name=valid_accuracy", "attempts=5", "description='a: b'"]);
    assert_eq!(
        (labels.plan.name.as_str(), labels.plan.max_attempts, labels.plan.objective.goal),
        ("again", 5, Goal::Maximize)
    );
    assert_eq!(labels.plan.description, "a: b");
}

#[test]
fn an_override_that_makes_rows_alike_makes_them_one() {
    let text = "
recipe: {data.source: synth}
rows: [{batch: 8, seed: 1}, {batch: 16, seed: 1}, {batch: 16, seed: 2}]
";
    assert_eq!(planned(text, &["batch=4"]).points, 2);
    assert_eq!(planned(text, &["batch=4", "seed=1"]).points, 1);
}

#[test]
fn the_fingerprint_is_of_what_decides_trials() {
    let print = |text: &str| planned(text, &[]).plan.fingerprint;
    let first = print(QUICKSTART);
    assert_eq!(first.len(), 32);
    assert_eq!(
        print(&QUICKSTART.replace("A first look.", "Another look.").replace("name: quickstart", "name: q")),
        first
    );
    assert_eq!(print(&QUICKSTART.replace("  data: {source: synth, ", "  data: { \"source\": synth, ")), first);
    for (from, to) in [
        ("[16, 32]", "[32, 16]"),
        ("attempts: 2", "attempts: 3"),
        ("valid_loss", "train_loss"),
        ("epochs: 4", "epochs: 5"),
    ] {
        assert_ne!(print(&QUICKSTART.replace(from, to)), first, "{from}");
    }
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let planned = planned(
        "
metric: {name: valid_accuracy, goal: minimize}
recipe: {data.source: synth, net.hidden: [8], data.path: /music}
parameters:
  optimiser.name: {values: [adam, sgd]}
  optimiser.momentum: {values: [0, 0.5, 0.9]}
  schedule:
    values: [{name: constant}, {name: triangular, half_cycle: 2}, {name: constant, max_lr: 0.5}]
",
        &[],
    );
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        let shown: String = planned.warnings.iter().map(|w| w.rendered(100) + "\n").collect();
        insta::assert_snapshot!("warnings", shown);
    });
}

// The top of PyTorch's one cycle is a setting of its own; here it is the optimiser's rate, which would have no effect else.
#[test]
fn one_cycle_s_top_is_the_optimiser_s_rate() {
    let planned = planned("recipe: {data.source: synth, schedule: {name: one_cycle, max_lr: 0.1}}", &[]);
    let [warning] = &warnings(&planned)[..] else { panic!("{:?}", warnings(&planned)) };
    assert!(warning.contains("the top of `schedule.name: one_cycle` is `optimiser.lr`"), "{warning}");
}

#[test]
fn a_large_sweep_is_checked_value_by_value() {
    let text = "
recipe: {data.source: synth}
parameters:
  seed: {min: 0, max: 299}
  data.seed: {min: 0, max: 299}
  batch: {values: [1, 2, 4, 8, 16]}
";
    let source = |text: &str| Source::new("large.yaml", text);
    let planned = plan(&source(text), &[], Path::new("/")).expect("a plan");
    assert_eq!(planned.points, 450_000);
    assert!(warnings(&planned)[0].contains("of 450000 points are checked"), "{:?}", warnings(&planned));
    let wrong = text.replace("[1, 2, 4, 8, 16]", "[1, 2, 4, 8, none]");
    let errors = plan(&source(&wrong), &[], Path::new("/")).expect_err("a wrong value");
    assert_eq!(errors.findings().len(), 1);
    assert_eq!(errors.findings()[0].text, "none");
}

#[test]
fn one_wrong_value_in_a_long_list_is_found() {
    let values: String = (0..20_500).map(|i| if i == 12_347 { "-1, ".to_owned() } else { format!("{i}, ") }).collect();
    let text = format!("recipe: {{data.source: synth}}\nparameters: {{seed: {{values: [{values}]}}}}");
    let errors = plan(&Source::new("long.yaml", text), &[], Path::new("/")).map(|p| p.points).expect_err("-1");
    assert_eq!(errors.findings().iter().map(|f| f.text.as_str()).collect::<Vec<_>>(), ["-1"]);
}

#[test]
fn plans_and_errors_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Planned>();
    crosses::<gliss_spec::SpecErrors>();
    crosses::<Finding>();
}

#[test]
fn a_fault_found_later_is_shown_in_the_file() {
    let planned = planned("recipe: {data.source: folder}\nparameters: {data.path: {values: [a, b]}}", &[]);
    let errors = planned.fault("data.path", Some(&json!("/home/me/sweeps/b")), "there is no such folder", None);
    let finding = &errors.findings()[0];
    assert_eq!((finding.line, finding.column, finding.text.as_str()), (2, 38, "b"));
    assert_eq!(planned.fault("net.depth", None, "too deep", None).findings()[0].line, 1);
}
