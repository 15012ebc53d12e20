//! What trains at this moment.

use gliss_types::{AttemptId, SweepId, TrialState, WorkerId};

use crate::{Engine, Millis, Progress};

/// A live attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// Which.
    pub attempt: AttemptId,
    /// Who has it.
    pub worker: WorkerId,
    /// [`TrialState::Leased`] or [`TrialState::Running`].
    pub state: TrialState,
    /// When it was leased.
    pub leased: Millis,
    /// Epochs of its trial that are finished and stored.
    pub epoch: u32,
    /// Epochs that its recipe asks for.
    pub epochs: u32,
    /// The best value of the objective at any stored epoch.
    pub best: Option<f64>,
    /// How far it said it is in its last heartbeat; none before that, or since a restart.
    pub progress: Option<Progress>,
}

/// The live attempts of a sweep in the order of their trials. None where there is no such sweep.
pub fn running(engine: &Engine, sweep: SweepId) -> Option<Vec<Running>> {
    let sweep = engine.state().sweep(sweep)?;
    let live = sweep.live().iter().filter_map(|number| {
        let trial = sweep.trial(*number)?;
        let attempt = AttemptId { trial: sweep.trial_id(*number), ordinal: trial.live_ordinal()? };
        let record = trial.attempts().last()?;
        Some(Running {
            attempt,
            worker: record.worker,
            state: trial.phase().state(),
            leased: record.leased,
            epoch: trial.epoch(),
            epochs: trial.epochs(),
            best: trial.best(),
            progress: engine.progress(attempt).cloned(),
        })
    });
    Some(live.collect())
}
