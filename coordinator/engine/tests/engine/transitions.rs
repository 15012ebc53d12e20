//! The table of transitions: every state of a trial against every kind of input, tried out and printed into
//! `DESIGN.md`. With `GLISS_BLESS=1` in the environment the table there is rewritten, else it is compared.
#![expect(clippy::disallowed_methods, reason = "this test reads and blesses a file of the crate; the engine does not")]

use std::collections::BTreeSet;
use std::fmt::Write;

use gliss_engine::{Effect, Engine, Fact, Held, HeldAttempt, Input, Reply, ReportBody, StopReason};
use gliss_types::{AttemptId, SweepId, SweepState, TrialId, TrialState, WorkerId};

use crate::world::{World, completed, epoch, failed, options, plan, progress, reason, released};

const SWEEP: SweepId = SweepId(1);
const TRIAL: TrialId = TrialId { sweep: SWEEP, number: 1 };
const ATTEMPT: AttemptId = AttemptId { trial: TRIAL, ordinal: 1 };
/// The worker that has attempt 1, or had it.
const HOLDER: WorkerId = WorkerId(1);

/// Where a column starts.
#[derive(Clone, Copy)]
struct Start {
    heading: &'static str,
    state: TrialState,
}

const OPEN: [Start; 7] = [
    Start { heading: "to come", state: TrialState::Queued },
    Start { heading: "queued", state: TrialState::Queued },
    Start { heading: "queued, paused", state: TrialState::Queued },
    Start { heading: "leased", state: TrialState::Leased },
    Start { heading: "leased, paused", state: TrialState::Leased },
    Start { heading: "running", state: TrialState::Running },
    Start { heading: "running, paused", state: TrialState::Running },
];

const CLOSED: [Start; 4] = [
    Start { heading: "completed", state: TrialState::Completed },
    Start { heading: "stopped", state: TrialState::Stopped },
    Start { heading: "failed", state: TrialState::Failed },
    Start { heading: "cancelled", state: TrialState::Cancelled },
];

fn one_trial() -> Box<gliss_types::SweepPlan> {
    let mut plan = plan(1, 3, 2);
    plan.fingerprint = "0123456789abcdef0123456789abcdef".into();
    Box::new(plan)
}

/// A sweep of one trial with three epochs and two attempts that may fail. The holder's session is open; it has one slot
/// where it has the trial or its end, and none where the trial waits, so that nothing is leased behind an input's back.
fn begin(start: Start) -> World {
    let mut world = World::new();
    world.submit(*one_trial());
    if start.heading == "to come" {
        world.hello("holder", 0);
        return world;
    }
    world.hello("holder", 1);
    if start.state != TrialState::Leased {
        world.next(ATTEMPT, ReportBody::Started);
        world.next(ATTEMPT, epoch(1, 0.5));
    }
    match start.state {
        TrialState::Queued => {
            world.disconnect(HOLDER);
            world.hello("holder", 0);
        }
        TrialState::Leased | TrialState::Running => {}
        TrialState::Completed => world.next(ATTEMPT, completed(0.5)),
        TrialState::Failed => world.next(ATTEMPT, failed("no such file", false)),
        TrialState::Cancelled => {
            world.send(Input::Cancel { sweep: SWEEP });
        }
        // No verdict stops a trial yet, but the state can be stored: the trial is closed by a fact instead.
        TrialState::Stopped => {
            world.next(ATTEMPT, completed(0.5));
            let close = world.journal.iter_mut().find_map(|fact| match fact {
                Fact::TrialClosed { state, .. } => Some(state),
                _ => None,
            });
            *close.expect("it was closed") = TrialState::Stopped;
            world.engine = Engine::replay(options(), world.journal.iter().cloned()).expect("as lawful as before");
            world.hello("holder", 1);
        }
    }
    if start.heading.ends_with("paused") {
        world.send(Input::Pause { sweep: SWEEP });
    }
    world
}

