//! The form in which facts are stored. It may grow, and never change: stores of earlier versions must stay readable.

use gliss_engine::{Contradiction, Engine, Fact, Millis, ReplayError, ReportBody};
use gliss_types::{Outcome, TrialState};

use crate::world::{World, attempt, epoch, failed, options, plan, released, trial};

/// A history with every kind of fact.
fn history() -> Vec<Fact> {
    let mut world = World::new();
    let sweep = world.submit(plan(2, 1, 2));
    let worker = world.hello("a", 2);
    world.send(gliss_engine::Input::Pause { sweep });
    world.send(gliss_engine::Input::Resume { sweep });
    world.train(attempt(1, 1, 1), 0.1 + 0.2);
    world.next(attempt(1, 2, 1), ReportBody::Started);
    world.next(attempt(1, 2, 1), epoch(1, 1e-300));
    world.next(attempt(1, 2, 1), failed("lost: \"gpu\"", true));
    world.next(attempt(1, 2, 2), released());
    world.next(attempt(1, 2, 3), ReportBody::Started);
    world.disconnect(worker);
    world.expire();
    world.hello("a", 2);
    world.train(attempt(1, 2, 4), f64::MIN_POSITIVE);
    let sweep = world.submit(plan(1, 0, 1));
    world.send(gliss_engine::Input::Cancel { sweep });
    world.journal
}

#[test]
fn facts_survive_their_stored_form() {
    let history = history();
    let stored: Vec<String> =
        history.iter().map(|fact| serde_json::to_string(fact).expect("facts are plain data")).collect();
    let read: Vec<Fact> = stored.iter().map(|text| serde_json::from_str(text).expect("its own form")).collect();
    assert_eq!(read, history);
    let (live, read) = (Engine::replay(options(), history), Engine::replay(options(), read));
    let (live, read) = (live.expect("a journal replays"), read.expect("a journal replays"));
    assert!(live.state() == read.state());
}

#[test]
fn the_stored_form_of_each_kind_is_known() {
    let mut seen = std::collections::BTreeSet::new();
    let firsts: Vec<String> = history()
        .iter()
        .filter(|fact| seen.insert(fact.kind()))
        .map(|fact| serde_json::to_string(fact).expect("facts are plain data"))
        .collect();
    assert_eq!(seen.len(), 12, "a kind of fact is missing from the history: {seen:?}");
    // The key is the hash of a recipe, whose form is not the engine's matter.
    let key = history().iter().find_map(|fact| match fact {
        Fact::TrialProposed { key, .. } => Some(key.to_string()),
        _ => None,
    });
    insta::assert_snapshot!(firsts.join("\n").replace(&key.expect("a trial was proposed"), "KEY"));
}

