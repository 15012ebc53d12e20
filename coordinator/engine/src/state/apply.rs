//! Applies facts. The only code that changes the durable state, live and in replay alike. It checks that a fact fits
//! before it changes anything, so that a damaged journal is told from a whole one.

use std::collections::BTreeSet;

use gliss_types::{AttemptId, CheckpointRef, Outcome, Summary, SweepId, SweepPlan, SweepState, TrialId, TrialKey};
use gliss_types::{TrialState, WorkerId};

use super::trial::in_words;
use super::{Attempt, AttemptEnd, Closed, Contradiction, Phase, State, Sweep, Trial, Worker};
use crate::{Fact, Millis};

impl State {
    /// Applies the next fact.
    ///
    /// # Errors
    /// The fact does not fit what came before; the state is as it was.
    pub fn apply(&mut self, fact: &Fact) -> Result<(), Contradiction> {
        match fact {
            Fact::SweepSubmitted { sweep, plan, epochs, at } => self.submitted(*sweep, plan, *epochs, *at),
            Fact::WorkerJoined { worker, instance, name, version, devices, slots, at: _ } => {
                let (name, version, devices) = (name.clone(), version.clone(), devices.clone());
                let (instance, leases) = (instance.clone(), BTreeSet::new());
                self.joined(Worker { id: *worker, instance, name, version, devices, slots: *slots, leases })
            }
            Fact::TrialProposed { trial, key, epochs } => self.proposed(*trial, key, *epochs),
            Fact::AttemptLeased { attempt, worker, resume, at } => self.leased(*attempt, *worker, resume.as_ref(), *at),
            Fact::AttemptStarted { attempt, seq, at } => self.started(*attempt, *seq, *at),
            Fact::EpochReached { attempt, seq, epoch, checkpoint, score, at: _ } => {
                self.reached(*attempt, *seq, *epoch, checkpoint, *score)
            }
            Fact::AttemptEnded { attempt, seq, outcome, at } => self.ended(*attempt, *seq, outcome, *at),
            Fact::TrialClosed { trial, state, summary, reason, at } => {
                self.closed(*trial, *state, summary.as_ref(), reason.as_deref(), *at)
            }
            Fact::SweepPaused { sweep, reason, at: _ } => {
                self.move_sweep(*sweep, &[SweepState::Active], SweepState::Paused, None)?;
                self.sweep_mut(*sweep)?.halted.clone_from(reason);
                Ok(())
            }
            Fact::SweepResumed { sweep, at: _ } => {
                self.move_sweep(*sweep, &[SweepState::Paused], SweepState::Active, None)?;
                let sweep = self.sweep_mut(*sweep)?;
                // Whoever resumes it has mended the cause, or wants to see it fail again.
                (sweep.halted, sweep.alike) = (None, None);
                Ok(())
            }
            Fact::SweepCancelled { sweep, at } => {
                self.move_sweep(*sweep, &[SweepState::Active, SweepState::Paused], SweepState::Cancelled, Some(*at))
            }
            Fact::SweepFinished { sweep, at } => {
                self.move_sweep(*sweep, &[SweepState::Active, SweepState::Paused], SweepState::Finished, Some(*at))
            }
        }
    }

    fn submitted(&mut self, id: SweepId, plan: &SweepPlan, epochs: u64, at: Millis) -> Result<(), Contradiction> {
        let next = self.next_sweep();
        if id != next {
            return Err(Contradiction::NotNext { id: id.to_string(), next: next.to_string() });
        }
        let points = plan.space.len().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        let points = points.ok_or(Contradiction::NoSuchSpace { sweep: id })?;
        if !plan.fingerprint.is_empty() {
            self.fingerprints.insert(plan.fingerprint.clone(), id);
        }
        self.sweeps.insert(id, Sweep::new(id, Box::new(plan.clone()), points, epochs, at));
        self.relist(id);
        Ok(())
    }

    fn joined(&mut self, mut worker: Worker) -> Result<(), Contradiction> {
        let id = worker.id;
        if let Some(old) = self.workers.get(&id) {
            if old.instance != worker.instance {
                return Err(Contradiction::OtherInstance { worker: id, instance: worker.instance });
            }
            worker.leases.clone_from(&old.leases);
            if worker.leases.len() > worker.slots as usize {
                return Err(Contradiction::NoSlot { worker: id });
            }
        } else {
            let next = self.next_worker();
            if id != next {
                return Err(Contradiction::NotNext { id: id.to_string(), next: next.to_string() });
            }
            if self.instances.contains_key(&worker.instance) {
                return Err(Contradiction::OtherInstance { worker: id, instance: worker.instance });
            }
            self.instances.insert(worker.instance.clone(), id);
        }
        self.workers.insert(id, worker);
        Ok(())
    }

