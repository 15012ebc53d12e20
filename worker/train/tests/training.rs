//! Whole trainings: they learn, they repeat to the bit, and they go on from where they stopped.

mod support;

use std::fs;

use gliss_train::checkpoint::CheckpointError;
use gliss_train::trainer::{Finish, TrainError};
use gliss_types::{CheckpointRef, EpochReport, Goal, Objective, Recipe};
use serde_json::{Value, json};

use support::bench::{Bench, on_table, table, timeless, value_of, without_time};
use support::{real_data, recipe, small_soundtracks};

fn adam() -> Value {
    json!({"optimiser": {"name": "adam", "lr": 0.01, "weight_decay": 1e-4}})
}

fn cyclic_sgd() -> Value {
    json!({
        "optimiser": {"name": "sgd", "lr": 0.005, "momentum": 0.9, "nesterov": true},
        "schedule": {"name": "triangular", "max_lr": 0.05, "half_cycle": 1.5},
    })
}

/// The rate is cut after every epoch whose accuracy is not better by half: nearly all.
fn plateau() -> Value {
    json!({
        "optimiser": {"name": "adamw", "lr": 0.02, "clip_norm": 1},
        "schedule": {"name": "plateau", "watch": "valid_accuracy", "factor": 0.5, "patience": 0, "threshold": 0.5,
                     "threshold_mode": "abs", "cooldown": 1, "warmup": 0.5},
    })
}

#[test]
fn a_table_is_learnt_and_summed_up_at_the_best_epoch() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let (summary, reports) = bench.complete(&on_table(&path, json!({"epochs": 25, "optimiser": {"lr": 0.01}})));
    assert!(summary.score > 0.7, "{summary:?}");
    assert_eq!((summary.epochs, reports.len(), summary.parameters), (25, 25, 3 * 16 + 16 + 16 * 3 + 3));
    let value = |epoch: u32, metric: &str| {
        let report = &reports[epoch as usize - 1];
        assert!(report.epoch == epoch && report.checkpoint.epoch == epoch);
        report.points.iter().find(|point| point.metric == metric).expect(metric).value
    };
    for epoch in 1..=25 {
        let accuracy = value(epoch, "valid_accuracy");
        let before_best = epoch < summary.best_epoch;
        assert!(if before_best { accuracy < summary.score } else { accuracy <= summary.score }, "epoch {epoch}");
    }
    let names: Vec<&str> = summary.metrics.iter().map(|(name, _)| name.as_str()).collect();
    let (test, of_epochs) = names.split_at(4);
    assert_eq!(test, ["lr", "test_accuracy", "test_loss", "test_macro_f1"]);
    assert_eq!(of_epochs, ["train_accuracy", "train_loss", "valid_accuracy", "valid_loss", "valid_macro_f1"]);
    for (name, of_best) in summary.metrics.iter().filter(|(name, _)| !name.starts_with("test")) {
        assert_eq!(*of_best, value(summary.best_epoch, name), "{name}");
    }
    let test = summary.metrics[1].1;
    assert!(test > 0.5 && (test * 18.0).fract().abs() < 1e-9, "a share of 18 rows: {test}");
    let confusion = summary.confusion.expect("three classes");
    assert_eq!(confusion.classes(), ["folk", "jazz", "rock"]);
    assert_eq!(confusion.of_classes().iter().map(|class| class.support).collect::<Vec<_>>(), [6, 6, 6]);
    assert_eq!((confusion.accuracy(), confusion.macro_f1()), (test, summary.metrics[3].1));
}

#[test]
fn the_recipe_alone_decides() {
    let (one, two) = (Bench::new(), Bench::new());
    let path = table(one.root.path());
    let recipe = on_table(&path, adam());
    let (first, first_reports) = one.complete(&recipe);
    let (second, second_reports) = two.complete(&recipe);
    assert_eq!(without_time(&first), without_time(&second));
    assert_eq!(timeless(&first_reports), timeless(&second_reports));
    let last = |bench: &Bench, reports: &[EpochReport]| bench.bits(&reports[5].checkpoint);
    assert_eq!(last(&one, &first_reports), last(&two, &second_reports));
    let (other, _) = one.complete(&on_table(&path, json!({"seed": 6})));
    assert_ne!(without_time(&other), without_time(&first));
}

