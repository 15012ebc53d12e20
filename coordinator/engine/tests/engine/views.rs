//! What people see.

use gliss_engine::view::{self, Sort};
use gliss_engine::{Input, ReportBody};
use gliss_types::{Goal, SweepId, TrialState};

use crate::world::{World, attempt, checkpoint, confusion, epoch, failed, plan, progress, trial};

/// Five trials: 1, 2 and 4 complete, 3 trains, 5 waits unproposed.
fn world() -> World {
    let mut world = World::new();
    world.submit(plan(5, 2, 2));
    let worker = world.hello("a", 3);
    world.train(attempt(1, 1, 1), 0.5);
    world.train(attempt(1, 2, 1), 0.7);
    world.next(attempt(1, 3, 1), ReportBody::Started);
    world.next(attempt(1, 3, 1), epoch(1, 0.6));
    world.heartbeat(worker, &[attempt(1, 3, 1), attempt(1, 4, 1), attempt(1, 5, 1)]);
    world.train(attempt(1, 4, 1), 0.7);
    world.next(attempt(1, 5, 1), failed("device lost", true));
    world
}

#[test]
fn a_sweeps_row_adds_up() {
    let world = world();
    let row = view::sweep_row(&world.engine, SweepId(1)).expect("submitted");
    assert_eq!(row.trials, 5);
    assert_eq!(row.counts, [0, 1, 1, 3, 0, 0, 0]);
    assert_eq!(row.best, Some((trial(1, 2), 0.7)), "of equals the lower number");
    assert_eq!((row.attempts, row.epochs_done, row.epochs_total), (6, 7, 10));
    assert_eq!(row.started, Some(world.now.0));
    assert_eq!(row.ended, None);
    assert_eq!(view::sweep_rows(&world.engine), [row]);
    assert_eq!(view::sweep_row(&world.engine, SweepId(2)), None);
}

#[test]
fn a_leaderboard_ranks_by_the_objective_or_any_number() {
    let world = world();
    let numbers = |limit, sort: &Sort| -> Vec<u32> {
        let rows = view::leaderboard(&world.engine, SweepId(1), limit, sort).expect("submitted");
        rows.into_iter().map(|row| row.id.number).collect()
    };
    assert_eq!(numbers(10, &Sort::Objective), [2, 4, 1]);
    assert_eq!(numbers(2, &Sort::Objective), [2, 4]);
    let by = |metric: &str, goal| Sort::By { metric: metric.into(), goal };
    assert_eq!(numbers(10, &by("test_accuracy", Goal::Minimize)), [1, 2, 4]);
    assert_eq!(numbers(1, &by("score", Goal::Maximize)), [2]);
    assert_eq!(numbers(10, &by("no such metric", Goal::Minimize)), [1, 2, 4]);
}

#[test]
fn a_confusion_matrix_is_in_the_detail_of_its_trial_and_in_no_listing() {
    let world = world();
    let detail = |number| view::trial_detail(&world.engine, trial(1, number)).expect("proposed").row.summary;
    let whole = detail(2).expect("completed");
    assert_eq!(whole.confusion, Some(confusion()));
    assert_eq!(detail(3), None);
    let listed = view::trial_rows(&world.engine, SweepId(1), 0, u32::MAX).expect("submitted");
    let ranked = view::leaderboard(&world.engine, SweepId(1), 10, &Sort::Objective).expect("submitted");
    assert_eq!((listed[1].summary.as_ref(), ranked[0].summary.as_ref()), (Some(&whole.brief()), Some(&whole.brief())));
    let summaries = listed.iter().chain(&ranked).filter_map(|row| row.summary.as_ref());
    assert!(summaries.clone().count() == 6 && summaries.into_iter().all(|summary| summary.confusion.is_none()));
}

#[test]
fn trials_are_listed_page_by_page_with_those_to_come() {
    let mut world = World::new();
    world.submit(plan(5, 2, 1));
    world.hello("a", 2);
    let states = |world: &World, offset, limit| -> Vec<(u32, TrialState, bool)> {
        let rows = view::trial_rows(&world.engine, SweepId(1), offset, limit).expect("submitted");
        rows.into_iter().map(|row| (row.id.number, row.state, row.key.is_empty())).collect()
    };
    let (queued, leased) = (TrialState::Queued, TrialState::Leased);
    assert_eq!(states(&world, 1, 2), [(2, leased, false), (3, queued, true)]);
    assert_eq!(states(&world, 4, u32::MAX), [(5, queued, true)]);
    assert_eq!(states(&world, u32::MAX, u32::MAX), []);
    let rows = view::trial_rows(&world.engine, SweepId(1), 2, 1).expect("submitted");
    assert_eq!((rows[0].epochs, rows[0].point[0].1.clone()), (2, 3.into()));
    world.send(Input::Cancel { sweep: SweepId(1) });
    assert_eq!(states(&world, 4, 1), [(5, TrialState::Cancelled, true)]);
}

#[test]
fn a_trials_detail_tells_its_attempts() {
    let mut world = world();
    world.next(attempt(1, 3, 1), failed("device lost", true));
    let detail = view::trial_detail(&world.engine, trial(1, 3)).expect("proposed");
    let attempts: Vec<_> =
        detail.attempts.iter().map(|row| (row.id, row.outcome.as_str(), row.resumed_after)).collect();
    assert_eq!(attempts, [(attempt(1, 3, 1), "failed: device lost", 0), (attempt(1, 3, 2), "", 1)]);
    assert_eq!(detail.checkpoint, Some(checkpoint(1)));
    assert_eq!((detail.row.reason.as_deref(), detail.row.attempts), (Some("device lost"), 2));
    assert_eq!(gliss_types::TrialKey::of(&detail.recipe).as_str(), detail.row.key);
    assert_eq!(view::trial_detail(&world.engine, trial(1, 6)), None);
    assert_eq!(view::trial_detail(&world.engine, trial(1, 0)), None);
}

#[test]
fn what_runs_is_listed_with_its_progress() {
    let world = world();
    let rows = view::running(&world.engine, SweepId(1)).expect("submitted");
    let seen: Vec<_> = rows.iter().map(|row| (row.attempt, row.state, row.progress.is_some())).collect();
    let expected = [(attempt(1, 3, 1), TrialState::Running, true), (attempt(1, 5, 2), TrialState::Leased, false)];
    assert_eq!(seen, expected);
    assert_eq!(rows[0].progress, Some(progress(attempt(1, 3, 1))));
    assert_eq!((rows[0].epoch, rows[0].epochs, rows[0].best), (1, 2, Some(0.6)));
}

#[test]
fn workers_are_listed_connected_or_not() {
    let mut world = world();
    let b = world.hello("b", 4);
    world.disconnect(b);
    let rows = view::worker_rows(&world.engine);
    let seen: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.slots, row.busy, row.connected)).collect();
    assert_eq!(seen, [("host of a", 3, 2, true), ("host of b", 4, 0, false)]);
}
