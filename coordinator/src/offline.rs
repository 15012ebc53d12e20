//! A store read without a coordinator: for people who ask when nothing runs.

use std::path::Path;

use gliss_engine::{Engine, Options, ReplayError};
use gliss_types::{About, LogPage, SweepId, SweepPlan, SweepRow, TrialDetail, TrialId, TrialRow, WorkerRow};

use crate::driver::Fault;
use crate::journal::Journal;
use crate::reading::{self, ReadError};
use crate::store::Store;

/// An open store and what its journal replays to. While it is open no coordinator can open the store.
#[derive(Debug)]
pub struct Offline {
    engine: Engine,
    store: Store,
}

impl Offline {
    /// Opens the store in a folder; it must exist, and nobody else may have it open.
    ///
    /// # Errors
    /// The store cannot be opened or does not replay.
    pub fn open(data_dir: &Path) -> Result<Offline, Fault> {
        let store = Store::open_existing(data_dir)?;
        let engine = Engine::replay(Options::default(), store.facts()?).map_err(|e: ReplayError| Fault::Replay(e))?;
        Ok(Offline { engine, store })
    }

    /// All sweeps, oldest first.
    pub fn sweeps(&self) -> Vec<SweepRow> {
        reading::sweeps(&self.engine)
    }

    /// One sweep.
    ///
    /// # Errors
    /// There is none of that number.
    pub fn sweep(&self, id: SweepId) -> Result<SweepRow, ReadError> {
        reading::sweep(&self.engine, id)
    }

    /// The sweep that this plan is already, unless it was cancelled.
    pub fn sweep_of(&self, fingerprint: &str) -> Option<SweepId> {
        self.engine.state().sweep_of(fingerprint)
    }

    /// The plan of a sweep.
    ///
    /// # Errors
    /// There is none of that number.
    pub fn plan(&self, id: SweepId) -> Result<&SweepPlan, ReadError> {
        self.engine.state().sweep(id).map(|s| s.plan()).ok_or(ReadError::NoSweep(id))
    }

    /// A page of a sweep's trials in the order of their numbers; a limit of 0 means as many as a listing has.
    ///
    /// # Errors
    /// There is no such sweep.
    pub fn trials(&self, id: SweepId, offset: u64, limit: u64) -> Result<Vec<TrialRow>, ReadError> {
        reading::trials(&self.engine, id, offset, limit)
    }

    /// Everything about one trial.
    ///
    /// # Errors
    /// There is none of that number, or its curves cannot be read.
    pub fn trial(&self, id: TrialId) -> Result<TrialDetail, ReadError> {
        reading::trial(&self.engine, &self.store, id)
    }

    /// A sweep's leaderboard, ordered as `gliss top --sort` says; a limit of 0 means as many as a listing has.
    ///
    /// # Errors
    /// There is no such sweep, or nothing of that name to sort by.
    pub fn top(&self, id: SweepId, limit: u64, sort: &str) -> Result<Vec<TrialRow>, ReadError> {
        reading::top(&self.engine, id, limit, sort)
    }

    /// A part of the log from commit `from` on.
    ///
    /// # Errors
    /// There is no such sweep or trial, or the store cannot be read.
    pub fn log(&self, about: About, from: u64) -> Result<LogPage, ReadError> {
        reading::log(&self.engine, &self.store, about, from)
    }

    /// All workers.
    pub fn workers(&self) -> Vec<WorkerRow> {
        reading::workers(&self.engine)
    }
}
