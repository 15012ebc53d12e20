//! Defects of published programs, each switched on alone (papers.md 1.9, 4.6, 5.8).

mod support;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use gliss_train::trainer::TrainError;
use gliss_types::{EpochReport, Recipe, Summary};
use serde_json::{Value, json};

use support::bench::{Bench, on_table, table, timeless, value_of, without_time};

/// Rows of three classes, in their order: 54 that train, 18 that validate, 18 that test. Row `changed` is another.
fn listed(folder: &Path, changed: Option<usize>) -> PathBuf {
    let mut text = String::from("a,b,side,label\n");
    for row in 0..90 {
        let side = if row < 54 { "train" } else { ["valid", "test"][row / 72] };
        let class = row % 3;
        let a = 4.0 * class as f64 + if changed == Some(row) { 50.0 } else { 0.01 * row as f64 };
        writeln!(text, "{a},{},{side},{}", row % 7, ["folk", "jazz", "rock"][class]).expect("written");
    }
    let path = folder.join(format!("listed-{}.csv", changed.map_or(90, |row| row)));
    fs::write(&path, text).expect("written");
    path
}

fn on_listed(path: &Path, changes: Value) -> Recipe {
    let mut settings = json!({
        "data": {"source": "table", "path": path, "split": "side"},
        "split": {"method": "predefined"},
        "features": {"standardise": false},
    });
    for (key, value) in changes.as_object().expect("a mapping") {
        settings[key] = value.clone();
    }
    on_table(path, settings)
}

/// What a checkpoint holds of the weights of the last epoch.
fn tensor(bench: &Bench, report: &EpochReport, name: &str) -> Vec<f32> {
    let tensors = bench.checkpoints.read(&report.checkpoint.hash).expect("there").tensors;
    let found = tensors.into_iter().find(|tensor| tensor.name == format!("weights/{name}"));
    found.unwrap_or_else(|| panic!("no {name}")).values
}

fn losses(reports: &[EpochReport]) -> Vec<f64> {
    reports.iter().map(|report| value_of(report, "train_loss")).collect()
}

/// So small that no weight moves.
const STILL: f64 = 1e-30;

#[test]
fn a_net_in_eval_mode_drops_nothing_and_keeps_its_statistics() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let trained = |lr: f64, on: bool| {
        let net = json!({"name": "mlp", "hidden": [16], "dropout": 0.5, "norm": true});
        let optimiser = json!({"name": "sgd", "lr": lr});
        let settings = json!({"net": net, "optimiser": optimiser, "quirks": {"eval_mode_after_first_epoch": on}});
        bench.complete(&on_table(&path, settings)).1
    };
    let (with, without) = (trained(STILL, true), trained(STILL, false));
    let [with, without] = [losses(&with), losses(&without)];
    assert_eq!(with[0], without[0], "the first epoch is as it should be");
    let same = |losses: &[f64]| losses.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-6);
    assert!(same(&with[1..]) && !same(&without[1..]), "{with:?}, {without:?}");
    let moving = trained(0.1, true);
    let statistics = |report| tensor(&bench, report, "norm.0.running_mean");
    assert_eq!(statistics(&moving[0]), statistics(&moving[5]));
    assert_ne!(tensor(&bench, &moving[0], "norm.0.weight"), tensor(&bench, &moving[5], "norm.0.weight"));
    let usual = trained(0.1, false);
    assert_ne!(statistics(&usual[0]), statistics(&usual[5]));
}

#[test]
fn a_head_of_1000_learns_classes_that_are_the_first_outputs() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let settings = json!({"quirks": {"head_1000": true}, "epochs": 30, "optimiser": {"lr": 0.01}});
    let (summary, reports) = bench.complete(&on_table(&path, settings));
    assert_eq!(summary.parameters, 3 * 16 + 16 + 16 * 1000 + 1000);
    assert!(value_of(&reports[0], "train_loss") > 5.0, "near ln 1000: {:?}", reports[0]);
    assert!(summary.score > 0.7, "{summary:?}");
}

#[test]
fn a_sliding_minibatch_never_sees_the_rest() {
    let bench = Bench::new();
    // Three steps of 20: rows 0 to 21.
    let weights = |changed: Option<usize>, on: bool| {
        let path = listed(bench.root.path(), changed);
        let settings = json!({"batch": 20, "quirks": {"sliding_minibatch": on}});
        let (_, reports) = bench.complete(&on_listed(&path, settings));
        bench
            .bits(&reports[5].checkpoint)
            .into_iter()
            .filter(|(name, _)| name.starts_with("weights/"))
            .collect::<Vec<_>>()
    };
    let seen = weights(None, true);
    assert!([22, 40, 53].into_iter().all(|row| weights(Some(row), true) == seen));
    assert!([0, 21].into_iter().all(|row| weights(Some(row), true) != seen));
    assert_ne!(weights(Some(40), false), weights(None, false));
}