#[test]
fn a_field_of_a_later_version_is_ignored_and_an_unknown_kind_refused() {
    let text = r#"{"fact":"sweep_paused","sweep":1,"at":5,"by":{"name":"ada"}}"#;
    let fact: Fact = serde_json::from_str(text).expect("an added field is no obstacle");
    assert!(matches!(fact, Fact::SweepPaused { at: Millis(5), .. }));
    assert!(serde_json::from_str::<Fact>(r#"{"fact":"sweep_praised","sweep":1,"at":5}"#).is_err());
}

/// As version 0.1.0 stored it before summaries had a confusion matrix.
#[test]
fn a_summary_of_an_earlier_version_is_read() {
    let text = r#"{"fact":"trial_closed","trial":{"sweep":1,"number":1},"state":"completed","summary":{"score":0.5,"best_epoch":1,"epochs":1,"metrics":[["test_accuracy",0.25]],"parameters":7,"train_seconds":0.0},"reason":null,"at":5}"#;
    let Fact::TrialClosed { summary: Some(summary), .. } = serde_json::from_str(text).expect("readable") else {
        panic!("a summary")
    };
    assert_eq!((summary.score, summary.parameters, &summary.confusion), (0.5, 7, &None));
    let fact: Fact = serde_json::from_str(text).expect("readable");
    assert_eq!(serde_json::to_string(&fact).expect("plain data"), text, "what is not there is not written");
}

#[test]
fn a_confusion_matrix_is_stored_once() {
    let stored: Vec<String> =
        history().iter().map(|fact| serde_json::to_string(fact).expect("facts are plain data")).collect();
    let with = |text: &&String| text.contains("confusion");
    let kinds: Vec<bool> = stored.iter().filter(with).map(|text| text.contains("trial_closed")).collect();
    assert_eq!(kinds, [true, true], "one for each trial that completed");
}

#[test]
fn a_damaged_journal_is_refused_where_it_breaks() {
    let history = history();
    for missing in 0..history.len() - 1 {
        let mut damaged = history.clone();
        damaged.remove(missing);
        // A lost fact that nothing later depends on cannot be seen here; it must not be a panic or a broken state.
        if let Ok(engine) = Engine::replay(options(), damaged) {
            let counts = engine.state().sweeps().map(|sweep| sweep.counts().iter().sum::<u64>());
            assert_eq!(counts.collect::<Vec<_>>(), [2, 1]);
        }
    }
    let repeated = [&history[..3], &history[2..]].concat();
    let error = Engine::replay(options(), repeated).expect_err("the same trial twice");
    assert_eq!((error.index, error.kind), (3, history[2].kind()));
    assert!(error.to_string().contains("fact 3"), "{error}");
}

#[test]
fn a_fact_that_does_not_fit_changes_nothing() {
    let mut world = World::new();
    world.submit(plan(2, 1, 1));
    world.hello("a", 1);
    let before = world.engine.state().clone();
    let at = Millis(1);
    let closed = |state, number| Fact::TrialClosed { trial: trial(1, number), state, summary: None, reason: None, at };
    let misfits = [
        Fact::SweepFinished { sweep: gliss_types::SweepId(1), at },
        Fact::SweepCancelled { sweep: gliss_types::SweepId(1), at },
        Fact::SweepResumed { sweep: gliss_types::SweepId(1), at },
        Fact::AttemptStarted { attempt: attempt(1, 1, 1), seq: 2, at },
        Fact::AttemptStarted { attempt: attempt(1, 1, 2), seq: 1, at },
        Fact::AttemptEnded { attempt: attempt(1, 1, 1), seq: 7, outcome: Outcome::Released, at },
        closed(TrialState::Cancelled, 1),
        closed(TrialState::Cancelled, 2),
        closed(TrialState::Queued, 1),
    ];
    let mut state = before.clone();
    for fact in misfits {
        let refused: Result<(), Contradiction> = state.apply(&fact);
        assert!(refused.is_err(), "{fact:?} was taken");
        assert!(state == before, "{fact:?} left a trace");
    }
    let error: ReplayError =
        Engine::replay(options(), [Fact::SweepPaused { sweep: gliss_types::SweepId(1), reason: None, at }])
            .expect_err("no such sweep");
    assert_eq!(error.index, 0);
}

#[test]
fn a_plan_from_before_sweeps_shared_the_fleet_is_read_as_it_was_meant() {
    let text = r#"{"fact":"sweep_submitted","sweep":1,"plan":{"name":"seeds","description":"","objective":{"metric":"valid_accuracy","goal":"maximize"},"recipe":{"data":{"source":"synth"},"epochs":1},"space":{"dimensions":[{"path":"seed","values":[1,2]}]},"max_attempts":2,"fingerprint":"","source":""},"epochs":2,"at":1000000}"#;
    let fact: Fact = serde_json::from_str(text).expect("it can be read");
    let Fact::SweepSubmitted { plan, .. } = fact else { panic!("another fact") };
    assert_eq!((plan.conduct.priority, plan.conduct.max_running, plan.conduct.give_up_after), (0, None, 0));
}
