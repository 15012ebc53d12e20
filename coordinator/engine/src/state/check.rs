//! Whether the state holds together: everything that is kept as it changes is computed anew and compared.

use std::collections::{BTreeMap, BTreeSet};

use gliss_types::{AttemptId, SweepId, SweepState, TrialId, WorkerId};

use super::rank::Rank;
use super::sweep::slot_of;
use super::{Phase, State, Sweep};

/// What is broken in a state. Never seen unless the engine has a bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A count or index of a sweep is not what its trials say.
    #[error("the {what} of {sweep} does not follow from its trials")]
    Sweep {
        /// Which.
        sweep: SweepId,
        /// What is wrong.
        what: &'static str,
    },
    /// A trial's attempts and its phase do not agree.
    #[error("{trial} is in no lawful state: {what}")]
    Trial {
        /// Which.
        trial: TrialId,
        /// What is wrong.
        what: &'static str,
    },
    /// A worker's leases are not the live attempts that it has.
    #[error("the leases of {worker} are not its live attempts, or are more than its slots")]
    Worker {
        /// Which.
        worker: WorkerId,
    },
    /// An index over all sweeps or workers is wrong.
    #[error("the {what} do not follow from what they are over")]
    Index {
        /// Which.
        what: &'static str,
    },
}

impl State {
    /// Computes every count and index anew, and checks every trial. Takes time in proportion to all trials.
    ///
    /// # Errors
    /// The first thing that is broken.
    pub fn check(&self) -> Result<(), Broken> {
        let mut leases: BTreeMap<WorkerId, BTreeSet<AttemptId>> = BTreeMap::new();
        for sweep in self.sweeps.values() {
            check_sweep(sweep, &mut leases)?;
        }
        for worker in self.workers.values() {
            let held = leases.remove(&worker.id).unwrap_or_default();
            if held != worker.leases || held.len() > worker.slots as usize {
                return Err(Broken::Worker { worker: worker.id });
            }
        }
        let instances: BTreeMap<String, WorkerId> =
            self.workers.values().map(|worker| (worker.instance.clone(), worker.id)).collect();
        if !leases.is_empty() || instances != self.instances {
            return Err(Broken::Index { what: "workers" });
        }
        let ready: BTreeSet<_> = self.sweeps.values().filter_map(Sweep::place).collect();
        if ready != self.ready || ready != self.places.values().copied().collect() {
            return Err(Broken::Index { what: "sweeps with trials to lease" });
        }
        let plans: BTreeMap<String, SweepId> = self
            .sweeps
            .values()
            .filter(|sweep| sweep.state != SweepState::Cancelled && !sweep.plan.fingerprint.is_empty())
            .map(|sweep| (sweep.plan.fingerprint.clone(), sweep.id))
            .collect();
        if plans != self.fingerprints {
            return Err(Broken::Index { what: "plans by fingerprint" });
        }
        Ok(())
    }
}

fn check_sweep(sweep: &Sweep, leases: &mut BTreeMap<WorkerId, BTreeSet<AttemptId>>) -> Result<(), Broken> {
    let mut new = Sweep::new(sweep.id, sweep.plan.clone(), sweep.points, sweep.epochs_total, sweep.submitted);
    for (number, trial) in (1..).zip(&sweep.trials) {
        let id = sweep.trial_id(number);
        let broken = |what| Err(Broken::Trial { trial: id, what });
        let state = trial.phase.state();
        new.counts[slot_of(state)] += 1;
        new.attempts += trial.attempts.len() as u64;
        new.epochs_done += u64::from(trial.epoch);
        match &trial.phase {
            Phase::Queued => {
                new.queued.insert(number);
            }
            Phase::Leased | Phase::Running { .. } => {
                new.live.insert(number);
                let Some(last) = trial.attempts.last() else { return broken("live without an attempt") };
                let attempt = AttemptId { trial: id, ordinal: trial.attempts.len() as u32 };
                leases.entry(last.worker).or_default().insert(attempt);
            }
            Phase::Closed(closed) => {
                if !state.is_closed() {
                    return broken("closed in an open state");
                }
                if let Some(summary) = &closed.summary {
                    new.ranking.insert((Rank::of(&sweep.plan.objective, summary.score), number));
                }
            }
        }
        let open = trial.attempts.iter().rev().skip(1).any(|attempt| attempt.end.is_none());
        let last_lives = trial.attempts.last().is_some_and(|attempt| attempt.end.is_none());
        if open || last_lives != trial.phase.is_live() {
            return broken("an attempt lives beside its trial's phase");
        }
        if matches!(trial.phase, Phase::Running { seq: 0 }) {
            return broken("running without a report");
        }
        if trial.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.epoch > trial.epoch) {
            return broken("a checkpoint beyond its epochs");
        }
    }
    let wrong = |what| Err(Broken::Sweep { sweep: sweep.id, what });
    if new.counts != sweep.counts {
        return wrong("count by state");
    }
    if new.queued != sweep.queued || new.live != sweep.live {
        return wrong("list of waiting or live trials");
    }
    if new.ranking != sweep.ranking {
        return wrong("ranking");
    }
    if new.attempts != sweep.attempts || new.epochs_done != sweep.epochs_done {
        return wrong("number of attempts or epochs");
    }
    if sweep.trials.len() > sweep.points as usize {
        return wrong("number of trials");
    }
    let open = !sweep.queued.is_empty() || !sweep.live.is_empty();
    let lawful = match sweep.state {
        SweepState::Active | SweepState::Paused => !sweep.is_done() && sweep.ended.is_none(),
        SweepState::Finished => sweep.is_done() && sweep.ended.is_some(),
        SweepState::Cancelled => !open && sweep.ended.is_some(),
    };
    if !lawful {
        return wrong("state");
    }
    Ok(())
}
