//! When each live lease runs out. Volatile: after a restart every lease gets a full new term.

use std::collections::{BTreeMap, BTreeSet};

use gliss_types::AttemptId;

use crate::Millis;

/// One deadline per live lease, found by attempt and by time in O(log n).
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadlines {
    of: BTreeMap<AttemptId, Millis>,
    by_time: BTreeSet<(Millis, AttemptId)>,
    /// Those that got a term without being heard.
    held_back: BTreeSet<AttemptId>,
}

impl Deadlines {
    /// Sets or moves an attempt's deadline.
    pub(crate) fn set(&mut self, attempt: AttemptId, at: Millis) {
        self.clear(attempt);
        self.of.insert(attempt, at);
        self.by_time.insert((at, attempt));
    }

    /// Forgets an attempt.
    pub(crate) fn clear(&mut self, attempt: AttemptId) {
        self.held_back.remove(&attempt);
        if let Some(at) = self.of.remove(&attempt) {
            self.by_time.remove(&(at, attempt));
        }
    }

    /// The earliest deadline and whose it is; the lowest attempt where several share it.
    pub(crate) fn first(&self) -> Option<(Millis, AttemptId)> {
        self.by_time.first().copied()
    }

    /// Moves a deadline though nothing was heard; false, and nothing moved, where that was done since the attempt was
    /// last heard.
    pub(crate) fn hold_back(&mut self, attempt: AttemptId, at: Millis) -> bool {
        let first = !self.held_back.contains(&attempt);
        if first {
            self.set(attempt, at);
            self.held_back.insert(attempt);
        }
        first
    }

    /// Whether its deadline was moved though nothing was heard.
    pub(crate) fn is_held_back(&self, attempt: AttemptId) -> bool {
        self.held_back.contains(&attempt)
    }

    /// Every deadline, the earliest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Millis, AttemptId)> + '_ {
        self.by_time.iter().copied()
    }

    /// Whose deadlines there are.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = AttemptId> + '_ {
        self.of.keys().copied()
    }
}
