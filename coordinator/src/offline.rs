//! A store read without a coordinator: for people who ask when nothing runs.

use std::path::Path;

use gliss_engine::{Engine, Fact, Options, ReplayError};
use gliss_types::{About, LogPage, SweepId, SweepPlan, SweepRow, TrialDetail, TrialId, TrialRow, WorkerRow};

use crate::backup::{self, Backup, BackupError};
use crate::driver::Fault;
use crate::journal::Journal;
use crate::reading::{self, ReadError};
use crate::store::{Looked, Store, StoreError};

/// An open store and what its journal replays to. While it is open no coordinator can open the store.
#[derive(Debug)]
pub struct Offline {
    engine: Engine,
    store: Store,
}

/// How a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Commits in it.
    pub commits: u64,
    /// What was found.
    pub looked: Looked,
    /// What is wrong, for people; nothing is well.
    pub problems: Vec<String>,
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

    /// Looks at every byte, and whether all of it holds together.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn health(&mut self) -> Result<Health, StoreError> {
        let looked = self.store.look()?;
        let mut problems: Vec<String> = Vec::new();
        if !looked.whole {
            problems.push("the file was damaged; what could be mended is".to_owned());
        }
        problems.extend(looked.gaps.iter().map(|number| format!("commit {number} is missing")));
        let state = self.engine.state();
        problems.extend(state.check().err().map(|broken| broken.to_string()));
        let trial = |id: &TrialId| state.trial(*id);
        let closed = |id: &TrialId| trial(id).is_some_and(|trial| trial.phase().state().is_closed());
        let stray = looked.open.iter().filter(|id| trial(id).is_none() || closed(id));
        problems.extend(stray.map(|id| format!("there are unfolded points of {id}, which is closed or unknown")));
        let stray = looked.folded.iter().filter(|id| !closed(id));
        problems.extend(stray.map(|id| format!("there are folded points of {id}, which is not closed")));
        for sweep in state.sweeps() {
            let trials = (1..=sweep.proposed()).map(|number| TrialId { sweep: sweep.id(), number });
            let bare = trials.filter(|id| trial(id).is_some_and(|trial| trial.epoch() > 0));
            let bare =
                bare.filter(|id| looked.folded.binary_search(id).is_err() && looked.open.binary_search(id).is_err());
            problems.extend(bare.map(|id| format!("the points of {id} are missing")));
        }
        Ok(Health { commits: self.store.batches(), looked, problems })
    }

    /// The last checkpoint of each trial that has one: what it goes on from, or what its net is read from.
    pub fn checkpoints(&self) -> Vec<(TrialId, String)> {
        backup::checkpoints(&self.engine)
    }

    /// Makes a backup `name` in the folder of backups.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn backup(&self, data_dir: &Path, name: &str) -> Result<Backup, BackupError> {
        backup::make(data_dir, name, || Ok((self.checkpoints(), self.store.snapshot()?)))
    }

    /// Gives free room in the file back to the disk; yields its size before and after.
    ///
    /// # Errors
    /// The medium failed or is full.
    pub fn compact(&mut self) -> Result<[u64; 2], StoreError> {
        self.store.compact()
    }

    /// The facts of at most `most` commits, from number `from` on, each with its number.
    ///
    /// # Errors
    /// The medium failed.
    pub fn commits(&self, from: u64, most: usize) -> Result<Vec<(u64, Vec<Fact>)>, StoreError> {
        self.store.commits(from, most)
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
