//! A world for the engine: virtual time, a journal in memory, and words for what workers and people do. After every
//! input the state is checked and compared with the replayed journal.

use gliss_engine::{Effect, Engine, Fact, HeldAttempt, Input, Millis, Options, Progress, Rejection, Reply, ReportBody};
use gliss_engine::{Step, StopReason};
use gliss_types::{
    AttemptId, CheckpointRef, Conduct, Confusion, Dimension, EpochReport, MetricPoint, Objective, Outcome,
};
use gliss_types::{Settings, Space, Summary, SweepId, SweepPlan, TrialId, TrialState, WorkerId};
use serde_json::json;

pub(crate) const LEASE: Millis = Millis(1_000);

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) journal: Vec<Fact>,
    pub(crate) now: Millis,
    /// The last step.
    pub(crate) facts: Vec<Fact>,
    pub(crate) effects: Vec<Effect>,
}

pub(crate) fn options() -> Options {
    Options { lease: LEASE, crash_limit: 3 }
}

/// A plan of `points` trials over seeds. `epochs` 0 makes trials that train nothing.
pub(crate) fn plan(points: u32, epochs: u32, max_attempts: u32) -> SweepPlan {
    let recipe = match epochs {
        0 => json!({"task": "noop"}),
        epochs => json!({"data": {"source": "synth"}, "epochs": epochs}),
    };
    let recipe: Settings = serde_json::from_value(recipe).expect("a mapping");
    let path = "seed".parse().expect("a path");
    let dimension = Dimension { path, values: (1..=points).map(|seed| json!(seed)).collect() };
    SweepPlan {
        name: "seeds".into(),
        description: String::new(),
        objective: Objective::default(),
        recipe,
        space: Space { rows: vec![], dimensions: vec![dimension] },
        max_attempts,
        fingerprint: String::new(),
        conduct: Conduct::default(),
        source: String::new(),
    }
}

pub(crate) fn trial(sweep: u32, number: u32) -> TrialId {
    TrialId { sweep: SweepId(sweep), number }
}

pub(crate) fn attempt(sweep: u32, number: u32, ordinal: u32) -> AttemptId {
    AttemptId { trial: trial(sweep, number), ordinal }
}

pub(crate) fn checkpoint(epoch: u32) -> CheckpointRef {
    CheckpointRef { hash: format!("{epoch:064x}"), epoch }
}

pub(crate) fn epoch(epoch: u32, score: f64) -> ReportBody {
    let points = vec![MetricPoint { metric: "valid_accuracy".into(), step: epoch, value: score }];
    ReportBody::Epoch(EpochReport { epoch, points, checkpoint: checkpoint(epoch) })
}

/// The matrix of every test side here.
pub(crate) fn confusion() -> Confusion {
    Confusion::new(vec!["jazz".to_owned(), "rock".to_owned()], vec![3, 1, 0, 4]).expect("a matrix")
}

pub(crate) fn completed(score: f64) -> ReportBody {
    let metrics = vec![("test_accuracy".to_owned(), score / 2.0)];
    let (best_epoch, epochs, confusion) = (1, 1, Some(confusion()));
    let summary = Summary { score, best_epoch, epochs, metrics, confusion, ..Summary::default() };
    ReportBody::Ended(Outcome::Completed(summary))
}

pub(crate) fn failed(reason: &str, retry: bool) -> ReportBody {
    ReportBody::Ended(Outcome::Failed { reason: reason.into(), retry })
}

pub(crate) fn released() -> ReportBody {
    ReportBody::Ended(Outcome::Released)
}

pub(crate) fn progress(attempt: AttemptId) -> Progress {
    Progress { attempt, epoch: 1, epochs: 3, step: 2, steps: 9 }
}

impl World {
    pub(crate) fn new() -> World {
        let engine = Engine::new(options());
        World { engine, journal: vec![], now: Millis(1_000_000), facts: vec![], effects: vec![] }
    }

    /// One input, and everything that must hold after any input.
    pub(crate) fn send(&mut self, input: Input) -> Reply {
        let Step { facts, effects, reply } = self.engine.handle(self.now, input);
        self.journal.extend(facts.iter().cloned());
        self.facts = facts;
        self.effects = effects;
        assert_eq!(self.engine.state().check(), Ok(()), "after {:?}", self.facts);
        let replayed = Engine::replay(options(), self.journal.iter().cloned()).expect("a journal replays");
        assert!(replayed.state() == self.engine.state(), "replay differs after {:?}", self.facts);
        reply
    }

