//! The durable state: what follows from the facts so far, and nothing else. Changed by [`State::apply`] alone; decides
//! nothing.

mod apply;
mod check;
mod contradiction;
mod rank;
mod sweep;
mod trial;
mod worker;

pub use check::Broken;
pub use contradiction::Contradiction;
use sweep::Place;
pub use sweep::Sweep;
pub use trial::{Attempt, AttemptEnd, Closed, Phase, Trial};
pub use worker::Worker;

use std::collections::{BTreeMap, BTreeSet};

use gliss_types::{AttemptId, SweepId, TrialId, WorkerId};

/// Every sweep, trial, attempt and worker that the facts tell of. Equal facts make equal states.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    sweeps: BTreeMap<SweepId, Sweep>,
    workers: BTreeMap<WorkerId, Worker>,
    /// Workers by instance.
    instances: BTreeMap<String, WorkerId>,
    /// The latest sweep of each plan, by fingerprint; cancelled ones are taken out.
    fingerprints: BTreeMap<String, SweepId>,
    /// Active sweeps that have a trial to lease, the next to be served first.
    ready: BTreeSet<Place>,
    /// Where each of them stands.
    places: BTreeMap<SweepId, Place>,
}

impl State {
    /// Every sweep, oldest first.
    pub fn sweeps(&self) -> impl DoubleEndedIterator<Item = &Sweep> {
        self.sweeps.values()
    }

    /// One sweep.
    pub fn sweep(&self, id: SweepId) -> Option<&Sweep> {
        self.sweeps.get(&id)
    }

    /// One trial; none where it is not yet proposed.
    pub fn trial(&self, id: TrialId) -> Option<&Trial> {
        self.sweep(id.sweep)?.trial(id.number)
    }

    /// One attempt.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.trial(id.trial)?.attempt(id.ordinal)
    }

    /// The attempt that has the trial now, if one has.
    pub fn live_attempt(&self, id: TrialId) -> Option<AttemptId> {
        let ordinal = self.trial(id)?.live_ordinal()?;
        Some(AttemptId { trial: id, ordinal })
    }

    /// Every worker that ever said hello, oldest first.
    pub fn workers(&self) -> impl DoubleEndedIterator<Item = &Worker> {
        self.workers.values()
    }

    /// One worker.
    pub fn worker(&self, id: WorkerId) -> Option<&Worker> {
        self.workers.get(&id)
    }

    /// The worker that an instance is.
    pub fn worker_of(&self, instance: &str) -> Option<&Worker> {
        self.worker(*self.instances.get(instance)?)
    }

    /// The sweep that this plan is already, unless it was cancelled. A plan without fingerprint is always a new sweep.
    pub fn sweep_of(&self, fingerprint: &str) -> Option<SweepId> {
        self.fingerprints.get(fingerprint).copied()
    }

    /// The id that the next sweep gets.
    pub(crate) fn next_sweep(&self) -> SweepId {
        SweepId(self.sweeps.last_key_value().map_or(0, |(id, _)| id.0).saturating_add(1))
    }

    /// The id that the next worker gets.
    pub(crate) fn next_worker(&self) -> WorkerId {
        WorkerId(self.workers.last_key_value().map_or(0, |(id, _)| id.0).saturating_add(1))
    }

    /// The active sweep whose trial is to be leased next.
    pub(crate) fn first_ready(&self) -> Option<&Sweep> {
        self.ready.first().and_then(|(_, _, id)| self.sweep(*id))
    }
}