/// What a row does: gets the world ready and makes the input.
type Row = (&'static str, fn(&mut World) -> Input);

/// The holder's report on its attempt, `offset` after the last one that is stored.
fn report(world: &World, offset: u64, body: ReportBody) -> Input {
    let state = world.engine.state();
    let ended = state.attempt(ATTEMPT).and_then(|attempt| attempt.end.as_ref()).map(|end| end.seq);
    let stored = ended.unwrap_or(state.trial(TRIAL).map_or(0, |trial| trial.stored_seq()));
    Input::Report { worker: HOLDER, attempt: ATTEMPT, seq: stored + offset, body }
}

fn hello(instance: &str, slots: u32, held: Vec<HeldAttempt>) -> Input {
    let (name, version, devices) = (format!("host of {instance}"), "0.1.0".to_owned(), vec!["cpu".to_owned()]);
    Input::Hello { instance: instance.into(), name, version, devices, slots, held }
}

/// The holder's slots, after its session broke.
fn broken(world: &mut World) -> u32 {
    world.disconnect(HOLDER);
    world.engine.state().worker(HOLDER).map_or(0, |worker| worker.slots())
}

const ROWS: [Row; 24] = [
    ("submit: the same plan", |_| Input::Submit { plan: one_trial() }),
    ("hello: another worker, one slot", |_| hello("other", 1, vec![])),
    ("hello: the holder, with the attempt", |world| {
        let slots = broken(world);
        hello("holder", slots, vec![HeldAttempt { id: ATTEMPT, seq: 0 }])
    }),
    ("hello: the holder, without it", |world| {
        let slots = broken(world);
        hello("holder", slots, vec![])
    }),
    ("heartbeat with the attempt", |_| Input::Heartbeat { worker: HOLDER, progress: vec![progress(ATTEMPT)] }),
    ("heartbeat without it", |_| Input::Heartbeat { worker: HOLDER, progress: vec![] }),
    ("report: started", |world| report(world, 1, ReportBody::Started)),
    ("report: epoch", |world| report(world, 1, epoch(2, 0.6))),
    ("report: completed", |world| report(world, 1, completed(0.6))),
    ("report: completed, score not a number", |world| report(world, 1, completed(f64::NAN))),
    ("report: failed, try again", |world| report(world, 1, failed("device lost", true))),
    ("report: failed for good", |world| report(world, 1, failed("no such file", false))),
    ("report: released", |world| report(world, 1, released())),
    ("report: the last one again", |world| report(world, 0, released())),
    ("report: one too far", |world| report(world, 2, released())),
    ("report: from another worker", |world| {
        let worker = world.hello("other", 0);
        Input::Report { worker, attempt: ATTEMPT, seq: 1, body: ReportBody::Started }
    }),
    ("report: of an attempt to come", |_| {
        let attempt = AttemptId { trial: TRIAL, ordinal: 2 };
        Input::Report { worker: HOLDER, attempt, seq: 1, body: ReportBody::Started }
    }),
    ("disconnected", |_| Input::Disconnected { worker: HOLDER }),
    ("goodbye", |_| Input::Goodbye { worker: HOLDER }),
    ("pause", |_| Input::Pause { sweep: SWEEP }),
    ("resume", |_| Input::Resume { sweep: SWEEP }),
    ("cancel", |_| Input::Cancel { sweep: SWEEP }),
    ("tick before the lease runs out", |_| Input::Tick),
    ("tick when the lease runs out", |world| {
        world.now = world.engine.next_deadline().unwrap_or(world.now);
        Input::Tick
    }),
];

/// Every kind of input. A new one does not compile until it stands in the list below.
fn kind(input: &Input) -> &'static str {
    match input {
        Input::Submit { .. } => "submit",
        Input::Hello { .. } => "hello",
        Input::Heartbeat { .. } => "heartbeat",
        Input::Report { .. } => "report",
        Input::Disconnected { .. } => "disconnected",
        Input::Goodbye { .. } => "goodbye",
        Input::Pause { .. } => "pause",
        Input::Resume { .. } => "resume",
        Input::Cancel { .. } => "cancel",
        Input::Tick => "tick",
    }
}

const KINDS: [&str; 10] =
    ["cancel", "disconnected", "goodbye", "heartbeat", "hello", "pause", "report", "resume", "submit", "tick"];

fn label(world: &World) -> String {
    let sweep = world.engine.state().sweep(SWEEP).expect("submitted");
    let state = match (sweep.trial(1), sweep.state()) {
        (None, SweepState::Cancelled) => "cancelled",
        (None, _) => "to come",
        (Some(trial), _) => trial.phase().state().as_str(),
    };
    let paused = if sweep.state() == SweepState::Paused { ", paused" } else { "" };
    format!("{state}{paused}")
}

