//! Which workers have a session, and which of those have a free slot. Volatile.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use gliss_types::WorkerId;

use crate::Millis;

#[derive(Debug, Clone)]
struct Session {
    /// When the worker last spoke.
    heard: Millis,
    /// The number of free slots under which it stands in `idle`; 0 where it does not.
    listed: u32,
}

/// The open sessions, and the workers with free slots in the order in which they are filled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions {
    open: BTreeMap<WorkerId, Session>,
    /// Most free slots first, then the lowest id.
    idle: BTreeSet<(Reverse<u32>, WorkerId)>,
}

impl Sessions {
    /// Whether the worker has a session.
    pub(crate) fn is_open(&self, worker: WorkerId) -> bool {
        self.open.contains_key(&worker)
    }

    /// Opens a session, or notes that its worker spoke.
    pub(crate) fn hear(&mut self, worker: WorkerId, now: Millis, free: u32) {
        self.open.entry(worker).or_insert(Session { heard: now, listed: 0 }).heard = now;
        self.list(worker, free);
    }

    /// Ends a session; whether there was one.
    pub(crate) fn close(&mut self, worker: WorkerId) -> bool {
        self.list(worker, 0);
        self.open.remove(&worker).is_some()
    }

    /// Notes how many slots of a worker are free; without a session nothing is noted.
    pub(crate) fn list(&mut self, worker: WorkerId, free: u32) {
        let Some(session) = self.open.get_mut(&worker) else { return };
        if session.listed != free {
            self.idle.remove(&(Reverse(session.listed), worker));
            session.listed = free;
            if free > 0 {
                self.idle.insert((Reverse(free), worker));
            }
        }
    }

    /// The worker to fill next. Workers that were silent for a whole `term` are passed over until they speak again: a
    /// frozen process behind a live connection would let every trial offered to it lapse.
    pub(crate) fn next_idle(&mut self, now: Millis, term: Millis) -> Option<WorkerId> {
        while let Some(&(_, worker)) = self.idle.first() {
            let silent = self.open.get(&worker).is_none_or(|session| session.heard.plus(term) <= now);
            if !silent {
                return Some(worker);
            }
            self.list(worker, 0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_emptiest_worker_is_filled_first_and_the_lowest_id_among_equals() {
        let mut sessions = Sessions::default();
        let (now, term) = (Millis(0), Millis(10));
        sessions.hear(WorkerId(2), now, 1);
        sessions.hear(WorkerId(1), now, 1);
        sessions.hear(WorkerId(3), now, 4);
        assert_eq!(sessions.next_idle(now, term), Some(WorkerId(3)));
        sessions.list(WorkerId(3), 1);
        assert_eq!(sessions.next_idle(now, term), Some(WorkerId(1)));
        sessions.close(WorkerId(1));
        assert_eq!(sessions.next_idle(now, term), Some(WorkerId(2)));
    }

    #[test]
    fn a_silent_worker_is_passed_over_until_it_speaks() {
        let mut sessions = Sessions::default();
        sessions.hear(WorkerId(1), Millis(0), 2);
        assert_eq!(sessions.next_idle(Millis(10), Millis(10)), None);
        sessions.hear(WorkerId(1), Millis(11), 2);
        assert_eq!(sessions.next_idle(Millis(12), Millis(10)), Some(WorkerId(1)));
    }
}
