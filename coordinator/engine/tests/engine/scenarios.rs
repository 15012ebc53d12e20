//! What happens to trials and sweeps: the happy path, failures, lost workers, pauses and ends.

use gliss_engine::{Effect, Fact, Input, Reply, ReportBody, StopReason};
use gliss_types::{Outcome, SweepId, SweepState, TrialState, WorkerId};

use crate::world::{LEASE, World, attempt, checkpoint, completed, epoch, failed, plan, reason, released, trial};

#[test]
fn a_sweep_runs_in_grid_order_and_finishes() {
    let mut world = World::new();
    let sweep = world.submit(plan(3, 2, 1));
    let worker = world.hello("a", 2);
    assert_eq!(world.offers(), [(worker, attempt(1, 1, 1)), (worker, attempt(1, 2, 1))]);
    world.train(attempt(1, 1, 1), 0.5);
    assert_eq!(world.offers(), [(worker, attempt(1, 3, 1))], "a free slot is filled in the step that frees it");
    world.train(attempt(1, 2, 1), 0.7);
    world.train(attempt(1, 3, 1), 0.6);
    assert_eq!(world.kinds(), ["attempt_ended", "trial_closed", "sweep_finished"]);
    let state = world.engine.state().sweep(sweep).expect("submitted");
    assert_eq!(state.state(), SweepState::Finished);
    assert_eq!(state.ranking().collect::<Vec<_>>(), [2, 3, 1]);
    assert_eq!((state.epochs_done(), state.epochs_total(), state.attempts()), (6, 6, 3));
    assert_eq!(world.engine.next_deadline(), None, "nothing is left to wait for");
}

#[test]
fn trials_are_proposed_only_when_a_slot_can_take_them() {
    let mut world = World::new();
    let sweep = world.submit(plan(1_000, 0, 1));
    assert_eq!(world.kinds(), ["sweep_submitted"]);
    world.hello("a", 2);
    assert_eq!(world.engine.state().sweep(sweep).expect("submitted").proposed(), 2);
}

#[test]
fn an_offer_carries_the_recipe_and_its_key() {
    let mut world = World::new();
    world.submit(plan(2, 2, 1));
    world.hello("a", 2);
    let Some(Effect::OfferAttempt { recipe, key, resume, .. }) = world.effects.last() else {
        panic!("no offer: {:?}", world.effects);
    };
    let read = gliss_types::Recipe::from_canonical(recipe).expect("a canonical form");
    assert_eq!(read.key(), *key);
    assert!(recipe.contains("\"seed\":2"), "{recipe}");
    assert_eq!(*resume, None);
}

#[test]
fn the_emptiest_worker_gets_the_next_trial() {
    let mut world = World::new();
    let small = world.hello("small", 1);
    let large = world.hello("large", 3);
    world.submit(plan(4, 0, 1));
    let workers: Vec<WorkerId> = world.offers().into_iter().map(|(worker, _)| worker).collect();
    assert_eq!(workers, [large, large, small, large]);
}

#[test]
fn the_oldest_active_sweep_goes_first() {
    let mut world = World::new();
    world.submit(plan(1, 0, 1));
    world.submit(plan(1, 0, 1));
    let worker = world.hello("a", 1);
    assert_eq!(world.offers(), [(worker, attempt(1, 1, 1))]);
    world.send(Input::Pause { sweep: SweepId(1) });
    world.next(attempt(1, 1, 1), released());
    assert_eq!(world.offers(), [(worker, attempt(2, 1, 1))], "a paused sweep does not hold up the next");
}

