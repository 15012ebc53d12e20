//! What the worker holds: attempts, their progress, and their reports that are not yet known to be stored.
//!
//! A table without I/O: the session asks it what to send, slots tell it what happened.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gliss_train::Control;
use gliss_types::{AttemptId, Outcome};
use gliss_wire::{HeldAttempt, Offer, Progress, ReportBody, WorkerSays};

/// How far an attempt is; written by its slot, read by heartbeats.
#[derive(Debug, Default)]
pub struct Gauge {
    /// The epoch that it is in, from 1.
    pub epoch: AtomicU32,
    /// Epochs in all.
    pub epochs: AtomicU32,
    /// Steps done in this epoch.
    pub step: AtomicU32,
    /// Steps in an epoch.
    pub steps: AtomicU32,
}

/// An attempt in a slot, or one that has left it with reports still unacknowledged.
#[derive(Debug)]
struct Attempt {
    control: Arc<Control>,
    gauge: Arc<Gauge>,
    /// Reports sent or to be sent, with their numbers, oldest first.
    unacked: VecDeque<(u64, ReportBody)>,
    next_seq: u64,
    acked_seq: u64,
    /// The checkpoint that the coordinator knows; an older one is of no more use.
    checkpoint: Option<String>,
    /// Whether its slot is free again.
    left: bool,
    /// Nothing of it is wanted any more.
    dropped: bool,
    /// Its last report is made; nothing may follow.
    ended: bool,
}

/// All attempts of a worker.
#[derive(Debug, Default)]
pub struct Attempts {
    held: BTreeMap<AttemptId, Attempt>,
    /// Offers that wait for a slot whose attempt was told to stop.
    waiting: VecDeque<Offer>,
    /// Why this worker cannot go on, once it cannot.
    fault: Option<String>,
}

impl Attempts {
    /// Notes why this worker cannot go on. The first reason is the one that counts.
    pub fn note_fault(&mut self, reason: String) {
        self.fault.get_or_insert(reason);
    }

    /// Why this worker cannot go on, if it cannot.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Slots that are taken.
    pub fn busy(&self) -> usize {
        self.held.values().filter(|a| !a.left).count()
    }

