//! A second opinion: what must be true of any journal, worked out without the engine's state.

use std::collections::{BTreeMap, BTreeSet};

use gliss_engine::Fact;
use gliss_types::{AttemptId, TrialId, WorkerId};

/// Follows the facts and panics at the first that breaks a promise.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    read: usize,
    slots: BTreeMap<WorkerId, u32>,
    live: BTreeMap<TrialId, (AttemptId, WorkerId)>,
    leased: BTreeSet<AttemptId>,
    closed: BTreeSet<TrialId>,
    stored: BTreeMap<AttemptId, u64>,
    reports: BTreeSet<(AttemptId, u64)>,
}

impl Ledger {
    /// Reads what is new in the journal.
    pub(crate) fn follow(&mut self, journal: &[Fact]) {
        for fact in &journal[self.read..] {
            self.take(fact);
        }
        self.read = journal.len();
        for (worker, slots) in &self.slots {
            let busy = self.live.values().filter(|(_, holder)| holder == worker).count();
            assert!(busy <= *slots as usize, "{worker} has {busy} attempts in {slots} slots");
        }
    }

    /// Whether a report is stored; what is acknowledged must be.
    pub(crate) fn holds(&self, attempt: AttemptId, seq: u64) -> bool {
        self.reports.contains(&(attempt, seq))
    }

    /// The trials that are closed, each once.
    pub(crate) fn closed(&self) -> &BTreeSet<TrialId> {
        &self.closed
    }

    fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::WorkerJoined { worker, slots, .. } => {
                self.slots.insert(*worker, *slots);
            }
            Fact::AttemptLeased { attempt, worker, .. } => {
                assert!(!self.closed.contains(&attempt.trial), "{attempt} of a closed trial");
                let before = self.live.insert(attempt.trial, (*attempt, *worker));
                assert_eq!(before, None, "{attempt} beside a live one");
                assert!(self.leased.insert(*attempt), "{attempt} leased twice");
            }
            Fact::AttemptStarted { attempt, seq, .. } => {
                assert_eq!(*seq, 1, "{attempt} started late");
                self.report(*attempt, *seq);
            }
            Fact::EpochReached { attempt, seq, .. } => self.report(*attempt, *seq),
            Fact::AttemptEnded { attempt, seq, .. } => {
                if *seq != self.stored.get(attempt).copied().unwrap_or(0) {
                    self.report(*attempt, *seq);
                }
                let live = self.live.remove(&attempt.trial).map(|(live, _)| live);
                assert_eq!(live, Some(*attempt), "an end of what did not live");
            }
            Fact::TrialClosed { trial, .. } => {
                assert!(!self.live.contains_key(trial), "{trial} closed under a live attempt");
                assert!(self.closed.insert(*trial), "{trial} closed twice");
            }
            _ => {}
        }
    }

    /// A report counts once, in order, and only of the live attempt.
    fn report(&mut self, attempt: AttemptId, seq: u64) {
        let live = self.live.get(&attempt.trial).map(|(live, _)| *live);
        assert_eq!(live, Some(attempt), "a report of what does not live");
        let stored = self.stored.entry(attempt).or_insert(0);
        assert_eq!(seq, *stored + 1, "a report of {attempt} out of order");
        *stored = seq;
        assert!(self.reports.insert((attempt, seq)), "report {seq} of {attempt} counted twice");
    }
}
