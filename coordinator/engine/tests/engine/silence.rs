//! Most workers fall silent at once.

use gliss_types::{TrialState, WorkerId};

use crate::world::{LEASE, World, attempt, plan, trial};

/// Workers with a trial each.
fn fleet(count: u32) -> (World, Vec<WorkerId>) {
    let mut world = World::new();
    world.submit(plan(count, 3, 1));
    let workers = (0..count).map(|n| world.hello(&format!("w{n}"), 1)).collect();
    (world, workers)
}

fn leased(world: &World, count: u32) -> usize {
    (1..=count).filter(|number| world.state_of(trial(1, *number)) == TrialState::Leased).count()
}

#[test]
fn when_most_are_silent_nobody_is_blamed_for_one_more_term() {
    let (mut world, workers) = fleet(5);
    world.pass(LEASE.0 / 2 + 200);
    world.heartbeat(workers[0], &[attempt(1, 1, 1)]);
    let silent = world.now;
    world.expire();
    assert!(world.now > silent && world.facts.is_empty(), "four of five are silent: {:?}", world.facts);
    assert_eq!(leased(&world, 5), 5);
    // One comes back in its second term and keeps its lease; the others are over at its end.
    world.pass(LEASE.0 / 2);
    world.heartbeat(workers[0], &[attempt(1, 1, 1)]);
    world.heartbeat(workers[1], &[attempt(1, 2, 1)]);
    world.pass(LEASE.0 / 2);
    world.send(gliss_engine::Input::Tick);
    assert_eq!(world.kinds().iter().filter(|kind| **kind == "attempt_ended").count(), 3);
    assert!(world.engine.state().live_attempt(trial(1, 2)) == Some(attempt(1, 2, 1)));
}

#[test]
fn one_of_many_is_over_at_the_end_of_its_term() {
    let (mut world, workers) = fleet(5);
    world.pass(LEASE.0 / 2 + 200);
    for (number, worker) in (1..).zip(&workers).skip(1) {
        world.heartbeat(*worker, &[attempt(1, number, 1)]);
    }
    world.expire();
    assert_eq!(world.kinds(), ["attempt_ended"]);
    assert_eq!(world.state_of(trial(1, 1)), TrialState::Queued);
}

#[test]
fn of_few_workers_each_counts() {
    let (mut world, _) = fleet(3);
    world.expire();
    assert_eq!(world.kinds().iter().filter(|kind| **kind == "attempt_ended").count(), 3);
}
