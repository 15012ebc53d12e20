//! Why a fact does not fit the state.

use gliss_types::{AttemptId, SweepId, SweepState, TrialId, TrialState, WorkerId};

/// A fact that cannot follow the facts before it: the journal is damaged, or not this program's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Contradiction {
    /// A sweep or worker that is not the next in number.
    #[error("`{id}` is not the next id, `{next}`")]
    NotNext {
        /// As the fact has it.
        id: String,
        /// What would be next.
        next: String,
    },
    /// A space that is empty or too large.
    #[error("the space of {sweep} is empty or has more than {} points", u32::MAX)]
    NoSuchSpace {
        /// Which sweep.
        sweep: SweepId,
    },
    /// A sweep that was never submitted.
    #[error("there is no sweep {sweep}")]
    UnknownSweep {
        /// Which.
        sweep: SweepId,
    },
    /// A trial that was never proposed.
    #[error("there is no trial {trial}")]
    UnknownTrial {
        /// Which.
        trial: TrialId,
    },
    /// A worker that never joined.
    #[error("there is no worker {worker}")]
    UnknownWorker {
        /// Which.
        worker: WorkerId,
    },
    /// A worker that comes back as another process, or a process as another worker.
    #[error("instance `{instance}` is not {worker}")]
    OtherInstance {
        /// Which worker.
        worker: WorkerId,
        /// The process.
        instance: String,
    },
    /// Fewer slots than attempts.
    #[error("{worker} has no free slot")]
    NoSlot {
        /// Which worker.
        worker: WorkerId,
    },
    /// Something that cannot happen to a sweep in this state.
    #[error("{sweep} is {state}")]
    SweepState {
        /// Which.
        sweep: SweepId,
        /// Where it is.
        state: SweepState,
    },
    /// A sweep that ends while trials are open.
    #[error("{sweep} has open trials")]
    OpenTrials {
        /// Which.
        sweep: SweepId,
    },
    /// Something that cannot happen to a trial in this state.
    #[error("{trial} is {state}")]
    TrialState {
        /// Which.
        trial: TrialId,
        /// Where it is.
        state: TrialState,
    },
    /// An attempt that is not the trial's live one, or not its next.
    #[error("{attempt} is not the attempt of its trial that this can happen to")]
    OtherAttempt {
        /// Which.
        attempt: AttemptId,
    },
    /// A report out of order.
    #[error("report {seq} of {attempt} does not follow report {stored}")]
    Sequence {
        /// Which attempt.
        attempt: AttemptId,
        /// As the fact has it.
        seq: u64,
        /// The last one.
        stored: u64,
    },
    /// An end of a trial that is no end, or lacks what it needs.
    #[error("{trial} cannot be closed as {state} like this")]
    NoSuchEnd {
        /// Which.
        trial: TrialId,
        /// As the fact has it.
        state: TrialState,
    },
}
