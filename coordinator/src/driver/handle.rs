//! The way in to the driver.

use std::fmt;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use gliss_engine::{Engine, Input, Progress, Reply, ReportBody};
use gliss_types::{AttemptId, TrialId, WorkerId};
use gliss_wire::{CoordinatorSays, Hello, WorkerSays};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::journal::Journal;

/// The driver has ended; the process is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the coordinator is stopping")]
pub struct Stopped;

/// Something to be read from engine and journal between two batches. It runs on the driver's thread: keep it short.
pub(crate) type Query = Box<dyn FnOnce(&Engine, &dyn Journal) + Send>;

/// A worker that wants a session.
#[derive(Debug)]
pub(crate) struct SessionRequest {
    /// Who it is.
    pub(crate) hello: Hello,
    /// Tells this session from an earlier one of the same worker.
    pub(crate) session: u64,
    /// Where everything for the worker goes, the welcome first.
    pub(crate) out: mpsc::Sender<CoordinatorSays>,
    /// The worker's number, or why it gets no session.
    pub(crate) opened: oneshot::Sender<Result<WorkerId, gliss_engine::Rejection>>,
    /// What the welcome says besides what the engine decides.
    pub(crate) heartbeat_ms: u64,
    /// Where checkpoints live.
    pub(crate) checkpoints: String,
}

impl SessionRequest {
    pub(super) fn input(&self) -> Input {
        let hello = self.hello.clone();
        let held = |h: gliss_wire::HeldAttempt| gliss_engine::HeldAttempt { id: h.attempt, seq: h.acked_seq };
        Input::Hello {
            instance: hello.instance,
            name: hello.name,
            version: hello.program,
            devices: hello.devices,
            slots: hello.slots,
            held: hello.held.into_iter().map(held).collect(),
        }
    }
}

/// What the driver is told.
pub(super) enum Command {
    Ask { input: Input, reply: oneshot::Sender<Reply> },
    Open(SessionRequest),
    Report { session: u64, worker: WorkerId, attempt: AttemptId, seq: u64, body: ReportBody },
    Heartbeat { session: u64, worker: WorkerId, progress: Vec<Progress> },
    Close { session: u64, worker: WorkerId, goodbye: bool },
    Query(Query),
    End,
}

impl Command {
    /// What a worker says in its session; none for a second hello, which nobody may say.
    pub(super) fn said(session: u64, worker: WorkerId, says: WorkerSays) -> Option<Command> {
        let progress_of = |p: gliss_wire::Progress| Progress {
            attempt: p.attempt,
            epoch: p.epoch,
            epochs: p.epochs,
            step: p.step,
            steps: p.steps,
        };
        match says {
            WorkerSays::Hello(_) => None,
            WorkerSays::Heartbeat(progress) => {
                Some(Command::Heartbeat { session, worker, progress: progress.into_iter().map(progress_of).collect() })
            }
            WorkerSays::Report { attempt, seq, body } => {
                let body = match body {
                    gliss_wire::ReportBody::Started => ReportBody::Started,
                    gliss_wire::ReportBody::Epoch(report) => ReportBody::Epoch(report),
                    gliss_wire::ReportBody::Ended(outcome) => ReportBody::Ended(outcome),
                };
                Some(Command::Report { session, worker, attempt, seq, body })
            }
            WorkerSays::Goodbye => Some(Command::Close { session, worker, goodbye: true }),
        }
    }
}

/// Speaks to the driver; cheap to clone.
#[derive(Clone)]
pub struct DriverHandle {
    sender: SyncSender<Command>,
    closed: broadcast::Sender<TrialId>,
    changed: watch::Receiver<u64>,
}

impl fmt::Debug for DriverHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DriverHandle")
    }
}

impl DriverHandle {
    pub(super) fn new(
        sender: SyncSender<Command>,
        closed: broadcast::Sender<TrialId>,
        changed: watch::Receiver<u64>,
    ) -> Self {
        DriverHandle { sender, closed, changed }
    }

    /// Sends, waiting for room without blocking the runtime.
    async fn send(&self, mut command: Command) -> Result<(), Stopped> {
        loop {
            match self.sender.try_send(command) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(Stopped),
                Err(TrySendError::Full(back)) => {
                    command = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    }

    pub(super) fn send_end(&self) {
        // A driver that has ended needs no telling.
        let _ = self.sender.send(Command::End);
    }

    /// Gives the engine an input; answers once everything it led to is stored.
    ///
    /// # Errors
    /// The driver has ended.
    pub async fn ask(&self, input: Input) -> Result<Reply, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Ask { input, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Reads something from engine and journal.
    ///
    /// # Errors
    /// The driver has ended.
    pub async fn read<T, F>(&self, read: F) -> Result<T, Stopped>
    where
        T: Send + 'static,
        F: FnOnce(&Engine, &dyn Journal) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // The reader may have gone by then; nobody is left to tell.
        let query: Query = Box::new(move |engine, journal| drop(reply.send(read(engine, journal))));
        self.send(Command::Query(query)).await?;
        answer.await.map_err(|_| Stopped)
    }

    pub(crate) async fn open(&self, request: SessionRequest) -> Result<(), Stopped> {
        self.send(Command::Open(request)).await
    }

    /// Hands on what a worker says in its session, but for a second hello.
    pub(crate) async fn said(&self, session: u64, worker: WorkerId, says: WorkerSays) -> Result<(), Stopped> {
        match Command::said(session, worker, says) {
            Some(command) => self.send(command).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn close(&self, session: u64, worker: WorkerId, goodbye: bool) -> Result<(), Stopped> {
        self.send(Command::Close { session, worker, goodbye }).await
    }

    /// Trials as they close, from now on. One that lags too far misses some.
    pub fn closed_trials(&self) -> broadcast::Receiver<TrialId> {
        self.closed.subscribe()
    }

    /// Wakes after every batch.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}
