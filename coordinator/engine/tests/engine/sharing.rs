//! How sweeps share the fleet, and when one is given up.

use gliss_engine::{Input, StopReason};
use gliss_types::{Conduct, SweepId, SweepState, TrialState};

use crate::world::{World, attempt, completed, failed, plan, trial};

/// Submits `points` trials without training under some conduct.
fn submit(world: &mut World, points: u32, conduct: Conduct) -> SweepId {
    world.submit(gliss_types::SweepPlan { conduct, ..plan(points, 0, 1) })
}

/// The sweeps of what was offered, in order.
fn offered(world: &World) -> Vec<u32> {
    world.offers().iter().map(|(_, attempt)| attempt.trial.sweep.0).collect()
}

#[test]
fn sweeps_of_one_priority_share_the_slots() {
    let mut world = World::new();
    for _ in 0..2 {
        submit(&mut world, 10, Conduct::default());
    }
    submit(&mut world, 1, Conduct::default());
    world.hello("a", 6);
    assert_eq!(offered(&world), [1, 2, 3, 1, 2, 1], "the fewest live trials first, then the oldest");
}

#[test]
fn a_higher_priority_is_served_first_and_takes_nothing_away() {
    let mut world = World::new();
    submit(&mut world, 4, Conduct::default());
    world.hello("a", 2);
    submit(&mut world, 2, Conduct { priority: 1, ..Conduct::default() });
    assert_eq!(offered(&world), [] as [u32; 0], "what runs is left alone");
    world.train(attempt(1, 1, 1), 0.5);
    assert_eq!(offered(&world), [2]);
    world.train(attempt(1, 2, 1), 0.5);
    assert_eq!(offered(&world), [2]);
    world.train(attempt(2, 1, 1), 0.5);
    assert_eq!(offered(&world), [1]);
}

#[test]
fn no_more_trials_run_than_the_sweep_allows() {
    let mut world = World::new();
    submit(&mut world, 5, Conduct { max_running: Some(2), ..Conduct::default() });
    world.hello("a", 4);
    assert_eq!(world.offers().len(), 2);
    world.hello("b", 4);
    assert_eq!(world.offers().len(), 0);
    world.train(attempt(1, 1, 1), 0.5);
    assert_eq!(world.offers().len(), 1);
}

#[test]
fn a_sweep_whose_trials_fail_alike_is_paused_and_says_why() {
    let mut world = World::new();
    let sweep = submit(&mut world, 9, Conduct { give_up_after: 3, ..Conduct::default() });
    let worker = world.hello("a", 2);
    world.next(attempt(1, 1, 1), failed("no file a7.wav", false));
    world.next(attempt(1, 2, 1), failed("something else", false));
    for number in 3..5 {
        world.next(attempt(1, number, 1), failed(&format!("no file a{number}.wav"), false));
    }
    assert_eq!(world.engine.state().sweep(sweep).map(|sweep| sweep.state()), Some(SweepState::Active));
    world.next(attempt(1, 5, 1), failed("no file a12.wav", false));
    let state = world.engine.state().sweep(sweep).expect("submitted");
    assert_eq!(state.state(), SweepState::Paused);
    assert_eq!(state.halted(), Some("3 trials in a row failed alike: no file a3.wav"));
    assert_eq!(world.stops(), [(worker, attempt(1, 6, 1), StopReason::Paused)]);
    assert_eq!(world.offers(), []);

    // After a restart it is paused for the same reason; resumed it begins to count anew.
    world.restart();
    assert!(world.engine.state().sweep(sweep).is_some_and(|sweep| sweep.halted().is_some()));
    world.send(Input::Resume { sweep });
    assert_eq!(world.engine.state().sweep(sweep).and_then(|sweep| sweep.halted().map(str::to_owned)), None);
    assert_eq!(world.engine.state().sweep(sweep).map(|sweep| sweep.state()), Some(SweepState::Active));
}

#[test]
fn a_trial_that_completes_breaks_the_row() {
    let mut world = World::new();
    let sweep = submit(&mut world, 5, Conduct { give_up_after: 2, ..Conduct::default() });
    world.hello("a", 1);
    for number in 1..5 {
        if number == 2 {
            world.next(attempt(1, 2, 1), gliss_engine::ReportBody::Started);
            world.next(attempt(1, 2, 1), completed(0.5));
        } else if number < 4 {
            world.next(attempt(1, number, 1), failed("why", false));
        }
    }
    assert_eq!(world.engine.state().sweep(sweep).map(|sweep| sweep.state()), Some(SweepState::Active));
    world.next(attempt(1, 4, 1), failed("why", false));
    assert_eq!(world.engine.state().sweep(sweep).map(|sweep| sweep.state()), Some(SweepState::Paused));
    assert_eq!(world.state_of(trial(1, 5)), TrialState::Queued);
}