#[test]
fn interrupted_anywhere_and_resumed_is_the_same_to_the_bit() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    for optimiser in [adam(), cyclic_sgd(), plateau(), in_parts(), mixed()] {
        let recipe = on_table(&path, optimiser);
        let (whole, whole_reports) = bench.complete(&recipe);
        for stop_after in 0..=6 {
            let (finish, mut reports) = bench.train(&recipe, None, stop_after).expect("trains");
            if stop_after < 6 {
                assert_eq!((finish, reports.len()), (Finish::Interrupted, stop_after as usize));
            }
            let resume = reports.last().map(|report| report.checkpoint.clone());
            let (finish, rest) = bench.train(&recipe, resume, u32::MAX).expect("goes on");
            let Finish::Completed(summary) = finish else { panic!("nobody stopped it") };
            reports.extend(rest);
            assert_eq!(timeless(&reports), timeless(&whole_reports), "after {stop_after}");
            assert_eq!(without_time(&summary), without_time(&whole), "after {stop_after}");
            let ends = [&reports, &whole_reports].map(|reports| bench.bits(&reports[5].checkpoint));
            assert_eq!(ends[0], ends[1], "after {stop_after}");
        }
    }
}

/// Each step's batch in three parts, the last smaller.
fn in_parts() -> Value {
    json!({"optimiser": {"name": "rmsprop", "lr": 0.003}, "grad_accumulation": 3, "label_smoothing": 0.1})
}

/// Mixed examples of weighed classes, in parts.
fn mixed() -> Value {
    json!({"mixup": 0.4, "class_weights": "balanced", "grad_accumulation": 2})
}

#[test]
fn the_rate_is_cut_at_a_plateau_and_warmed_up_before() {
    let bench = Bench::new();
    let (_, reports) = bench.complete(&on_table(&table(bench.root.path()), plateau()));
    let rates: Vec<f64> = reports.iter().map(|report| value_of(report, "lr")).collect();
    // No epoch is better than the first by half. An epoch of cooling follows each cut.
    assert_eq!(rates, [0.02, 0.02, 0.01, 0.01, 0.005, 0.005]);
    // 54 rows in batches of 8 are 7 steps, and a warm-up of half an epoch ends within the first. One of two and a half:
    let slow = json!({"schedule": {"name": "cosine", "warmup": 2.5, "warmup_from": 0}, "optimiser": {"lr": 0.035}});
    let (_, reports) = bench.complete(&on_table(&table(bench.root.path()), slow));
    // Of 18 steps of warm-up, those before are the seventh and the fourteenth.
    for (report, step) in reports.iter().zip([6.0, 13.0]) {
        assert!((value_of(report, "lr") - 0.035 * step / 18.0).abs() < 1e-12, "{report:?}");
    }
    assert!(value_of(&reports[5], "lr") < 0.001, "the cosine ends with the training");
}

#[test]
fn a_training_without_progress_ends_early_and_resumed_at_the_same_epoch() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let settings =
        |patience: u32| json!({"epochs": 40, "optimiser": {"lr": 0.01}, "early_stop": {"patience": patience}});
    let (_, all) = bench.complete(&on_table(&path, settings(0)));
    let accuracies: Vec<f64> = all.iter().map(|report| value_of(report, "valid_accuracy")).collect();
    // The first epoch that is the fourth in a row without a better one.
    let best_before = |epoch: usize| accuracies[..epoch].iter().copied().fold(f64::MIN, f64::max);
    let idle = |epoch: usize| (epoch - 3..=epoch).all(|epoch| accuracies[epoch] <= best_before(epoch));
    let end = (4..40).find(|epoch| idle(*epoch)).expect("the table is learnt in less than 40 epochs") + 1;
    let recipe = on_table(&path, settings(3));
    let (summary, reports) = bench.complete(&recipe);
    assert_eq!((summary.epochs as usize, summary.best_epoch as usize), (end, end - 4));
    assert_eq!(timeless(&reports), timeless(&all)[..end]);
    for stop_after in [1, summary.best_epoch, end as u32 - 1, end as u32] {
        let (_, before) = bench.train(&recipe, None, stop_after).expect("trains");
        let resume = Some(before[stop_after as usize - 1].checkpoint.clone());
        let (finish, after) = bench.train(&recipe, resume, u32::MAX).expect("goes on");
        let Finish::Completed(again) = finish else { panic!("nobody stopped it") };
        assert_eq!((without_time(&again), after.len()), (without_time(&summary), end - stop_after as usize));
    }
}

