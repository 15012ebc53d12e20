//! One input's turn: what decisions may read, and the one way in which they may change anything.

use std::collections::BTreeMap;

use gliss_types::{AttemptId, WorkerId};

use crate::deadlines::Deadlines;
use crate::sessions::Sessions;
use crate::{Effect, Fact, Millis, Options, Progress, State, StopReason};

/// What is gone after a restart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volatile {
    pub(crate) sessions: Sessions,
    pub(crate) deadlines: Deadlines,
    pub(crate) progress: BTreeMap<AttemptId, Progress>,
    /// Work is left over from the last input: the next tick is due at once.
    pub(crate) unfinished: bool,
}

/// One input's turn.
pub(crate) struct Turn<'e> {
    pub(crate) now: Millis,
    pub(crate) options: &'e Options,
    state: &'e mut State,
    pub(crate) volatile: &'e mut Volatile,
    facts: Vec<Fact>,
    effects: Vec<Effect>,
}

impl<'e> Turn<'e> {
    pub(crate) fn new(now: Millis, options: &'e Options, state: &'e mut State, volatile: &'e mut Volatile) -> Self {
        Turn { now, options, state, volatile, facts: Vec::new(), effects: Vec::new() }
    }

    /// The durable state, to read.
    pub(crate) fn state(&self) -> &State {
        self.state
    }

    /// Records a fact: applies it and keeps deadlines, progress and free slots in step with it.
    pub(crate) fn record(&mut self, fact: Fact) {
        self.state.apply(&fact).expect("the engine records only what fits its own state");
        match &fact {
            Fact::AttemptLeased { attempt, worker, .. } => {
                self.renew(*attempt);
                self.list(*worker);
            }
            Fact::AttemptEnded { attempt, .. } => {
                self.volatile.deadlines.clear(*attempt);
                self.volatile.progress.remove(attempt);
                if let Some(worker) = self.state.attempt(*attempt).map(|attempt| attempt.worker) {
                    self.list(worker);
                }
            }
            Fact::WorkerJoined { worker, .. } => self.list(*worker),
            _ => {}
        }
        self.facts.push(fact);
    }

    /// Gives a live lease a full new term.
    pub(crate) fn renew(&mut self, attempt: AttemptId) {
        self.volatile.deadlines.set(attempt, self.now.plus(self.options.lease));
    }

    /// Notes that a worker with a session, or now opening one, spoke.
    pub(crate) fn hear(&mut self, worker: WorkerId) {
        let free = self.state.worker(worker).map_or(0, |worker| worker.free());
        self.volatile.sessions.hear(worker, self.now, free);
    }

    fn list(&mut self, worker: WorkerId) {
        let free = self.state.worker(worker).map_or(0, |worker| worker.free());
        self.volatile.sessions.list(worker, free);
    }

    /// Asks for an effect.
    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Asks a worker to stop an attempt, where it has a session to hear it.
    pub(crate) fn stop(&mut self, worker: WorkerId, attempt: AttemptId, reason: StopReason) {
        if self.volatile.sessions.is_open(worker) {
            self.effect(Effect::StopAttempt { worker, attempt, reason });
        }
    }

    /// What the turn came to.
    pub(crate) fn finish(self) -> (Vec<Fact>, Vec<Effect>) {
        (self.facts, self.effects)
    }
}