#[test]
fn validation_in_train_mode_moves_the_statistics_and_drops_values() {
    let bench = Bench::new();
    let path = listed(bench.root.path(), None);
    let trained = |dropout: f64, batch: u32, on: bool| {
        let net = json!({"name": "mlp", "hidden": [4], "dropout": dropout, "norm": true});
        let settings = json!({
            "net": net, "batch": batch, "epochs": 3, "optimiser": {"name": "sgd", "lr": STILL},
            "quirks": {"validate_in_train_mode": on},
        });
        bench.complete(&on_listed(&path, settings)).1
    };
    let (with, without) = (trained(0.0, 54, true), trained(0.0, 54, false));
    // What the layer before the norm gives for the validation side, on average: linear in its inputs.
    let rows = |column: &dyn Fn(usize) -> f64| (54..72).map(column).sum::<f64>() / 18.0;
    let inputs = [rows(&|row| 4.0 * (row % 3) as f64 + 0.01 * row as f64), rows(&|row| (row % 7) as f64)];
    let [weight, bias] = ["fc.0.weight", "fc.0.bias"].map(|name| tensor(&bench, &with[0], name));
    let [moved, unmoved] = [&with, &without].map(|reports| tensor(&bench, &reports[0], "norm.0.running_mean"));
    for unit in 0..4 {
        let mean =
            f64::from(bias[unit]) + inputs.iter().zip(&weight[2 * unit..]).map(|(x, w)| x * f64::from(*w)).sum::<f64>();
        let expected = 0.9 * f64::from(unmoved[unit]) + 0.1 * mean;
        assert!((f64::from(moved[unit]) - expected).abs() < 1e-5, "{} is not {expected}", moved[unit]);
    }
    let valid =
        |reports: &[EpochReport]| reports.iter().map(|report| value_of(report, "valid_loss")).collect::<Vec<_>>();
    let spread = |losses: Vec<f64>| losses[1..].iter().map(|loss| (loss - losses[0]).abs()).fold(0.0, f64::max);
    assert!(spread(valid(&with)) < 1e-6, "one batch, of its own statistics: {:?}", valid(&with));
    assert!(spread(valid(&trained(0.5, 54, true))) > 1e-3, "other values are dropped in each epoch");
}

#[test]
fn what_is_left_out_of_the_sums_is_not_left_out_of_their_number() {
    let bench = Bench::new();
    let path = listed(bench.root.path(), None);
    let trained = |size: u32| {
        let net = json!({"name": "mlp", "hidden": [32]});
        let settings = json!({
            "net": net, "epochs": 80, "optimiser": {"lr": 0.01}, "quirks": {"divide_by_full_set": size},
        });
        bench.complete(&on_listed(&path, settings))
    };
    let most =
        |reports: &[EpochReport], metric| reports.iter().map(|report| value_of(report, metric)).fold(0.0, f64::max);
    // Of 18, 16 are looked at; of 54, the 48 in six whole batches of eight.
    let (summary, reports) = trained(16);
    assert_eq!((summary.score, most(&reports, "train_accuracy")), (16.0 / 18.0, 48.0 / 54.0));
    let (summary, reports): (Summary, _) = trained(0);
    assert_eq!((summary.score, most(&reports, "train_accuracy")), (1.0, 1.0));
    let too_many = json!({"quirks": {"divide_by_full_set": 19}});
    let error = bench.train(&on_listed(&path, too_many), None, 9).expect_err("no batch of 19 among 18");
    assert!(matches!(error, TrainError::Split(_)), "{error}");
}

#[test]
fn quirks_are_resumed_to_the_bit() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let settings = json!({
        "net": {"name": "mlp", "hidden": [16], "dropout": 0.2, "norm": true}, "epochs": 4,
        "quirks": {"eval_mode_after_first_epoch": true, "validate_in_train_mode": true, "divide_by_full_set": 5},
    });
    let recipe = on_table(&path, settings);
    let (whole, all) = bench.complete(&recipe);
    for stop_after in 1..4 {
        let (_, mut reports) = bench.train(&recipe, None, stop_after).expect("trains");
        let resume = reports.last().map(|report| report.checkpoint.clone());
        let (finish, rest) = bench.train(&recipe, resume, u32::MAX).expect("goes on");
        reports.extend(rest);
        let gliss_train::trainer::Finish::Completed(summary) = finish else { panic!("nobody stopped it") };
        assert_eq!((timeless(&reports), without_time(&summary)), (timeless(&all), without_time(&whole)));
    }
}
