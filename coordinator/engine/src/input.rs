//! What happens to the engine. Must not decide anything.

use gliss_types::{AttemptId, EpochReport, Outcome, SweepId, SweepPlan, WorkerId};

/// Something that happened: a person's wish, a worker's word, or the passing of time.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A person submits a checked plan. Answered with [`crate::Reply::Submitted`].
    Submit {
        /// The plan; every point of it was checked by the sweep language.
        plan: Box<SweepPlan>,
    },
    /// A worker opens its session, first or again. Answered with [`crate::Reply::Welcome`].
    Hello {
        /// Identifies the worker process: the same instance is the same worker for ever.
        instance: String,
        /// What people call it.
        name: String,
        /// The version of the program it runs.
        version: String,
        /// Its devices, such as `cpu`.
        devices: Vec<String>,
        /// Attempts that it can run at once, at most [`Input::SLOT_LIMIT`].
        slots: u32,
        /// Every attempt that it still has, ended ones included whose last report was not acknowledged.
        held: Vec<HeldAttempt>,
    },
    /// A worker lives. Renews the leases of the attempts that it lists; one that it does not list runs out. A worker
    /// without attempts sends it too: one that is silent for a whole lease term gets no offers.
    Heartbeat {
        /// Who speaks.
        worker: WorkerId,
        /// Every attempt that it has, with how far it is.
        progress: Vec<Progress>,
    },
    /// A worker reports on an attempt. Answered with [`crate::Reply::Acked`] once it is stored.
    Report {
        /// Who speaks.
        worker: WorkerId,
        /// The attempt that it is about.
        attempt: AttemptId,
        /// From 1, one more with each report of the attempt. A repeat is acknowledged again and changes nothing.
        seq: u64,
        /// What it says.
        body: ReportBody,
    },
    /// The driver lost a worker's session. Its leases stay until they run out or it comes back.
    Disconnected {
        /// Whose session ended.
        worker: WorkerId,
    },
    /// A worker leaves for good: the leases that it still holds are released and its session ends.
    Goodbye {
        /// Who leaves.
        worker: WorkerId,
    },
    /// A person pauses a sweep: attempts are stopped, to go on from their last checkpoint when it is resumed.
    Pause {
        /// Which sweep.
        sweep: SweepId,
    },
    /// A person resumes a paused sweep.
    Resume {
        /// Which sweep.
        sweep: SweepId,
    },
    /// A person ends a sweep: what is not closed is cancelled.
    Cancel {
        /// Which sweep.
        sweep: SweepId,
    },
    /// Time passed, see [`crate::Engine::next_deadline`]. At any other time it changes nothing.
    Tick,
}

impl Input {
    /// The most slots that one worker may offer.
    pub const SLOT_LIMIT: u32 = 4096;
}

/// An attempt that a worker re-presents when it opens its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAttempt {
    /// Which attempt.
    pub id: AttemptId,
    /// The last report of it that the worker knows to be stored; 0 if none.
    pub seq: u64,
}

/// How far an attempt is. Volatile: for people to look at, nothing is decided by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which attempt.
    pub attempt: AttemptId,
    /// The epoch that it is in, from 1.
    pub epoch: u32,
    /// Epochs in all.
    pub epochs: u32,
    /// Steps done in this epoch.
    pub step: u32,
    /// Steps in an epoch.
    pub steps: u32,
}

/// What a worker says of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportBody {
    /// It took the offer and trains; its first report.
    Started,
    /// An epoch is finished and its checkpoint is in the store of checkpoints. On acceptance the step holds an
    /// [`crate::Fact::EpochReached`], and the driver stores the report's metric points with it.
    Epoch(EpochReport),
    /// The attempt is over; its last report.
    Ended(Outcome),
}