#[test]
fn a_failed_attempt_is_tried_again_from_the_last_checkpoint_up_to_the_limit() {
    let mut world = World::new();
    world.submit(plan(1, 3, 2));
    let worker = world.hello("a", 1);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    world.next(attempt(1, 1, 1), epoch(1, 0.1));
    world.next(attempt(1, 1, 1), epoch(2, 0.2));
    world.next(attempt(1, 1, 1), failed("device lost", true));
    let Some(Effect::OfferAttempt { attempt: offered, resume, .. }) = world.effects.first() else {
        panic!("not offered again: {:?}", world.effects);
    };
    assert_eq!((*offered, resume.as_ref()), (attempt(1, 1, 2), Some(&checkpoint(2))));
    assert_eq!(world.offers(), [(worker, attempt(1, 1, 2))]);
    world.next(attempt(1, 1, 2), failed("device lost again", true));
    let trial = world.engine.state().trial(trial(1, 1)).expect("proposed");
    assert_eq!((trial.phase().state(), trial.reason()), (TrialState::Failed, Some("device lost again")));
    assert_eq!(world.engine.state().sweep(SweepId(1)).expect("submitted").state(), SweepState::Finished);
}

#[test]
fn a_recipe_at_fault_is_not_tried_again() {
    let mut world = World::new();
    world.submit(plan(1, 3, 9));
    world.hello("a", 1);
    world.next(attempt(1, 1, 1), failed("no such file", false));
    assert_eq!(world.state_of(trial(1, 1)), TrialState::Failed);
}

#[test]
fn a_reason_without_end_is_cut() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    world.next(attempt(1, 1, 1), failed(&"é".repeat(50_000), false));
    let stored = world.engine.state().trial(trial(1, 1)).and_then(|trial| trial.reason()).expect("a reason");
    assert_eq!(stored.chars().count(), 2_000);
}

#[test]
fn a_trial_that_loses_its_workers_ends_at_the_crash_limit() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    for ordinal in 1..=3 {
        let worker = world.hello(&format!("victim {ordinal}"), 1);
        world.next(attempt(1, 1, ordinal), ReportBody::Started);
        world.disconnect(worker);
        assert_eq!(world.state_of(trial(1, 1)), TrialState::Running, "a lost session alone ends nothing");
        world.expire();
    }
    let trial = world.engine.state().trial(trial(1, 1)).expect("proposed");
    assert_eq!((trial.phase().state(), trial.failed(), trial.lapsed()), (TrialState::Failed, 0, 3));
    assert_eq!(trial.reason(), Some("its worker was lost 3 times"));
}

/// A run killed once an epoch used to lose its longest trial after five kills, however far the trial had got.
#[test]
fn a_trial_that_gets_on_is_no_poison() {
    let mut world = World::new();
    world.submit(plan(1, 9, 1));
    for ordinal in 1..=8 {
        let worker = world.hello(&format!("victim {ordinal}"), 1);
        world.next(attempt(1, 1, ordinal), ReportBody::Started);
        world.next(attempt(1, 1, ordinal), epoch(ordinal, 0.5));
        world.disconnect(worker);
        world.expire();
    }
    let trial = world.engine.state().trial(trial(1, 1)).expect("proposed");
    assert_eq!((trial.phase().state(), trial.lapsed(), trial.epoch()), (TrialState::Queued, 1, 8));
}

#[test]
fn what_is_released_costs_the_trial_nothing() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    for ordinal in 1..=10 {
        world.next(attempt(1, 1, ordinal), ReportBody::Started);
        world.next(attempt(1, 1, ordinal), released());
    }
    let trial = world.engine.state().trial(trial(1, 1)).expect("proposed");
    assert_eq!((trial.failed(), trial.lapsed(), trial.attempts().len()), (0, 0, 11));
}

#[test]
fn a_worker_that_lost_its_lease_by_its_own_clock_costs_the_trial_nothing() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    for ordinal in 1..=5 {
        world.next(attempt(1, 1, ordinal), ReportBody::Ended(Outcome::Lapsed));
    }
    assert_eq!(world.state_of(trial(1, 1)), TrialState::Leased);
}

