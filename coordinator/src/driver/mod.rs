//! The driver: one plain thread that owns engine and journal.
//!
//! It drains what has come in, lets the engine decide, stores everything in one commit, and only then lets effects,
//! acknowledgements and replies out. No locks, no async. When a commit fails the thread ends with the fault and the
//! process stops: the engine is ahead of the journal then, and a replay puts that right.

mod by_hand;
mod core;
mod handle;
mod sessions;

pub use by_hand::ByHand;
pub use handle::{DriverHandle, Stopped};
pub(crate) use handle::{Query, SessionRequest};

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use gliss_engine::{Options, ReplayError};

use self::core::{Core, Turn};
use crate::clock::Clock;
use crate::journal::Journal;
use crate::store::StoreError;
use handle::Command;

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
        let core = Core::start(journal, options, clock.now())?;
        let (sender, receiver) = sync_channel(QUEUE);
        let handle = DriverHandle::new(sender, core.closed.clone(), core.changed.subscribe());
        let body = Loop { core, clock };
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
    core: Core,
    clock: Clock,
}

impl Loop {
    fn run(mut self, commands: &Receiver<Command>) -> Result<(), Fault> {
        loop {
            let mut turn = Turn::default();
            if let Some(command) = self.next(commands) {
                self.core.take(self.clock.now(), &mut turn, command);
                // Whatever came in while the last batch was being stored shares this one. Commands are counted, not what
                // they lead to: those of a session that was cut lead to nothing, and must not hold up the commit.
                for _ in 1..BATCH {
                    if turn.end {
                        break;
                    }
                    let Ok(command) = commands.try_recv() else { break };
                    self.core.take(self.clock.now(), &mut turn, command);
                }
            }
            let now = self.clock.now();
            self.core.tick(now, &mut turn);
            let end = turn.end;
            self.core.finish(now, turn)?;
            if end {
                return Ok(());
            }
        }
    }

    /// The next command; `None` when a deadline of the engine came first.
    fn next(&self, commands: &Receiver<Command>) -> Option<Command> {
        let Some(deadline) = self.core.engine.next_deadline() else {
            return Some(commands.recv().unwrap_or(Command::End));
        };
        let wait = Duration::from_millis(deadline.0.saturating_sub(self.clock.now().0));
        match commands.recv_timeout(wait) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Command::End),
        }
    }
}
