//! What must be true, step by step and in the end.

use std::collections::BTreeMap;

use gliss_engine::{Engine, Fact, Phase};
use gliss_types::{AttemptId, SweepState, TrialState};

use super::office::{Paper, options};
use super::scenario::Scenario;
use super::training::{self, Nature};
use crate::ledger::Ledger;

/// Journals up to this many facts are replayed at every commit, longer ones at every 32nd.
const SHORT: usize = 300;

/// Follows the journal from outside.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    ledger: Ledger,
    facts: Vec<Fact>,
    commits: u64,
}

impl Judge {
    /// After a commit, whether the process lived to see it or not. `engine` is the one that wrote it, where it lives.
    pub(crate) fn committed(&mut self, paper: &Paper, killers: bool, engine: Option<&Engine>) -> Result<(), String> {
        for facts in paper.since(self.commits) {
            self.commits += 1;
            self.facts.extend(facts);
        }
        // Panics at what no journal may hold.
        self.ledger.follow(&self.facts);
        let Some(engine) = engine else { return Ok(()) };
        engine.state().check().map_err(|broken| broken.to_string())?;
        if self.facts.len() <= SHORT || self.commits.is_multiple_of(32) {
            let replayed = Engine::replay(options(killers), self.facts.iter().cloned());
            let replayed = replayed.map_err(|error| format!("the journal does not replay: {error}"))?;
            if replayed.state() != engine.state() {
                return Err("a replay of the journal differs from the state that wrote it".into());
            }
        }
        Ok(())
    }

    /// A worker was told that a report is stored: it must be.
    pub(crate) fn acknowledged(&self, attempt: AttemptId, seq: u64) -> Result<(), String> {
        if seq == 0 || self.ledger.holds(attempt, seq) {
            return Ok(());
        }
        Err(format!("report {seq} of {attempt} was acknowledged and is not stored"))
    }

    /// When everything is over: each trial came to the end that it comes to without faults.
    pub(crate) fn ended(&self, scenario: &Scenario, paper: &Paper, engine: &Engine) -> Result<(), String> {
        for sweep in engine.state().sweeps() {
            let counted: u64 = sweep.counts().iter().sum();
            if counted != u64::from(sweep.points()) {
                return Err(format!("{} has {} trials and counts {counted}", sweep.id(), sweep.points()));
            }
            if sweep.state() == SweepState::Cancelled {
                continue;
            }
            let closed = self.ledger.closed().iter().filter(|trial| trial.sweep == sweep.id()).count();
            if closed != sweep.points() as usize {
                return Err(format!("{closed} of {} trials of {} were closed", sweep.points(), sweep.id()));
            }
            for number in 1..=sweep.points() {
                let Some(trial) = sweep.trial(number) else {
                    return Err(format!("{} has no trial {number}", sweep.id()));
                };
                let key = trial.key().as_str();
                let expected = match Nature::of(key, scenario.killers) {
                    Nature::Kills | Nature::Diverges => TrialState::Failed,
                    Nature::Good | Nature::FailsOnce => TrialState::Completed,
                };
                let Phase::Closed(closed) = trial.phase() else {
                    return Err(format!("trial {number} of {} never ended", sweep.id()));
                };
                if scenario.killers && closed.state == TrialState::Failed {
                    // A neighbour of a killer may reach the crash limit too.
                    continue;
                }
                if closed.state != expected {
                    return Err(format!(
                        "trial {number} of {} ended as {}, not as {expected}",
                        sweep.id(),
                        closed.state
                    ));
                }
                if expected == TrialState::Completed {
                    let id = gliss_types::TrialId { sweep: sweep.id(), number };
                    if closed.summary.as_ref() != Some(&training::summary(key, trial.epochs())) {
                        return Err(format!("{id} left {:?}, which is not what its recipe yields", closed.summary));
                    }
                    let curves = paper.curves(id);
                    let values: BTreeMap<u32, f64> =
                        (1..=trial.epochs()).map(|e| (e, training::score(key, e))).collect();
                    let stored: Vec<_> = curves.into_iter().flat_map(|curve| curve.points).collect();
                    if stored != values.into_iter().collect::<Vec<_>>() {
                        return Err(format!("the curve of {id} is not whole: {stored:?}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Where nothing was disturbed: no trial had an attempt too many.
    pub(crate) fn needed(&self, engine: &Engine) -> Result<(), String> {
        for sweep in engine.state().sweeps() {
            for number in 1..=sweep.points() {
                let Some(trial) = sweep.trial(number) else { continue };
                let needed = if Nature::of(trial.key().as_str(), false) == Nature::FailsOnce { 2 } else { 1 };
                if trial.attempts().len() != needed {
                    let had = trial.attempts().len();
                    return Err(format!(
                        "undisturbed, trial {number} of {} took {had} attempts, not {needed}",
                        sweep.id()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Facts stored in all.
    pub(crate) fn facts(&self) -> &[Fact] {
        &self.facts
    }
}
