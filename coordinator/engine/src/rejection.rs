//! Why an input is turned down. Every reason is something the sender can act on; none is a fault of the engine.

use gliss_types::{AttemptId, SweepId, SweepState, TrialId, WorkerId};

/// Why an input is turned down. A rejected input leaves no fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such sweep.
    #[error("there is no sweep {sweep}")]
    UnknownSweep {
        /// As given.
        sweep: SweepId,
    },
    /// The sweep is finished or cancelled.
    #[error("sweep {sweep} is {state}")]
    SweepClosed {
        /// Which.
        sweep: SweepId,
        /// How it ended.
        state: SweepState,
    },
    /// A plan without points.
    #[error("the space has no points: a dimension has no values")]
    EmptySpace,
    /// A plan with more points than trials can be numbered.
    #[error("the space has more than {} points", u32::MAX)]
    SpaceTooLarge,
    /// A plan whose first point is not a recipe.
    #[error("the plan cannot be trained: {reason}")]
    UnreadablePlan {
        /// The first issue, for people.
        reason: String,
    },
    /// A worker with that instance has a session. It tries again once the driver has noticed that the old one broke.
    #[error("{worker} has a session already")]
    AlreadyConnected {
        /// Which worker.
        worker: WorkerId,
    },
    /// The worker has no session: it says hello first.
    #[error("{worker} has no session")]
    NotASession {
        /// Which worker.
        worker: WorkerId,
    },
    /// A worker offers more slots than [`crate::Input::SLOT_LIMIT`].
    #[error("{slots} slots are more than {limit}")]
    TooManySlots {
        /// As given.
        slots: u32,
        /// The most.
        limit: u32,
    },
    /// The worker came back with fewer slots than attempts.
    #[error("{attempt} found no slot: the worker has only {slots}")]
    NoSlot {
        /// The attempt that is released.
        attempt: AttemptId,
        /// The worker's slots.
        slots: u32,
    },
    /// No such attempt was ever leased.
    #[error("there is no attempt {attempt}")]
    UnknownAttempt {
        /// As given.
        attempt: AttemptId,
    },
    /// The attempt is another worker's.
    #[error("{attempt} belongs to {owner}, not to {worker}")]
    WrongWorker {
        /// Which attempt.
        attempt: AttemptId,
        /// Whose it is.
        owner: WorkerId,
        /// Who spoke.
        worker: WorkerId,
    },
    /// The attempt is over: its lease ran out, its trial closed, or a later attempt has the trial.
    #[error("{attempt} is over{}", current.map(|c| format!("; {c} has the trial now")).unwrap_or_default())]
    Fenced {
        /// Which attempt.
        attempt: AttemptId,
        /// The trial's live attempt, if it has one.
        current: Option<AttemptId>,
    },
    /// Reports are missing before this one: send them first.
    #[error("report {seq} of {attempt} is out of order: report {expected} is next")]
    OutOfOrder {
        /// Which attempt.
        attempt: AttemptId,
        /// As given.
        seq: u64,
        /// The next report that can be stored.
        expected: u64,
    },
    /// An epoch or a result of an attempt that did not report its start.
    #[error("{attempt} has not reported its start")]
    NotStarted {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// A second start.
    #[error("{attempt} has reported its start before")]
    AlreadyStarted {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// A number that is none. The worker ends the attempt as failed instead, under the same report number.
    #[error("`{metric}` of {attempt} is not a finite number")]
    NonFinite {
        /// Which attempt.
        attempt: AttemptId,
        /// The metric or the field of the summary.
        metric: String,
    },
    /// An epoch that the recipe does not have.
    #[error("epoch {epoch} of {trial} is not one of its epochs, 1 to {epochs}")]
    NoSuchEpoch {
        /// Which trial.
        trial: TrialId,
        /// As given.
        epoch: u32,
        /// The recipe's epochs.
        epochs: u32,
    },
    /// A metric point of another epoch than the report.
    #[error("`{metric}` is of step {step}, not of epoch {epoch}")]
    WrongStep {
        /// The metric.
        metric: String,
        /// As given.
        step: u32,
        /// The report's epoch.
        epoch: u32,
    },
    /// A checkpoint that is not named by 64 lower-case hex digits, or of another epoch than the report.
    #[error("checkpoint `{hash}` of epoch {of} cannot stand for epoch {epoch}")]
    BadCheckpoint {
        /// Its name, cut to 64 characters.
        hash: String,
        /// The epoch it says it is of.
        of: u32,
        /// The report's epoch.
        epoch: u32,
    },
}

impl Rejection {
    /// The stable word for this reason: sent over the wire, counted, and never changed.
    pub fn reason(&self) -> &'static str {
        match self {
            Rejection::UnknownSweep { .. } => "unknown_sweep",
            Rejection::SweepClosed { .. } => "sweep_closed",
            Rejection::EmptySpace => "empty_space",
            Rejection::SpaceTooLarge => "space_too_large",
            Rejection::UnreadablePlan { .. } => "unreadable_plan",
            Rejection::AlreadyConnected { .. } => "already_connected",
            Rejection::NotASession { .. } => "not_a_session",
            Rejection::TooManySlots { .. } => "too_many_slots",
            Rejection::NoSlot { .. } => "no_slot",
            Rejection::UnknownAttempt { .. } => "unknown_attempt",
            Rejection::WrongWorker { .. } => "wrong_worker",
            Rejection::Fenced { .. } => "fenced",
            Rejection::OutOfOrder { .. } => "out_of_order",
            Rejection::NotStarted { .. } => "not_started",
            Rejection::AlreadyStarted { .. } => "already_started",
            Rejection::NonFinite { .. } => "non_finite",
            Rejection::NoSuchEpoch { .. } => "no_such_epoch",
            Rejection::WrongStep { .. } => "wrong_step",
            Rejection::BadCheckpoint { .. } => "bad_checkpoint",
        }
    }
}