#[test]
fn a_zombie_is_fenced_and_the_trial_is_counted_once() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    let zombie = world.hello("zombie", 1);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    let heir = world.hello("heir", 1);
    // The zombie is frozen, its connection stands, its lease runs out.
    world.pass(LEASE.0 / 2);
    world.heartbeat(heir, &[]);
    world.expire();
    assert_eq!(world.stops(), [(zombie, attempt(1, 1, 1), StopReason::Fenced)]);
    assert_eq!(world.offers(), [(heir, attempt(1, 1, 2))], "the silent worker is not offered it again");
    let before = world.journal.len();
    let late = world.report(attempt(1, 1, 1), 2, completed(0.9));
    assert_eq!(reason(&late), "fenced");
    assert_eq!(reason(&world.report(attempt(1, 1, 1), 1, ReportBody::Started)), "fenced");
    assert_eq!(world.journal.len(), before, "what is fenced leaves no fact");
    world.train(attempt(1, 1, 2), 0.4);
    assert_eq!(reason(&world.report(attempt(1, 1, 1), 2, completed(0.9))), "fenced");
    assert_eq!(world.engine.state().sweep(SweepId(1)).expect("submitted").state(), SweepState::Finished);
}

#[test]
fn a_repeated_report_is_acknowledged_and_counts_once() {
    let mut world = World::new();
    world.submit(plan(2, 2, 1));
    world.hello("a", 1);
    let first = attempt(1, 1, 1);
    world.train(first, 0.5);
    let before = world.journal.len();
    for (seq, body) in [(1, ReportBody::Started), (2, epoch(1, 0.5)), (4, completed(0.5)), (4, completed(0.9))] {
        assert_eq!(world.report(first, seq, body), Reply::Acked { attempt: first, seq });
    }
    assert_eq!(world.journal.len(), before);
    assert_eq!(reason(&world.report(first, 5, completed(0.9))), "fenced");
    assert_eq!(reason(&world.report(first, 0, completed(0.9))), "fenced");
}

#[test]
fn a_gap_names_the_report_that_is_missing() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    let first = attempt(1, 1, 1);
    world.next(first, ReportBody::Started);
    let gap = world.report(first, 3, epoch(2, 0.5));
    let Reply::Rejected(gliss_engine::Rejection::OutOfOrder { expected, .. }) = gap else { panic!("{gap:?}") };
    assert_eq!(expected, 2);
    assert_eq!(reason(&world.report(first, 0, epoch(1, 0.5))), "out_of_order");
    assert_eq!(reason(&world.report(first, u64::MAX, epoch(1, 0.5))), "out_of_order");
    world.next(first, epoch(1, 0.5));
    world.next(first, epoch(2, 0.5));
}

#[test]
fn a_number_that_is_none_never_reaches_the_leaderboard() {
    let mut world = World::new();
    world.submit(plan(1, 1, 1));
    world.hello("a", 1);
    let first = attempt(1, 1, 1);
    world.next(first, ReportBody::Started);
    assert_eq!(reason(&world.report(first, 2, epoch(1, f64::NAN))), "non_finite");
    world.next(first, epoch(1, 0.5));
    assert_eq!(reason(&world.report(first, 3, completed(f64::INFINITY))), "non_finite");
    world.next(first, failed("the loss is not a number", false));
    assert_eq!(world.state_of(trial(1, 1)), TrialState::Failed);
}

#[test]
fn a_report_that_cannot_be_is_turned_down() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    let first = attempt(1, 1, 1);
    assert_eq!(reason(&world.report(first, 1, epoch(1, 0.5))), "not_started");
    assert_eq!(reason(&world.report(first, 1, completed(0.5))), "not_started");
    world.next(first, ReportBody::Started);
    assert_eq!(reason(&world.report(first, 2, ReportBody::Started)), "already_started");
    for number in [0, 4, u32::MAX] {
        assert_eq!(reason(&world.report(first, 2, epoch(number, 0.5))), "no_such_epoch");
    }
    let change = |change: fn(&mut gliss_types::EpochReport)| match epoch(1, 0.5) {
        ReportBody::Epoch(mut report) => {
            change(&mut report);
            ReportBody::Epoch(report)
        }
        other => other,
    };
    let bad = change(|report| report.checkpoint.hash = "../../etc/passwd".into());
    assert_eq!(reason(&world.report(first, 2, bad)), "bad_checkpoint");
    assert_eq!(reason(&world.report(first, 2, change(|report| report.checkpoint.epoch = 2))), "bad_checkpoint");
    assert_eq!(reason(&world.report(first, 2, change(|report| report.points[0].step = 2))), "wrong_step");
    assert_eq!(reason(&world.report(first, 2, change(|report| report.points.clear()))), "");
}