fn answer(reply: &Reply) -> String {
    match reply {
        Reply::Submitted { known: true, .. } => "known".into(),
        Reply::Submitted { known: false, .. } => "new sweep".into(),
        Reply::Welcome { attempts, .. } => match attempts.as_slice() {
            [] => "welcome".into(),
            [(_, Held::Keep { stored_seq }), ..] => format!("keep, {stored_seq} stored"),
            [(_, Held::Drop(rejection)), ..] => format!("drop: {}", rejection.reason()),
        },
        Reply::Acked { .. } => "acked".into(),
        Reply::Done => "done".into(),
        Reply::Rejected(_) => format!("*{}*", reason(reply)),
    }
}

/// One cell: the answer, the state where it changed, what is sent out.
fn cell(start: Start, row: &Row) -> (String, &'static str) {
    let mut world = begin(start);
    assert_eq!(label(&world), start.heading, "the column starts where it says");
    let input = (row.1)(&mut world);
    let before = label(&world);
    let kind = kind(&input);
    let trial = world.engine.state().trial(TRIAL).cloned();
    let reply = world.send(input);
    let mut text = answer(&reply);
    let after = label(&world);
    if after != before {
        let _ = write!(text, " → **{after}**");
    } else if !world.facts.is_empty() && world.kinds() != ["worker_joined"] {
        let _ = write!(text, " → {after}");
    }
    for effect in &world.effects {
        text.push_str(match effect {
            Effect::OfferAttempt { .. } => " + offer",
            Effect::StopAttempt { reason: StopReason::Cancelled, .. } => " + stop (cancelled)",
            Effect::StopAttempt { reason: StopReason::Paused, .. } => " + stop (paused)",
            Effect::StopAttempt { reason: StopReason::Fenced, .. } => " + stop (fenced)",
        });
    }
    if start.state.is_closed() {
        assert!(world.engine.state().trial(TRIAL) == trial.as_ref(), "a closed trial changed: {}", row.0);
    }
    (text, kind)
}

fn table(starts: &[Start], seen: &mut BTreeSet<&'static str>) -> String {
    let mut text = String::from("| input |");
    for start in starts {
        let _ = write!(text, " {} |", start.heading);
    }
    let _ = writeln!(text, "\n|{}", "---|".repeat(starts.len() + 1));
    for row in &ROWS {
        let _ = write!(text, "| {} |", row.0);
        for start in starts {
            let (cell, kind) = cell(*start, row);
            seen.insert(kind);
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_design_shows_every_transition() {
    const BEGIN: &str = "<!-- transitions: written by a test, see tests/engine/transitions.rs -->\n";
    const END: &str = "<!-- end of transitions -->";
    let mut seen = BTreeSet::new();
    let tables = format!("{BEGIN}\n{}\n{}\n{END}", table(&OPEN, &mut seen), table(&CLOSED, &mut seen));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), KINDS, "a kind of input has no row");
    let covered: BTreeSet<TrialState> = OPEN.iter().chain(&CLOSED).map(|start| start.state).collect();
    assert_eq!(covered.into_iter().collect::<Vec<_>>(), TrialState::ALL, "a state has no column");

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/DESIGN.md");
    let design = std::fs::read_to_string(path).expect("the crate has a design");
    let (head, rest) = design.split_once(BEGIN).expect("the design has a place for the table");
    let (_, tail) = rest.split_once(END).expect("the design has an end of the table");
    let fresh = format!("{head}{tables}{tail}");
    if std::env::var("GLISS_BLESS").is_ok_and(|bless| bless == "1") {
        std::fs::write(path, fresh).expect("the design can be written");
    } else {
        let stale: Vec<_> = design.lines().filter(|line| !fresh.lines().any(|new| new == *line)).collect();
        let new: Vec<_> = fresh.lines().filter(|line| !design.lines().any(|old| old == *line)).collect();
        assert!(fresh == design, "DESIGN.md is stale (GLISS_BLESS=1 rewrites it)\n- {stale:#?}\n+ {new:#?}");
    }
}