#[test]
fn a_partial_batch_can_be_left_out() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let trained = |settings: Value| bench.complete(&on_table(&path, settings)).1.remove(5);
    // 54 rows are six batches of nine.
    let whole = |drop_last: bool| trained(json!({"drop_last": drop_last, "batch": 9}));
    assert_eq!(timeless(&[whole(true)]), timeless(&[whole(false)]));
    // And one of 50, of which a share is seen.
    let report = trained(json!({"drop_last": true, "batch": 50}));
    assert!((value_of(&report, "train_accuracy") * 50.0).fract() < 1e-9, "{report:?}");
    let error = bench.train(&on_table(&path, json!({"drop_last": true, "batch": 55})), None, 9).expect_err("no batch");
    assert!(error.to_string().contains("a batch of 55 with the 54 examples") && !error.retry(), "{error}");
}

#[test]
fn a_step_in_parts_is_the_step_of_the_whole_batch() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let trained = |parts: u32, weights: &str, mixup: f64| {
        let recipe = on_table(
            &path,
            json!({"grad_accumulation": parts, "batch": 16, "net": {"name": "mlp", "hidden": [16]}, "epochs": 4,
                   "optimiser": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "clip_norm": 0.5},
                   "class_weights": weights, "mixup": mixup}),
        );
        let (_, reports) = bench.complete(&recipe);
        let tensors = bench.checkpoints.read(&reports[3].checkpoint.hash).expect("there").tensors;
        let weights = tensors.into_iter().filter(|tensor| tensor.name.starts_with("weights/"));
        let losses: Vec<f64> = reports.iter().map(|report| value_of(report, "train_loss")).collect();
        (weights.flat_map(|tensor| tensor.values).collect::<Vec<f32>>(), losses)
    };
    for (classes, mixup) in [("none", 0.0), ("balanced", 0.0), ("none", 0.5), ("balanced", 0.5)] {
        let (whole, losses) = trained(1, classes, mixup);
        for parts in [2, 3, 16] {
            let (weights, in_parts) = trained(parts, classes, mixup);
            let off = whole.iter().zip(&weights).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-5, "{parts} parts, {classes}, {mixup}: weights off by {off}");
            // Where classes are weighed, the mean of the parts' losses is by examples and not by weights.
            let same = losses.iter().zip(&in_parts).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(same || classes == "balanced", "{losses:?}, {in_parts:?}");
        }
    }
}

/// Where nothing tells two classes apart, the best prediction is what the loss makes of their shares.
#[test]
fn balanced_classes_count_the_same() {
    let bench = Bench::new();
    let mut text = String::from("a,label\n");
    (0..200).for_each(|row| text.push_str(if row % 5 == 0 { "1,rare\n" } else { "1,common\n" }));
    let path = bench.root.path().join("uneven.csv");
    fs::write(&path, text).expect("written");
    let loss = |weights: &str| {
        let settings = json!({
            "class_weights": weights, "batch": 120, "epochs": 60, "optimiser": {"name": "sgd", "lr": 0.5},
            "net": {"name": "mlp", "hidden": [], "dropout": 0}, "split": {"method": "stratified", "valid": 0.2, "test": 0.2},
        });
        let (_, reports) = bench.complete(&on_table(&path, settings));
        value_of(&reports[59], "train_loss")
    };
    let entropy = -0.8f64 * 0.8f64.ln() - 0.2 * 0.2f64.ln();
    let (even, balanced) = (loss("none"), loss("balanced"));
    assert!((even - entropy).abs() < 1e-3, "{even} is not {entropy}");
    assert!((balanced - 2f64.ln()).abs() < 1e-3, "{balanced} is not ln 2");
}