#[test]
fn epochs_done_never_go_down() {
    let mut world = World::new();
    world.submit(plan(1, 3, 2));
    world.hello("a", 1);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    world.next(attempt(1, 1, 1), epoch(1, 0.9));
    world.next(attempt(1, 1, 1), epoch(2, 0.2));
    world.next(attempt(1, 1, 1), failed("lost", true));
    // The checkpoint was lost with the device: the next attempt begins anew.
    world.next(attempt(1, 1, 2), ReportBody::Started);
    world.next(attempt(1, 1, 2), epoch(1, 0.3));
    let trial = world.engine.state().trial(trial(1, 1)).expect("proposed");
    assert_eq!((trial.epoch(), trial.best(), trial.checkpoint()), (2, Some(0.9), Some(&checkpoint(1))));
    assert_eq!(world.engine.state().sweep(SweepId(1)).expect("submitted").epochs_done(), 2);
}

#[test]
fn a_pause_stops_what_trains_and_a_resume_goes_on_from_the_checkpoint() {
    let mut world = World::new();
    let sweep = world.submit(plan(3, 3, 1));
    let worker = world.hello("a", 2);
    let (leased, running) = (attempt(1, 1, 1), attempt(1, 2, 1));
    world.next(running, ReportBody::Started);
    world.next(running, epoch(1, 0.5));
    assert_eq!(world.send(Input::Pause { sweep }), Reply::Done);
    assert_eq!(world.stops(), [(worker, leased, StopReason::Paused), (worker, running, StopReason::Paused)]);
    assert_eq!(world.send(Input::Pause { sweep }), Reply::Done);
    assert!(world.facts.is_empty() && world.effects.is_empty(), "asking twice is asking once");
    world.next(leased, released());
    world.next(running, released());
    assert_eq!(world.offers(), [], "nothing is leased while paused");
    world.hello("b", 4);
    assert_eq!(world.offers(), []);
    world.send(Input::Resume { sweep });
    let offered: Vec<_> = world.offers().into_iter().map(|(_, attempt)| attempt).collect();
    assert_eq!(offered, [attempt(1, 1, 2), attempt(1, 2, 2), attempt(1, 3, 1)]);
    let resumed = world.engine.state().attempt(attempt(1, 2, 2)).expect("leased");
    assert_eq!(resumed.resumed_after, 1);
    world.send(Input::Resume { sweep });
    assert!(world.facts.is_empty());
}

#[test]
fn a_trial_may_complete_while_its_sweep_is_paused() {
    let mut world = World::new();
    let sweep = world.submit(plan(1, 1, 1));
    world.hello("a", 1);
    world.send(Input::Pause { sweep });
    world.train(attempt(1, 1, 1), 0.5);
    assert_eq!(world.engine.state().sweep(sweep).expect("submitted").state(), SweepState::Finished);
    for input in [Input::Pause { sweep }, Input::Resume { sweep }, Input::Cancel { sweep }] {
        assert_eq!(reason(&world.send(input)), "sweep_closed");
    }
}

