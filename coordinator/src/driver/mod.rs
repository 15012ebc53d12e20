//! The driver: one plain thread that owns engine and journal.
//!
//! It drains what has come in, lets the engine decide, stores everything in one commit, and only then lets effects,
//! acknowledgements and replies out. No locks, no async. When a commit fails the thread ends with the fault and the
//! process stops: the engine is ahead of the journal then, and a replay puts that right.

mod handle;
mod sessions;

pub use handle::{DriverHandle, Stopped};
pub(crate) use handle::{Query, SessionRequest};

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use gliss_engine::{Effect, Engine, Fact, Input, Options, ReplayError, Reply, ReportBody};
use gliss_types::{MetricPoint, TrialId, WorkerId};
use gliss_wire::CoordinatorSays;
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::Clock;
use crate::journal::{Batch, Journal};
use crate::store::StoreError;
use handle::Command;
use sessions::Sessions;

/// Commands that may wait for the driver; a sender beyond that waits itself, which is how a flood is held back.
const QUEUE: usize = 4096;
/// Commands that share one commit at most.
const BATCH: usize = 2048;

/// Why the driver ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The journal does not replay.
    #[error("the journal does not replay")]
    Replay(#[from] ReplayError),
}

/// A running driver: the way in, and the end.
#[derive(Debug)]
pub struct Driver {
    /// The way in; cheap to clone.
    pub handle: DriverHandle,
    thread: thread::JoinHandle<Result<(), Fault>>,
}

impl Driver {
    /// Replays the journal and starts the thread. `on_end` is called from the thread when it ends, for whatever reason.
    ///
    /// # Errors
    /// The journal cannot be read or does not replay.
    pub fn start(
        journal: Box<dyn Journal>,
        options: Options,
        on_end: impl FnOnce() + Send + 'static,
    ) -> Result<Driver, Fault> {
        let clock = Clock::start();
        let mut engine = Engine::replay(options, journal.facts()?)?;
        engine.restarted(clock.now());
        let (sender, receiver) = sync_channel(QUEUE);
        let (closed, _) = broadcast::channel(1024);
        let (changed, watcher) = watch::channel(0);
        let handle = DriverHandle::new(sender, closed.clone(), watcher);
        let body = Loop { engine, journal, clock, sessions: Sessions::default(), closed, changed };
        let thread = thread::Builder::new().name("driver".into()).spawn(move || {
            // Runs whether the loop returns or panics: without the driver nothing may go on.
            let _end = OnDrop(Some(on_end));
            body.run(&receiver)
        });
        let thread = thread.expect("a process that cannot start its second thread cannot run");
        Ok(Driver { handle, thread })
    }

    /// Ends the driver after what has come in so far, and yields the fault if there was one.
    ///
    /// # Errors
    /// The fault that ended it.
    ///
    /// # Panics
    /// Where the driver panicked: goes on with that panic.
    pub fn stop(self) -> Result<(), Fault> {
        self.handle.send_end();
        match self.thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

struct Loop {
    engine: Engine,
    journal: Box<dyn Journal>,
    clock: Clock,
    sessions: Sessions,
    closed: broadcast::Sender<TrialId>,
    changed: watch::Sender<u64>,
}

/// What one batch of commands came to, before it is stored.
#[derive(Default)]
struct Turn {
    batch: Batch,
    effects: Vec<Effect>,
    answers: Vec<Answer>,
    queries: Vec<Query>,
    end: bool,
}

/// What is said once the batch is stored.
enum Answer {
    Reply(oneshot::Sender<Reply>, Reply),
    Welcome(SessionRequest, Reply),
    Worker(WorkerId, CoordinatorSays),
}

impl Loop {
    fn run(mut self, commands: &Receiver<Command>) -> Result<(), Fault> {
        loop {
            let mut turn = Turn::default();
            if let Some(command) = self.next(commands) {
                self.take(&mut turn, command);
                // Whatever came in while the last batch was being stored shares this one. Commands are counted, not what
                // they lead to: those of a session that was cut lead to nothing, and must not hold up the commit.
                for _ in 1..BATCH {
                    if turn.end {
                        break;
                    }
                    let Ok(command) = commands.try_recv() else { break };
                    self.take(&mut turn, command);
                }
            }
            // After what has come in, so that a renewal that is there is not overlooked; and however much came in.
            if self.engine.next_deadline().is_some_and(|deadline| deadline <= self.clock.now()) {
                self.decide(&mut turn, Input::Tick);
            }
            let end = turn.end;
            self.finish(turn)?;
            if end {
                return Ok(());
            }
        }
    }

    /// The next command; `None` when a deadline of the engine came first.
    fn next(&self, commands: &Receiver<Command>) -> Option<Command> {
        let Some(deadline) = self.engine.next_deadline() else {
            return Some(commands.recv().unwrap_or(Command::End));
        };
        let wait = Duration::from_millis(deadline.0.saturating_sub(self.clock.now().0));
        match commands.recv_timeout(wait) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Command::End),
        }
    }

    fn take(&mut self, turn: &mut Turn, command: Command) {
        match command {
            Command::Ask { input, reply } => {
                let answer = self.decide(turn, input);
                turn.answers.push(Answer::Reply(reply, answer));
            }
            Command::Report { session, worker, attempt, seq, body } => {
                if !self.sessions.is_current(worker, session) {
                    return;
                }
                let points = epoch_points(&body);
                let facts = turn.batch.facts.len();
                let answer = self.decide(turn, Input::Report { worker, attempt, seq, body });
                let stored = turn.batch.facts[facts..].iter().any(|f| matches!(f, Fact::EpochReached { .. }));
                if let (true, Some(points)) = (stored, points) {
                    turn.batch.points.push((attempt.trial, points));
                }
                turn.answers.push(Answer::Worker(worker, sessions::answer(attempt, seq, answer)));
            }
            Command::Heartbeat { session, worker, progress } => {
                if self.sessions.is_current(worker, session) {
                    self.decide(turn, Input::Heartbeat { worker, progress });
                    turn.answers.push(Answer::Worker(worker, CoordinatorSays::Pulse));
                }
            }
            Command::Open(request) => {
                // A stream that broke while its session was being opened has no task that closes it.
                let known = self.engine.state().worker_of(&request.hello.instance).map(|worker| worker.id());
                if let Some(worker) = known.filter(|worker| self.sessions.close_gone(*worker)) {
                    self.over(turn, worker, Input::Disconnected { worker });
                }
                let answer = self.decide(turn, request.input());
                turn.answers.push(Answer::Welcome(request, answer));
            }
            Command::Close { session, worker, goodbye } => {
                if self.sessions.close(worker, session) {
                    let input = if goodbye { Input::Goodbye { worker } } else { Input::Disconnected { worker } };
                    self.over(turn, worker, input);
                }
            }
            Command::Query(query) => turn.queries.push(query),
            Command::End => turn.end = true,
        }
    }

    /// Decides what the end of a session leads to.
    fn over(&mut self, turn: &mut Turn, worker: WorkerId, input: Input) {
        // What was decided for the session that is gone must not reach the next one.
        turn.effects.retain(|effect| sessions::receiver(effect) != worker);
        self.decide(turn, input);
    }

    fn decide(&mut self, turn: &mut Turn, input: Input) -> Reply {
        let step = self.engine.handle(self.clock.now(), input);
        turn.batch.facts.extend(step.facts);
        turn.effects.extend(step.effects);
        step.reply
    }

    /// Stores, then speaks.
    fn finish(&mut self, turn: Turn) -> Result<(), Fault> {
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
            self.decide(&mut turn, Input::Disconnected { worker });
            self.finish(turn)?;
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
