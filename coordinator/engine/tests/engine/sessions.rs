//! What happens to workers: they come back, leave, freeze, and outlive the coordinator.

use gliss_engine::{Held, HeldAttempt, Input, Millis, Rejection, Reply, ReportBody, StopReason};
use gliss_types::{AttemptId, SweepId, TrialState, WorkerId};

use crate::world::{LEASE, World, attempt, completed, epoch, plan, reason, released, trial};

fn held(id: AttemptId, seq: u64) -> HeldAttempt {
    HeldAttempt { id, seq }
}

fn verdicts(reply: Reply) -> Vec<(AttemptId, Held)> {
    match reply {
        Reply::Welcome { attempts, lease, .. } => {
            assert_eq!(lease, LEASE);
            attempts
        }
        other => panic!("not welcome: {other:?}"),
    }
}

#[test]
fn workers_outlive_the_coordinator_and_no_attempt_is_lost() {
    let mut world = World::new();
    world.submit(plan(2, 3, 1));
    world.hello("a", 2);
    let (one, two) = (attempt(1, 1, 1), attempt(1, 2, 1));
    for id in [one, two] {
        world.next(id, ReportBody::Started);
        world.next(id, epoch(1, 0.5));
    }
    for _ in 0..20 {
        world.pass(LEASE.0 * 3);
        world.restart();
        assert_eq!(world.engine.next_deadline(), Some(world.now.plus(LEASE)), "a full new term");
        world.pass(LEASE.0 - 1);
        world.send(Input::Tick);
        assert!(world.facts.is_empty());
        // The worker knows that the first report was stored; the acknowledgement of the second was lost.
        let reply = world.hello_with("a", 2, vec![held(two, 1), held(one, 2)]);
        let keep = Held::Keep { stored_seq: 2 };
        assert_eq!(verdicts(reply), [(two, keep.clone()), (one, keep)]);
        assert!(world.facts.is_empty(), "re-attachment leaves no fact: {:?}", world.facts);
        assert_eq!(world.engine.next_deadline(), Some(world.now.plus(LEASE)));
    }
    assert_eq!(world.engine.state().sweep(SweepId(1)).expect("submitted").attempts(), 2);
    world.next(one, epoch(2, 0.6));
}

#[test]
fn a_worker_that_does_not_come_back_loses_its_attempts_one_term_after_the_restart() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    world.next(attempt(1, 1, 1), epoch(1, 0.5));
    world.pass(LEASE.0 * 10);
    world.restart();
    let other = world.hello("b", 1);
    assert_eq!(world.offers(), [], "the lease is still another's");
    world.pass(LEASE.0 / 2);
    world.heartbeat(other, &[]);
    world.expire();
    assert_eq!(world.offers(), [(other, attempt(1, 1, 2))]);
    let back = world.hello_with("a", 1, vec![held(attempt(1, 1, 1), 2)]);
    let fenced = Rejection::Fenced { attempt: attempt(1, 1, 1), current: Some(attempt(1, 1, 2)) };
    assert_eq!(verdicts(back), [(attempt(1, 1, 1), Held::Drop(fenced))]);
}

#[test]
fn the_first_input_after_a_replay_counts_as_the_restart() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    let journal = world.journal.clone();
    world.engine = gliss_engine::Engine::replay(crate::world::options(), journal).expect("a journal replays");
    assert_eq!(world.engine.next_deadline(), None);
    world.pass(LEASE.0 * 10);
    world.send(Input::Tick);
    assert!(world.facts.is_empty());
    assert_eq!(world.engine.next_deadline(), Some(world.now.plus(LEASE)));
}

#[test]
fn an_instance_that_returns_without_its_attempts_ends_them_at_once() {
    let mut world = World::new();
    world.submit(plan(2, 3, 1));
    let worker = world.hello("a", 2);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    world.disconnect(worker);
    assert_eq!(world.hello("a", 2), worker, "the same instance is the same worker");
    let trial_of = |number| world.engine.state().trial(trial(1, number)).expect("proposed");
    // The first had begun; the offer of the second was lost on the way, which says nothing against it.
    assert_eq!((trial_of(1).lapsed(), trial_of(2).lapsed()), (1, 0));
    assert_eq!(world.offers(), [(worker, attempt(1, 1, 2)), (worker, attempt(1, 2, 2))]);
}