#[test]
fn smoothed_labels_are_those_that_train() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let smoothed = json!({"label_smoothing": 0.8, "epochs": 25, "optimiser": {"lr": 0.01}});
    let (_, reports) = bench.complete(&on_table(&path, smoothed));
    // No prediction is better than the targets themselves: 0.8 / 3 for each class, and 0.2 more for the label's.
    let shares = [0.2 + 0.8 / 3.0, 0.8 / 3.0, 0.8 / 3.0f64];
    let least: f64 = shares.iter().map(|share| -share * share.ln()).sum();
    let last = &reports[24];
    assert!(value_of(last, "train_loss") > least, "{last:?}");
    assert!(value_of(last, "valid_loss") < least, "judged by plain labels: {last:?}");
    assert!(value_of(last, "valid_accuracy") > 0.5, "{last:?}");
}

#[test]
fn resuming_at_every_epoch_adds_up_the_time() {
    let bench = Bench::new();
    let recipe = on_table(&table(bench.root.path()), adam());
    let (whole, _) = bench.complete(&recipe);
    let (mut resume, mut seconds) = (None, 0.0);
    for epoch in 1..=6 {
        let (_, reports) = bench.train(&recipe, resume, epoch).expect("goes on");
        assert_eq!(reports.len(), 1, "no finished epoch is repeated");
        seconds += reports[0].points.iter().find(|p| p.metric == "epoch_seconds").expect("timed").value;
        resume = Some(reports[0].checkpoint.clone());
    }
    let (finish, reports) = bench.train(&recipe, resume, u32::MAX).expect("tests");
    let Finish::Completed(summary) = finish else { panic!("nobody stopped it") };
    assert!(reports.is_empty() && summary.train_seconds >= seconds, "{seconds} {summary:?}");
    assert_eq!(without_time(&summary), without_time(&whole));
}

#[test]
fn a_small_objective_can_be_the_better_one() {
    let mut bench = Bench::new();
    bench.objective = Objective { metric: "valid_loss".into(), goal: Goal::Minimize };
    let recipe = on_table(&table(bench.root.path()), json!({"optimiser": {"lr": 0.05}}));
    let (summary, reports) = bench.complete(&recipe);
    let losses = reports.iter().flat_map(|r| &r.points).filter(|p| p.metric == "valid_loss").map(|p| p.value);
    assert_eq!(losses.min_by(f64::total_cmp), Some(summary.score));
    bench.objective = Objective { metric: "valid_macro_f1".into(), goal: Goal::Maximize };
    let (summary, reports) = bench.complete(&recipe);
    let f1s = reports.iter().flat_map(|r| &r.points).filter(|p| p.metric == "valid_macro_f1").map(|p| p.value);
    assert!(summary.score > 0.5 && f1s.max_by(f64::total_cmp) == Some(summary.score), "{summary:?}");
    bench.objective.metric = "happiness".into();
    let error = bench.train(&recipe, None, 0).expect_err("no such metric");
    assert!(matches!(&error, TrainError::Objective { .. }) && !error.retry(), "{error}");
}

#[test]
fn a_loss_that_is_no_number_ends_the_trial() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let recipe =
        on_table(&path, json!({"optimiser": {"name": "sgd", "lr": 100.0}, "epochs": 60, "net": {"hidden": [64, 64]}}));
    let error = bench.train(&recipe, None, u32::MAX).expect_err("a rate of 100");
    assert!(matches!(error, TrainError::Diverged { epoch: 1.., step: 1.., .. }), "{error}");
    assert!(!error.retry());
}

