//! The engine itself: takes inputs and time, hands out steps. Decides nothing by itself; see `decide`.

use gliss_types::{AttemptId, WorkerId};

use crate::state::Contradiction;
use crate::turn::{Turn, Volatile};
use crate::{Fact, Input, Millis, Progress, State, Step, decide};

/// What the engine is told once. May differ from one start to the next; facts do not depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long a lease lasts without renewal.
    pub lease: Millis,
    /// Attempts of one trial that may be lost with their worker, without an epoch finished in between, before the trial
    /// fails.
    pub crash_limit: u32,
}

impl Default for Options {
    /// Leases of 20 s and 5 lost attempts.
    fn default() -> Self {
        Options { lease: Millis(20_000), crash_limit: 5 }
    }
}

/// A journal that cannot be replayed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("fact {index} of the journal, `{kind}`, contradicts those before it")]
pub struct ReplayError {
    /// Which fact, from 0.
    pub index: u64,
    /// Its kind.
    pub kind: &'static str,
    /// What does not fit.
    #[source]
    pub source: Contradiction,
}

/// Decides which worker trains which trial. Owned by one driver; see the crate's page for the order of calls.
#[derive(Debug, Clone)]
pub struct Engine {
    options: Options,
    state: State,
    volatile: Volatile,
    /// The latest time that came in; time never runs backwards here.
    now: Millis,
    /// Replayed and not yet told what time it is.
    deaf: bool,
}

/// States with more trials than this are not checked at every step of a debug build: that would take quadratic time.
const CHECKED_TRIALS: u32 = 64;

impl Engine {
    /// An engine that knows nothing yet.
    pub fn new(options: Options) -> Engine {
        Engine { options, state: State::default(), volatile: Volatile::default(), now: Millis(0), deaf: false }
    }

    /// An engine that knows what the facts tell, in their order. No session is open. Call [`Engine::restarted`] next.
    ///
    /// # Errors
    /// A fact contradicts those before it: the journal is damaged.
    pub fn replay(options: Options, facts: impl IntoIterator<Item = Fact>) -> Result<Engine, ReplayError> {
        let mut engine = Engine::new(options);
        for (index, fact) in (0..).zip(facts) {
            let applied = engine.state.apply(&fact);
            applied.map_err(|source| ReplayError { index, kind: fact.kind(), source })?;
        }
        engine.deaf = true;
        Ok(engine)
    }

    /// Gives every live lease one full new term from `now`: while the coordinator was down it could not hear its
    /// workers. Call it once after [`Engine::replay`]; the first [`Engine::handle`] does it where that was left out.
    pub fn restarted(&mut self, now: Millis) {
        self.now = self.now.max(now);
        self.deaf = false;
        let live: Vec<AttemptId> = self.state.workers().flat_map(|worker| worker.leases().iter().copied()).collect();
        for attempt in live {
            self.volatile.deadlines.set(attempt, self.now.plus(self.options.lease));
        }
    }

    /// Takes one input. `now` comes from a clock that does not run backwards; an earlier time than the last counts as
    /// the last. Store the step's facts before anything else happens.
    pub fn handle(&mut self, now: Millis, input: Input) -> Step {
        self.now = self.now.max(now);
        if self.deaf {
            self.restarted(now);
        }
        let mut turn = Turn::new(self.now, &self.options, &mut self.state, &mut self.volatile);
        let reply = decide::decide(&mut turn, input);
        let (facts, effects) = turn.finish();
        debug_assert!(
            self.state.sweeps().map(|sweep| sweep.proposed()).sum::<u32>() > CHECKED_TRIALS
                || self.state.check() == Ok(()),
            "after {facts:?}: {:?}",
            self.state.check()
        );
        Step { facts, effects, reply }
    }

    /// When [`Input::Tick`] is due next: the earliest end of a lease. Ask again after every input; a tick at any other
    /// time is harmless. Handle what has come in before the tick, so that a renewal that is there is not overlooked; but
    /// tick even while more keeps coming: a tick that is late by a whole term is taken for a coordinator that slept, and
    /// then no lease ends.
    pub fn next_deadline(&self) -> Option<Millis> {
        if self.volatile.unfinished {
            return Some(self.now);
        }
        self.volatile.deadlines.first().map(|(at, _)| at)
    }

    /// The durable state, to read.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What it was told.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether a worker's session is open.
    pub fn is_connected(&self, worker: WorkerId) -> bool {
        self.volatile.sessions.is_open(worker)
    }

    /// How far an attempt said it is in its last heartbeat, while it lives.
    pub fn progress(&self, attempt: AttemptId) -> Option<&Progress> {
        self.volatile.progress.get(&attempt)
    }
}
