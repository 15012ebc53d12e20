//! What the driver does with what comes in, under a clock that is told: no thread, no waiting.

use gliss_engine::{Effect, Engine, Fact, Input, Millis, Options, Reply, ReportBody};
use gliss_types::{MetricPoint, TrialId, WorkerId};
use gliss_wire::CoordinatorSays;
use tokio::sync::{broadcast, oneshot, watch};

use super::handle::Command;
use super::sessions::{self, Sessions};
use super::{Fault, Query, SessionRequest};
use crate::journal::{Batch, Journal};

/// Engine, journal and sessions, and the order between them: decide, store, speak.
pub(super) struct Core {
    pub(super) engine: Engine,
    journal: Box<dyn Journal>,
    sessions: Sessions,
    pub(super) closed: broadcast::Sender<TrialId>,
    pub(super) changed: watch::Sender<u64>,
}

/// What one batch of commands came to, before it is stored.
#[derive(Default)]
pub(super) struct Turn {
    batch: Batch,
    effects: Vec<Effect>,
    answers: Vec<Answer>,
    queries: Vec<Query>,
    pub(super) end: bool,
}

/// What is said once the batch is stored.
enum Answer {
    Reply(oneshot::Sender<Reply>, Reply),
    Welcome(SessionRequest, Reply),
    Worker(WorkerId, CoordinatorSays),
}

impl Core {
    /// Replays the journal and gives every lease a new term.
    pub(super) fn start(journal: Box<dyn Journal>, options: Options, now: Millis) -> Result<Core, Fault> {
        let mut engine = Engine::replay(options, journal.facts()?)?;
        engine.restarted(now);
        let (closed, _) = broadcast::channel(1024);
        let (changed, _) = watch::channel(0);
        Ok(Core { engine, journal, sessions: Sessions::default(), closed, changed })
    }

    /// Lets what is over by now run out. After what has come in, so that a renewal that is there is not overlooked; and
    /// however much came in.
    pub(super) fn tick(&mut self, now: Millis, turn: &mut Turn) {
        if self.engine.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.decide(now, turn, Input::Tick);
        }
    }

    /// Decides what follows from a command.
    pub(super) fn take(&mut self, now: Millis, turn: &mut Turn, command: Command) {
        match command {
            Command::Ask { input, reply } => {
                let answer = self.decide(now, turn, input);
                turn.answers.push(Answer::Reply(reply, answer));
            }
            Command::Report { session, worker, attempt, seq, body } => {
                if !self.sessions.is_current(worker, session) {
                    return;
                }
                let points = epoch_points(&body);
                let facts = turn.batch.facts.len();
                let answer = self.decide(now, turn, Input::Report { worker, attempt, seq, body });
                let stored = turn.batch.facts[facts..].iter().any(|f| matches!(f, Fact::EpochReached { .. }));
                if let (true, Some(points)) = (stored, points) {
                    turn.batch.points.push((attempt.trial, points));
                }
                turn.answers.push(Answer::Worker(worker, sessions::answer(attempt, seq, answer)));
            }
            Command::Heartbeat { session, worker, progress } => {
                if self.sessions.is_current(worker, session) {
                    self.decide(now, turn, Input::Heartbeat { worker, progress });
                    turn.answers.push(Answer::Worker(worker, CoordinatorSays::Pulse));
                }
            }
            Command::Open(request) => {
                // A stream that broke while its session was being opened has no task that closes it.
                let known = self.engine.state().worker_of(&request.hello.instance).map(|worker| worker.id());
                if let Some(worker) = known.filter(|worker| self.sessions.close_gone(*worker)) {
                    self.over(now, turn, worker, Input::Disconnected { worker });
                }
                let answer = self.decide(now, turn, request.input());
                turn.answers.push(Answer::Welcome(request, answer));
            }
            Command::Close { session, worker, goodbye } => {
                if self.sessions.close(worker, session) {
                    let input = if goodbye { Input::Goodbye { worker } } else { Input::Disconnected { worker } };
                    self.over(now, turn, worker, input);
                }
            }
            Command::Query(query) => turn.queries.push(query),
            Command::End => turn.end = true,
        }
    }

    /// Decides what the end of a session leads to.
    fn over(&mut self, now: Millis, turn: &mut Turn, worker: WorkerId, input: Input) {
        // What was decided for the session that is gone must not reach the next one.
        turn.effects.retain(|effect| sessions::receiver(effect) != worker);
        self.decide(now, turn, input);
    }

    fn decide(&mut self, now: Millis, turn: &mut Turn, input: Input) -> Reply {
        let step = self.engine.handle(now, input);
        turn.batch.facts.extend(step.facts);
        turn.effects.extend(step.effects);
        step.reply
    }

    /// Stores, then speaks.
    pub(super) fn finish(&mut self, now: Millis, turn: Turn) -> Result<(), Fault> {
        let Turn { batch, effects, answers, queries, .. } = turn;
        if !batch.is_empty() {
            self.journal.append(&batch)?;
        }
        for answer in answers {
            match answer {
                // Whoever asked may have gone; then nobody is left to tell.
                Answer::Reply(to, reply) => drop(to.send(reply)),
                Answer::Welcome(request, reply) => self.sessions.open(request, reply),
                Answer::Worker(worker, says) => self.sessions.send(worker, says),
            }
        }
        for effect in effects {
            let (worker, says) = sessions::effect(effect);
            self.sessions.send(worker, says);
        }
        for fact in &batch.facts {
            if let Fact::TrialClosed { trial, .. } = fact {
                // No receiver means that nobody watches.
                let _ = self.closed.send(*trial);
            }
        }
        // After the closings, so that whoever reads a state can hear of every trial that had closed in it.
        for query in queries {
            query(&self.engine, self.journal.as_ref());
        }
        self.changed.send_modify(|n| *n += 1);
        // A session whose queue is full is stuck: it is cut, and its worker comes back when it can.
        for worker in self.sessions.take_stuck() {
            let mut turn = Turn::default();
            self.decide(now, &mut turn, Input::Disconnected { worker });
            self.finish(now, turn)?;
        }
        Ok(())
    }
}

fn epoch_points(body: &ReportBody) -> Option<Vec<MetricPoint>> {
    match body {
        ReportBody::Epoch(report) => Some(report.points.clone()),
        ReportBody::Started | ReportBody::Ended(_) => None,
    }
}