    /// Whether there is nothing left to run or to send.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.waiting.is_empty()
    }

    /// Whether the attempt is here, waiting offers included.
    pub fn knows(&self, id: AttemptId) -> bool {
        self.held.contains_key(&id) || self.waiting.iter().any(|o| o.attempt == id)
    }

    /// Keeps an offer until a slot is free.
    pub fn wait(&mut self, offer: Offer) {
        self.waiting.push_back(offer);
    }

    /// The next waiting offer, if `slots` leave room for it.
    pub fn next_waiting(&mut self, slots: usize) -> Option<Offer> {
        if self.busy() < slots { self.waiting.pop_front() } else { None }
    }

    /// Puts an attempt into a slot.
    pub fn begin(&mut self, id: AttemptId, resume: Option<String>) -> (Arc<Control>, Arc<Gauge>) {
        let (control, gauge) = (Arc::new(Control::new()), Arc::new(Gauge::default()));
        let attempt = Attempt {
            control: control.clone(),
            gauge: gauge.clone(),
            unacked: VecDeque::new(),
            next_seq: 1,
            acked_seq: 0,
            checkpoint: resume,
            left: false,
            dropped: false,
            ended: false,
        };
        self.held.insert(id, attempt);
        (control, gauge)
    }

    /// Numbers a report and keeps it; yields it to be sent, unless nothing of the attempt is wanted any more.
    pub fn report(&mut self, id: AttemptId, body: ReportBody) -> Option<WorkerSays> {
        let attempt = self.held.get_mut(&id)?;
        if attempt.dropped || attempt.ended {
            return None;
        }
        attempt.ended = matches!(body, ReportBody::Ended(_));
        let seq = attempt.next_seq;
        attempt.next_seq += 1;
        attempt.unacked.push_back((seq, body.clone()));
        Some(WorkerSays::Report { attempt: id, seq, body })
    }

    /// A report cannot be stored as it is, now or ever: the attempt stops, and its failure takes that report's number.
    /// Dropped in silence it would only lapse, and be run and refused again.
    pub fn refused(&mut self, id: AttemptId, seq: u64, reason: String) -> Option<WorkerSays> {
        let attempt = self.held.get_mut(&id).filter(|a| !a.dropped)?;
        attempt.control.stop();
        attempt.unacked.clear();
        attempt.next_seq = seq;
        attempt.ended = false;
        self.report(id, ReportBody::Ended(Outcome::Failed { reason, retry: false }))
    }

    /// The attempt's slot is free.
    pub fn leave(&mut self, id: AttemptId) {
        if let Some(attempt) = self.held.get_mut(&id) {
            attempt.left = true;
            self.tidy(id);
        }
    }

    /// Reports up to `seq` are durable. Yields the checkpoints that nobody will resume from any more.
    pub fn ack(&mut self, id: AttemptId, seq: u64) -> Vec<String> {
        let mut stale = Vec::new();
        if let Some(attempt) = self.held.get_mut(&id) {
            attempt.acked_seq = attempt.acked_seq.max(seq);
            while let Some((_, body)) = attempt.unacked.pop_front_if(|(n, _)| *n <= seq) {
                if let ReportBody::Epoch(report) = body {
                    stale.extend(attempt.checkpoint.replace(report.checkpoint.hash));
                }
            }
            stale.retain(|hash| attempt.checkpoint.as_ref() != Some(hash));
            self.tidy(id);
        }
        stale
    }

    /// Forgets an attempt that is over in every way.
    fn tidy(&mut self, id: AttemptId) {
        if self.held.get(&id).is_some_and(|a| a.left && (a.dropped || a.unacked.is_empty())) {
            self.held.remove(&id);
        }
    }

    /// Asks an attempt to stop; its end is reported. An offer that still waits is handed back by the report in the
    /// answer.
    pub fn stop(&mut self, id: AttemptId) -> Option<WorkerSays> {
        if let Some(attempt) = self.held.get(&id) {
            attempt.control.stop();
            return None;
        }
        let index = self.waiting.iter().position(|o| o.attempt == id)?;
        self.waiting.remove(index);
        self.begin(id, None);
        let report = self.report(id, ReportBody::Ended(Outcome::Released));
        self.leave(id);
        report
    }

    /// Stops an attempt and wants nothing more of it.
    pub fn drop_attempt(&mut self, id: AttemptId) {
        self.waiting.retain(|o| o.attempt != id);
        if let Some(attempt) = self.held.get_mut(&id) {
            attempt.control.stop();
            attempt.dropped = true;
            attempt.unacked.clear();
            self.tidy(id);
        }
    }

    /// Asks everything to stop. Offers that wait are forgotten: they were never begun, and end with the session.
    pub fn stop_all(&mut self) {
        self.waiting.clear();
        for attempt in self.held.values() {
            attempt.control.stop();
        }
    }

    /// What a hello says of held attempts. Offers that wait were never begun: they are left out, and come again.
    pub fn held(&mut self) -> Vec<HeldAttempt> {
        self.waiting.clear();
        let wanted = self.held.iter().filter(|(_, a)| !a.dropped);
        wanted.map(|(id, a)| HeldAttempt { attempt: *id, acked_seq: a.acked_seq }).collect()
    }

    /// What is to be sent again from `seq` on.
    pub fn resend(&self, id: AttemptId, seq: u64) -> Vec<WorkerSays> {
        let Some(attempt) = self.held.get(&id).filter(|a| !a.dropped) else { return Vec::new() };
        let rest = attempt.unacked.iter().filter(|(n, _)| *n >= seq);
        rest.map(|(n, body)| WorkerSays::Report { attempt: id, seq: *n, body: body.clone() }).collect()
    }

    /// What a heartbeat says. Offers that wait are in it: a neighbour that is slow to stop must not cost them their lease.
    pub fn progress(&self) -> Vec<Progress> {
        let wanted = self.held.iter().filter(|(_, a)| !a.dropped);
        let read = |gauge: &AtomicU32| gauge.load(Ordering::Relaxed);
        let runs = wanted.map(|(id, a)| Progress {
            attempt: *id,
            epoch: read(&a.gauge.epoch),
            epochs: read(&a.gauge.epochs),
            step: read(&a.gauge.step),
            steps: read(&a.gauge.steps),
        });
        let waits =
            self.waiting.iter().map(|o| Progress { attempt: o.attempt, epoch: 0, epochs: 0, step: 0, steps: 0 });
        runs.chain(waits).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::{Objective, SweepId, TrialId};

    fn id(number: u32) -> AttemptId {
        AttemptId { trial: TrialId { sweep: SweepId(1), number }, ordinal: 1 }
    }

    #[test]
    fn reports_are_kept_until_acknowledged_and_sent_again_from_where_asked() {
        let mut attempts = Attempts::default();
        attempts.begin(id(1), None);
        for _ in 0..3 {
            assert!(attempts.report(id(1), ReportBody::Started).is_some());
        }
        attempts.ack(id(1), 1);
        assert_eq!(attempts.held(), [HeldAttempt { attempt: id(1), acked_seq: 1 }]);
        assert_eq!(attempts.resend(id(1), 3).len(), 1);
        attempts.leave(id(1));
        assert_eq!(attempts.busy(), 0);
        assert!(!attempts.is_empty(), "two reports are still out");
        attempts.ack(id(1), 3);
        assert!(attempts.is_empty());
    }

    #[test]
    fn a_report_that_cannot_be_stored_ends_its_attempt_under_the_same_number() {
        let mut attempts = Attempts::default();
        let (control, _) = attempts.begin(id(1), None);
        for _ in 0..3 {
            assert!(attempts.report(id(1), ReportBody::Started).is_some());
        }
        let report = attempts.refused(id(1), 2, "why".into());
        let failed = ReportBody::Ended(Outcome::Failed { reason: "why".into(), retry: false });
        assert_eq!(report, Some(WorkerSays::Report { attempt: id(1), seq: 2, body: failed }));
        assert!(control.stopped());
        assert_eq!(attempts.report(id(1), ReportBody::Ended(Outcome::Released)), None, "the end was said");
        attempts.leave(id(1));
        attempts.ack(id(1), 2);
        assert!(attempts.is_empty());
    }

    #[test]
    fn a_dropped_attempt_keeps_its_slot_until_it_leaves_and_says_nothing() {
        let mut attempts = Attempts::default();
        let (control, _) = attempts.begin(id(1), None);
        attempts.drop_attempt(id(1));
        assert!(control.stopped());
        assert_eq!(attempts.busy(), 1);
        assert_eq!(attempts.report(id(1), ReportBody::Started), None);
        assert!(attempts.held().is_empty() && attempts.progress().is_empty());
        attempts.leave(id(1));
        assert!(attempts.is_empty());
    }

    #[test]
    fn an_offer_that_waits_for_its_slot_is_renewed() {
        let mut attempts = Attempts::default();
        let objective = Objective::default();
        attempts.wait(Offer { attempt: id(1), recipe: "{}".into(), key: "k".into(), resume: None, objective });
        assert_eq!(attempts.progress().iter().map(|p| p.attempt).collect::<Vec<_>>(), [id(1)]);
        assert!(attempts.next_waiting(1).is_some(), "its slot is free");
        assert!(attempts.progress().is_empty());
    }
}
