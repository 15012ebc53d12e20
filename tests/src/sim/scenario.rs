//! What is to happen: how large everything is, and which faults come when. Drawn from a seed.

use super::draw::Draw;

/// Milliseconds of virtual time.
pub(crate) type Time = u64;

/// How long a lease lasts.
pub(crate) const LEASE: Time = 5_000;
/// How often a worker says that it lives.
pub(crate) const BEAT: Time = 1_000;
/// When faults are over.
pub(crate) const FAULTY: Time = 90_000;

/// Something that goes wrong, or that a person wants. Workers and sweeps by index, spans in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A worker's process dies and its next one starts after a while.
    KillWorker {
        /// Whose.
        worker: usize,
        /// Until the next process starts.
        down: u64,
    },
    /// A worker stands still: its leases may lapse, and it wakes as a zombie.
    FreezeWorker {
        /// Whose.
        worker: usize,
        /// How long.
        span: u64,
    },
    /// A worker is told to leave in good order, and its next process starts after a while.
    StopWorker {
        /// Whose.
        worker: usize,
        /// Until the next process starts.
        down: u64,
    },
    /// A worker's connection breaks and loses what is on its way; each side notices after its own while.
    BreakLink {
        /// Whose.
        worker: usize,
        /// After how long the worker notices.
        worker_notices: u64,
        /// After how long the coordinator notices.
        coordinator_notices: u64,
    },
    /// Nothing gets through between a worker and the coordinator, but everything arrives afterwards.
    HoldLink {
        /// Whose.
        worker: usize,
        /// How long.
        span: u64,
    },
    /// A worker says its last reports again.
    RepeatReports {
        /// Whose.
        worker: usize,
    },
    /// The coordinator is killed with what it has not committed, and starts again after a while.
    KillCoordinator {
        /// Until the next process starts.
        down: u64,
    },
    /// It is killed after its next commit, before a word of it gets out.
    KillAfterCommit {
        /// Until the next process starts.
        down: u64,
    },
    /// Its next commit fails, and with it the process.
    FailCommit {
        /// Until the next process starts.
        down: u64,
    },
    /// The coordinator stands still.
    FreezeCoordinator {
        /// How long.
        span: u64,
    },
    /// Every commit takes long.
    SlowDisk {
        /// How long.
        span: u64,
    },
    /// A person pauses a sweep.
    Pause {
        /// Which.
        sweep: usize,
    },
    /// A person lets it go on.
    Resume {
        /// Which.
        sweep: usize,
    },
    /// A person ends it.
    Cancel {
        /// Which.
        sweep: usize,
    },
}

/// Everything that decides what happens.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Where all chance comes from.
    pub seed: u64,
    /// Slots of each worker.
    pub slots: Vec<u32>,
    /// Trials and epochs of each sweep, and when it is submitted. The second begins with the recipes of the first.
    pub sweeps: Vec<(u32, u32, u64)>,
    /// Whether some trials kill the worker that trains them.
    pub killers: bool,
    /// Faults and when they come.
    pub faults: Vec<(u64, Fault)>,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Scenario {
        let draw = Draw(seed);
        let workers = draw.between("workers", [0; 3], [1, 5]);
        let slots = (0..workers).map(|w| draw.between("slots", [w, 0, 0], [1, 3]) as u32).collect();
        let sweep = |s: u64| {
            let submitted = if s == 0 { 10 } else { draw.between("submitted", [s, 0, 0], [10, 20_000]) };
            let trials = draw.between("trials", [s, 0, 0], [1, 14]) as u32;
            (trials, draw.between("epochs", [s, 0, 0], [1, 6]) as u32, submitted)
        };
        let sweeps = (0..draw.between("sweeps", [0; 3], [1, 3])).map(sweep).collect::<Vec<_>>();
        let count = draw.between("faults", [0; 3], [0, 24]);
        let mut faults: Vec<_> = (0..count).map(|n| fault(draw, n, workers, sweeps.len() as u64)).collect();
        faults.sort_by_key(|(at, _)| *at);
        Scenario { seed, slots, sweeps, killers: draw.chance("killers", [0; 3], 150), faults }
    }

    /// It without any fault.
    pub fn undisturbed(mut self) -> Scenario {
        self.faults.clear();
        self
    }
}

fn fault(draw: Draw, n: u64, workers: u64, sweeps: u64) -> (Time, Fault) {
    let pick = |what, range| draw.between(what, [n, 1, 0], range);
    let worker = pick("worker", [0, workers - 1]) as usize;
    let sweep = pick("sweep", [0, sweeps - 1]) as usize;
    // Short, about a lease, or much longer.
    let span = match pick("scale", [0, 2]) {
        0 => pick("span", [1, 500]),
        1 => pick("span", [LEASE / 2, 2 * LEASE]),
        _ => pick("span", [2 * LEASE, 8 * LEASE]),
    };
    let fault = match pick("kind", [0, 19]) {
        0 | 1 => Fault::KillWorker { worker, down: span },
        2 | 3 => Fault::FreezeWorker { worker, span },
        4 => Fault::StopWorker { worker, down: span },
        5 | 6 => {
            let worker_notices = pick("notices", [0, 2]) * span / 2;
            Fault::BreakLink { worker, worker_notices, coordinator_notices: span }
        }
        7 | 8 => Fault::HoldLink { worker, span },
        9 => Fault::RepeatReports { worker },
        10 | 11 => Fault::KillCoordinator { down: span },
        12 => Fault::KillAfterCommit { down: span },
        13 => Fault::FailCommit { down: span },
        14 => Fault::FreezeCoordinator { span },
        15 => Fault::SlowDisk { span },
        16 => Fault::Pause { sweep },
        17 | 18 => Fault::Resume { sweep },
        _ if pick("cancel", [0, 2]) == 0 => Fault::Cancel { sweep },
        _ => Fault::KillCoordinator { down: span },
    };
    (pick("at", [20, FAULTY]), fault)
}