// Numbers near the largest there are: the loss is one still, and what it says of the weights is not. Which first
// weights bring that about is for the seed to say; others are dead from the start, or their loss is no number.
#[test]
fn gradients_without_a_norm_to_clip_by_end_the_trial() {
    let bench = Bench::new();
    let path = bench.root.path().join("huge.csv");
    let row = |row: u32| {
        let (a, class) = (3.0 - f64::from(row) / 60.0, ["rock", "jazz"][row as usize % 2]);
        format!("{row}.wav,{a}e38,1,{class}\n")
    };
    fs::write(&path, (0..60).map(row).fold("filename,a,b,label\n".to_owned(), |text, row| text + &row))
        .expect("written");
    let end = |seed: u64| {
        let recipe = on_table(
            &path,
            json!({"features": {"standardise": false}, "net": {"name": "mlp", "hidden": [1]}, "batch": 1, "seed": seed,
                   "optimiser": {"name": "sgd", "lr": 1e-3, "clip_norm": 1}}),
        );
        bench.train(&recipe, None, u32::MAX)
    };
    let exploded = |seed: u64| match end(seed) {
        Err(error @ TrainError::Exploded { .. }) => Some(error),
        Ok(_) | Err(TrainError::Diverged { .. }) => None,
        Err(other) => panic!("{other}"),
    };
    let error = (0..40).find_map(exploded).expect("some first weights");
    assert!(matches!(error, TrainError::Exploded { epoch: 1, norm, .. } if !norm.is_finite()), "{error}");
    assert!(!error.retry());
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused() {
    let bench = Bench::new();
    let path = table(bench.root.path());
    let recipe = on_table(&path, adam());
    let (_, reports) = bench.complete(&recipe);
    let good = reports[2].checkpoint.clone();
    let refused = |recipe: &Recipe, reference: CheckpointRef| match bench.train(recipe, Some(reference), u32::MAX) {
        Err(error @ TrainError::Resume { .. }) => {
            assert!(error.retry(), "without the checkpoint it may go better");
            let TrainError::Resume { source, .. } = error else { unreachable!("just matched") };
            source
        }
        other => panic!("{other:?}"),
    };
    let other = on_table(&path, json!({"seed": 9}));
    assert!(matches!(refused(&other, good.clone()), CheckpointError::OtherRecipe { .. }));
    let misnamed = CheckpointRef { epoch: 4, ..good.clone() };
    assert!(matches!(refused(&recipe, misnamed), CheckpointError::OtherEpoch { found: 3, wanted: 4, epochs: 6 }));
    let absent = CheckpointRef { hash: "0".repeat(64), ..good.clone() };
    assert!(matches!(refused(&recipe, absent), CheckpointError::Missing { .. }));
    let hostile = CheckpointRef { hash: "../x".into(), ..good.clone() };
    assert!(matches!(refused(&recipe, hostile), CheckpointError::Name { .. }));

    let watching = on_table(&path, plateau());
    let (_, reports) = bench.complete(&watching);
    let mut forgetful = bench.checkpoints.read(&reports[2].checkpoint.hash).expect("there");
    assert!(forgetful.progress.plateau.take().is_some());
    let kept = bench.checkpoints.write(&forgetful).expect("written");
    assert!(matches!(refused(&watching, kept), CheckpointError::Lacks { .. }));

    // Right key, wrong tensors.
    let mut wrong = bench.checkpoints.read(&good.hash).expect("there");
    let last = wrong.tensors.pop().expect("several");
    let kept = bench.checkpoints.write(&wrong).expect("written");
    assert!(matches!(refused(&recipe, kept), CheckpointError::Tensor { found: None, .. }));
    wrong.tensors.push(gliss_train::checkpoint::Stored { shape: vec![last.values.len(), 1], ..last.clone() });
    let kept = bench.checkpoints.write(&wrong).expect("written");
    assert!(matches!(refused(&recipe, kept), CheckpointError::Tensor { found: Some(_), wanted: Some(_), .. }));
    wrong.tensors.pop();
    wrong.tensors.push(last);
    let stray = gliss_train::checkpoint::Stored { name: "zzz".into(), shape: vec![1], values: vec![0.0] };
    wrong.tensors.push(stray);
    let kept = bench.checkpoints.write(&wrong).expect("written");
    assert!(matches!(refused(&recipe, kept), CheckpointError::Tensor { wanted: None, .. }));
}

#[test]
fn a_trial_that_trains_nothing_scores_its_seed() {
    let bench = Bench::new();
    let score = |seed: u64| {
        let (summary, reports) = bench.complete(&recipe(json!({"task": "noop", "seed": seed})));
        assert!(reports.is_empty() && summary.best_epoch == 0);
        summary.score
    };
    let scores: Vec<f64> = (0..100).map(score).collect();
    assert!(scores.iter().all(|score| (0.0..1.0).contains(score)));
    assert_eq!(score(7), scores[7]);
    let mean = scores.iter().sum::<f64>() / 100.0;
    assert!((mean - 0.5).abs() < 0.1, "{mean}");
}

#[test]
fn pictures_are_learnt_by_the_convolutional_net_and_resumed_to_the_bit() {
    let bench = Bench::new();
    let recipe = recipe(json!({
        "data": {"source": "synth", "clips_per_style": 10, "seconds": 2.0, "sample_rate": 8000},
        "features": {"sample_rate": 8000, "n_fft": 1024, "hop": 256, "mels": 32, "height": 32, "width": 32},
        "net": {"name": "liu_cnn", "depth": 2, "filters": 8, "dropout": 0.1, "dense": [32], "dense_dropout": 0.1},
        "batch": 8, "epochs": 16, "seed": 1, "optimiser": {"lr": 0.002},
    }));
    let (whole, reports) = bench.complete(&recipe);
    let loss = |report: &EpochReport| report.points.iter().find(|p| p.metric == "train_loss").expect("there").value;
    assert!(loss(&reports[15]) < 0.8 * loss(&reports[0]), "{} to {}", loss(&reports[0]), loss(&reports[15]));
    let (finish, first) = bench.train(&recipe, None, 11).expect("trains");
    assert_eq!(finish, Finish::Interrupted);
    let (finish, rest) = bench.train(&recipe, Some(first[10].checkpoint.clone()), u32::MAX).expect("goes on");
    let Finish::Completed(resumed) = finish else { panic!("nobody stopped it") };
    assert_eq!(without_time(&resumed), without_time(&whole));
    assert_eq!(bench.bits(&rest[4].checkpoint), bench.bits(&reports[15].checkpoint));
}

/// Running statistics and recurrent layers among what is kept.
#[test]
fn a_recurrent_net_with_batch_norm_is_resumed_to_the_bit() {
    let bench = Bench::new();
    let recipe = recipe(json!({
        "data": {"source": "synth", "clips_per_style": 8, "seconds": 2.0, "sample_rate": 8000},
        "features": {"sample_rate": 8000, "n_fft": 1024, "hop": 256, "mels": 32, "height": 64, "width": 64},
        "net": {"name": "liu_crnn"},
        "batch": 16, "epochs": 5, "seed": 3, "optimiser": {"lr": 0.001},
    }));
    let (whole, reports) = bench.complete(&recipe);
    let names: Vec<String> = bench.bits(&reports[4].checkpoint).into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().any(|name| name.ends_with("running_var")), "{names:?}");
    for stopped in [1, 3] {
        let (_, first) = bench.train(&recipe, None, stopped).expect("trains");
        let resume = first.last().map(|report| report.checkpoint.clone());
        let (finish, rest) = bench.train(&recipe, resume, u32::MAX).expect("goes on");
        let Finish::Completed(resumed) = finish else { panic!("nobody stopped it") };
        assert_eq!(without_time(&resumed), without_time(&whole));
        let last = rest.last().expect("epochs were left");
        assert_eq!(bench.bits(&last.checkpoint), bench.bits(&reports[4].checkpoint));
    }
}