    pub(crate) fn submit(&mut self, plan: SweepPlan) -> SweepId {
        match self.send(Input::Submit { plan: Box::new(plan) }) {
            Reply::Submitted { sweep, .. } => sweep,
            other => panic!("not submitted: {other:?}"),
        }
    }

    pub(crate) fn hello_with(&mut self, instance: &str, slots: u32, held: Vec<HeldAttempt>) -> Reply {
        let (name, version, devices) = (format!("host of {instance}"), "0.1.0".to_owned(), vec!["cpu".to_owned()]);
        self.send(Input::Hello { instance: instance.into(), name, version, devices, slots, held })
    }

    pub(crate) fn hello(&mut self, instance: &str, slots: u32) -> WorkerId {
        match self.hello_with(instance, slots, vec![]) {
            Reply::Welcome { worker, .. } => worker,
            other => panic!("not welcome: {other:?}"),
        }
    }

    pub(crate) fn report(&mut self, attempt: AttemptId, seq: u64, body: ReportBody) -> Reply {
        let worker = self.engine.state().attempt(attempt).expect("an attempt that was leased").worker;
        self.send(Input::Report { worker, attempt, seq, body })
    }

    /// The attempt's next report, which must be accepted.
    pub(crate) fn next(&mut self, attempt: AttemptId, body: ReportBody) {
        let seq = self.engine.state().trial(attempt.trial).expect("a proposed trial").stored_seq() + 1;
        assert_eq!(self.report(attempt, seq, body), Reply::Acked { attempt, seq });
    }

    /// Starts an attempt, trains all of its epochs and completes it.
    pub(crate) fn train(&mut self, attempt: AttemptId, score: f64) {
        self.next(attempt, ReportBody::Started);
        let trial = self.engine.state().trial(attempt.trial).expect("a proposed trial");
        for number in trial.epoch() + 1..=trial.epochs() {
            self.next(attempt, epoch(number, score));
        }
        self.next(attempt, completed(score));
    }

    pub(crate) fn heartbeat(&mut self, worker: WorkerId, attempts: &[AttemptId]) -> Reply {
        self.send(Input::Heartbeat { worker, progress: attempts.iter().map(|a| progress(*a)).collect() })
    }

    pub(crate) fn disconnect(&mut self, worker: WorkerId) {
        assert_eq!(self.send(Input::Disconnected { worker }), Reply::Done);
    }

    /// Lets time run to the next deadline and ticks.
    pub(crate) fn expire(&mut self) {
        self.now = self.now.max(self.engine.next_deadline().expect("a live lease"));
        assert_eq!(self.send(Input::Tick), Reply::Done);
    }

    pub(crate) fn pass(&mut self, span: u64) {
        self.now = self.now.plus(Millis(span));
    }

    /// The coordinator is killed and starts again.
    pub(crate) fn restart(&mut self) {
        self.engine = Engine::replay(options(), self.journal.iter().cloned()).expect("a journal replays");
        self.engine.restarted(self.now);
    }

    /// What the last step offered, and to whom.
    pub(crate) fn offers(&self) -> Vec<(WorkerId, AttemptId)> {
        let offers = self.effects.iter().filter_map(|effect| match effect {
            Effect::OfferAttempt { worker, attempt, .. } => Some((*worker, *attempt)),
            Effect::StopAttempt { .. } => None,
        });
        offers.collect()
    }

    /// What the last step told to stop.
    pub(crate) fn stops(&self) -> Vec<(WorkerId, AttemptId, StopReason)> {
        let stops = self.effects.iter().filter_map(|effect| match effect {
            Effect::StopAttempt { worker, attempt, reason } => Some((*worker, *attempt, *reason)),
            Effect::OfferAttempt { .. } => None,
        });
        stops.collect()
    }

    pub(crate) fn state_of(&self, trial: TrialId) -> TrialState {
        self.engine.state().trial(trial).map_or(TrialState::Queued, |trial| trial.phase().state())
    }

    /// The kinds of the last step's facts.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.facts.iter().map(Fact::kind).collect()
    }
}

/// The reason of a rejection; empty for any other reply.
pub(crate) fn reason(reply: &Reply) -> &'static str {
    match reply {
        Reply::Rejected(rejection) => Rejection::reason(rejection),
        _ => "",
    }
}
