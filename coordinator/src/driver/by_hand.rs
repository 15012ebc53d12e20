//! The driver without its thread and its clock: what simulations drive, commit by commit.

use gliss_engine::{Engine, Input, Millis, Options, Rejection, Reply};
use gliss_types::WorkerId;
use gliss_wire::{CoordinatorSays, Hello, WorkerSays};
use tokio::sync::{mpsc, oneshot};

use super::core::{Core, Turn};
use super::handle::Command;
use super::{Fault, SessionRequest};
use crate::journal::Journal;

/// The same driver as [`super::Driver`]'s, told what comes in and what time it is. What it decides is held back until
/// [`ByHand::commit`]; dropped before that it is a coordinator that was killed with the batch unwritten.
pub struct ByHand {
    core: Core,
    turn: Turn,
}

impl std::fmt::Debug for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByHand")
    }
}

impl ByHand {
    /// Replays the journal; `now` is when it starts.
    ///
    /// # Errors
    /// The journal cannot be read or does not replay.
    pub fn start(journal: Box<dyn Journal>, options: Options, now: Millis) -> Result<ByHand, Fault> {
        Ok(ByHand { core: Core::start(journal, options, now)?, turn: Turn::default() })
    }

    /// A worker wants session number `session`; everything for it goes to `out`. The answer comes with the commit.
    pub fn open(
        &mut self,
        now: Millis,
        session: u64,
        hello: Hello,
        out: mpsc::Sender<CoordinatorSays>,
    ) -> oneshot::Receiver<Result<WorkerId, Rejection>> {
        let (opened, answer) = oneshot::channel();
        let request = SessionRequest { hello, session, out, opened, heartbeat_ms: 1, checkpoints: ".".into() };
        self.core.take(now, &mut self.turn, Command::Open(request));
        answer
    }

    /// A worker says something in its session. False where that ends the session: a second hello.
    pub fn hear(&mut self, now: Millis, session: u64, worker: WorkerId, says: WorkerSays) -> bool {
        let Some(command) = Command::said(session, worker, says) else { return false };
        self.core.take(now, &mut self.turn, command);
        true
    }

    /// The stream of a session is gone.
    pub fn close(&mut self, now: Millis, session: u64, worker: WorkerId) {
        self.core.take(now, &mut self.turn, Command::Close { session, worker, goodbye: false });
    }

    /// A person's wish; the answer comes with the commit.
    pub fn ask(&mut self, now: Millis, input: Input) -> oneshot::Receiver<Reply> {
        let (reply, answer) = oneshot::channel();
        self.core.take(now, &mut self.turn, Command::Ask { input, reply });
        answer
    }

    /// Lets what is due run out, stores everything since the last commit, then speaks.
    ///
    /// # Errors
    /// The journal failed: this driver is of no more use.
    pub fn commit(&mut self, now: Millis) -> Result<(), Fault> {
        self.core.tick(now, &mut self.turn);
        self.core.finish(now, std::mem::take(&mut self.turn))
    }

    /// When a commit is due though nothing comes in.
    pub fn next_deadline(&self) -> Option<Millis> {
        self.core.engine.next_deadline()
    }

    /// The engine, to read. Ahead of the journal until the commit.
    pub fn engine(&self) -> &Engine {
        &self.core.engine
    }
}