#[test]
fn a_flapping_worker_does_not_use_up_the_trials() {
    let mut world = World::new();
    world.submit(plan(3, 3, 1));
    for _ in 0..50 {
        let worker = world.hello("a", 2);
        world.disconnect(worker);
    }
    let sweep = world.engine.state().sweep(SweepId(1)).expect("submitted");
    assert_eq!(sweep.counts(), [1, 2, 0, 0, 0, 0, 0]);
}

#[test]
fn an_attempt_whose_end_is_stored_is_told_so_when_presented_again() {
    let mut world = World::new();
    world.submit(plan(1, 1, 1));
    let worker = world.hello("a", 1);
    world.train(attempt(1, 1, 1), 0.5);
    world.disconnect(worker);
    let reply = world.hello_with("a", 1, vec![held(attempt(1, 1, 1), 2)]);
    assert_eq!(verdicts(reply), [(attempt(1, 1, 1), Held::Keep { stored_seq: 3 })]);
}

#[test]
fn what_a_worker_cannot_have_is_dropped() {
    let mut world = World::new();
    world.submit(plan(2, 3, 1));
    world.hello("a", 1);
    let b = world.hello("b", 1);
    world.next(attempt(1, 2, 1), ReportBody::Started);
    world.disconnect(b);
    let (others, own, unknown) = (attempt(1, 1, 1), attempt(1, 2, 1), attempt(9, 9, 9));
    // It claims acknowledgements of reports that this store never saw, as after going back to a backup.
    let reply = world.hello_with("b", 1, vec![held(others, 0), held(own, 5), held(unknown, 0)]);
    let reasons: Vec<_> = verdicts(reply)
        .into_iter()
        .map(|(_, verdict)| match verdict {
            Held::Drop(rejection) => rejection.reason(),
            Held::Keep { .. } => "kept",
        })
        .collect();
    assert_eq!(reasons, ["wrong_worker", "out_of_order", "unknown_attempt"]);
    assert_eq!(world.offers(), [(b, attempt(1, 2, 2))]);
}

#[test]
fn a_worker_that_comes_back_smaller_keeps_what_it_has_slots_for() {
    let mut world = World::new();
    world.submit(plan(4, 3, 1));
    let worker = world.hello("a", 3);
    world.disconnect(worker);
    let all: Vec<_> = (1..=3).map(|number| held(attempt(1, number, 1), 0)).collect();
    let reply = world.hello_with("a", 1, all);
    let kept = verdicts(reply).into_iter().filter(|(_, verdict)| matches!(verdict, Held::Keep { .. })).count();
    assert_eq!(kept, 1);
    let worker = world.engine.state().worker(worker).expect("joined");
    assert_eq!((worker.slots(), worker.leases().len()), (1, 1));
    assert_eq!(world.kinds(), ["attempt_ended", "attempt_ended", "worker_joined"]);
}

#[test]
fn a_second_session_of_one_instance_is_turned_down() {
    let mut world = World::new();
    let worker = world.hello("a", 1);
    assert_eq!(reason(&world.hello_with("a", 1, vec![])), "already_connected");
    world.disconnect(worker);
    assert_eq!(world.hello("a", 1), worker);
    assert!(world.facts.is_empty(), "nothing new about it");
    assert_eq!(reason(&world.hello_with("b", u32::MAX, vec![])), "too_many_slots");
}

#[test]
fn without_a_session_nobody_is_heard() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    let worker = world.hello("a", 1);
    world.disconnect(worker);
    let started = world.report(attempt(1, 1, 1), 1, ReportBody::Started);
    assert_eq!(reason(&started), "not_a_session");
    assert_eq!(reason(&world.heartbeat(worker, &[attempt(1, 1, 1)])), "not_a_session");
    assert_eq!(reason(&world.heartbeat(WorkerId(99), &[])), "not_a_session");
    assert_eq!(reason(&world.send(Input::Goodbye { worker })), "not_a_session");
    assert_eq!(world.send(Input::Disconnected { worker: WorkerId(99) }), Reply::Done);
}