#[test]
fn a_cancel_closes_everything_at_once() {
    let mut world = World::new();
    let sweep = world.submit(plan(10_000, 3, 2));
    let worker = world.hello("a", 3);
    world.train(attempt(1, 1, 1), 0.5);
    world.next(attempt(1, 2, 1), ReportBody::Started);
    world.send(Input::Pause { sweep });
    world.next(attempt(1, 3, 1), released());
    let other = world.submit(plan(1, 0, 1));
    assert_eq!(world.offers(), [(worker, attempt(2, 1, 1))]);
    assert_eq!(world.send(Input::Cancel { sweep }), Reply::Done);
    let closed = world.facts.iter().filter(|fact| matches!(fact, Fact::TrialClosed { .. })).count();
    assert_eq!(closed, 3, "no fact for what was never proposed: {:?}", world.kinds());
    let stops: Vec<_> = world.stops().into_iter().map(|(_, attempt, reason)| (attempt, reason)).collect();
    assert_eq!(stops, [(attempt(1, 2, 1), StopReason::Cancelled), (attempt(1, 4, 1), StopReason::Cancelled)]);
    assert_eq!(reason(&world.report(attempt(1, 2, 1), 2, epoch(1, 0.5))), "fenced");
    let counts = world.engine.state().sweep(sweep).expect("submitted").counts();
    assert_eq!(counts, [0, 0, 0, 1, 0, 0, 9_999]);
    assert_eq!(world.send(Input::Cancel { sweep }), Reply::Done);
    assert!(world.facts.is_empty());
    assert_eq!(reason(&world.send(Input::Resume { sweep })), "sweep_closed");
    assert_eq!(world.engine.state().sweep(other).expect("submitted").state(), SweepState::Active);
}

#[test]
fn a_sweep_that_is_unknown_or_impossible_is_turned_down() {
    let mut world = World::new();
    let sweep = SweepId(7);
    for input in [Input::Pause { sweep }, Input::Resume { sweep }, Input::Cancel { sweep }] {
        assert_eq!(reason(&world.send(input)), "unknown_sweep");
    }
    let mut empty = plan(1, 0, 1);
    empty.space.dimensions[0].values.clear();
    let mut vast = plan(100_000, 0, 1);
    vast.space.dimensions.push(vast.space.dimensions[0].clone());
    let mut odd = plan(1, 0, 1);
    odd.recipe.set(&"sede".parse().expect("a path"), 1.into());
    for (plan, why) in [(empty, "empty_space"), (vast, "space_too_large"), (odd, "unreadable_plan")] {
        assert_eq!(reason(&world.send(Input::Submit { plan: Box::new(plan) })), why);
    }
    assert!(world.journal.is_empty());
}

#[test]
fn the_same_plan_is_the_same_sweep_until_it_is_cancelled() {
    let mut world = World::new();
    let mut same = plan(1, 0, 1);
    same.fingerprint = "0123456789abcdef0123456789abcdef".into();
    let sweep = world.submit(same.clone());
    let again = world.send(Input::Submit { plan: Box::new(same.clone()) });
    assert_eq!(again, Reply::Submitted { sweep, known: true });
    world.restart();
    let again = world.send(Input::Submit { plan: Box::new(same.clone()) });
    assert_eq!(again, Reply::Submitted { sweep, known: true });
    world.send(Input::Cancel { sweep });
    let anew = world.send(Input::Submit { plan: Box::new(same) });
    assert_eq!(anew, Reply::Submitted { sweep: SweepId(2), known: false });
}

#[test]
fn points_that_are_no_recipes_fail_one_by_one_and_hold_up_nothing() {
    let mut world = World::new();
    let mut mixed = plan(3_000, 0, 1);
    for (index, value) in mixed.space.dimensions[0].values.iter_mut().enumerate().skip(1) {
        if index < 2_500 {
            *value = "not a seed".into();
        }
    }
    let sweep = world.submit(mixed);
    let worker = world.hello("a", 2);
    assert_eq!(world.engine.next_deadline(), Some(world.now), "the rest is due at once");
    assert_eq!(world.engine.state().sweep(sweep).expect("submitted").counts()[5], 1_000);
    world.send(Input::Tick);
    world.send(Input::Tick);
    assert_eq!(world.offers(), [(worker, attempt(1, 2_501, 1))]);
    let failed = world.engine.state().trial(trial(1, 2)).expect("proposed");
    assert!(failed.reason().is_some_and(|reason| reason.contains("seed")), "{:?}", failed.reason());
}