    fn proposed(&mut self, trial: TrialId, key: &TrialKey, epochs: u32) -> Result<(), Contradiction> {
        let sweep = self.sweep_mut(trial.sweep)?;
        if sweep.state.is_closed() {
            return Err(Contradiction::SweepState { sweep: sweep.id, state: sweep.state });
        }
        if sweep.proposed() == sweep.points || trial.number != sweep.proposed() + 1 {
            return Err(Contradiction::UnknownTrial { trial });
        }
        sweep.add_trial(Trial::new(key.clone(), epochs));
        self.relist(trial.sweep);
        Ok(())
    }

    fn leased(
        &mut self,
        attempt: AttemptId,
        worker: WorkerId,
        resume: Option<&CheckpointRef>,
        at: Millis,
    ) -> Result<(), Contradiction> {
        let AttemptId { trial: id, ordinal } = attempt;
        let holder = self.worker(worker).ok_or(Contradiction::UnknownWorker { worker })?;
        if holder.free() == 0 {
            return Err(Contradiction::NoSlot { worker });
        }
        let (sweep, trial) = self.trial_mut(id)?;
        if sweep.state != SweepState::Active {
            return Err(Contradiction::SweepState { sweep: id.sweep, state: sweep.state });
        }
        let trial = &mut sweep.trials[trial];
        if trial.phase != Phase::Queued {
            return Err(Contradiction::TrialState { trial: id, state: trial.phase.state() });
        }
        if ordinal != trial.next_ordinal() {
            return Err(Contradiction::OtherAttempt { attempt });
        }
        let resumed_after = resume.map_or(0, |checkpoint| checkpoint.epoch);
        trial.attempts.push(Attempt { worker, leased: at, resumed_after, end: None });
        sweep.attempts += 1;
        sweep.move_trial(id.number, Phase::Leased);
        if let Some(worker) = self.workers.get_mut(&worker) {
            worker.leases.insert(attempt);
        }
        self.relist(id.sweep);
        Ok(())
    }

    fn started(&mut self, attempt: AttemptId, seq: u64, at: Millis) -> Result<(), Contradiction> {
        let (sweep, index) = self.live_mut(attempt)?;
        let trial = &sweep.trials[index];
        if trial.phase != Phase::Leased {
            return Err(Contradiction::TrialState { trial: attempt.trial, state: trial.phase.state() });
        }
        follows(attempt, seq, trial.stored_seq())?;
        sweep.started = sweep.started.or(Some(at));
        sweep.move_trial(attempt.trial.number, Phase::Running { seq });
        Ok(())
    }

    fn reached(
        &mut self,
        attempt: AttemptId,
        seq: u64,
        epoch: u32,
        checkpoint: &CheckpointRef,
        score: Option<f64>,
    ) -> Result<(), Contradiction> {
        let (sweep, index) = self.live_mut(attempt)?;
        let trial = &mut sweep.trials[index];
        let Phase::Running { seq: stored } = &mut trial.phase else {
            return Err(Contradiction::TrialState { trial: attempt.trial, state: trial.phase.state() });
        };
        follows(attempt, seq, *stored)?;
        *stored = seq;
        trial.checkpoint = Some(checkpoint.clone());
        let done = trial.epoch.max(epoch);
        if done > trial.epoch {
            // A trial that gets on is no poison, however often its workers are lost on the way.
            trial.lapsed = 0;
        }
        sweep.epochs_done += u64::from(done - trial.epoch);
        trial.epoch = done;
        if let Some(score) = score
            && trial.best.is_none_or(|best| sweep.plan.objective.better(score, best))
        {
            trial.best = Some(score);
        }
        Ok(())
    }

    fn ended(&mut self, attempt: AttemptId, seq: u64, outcome: &Outcome, at: Millis) -> Result<(), Contradiction> {
        let (sweep, index) = self.live_mut(attempt)?;
        let trial = &mut sweep.trials[index];
        let stored = trial.stored_seq();
        let reported = seq != stored;
        if reported {
            follows(attempt, seq, stored)?;
        }
        match outcome {
            Outcome::Failed { reason, .. } => {
                trial.failed += 1;
                trial.reason = Some(reason.clone());
            }
            // A worker that says so itself lives, and lost its lease only because it could not reach the coordinator.
            Outcome::Lapsed if !reported => trial.lapsed += 1,
            Outcome::Lapsed | Outcome::Completed(_) | Outcome::Released => {}
        }
        let mut holder = None;
        if let Some(last) = trial.attempts.last_mut() {
            last.end = Some(AttemptEnd { at, seq, reported, how: in_words(outcome) });
            holder = Some(last.worker);
        }
        sweep.move_trial(attempt.trial.number, Phase::Queued);
        if let Some(worker) = holder.and_then(|id| self.workers.get_mut(&id)) {
            worker.leases.remove(&attempt);
        }
        self.relist(attempt.trial.sweep);
        Ok(())
    }