#[test]
fn foreign_and_unknown_attempts_are_told_apart() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    let other = world.hello("b", 1);
    let body = ReportBody::Started;
    let mut say = |attempt| reason(&world.send(Input::Report { worker: other, attempt, seq: 1, body: body.clone() }));
    assert_eq!(say(attempt(1, 1, 1)), "wrong_worker");
    for unknown in [attempt(1, 1, 2), attempt(1, 1, 0), attempt(1, 2, 1), attempt(1, 0, 1), attempt(2, 1, 1)] {
        assert_eq!(say(unknown), "unknown_attempt");
    }
}

#[test]
fn a_heartbeat_renews_what_it_lists_and_stops_what_is_not_the_workers() {
    let mut world = World::new();
    world.submit(plan(2, 3, 1));
    let worker = world.hello("a", 2);
    let (kept, forgotten) = (attempt(1, 1, 1), attempt(1, 2, 1));
    for _ in 0..5 {
        world.pass(LEASE.0 / 4);
        world.heartbeat(worker, &[kept]);
        if world.engine.next_deadline() <= Some(world.now) {
            world.send(Input::Tick);
        }
    }
    let states = [kept, forgotten].map(|id| world.engine.state().attempt(id).map(|attempt| attempt.end.is_none()));
    assert_eq!(states, [Some(true), Some(false)]);
    world.heartbeat(worker, &[kept, forgotten]);
    assert_eq!(world.stops(), [(worker, forgotten, StopReason::Fenced)]);
    assert!(world.engine.progress(kept).is_some() && world.engine.progress(forgotten).is_none());
}

#[test]
fn a_drained_worker_gives_back_what_it_has() {
    let mut world = World::new();
    world.submit(plan(2, 3, 1));
    let worker = world.hello("a", 2);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    world.next(attempt(1, 1, 1), released());
    assert_eq!(world.send(Input::Goodbye { worker }), Reply::Done);
    assert_eq!(world.state_of(trial(1, 1)), TrialState::Queued);
    assert_eq!(world.state_of(trial(1, 2)), TrialState::Queued);
    assert_eq!(world.engine.next_deadline(), None);
    let trials = [1, 2].map(|number| world.engine.state().trial(trial(1, number)).expect("proposed").lapsed());
    assert_eq!(trials, [0, 0]);
    assert_eq!(world.hello("a", 1), worker, "it may come back");
}

#[test]
fn a_worker_that_missed_a_pause_is_told_when_it_comes_back() {
    let mut world = World::new();
    let sweep = world.submit(plan(1, 3, 1));
    let worker = world.hello("a", 1);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    world.disconnect(worker);
    world.send(Input::Pause { sweep });
    assert_eq!(world.stops(), []);
    world.hello_with("a", 1, vec![held(attempt(1, 1, 1), 1)]);
    assert_eq!(world.stops(), [(worker, attempt(1, 1, 1), StopReason::Paused)]);
}

#[test]
fn a_frozen_idle_worker_is_offered_nothing_until_it_speaks() {
    let mut world = World::new();
    let worker = world.hello("a", 1);
    world.pass(LEASE.0);
    world.submit(plan(1, 0, 1));
    assert_eq!(world.offers(), []);
    world.heartbeat(worker, &[]);
    assert_eq!(world.offers(), [(worker, attempt(1, 1, 1))]);
}

#[test]
fn a_coordinator_that_slept_blames_nobody() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    world.pass(LEASE.0 * 2);
    world.send(Input::Tick);
    assert!(world.facts.is_empty());
    assert_eq!(world.engine.next_deadline(), Some(world.now.plus(LEASE)));
    world.expire();
    assert_eq!(world.kinds(), ["attempt_ended"]);
}

#[test]
fn time_that_runs_backwards_stands_still() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    let deadline = world.engine.next_deadline();
    world.now = Millis(5);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    assert_eq!(world.engine.next_deadline(), deadline);
    world.send(Input::Tick);
    assert!(world.facts.is_empty());
}

#[test]
fn a_report_is_a_sign_of_life() {
    let mut world = World::new();
    world.submit(plan(1, 3, 1));
    world.hello("a", 1);
    world.pass(LEASE.0 - 1);
    world.next(attempt(1, 1, 1), ReportBody::Started);
    assert_eq!(world.engine.next_deadline(), Some(world.now.plus(LEASE)));
    assert_eq!(reason(&world.report(attempt(1, 1, 1), 2, completed(f64::NAN))), "non_finite");
}
