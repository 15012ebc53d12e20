//! What comes out of the engine besides facts: effects, replies, and the step that holds all three.

use gliss_types::{AttemptId, CheckpointRef, Objective, SweepId, TrialKey, WorkerId};

use crate::{Fact, Millis, Rejection};

/// The answer to one input. Facts first: store them, then carry out the effects in order, then send the reply.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "facts are to be stored before anything else happens"]
pub struct Step {
    /// To be stored together or not at all.
    pub facts: Vec<Fact>,
    /// To be carried out once the facts are stored.
    pub effects: Vec<Effect>,
    /// For whoever sent the input.
    pub reply: Reply,
}

/// Something to be done, keyed by attempt. Idempotent: doing it twice is doing it once. One whose worker is gone by the
/// time, or has opened another session since, is dropped; leases running out and [`crate::Input::Hello`] put right what
/// was lost.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a worker an attempt. A stop and an offer may come in one step: the worker begins the offered attempt when
    /// the stopped one has left its slot.
    OfferAttempt {
        /// To whom.
        worker: WorkerId,
        /// The attempt, already leased to it.
        attempt: AttemptId,
        /// The recipe in canonical form.
        recipe: String,
        /// The recipe's key.
        key: TrialKey,
        /// The checkpoint to go on from; none for a fresh start.
        resume: Option<CheckpointRef>,
        /// What ranks the trial: the worker's summary is of the epoch that is best by it.
        objective: Objective,
    },
    /// Tell a worker to stop an attempt.
    StopAttempt {
        /// To whom.
        worker: WorkerId,
        /// Which attempt.
        attempt: AttemptId,
        /// Why.
        reason: StopReason,
    },
}

/// Why an attempt is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The sweep was cancelled. The attempt is over; nothing more is heard of it.
    Cancelled,
    /// The sweep is paused. The lease stands until the worker reports `Ended(Released)`.
    Paused,
    /// The lease is no longer the worker's. The attempt is over; nothing more is heard of it.
    Fenced,
}

/// The answer to whoever sent an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The sweep is stored.
    Submitted {
        /// Its id.
        sweep: SweepId,
        /// Whether this plan had been submitted before (and not cancelled since), so that nothing new was made.
        known: bool,
    },
    /// The session is open.
    Welcome {
        /// The worker's id.
        worker: WorkerId,
        /// How long a lease lasts without renewal. The worker stops an attempt before its own copy runs out.
        lease: Millis,
        /// What becomes of each attempt that it presented, in that order.
        attempts: Vec<(AttemptId, Held)>,
    },
    /// The report is stored, now or before.
    Acked {
        /// The attempt that it is about.
        attempt: AttemptId,
        /// The report's number.
        seq: u64,
    },
    /// Nothing to say.
    Done,
    /// The sender is late or wrong. Nothing changed but what time and the session itself bring.
    Rejected(Rejection),
}

/// What becomes of an attempt that a worker presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Everything up to this report is stored; go on, and send the rest. If that was the attempt's last report,
    /// nothing is left to do.
    Keep {
        /// The last report that is stored; 0 if none.
        stored_seq: u64,
    },
    /// Stop it, and forget its reports.
    Drop(Rejection),
}