#[test]
fn sixteen_real_clips_are_learnt_by_heart() {
    let bench = Bench::new();
    let Some(manifest) = small_soundtracks(&bench.root.path().join("set"), 4, 6) else { return };
    let mut bench = bench;
    bench.objective.metric = "train_accuracy".into();
    let recipe = recipe(json!({
        "data": {"source": "manifest", "path": manifest},
        "split": {"valid": 0.17, "test": 0.17},
        "features": {"seconds": 5, "height": 32, "width": 32},
        "net": {"name": "liu_cnn", "depth": 2, "filters": 8, "dropout": 0.0, "dense": [32], "dense_dropout": 0.0},
        "batch": 4, "epochs": 80, "optimiser": {"lr": 0.003},
    }));
    let (summary, _) = bench.complete(&recipe);
    assert_eq!(summary.score, 1.0, "{summary:?}");
}

#[test]
fn the_first_document_s_net_learns_the_real_table() {
    let Some(path) = real_data("gtzan/features_30_sec.csv") else { return };
    let bench = Bench::new();
    let recipe = recipe(json!({
        "data": {"source": "table", "path": path},
        "split": {"method": "numpy_shuffle"},
        "net": {"name": "mlp", "hidden": [100]},
        "batch": 8, "epochs": 12,
    }));
    let (summary, reports) = bench.complete(&recipe);
    assert_eq!((summary.parameters, reports.len()), (6810, 12));
    assert!(summary.score > 0.55, "shuffled baselines reach .72 to .74: {summary:?}");
}
