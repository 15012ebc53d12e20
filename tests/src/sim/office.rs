//! The coordinator's process: the real driver, stepped by hand, over a journal that survives it.

use std::sync::{Arc, Mutex};

use gliss_coordinator::{Batch, ByHand, Fault as DriverFault, Journal, MemoryJournal, Options, StoreError};
use gliss_engine::{Engine, Fact, Millis};
use gliss_types::{AttemptId, Curve, TrialId};

use super::scenario::{LEASE, Time};

/// What the next commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Disk {
    /// It stores.
    #[default]
    Works,
    /// It fails and stores nothing.
    Fails,
    /// It stores, and the process is killed before it knows.
    StoresAndDies,
}

/// The journal, which outlives the process that writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paper {
    journal: Arc<Mutex<MemoryJournal>>,
    pub(crate) disk: Arc<Mutex<Disk>>,
}

impl Paper {
    fn with<T>(&self, read: impl FnOnce(&mut MemoryJournal) -> T) -> T {
        read(&mut self.journal.lock().expect("one thread writes"))
    }

    /// Commits from a number on.
    pub(crate) fn since(&self, commit: u64) -> Vec<Vec<Fact>> {
        let commits = self.with(|journal| journal.commits(commit, usize::MAX)).expect("memory does not fail");
        commits.into_iter().map(|(_, facts)| facts).collect()
    }

    pub(crate) fn facts(&self) -> Vec<Fact> {
        self.with(|journal| journal.facts()).expect("memory does not fail")
    }

    pub(crate) fn curves(&self, trial: TrialId) -> Vec<Curve> {
        self.with(|journal| journal.curves(trial)).expect("memory does not fail")
    }
}

impl Journal for Paper {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let disk = std::mem::take(&mut *self.disk.lock().expect("one thread writes"));
        if disk != Disk::Fails {
            self.with(|journal| journal.append(batch))?;
        }
        if disk == Disk::Works { Ok(()) } else { Err(StoreError::Full { path: "virtual".into() }) }
    }

    fn facts(&self) -> Result<Vec<Fact>, StoreError> {
        Ok(Paper::facts(self))
    }

    fn commits(&self, from: u64, most: usize) -> Result<Vec<(u64, Vec<Fact>)>, StoreError> {
        self.with(|journal| journal.commits(from, most))
    }

    fn curves(&self, trial: TrialId) -> Result<Vec<Curve>, StoreError> {
        self.with(|journal| journal.curves(trial))
    }
}

/// Options of every coordinator here. Where no trial kills its workers, no number of lost workers ends a trial.
pub(crate) fn options(killers: bool) -> Options {
    Options { lease: Millis(LEASE), crash_limit: if killers { 5 } else { u32::MAX } }
}

/// A coordinator's process, or its absence.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) driver: Option<ByHand>,
    pub(crate) paper: Paper,
    /// Which process this is.
    pub(crate) generation: u64,
    /// A commit is being written until then; what comes in waits.
    pub(crate) busy: bool,
    pub(crate) frozen_until: Time,
    pub(crate) slow_until: Time,
    /// When it is to be woken next.
    pub(crate) wake_at: Option<Time>,
    pub(crate) commits: u64,
    /// How long it is down after a commit that kills it.
    pub(crate) doom: u64,
}

impl Office {
    pub(crate) fn new() -> Office {
        Office {
            driver: None,
            paper: Paper::default(),
            generation: 0,
            busy: false,
            frozen_until: 0,
            slow_until: 0,
            wake_at: None,
            commits: 0,
            doom: 0,
        }
    }

    /// A process starts and replays what its predecessors stored.
    pub(crate) fn start(&mut self, killers: bool, now: Time) -> Result<(), DriverFault> {
        self.driver = Some(ByHand::start(Box::new(self.paper.clone()), options(killers), Millis(now))?);
        Ok(())
    }

    /// Whether an attempt has its trial by what is stored.
    pub(crate) fn is_live(&self, attempt: AttemptId, killers: bool) -> bool {
        let replayed = Engine::replay(options(killers), self.paper.facts());
        replayed.is_ok_and(|engine| engine.state().live_attempt(attempt.trial) == Some(attempt))
    }

    /// The process is gone with whatever it had not stored.
    pub(crate) fn die(&mut self) {
        self.driver = None;
        self.generation += 1;
        self.busy = false;
        self.wake_at = None;
        self.frozen_until = 0;
    }
}
