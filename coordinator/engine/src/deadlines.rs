//! When each live lease runs out. Volatile: after a restart every lease gets a full new term.

use std::collections::{BTreeMap, BTreeSet};

use gliss_types::AttemptId;

use crate::Millis;

/// One deadline per live lease, found by attempt and by time in O(log n).
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadlines {
    of: BTreeMap<AttemptId, Millis>,
    by_time: BTreeSet<(Millis, AttemptId)>,
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
        if let Some(at) = self.of.remove(&attempt) {
            self.by_time.remove(&(at, attempt));
        }
    }

    /// The earliest deadline and whose it is; the lowest attempt where several share it.
    pub(crate) fn first(&self) -> Option<(Millis, AttemptId)> {
        self.by_time.first().copied()
    }

    /// Whose deadlines there are.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = AttemptId> + '_ {
        self.of.keys().copied()
    }
}