    fn closed(
        &mut self,
        id: TrialId,
        state: TrialState,
        summary: Option<&Summary>,
        reason: Option<&str>,
        at: Millis,
    ) -> Result<(), Contradiction> {
        let (sweep, index) = self.trial_mut(id)?;
        let trial = &mut sweep.trials[index];
        if trial.phase != Phase::Queued {
            return Err(Contradiction::TrialState { trial: id, state: trial.phase.state() });
        }
        let scored = summary.is_some_and(|summary| summary.score.is_finite());
        let fits = match state {
            TrialState::Completed | TrialState::Stopped => scored,
            TrialState::Failed | TrialState::Cancelled => summary.is_none(),
            TrialState::Queued | TrialState::Leased | TrialState::Running => false,
        };
        if !fits {
            return Err(Contradiction::NoSuchEnd { trial: id, state });
        }
        if let Some(reason) = reason {
            trial.reason = Some(reason.to_owned());
        }
        sweep.count_alike(state, reason);
        sweep.move_trial(id.number, Phase::Closed(Closed { state, summary: summary.cloned(), at }));
        self.relist(id.sweep);
        Ok(())
    }

    /// Moves a sweep from one of some states to another; `ended` where that is its end.
    fn move_sweep(
        &mut self,
        id: SweepId,
        from: &[SweepState],
        to: SweepState,
        ended: Option<Millis>,
    ) -> Result<(), Contradiction> {
        let sweep = self.sweeps.get_mut(&id).ok_or(Contradiction::UnknownSweep { sweep: id })?;
        if !from.contains(&sweep.state) {
            return Err(Contradiction::SweepState { sweep: id, state: sweep.state });
        }
        let open = !sweep.queued.is_empty() || !sweep.live.is_empty();
        if to.is_closed() && open || to == SweepState::Finished && !sweep.is_done() {
            return Err(Contradiction::OpenTrials { sweep: id });
        }
        sweep.state = to;
        if to != SweepState::Paused {
            sweep.halted = None;
        }
        sweep.ended = ended;
        if to == SweepState::Cancelled {
            let fingerprint = &sweep.plan.fingerprint;
            if self.fingerprints.get(fingerprint) == Some(&id) {
                self.fingerprints.remove(fingerprint);
            }
        }
        self.relist(id);
        Ok(())
    }

    fn sweep_mut(&mut self, id: SweepId) -> Result<&mut Sweep, Contradiction> {
        self.sweeps.get_mut(&id).ok_or(Contradiction::UnknownSweep { sweep: id })
    }

    /// A sweep and where a proposed trial stands in it.
    fn trial_mut(&mut self, id: TrialId) -> Result<(&mut Sweep, usize), Contradiction> {
        let sweep = self.sweep_mut(id.sweep)?;
        match sweep.trial(id.number) {
            Some(_) => Ok((sweep, id.number as usize - 1)),
            None => Err(Contradiction::UnknownTrial { trial: id }),
        }
    }

    /// The same, where this attempt has the trial.
    fn live_mut(&mut self, attempt: AttemptId) -> Result<(&mut Sweep, usize), Contradiction> {
        let (sweep, index) = self.trial_mut(attempt.trial)?;
        if sweep.trials[index].live_ordinal() == Some(attempt.ordinal) {
            Ok((sweep, index))
        } else {
            Err(Contradiction::OtherAttempt { attempt })
        }
    }

    /// Puts a sweep on the list of those with a trial to lease, or takes it off.
    fn relist(&mut self, id: SweepId) {
        let place = self.sweeps.get(&id).and_then(Sweep::place);
        if let Some(before) = self.places.remove(&id) {
            self.ready.remove(&before);
        }
        if let Some(place) = place {
            self.ready.insert(place);
            self.places.insert(id, place);
        }
    }
}

/// Whether a report's number is the next one.
fn follows(attempt: AttemptId, seq: u64, stored: u64) -> Result<(), Contradiction> {
    if Some(seq) == stored.checked_add(1) { Ok(()) } else { Err(Contradiction::Sequence { attempt, seq, stored }) }
}
