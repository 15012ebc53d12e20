//! A worker's process: the real table of attempts and the real conduct, a model of slots and of reconnecting.

use std::collections::BTreeMap;
use std::sync::Arc;

use gliss_train::Control;
use gliss_types::{AttemptId, CheckpointRef, Outcome, Recipe};
use gliss_wire::{Offer, ReportBody};
use gliss_worker::Attempts;

use super::scenario::Time;
use super::training::{self, Nature};

/// An attempt in a slot.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) control: Arc<Control>,
    pub(crate) key: String,
    pub(crate) nature: Nature,
    epochs: u32,
    done: u32,
    started: bool,
    steps: u64,
}

/// What a slot does next.
#[derive(Debug)]
pub(crate) enum Work {
    /// It says something and goes on.
    Says(ReportBody, Option<CheckpointRef>),
    /// It says its last and is free.
    Ends(ReportBody),
    /// It kills the process.
    Dies,
}

impl Job {
    /// Takes up an offer.
    pub(crate) fn of(offer: &Offer, control: Arc<Control>, killers: bool) -> Job {
        let epochs = Recipe::from_canonical(&offer.recipe).expect("an offer can be read").epochs();
        let done = offer.resume.as_ref().map_or(0, |checkpoint| checkpoint.epoch);
        let nature = Nature::of(&offer.key, killers);
        Job { control, key: offer.key.clone(), nature, epochs, done, started: false, steps: 0 }
    }

    /// How many steps were made: for draws.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Trains to the next report.
    pub(crate) fn work(&mut self, id: AttemptId) -> Work {
        self.steps += 1;
        if self.control.stopped() {
            return Work::Ends(ReportBody::Ended(Outcome::Released));
        }
        if !self.started {
            self.started = true;
            return Work::Says(ReportBody::Started, None);
        }
        let failed =
            |reason: &str, retry| Work::Ends(ReportBody::Ended(Outcome::Failed { reason: reason.into(), retry }));
        match self.nature {
            Nature::Kills => return Work::Dies,
            Nature::Diverges => return failed("not a number", false),
            // Only where nothing was stored before, so that it happens once however often it is interrupted.
            Nature::FailsOnce if id.ordinal == 1 && self.done == 0 => return failed("out of memory", true),
            Nature::FailsOnce | Nature::Good => {}
        }
        if self.done == self.epochs {
            return Work::Ends(training::completed(&self.key, self.epochs));
        }
        self.done += 1;
        let report = training::epoch(id, &self.key, self.done);
        let checkpoint = report.checkpoint.clone();
        Work::Says(ReportBody::Epoch(report), Some(checkpoint))
    }
}

/// The session of a worker, as it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    /// It waits to try again.
    None,
    /// It said hello over this connection.
    Asking(u64),
    /// It was welcomed.
    Stands(u64),
}

/// One process after another under one name.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) slots: usize,
    pub(crate) generation: u64,
    pub(crate) alive: bool,
    pub(crate) attempts: Attempts,
    pub(crate) jobs: BTreeMap<AttemptId, Job>,
    pub(crate) session: Session,
    /// When the coordinator was last heard, once it was.
    pub(crate) last_heard: Option<Time>,
    pub(crate) frozen_until: Time,
    /// It is to leave, by this time at the latest.
    pub(crate) leaving: Option<Time>,
    /// When its next process starts.
    pub(crate) down: Time,
    pub(crate) tries: u64,
}

impl Worker {
    pub(crate) fn new(slots: u32) -> Worker {
        Worker {
            slots: slots as usize,
            generation: 0,
            alive: false,
            attempts: Attempts::default(),
            jobs: BTreeMap::new(),
            session: Session::None,
            last_heard: None,
            frozen_until: 0,
            leaving: None,
            down: 0,
            tries: 0,
        }
    }

    /// The process is gone with all that it knew.
    pub(crate) fn die(&mut self) {
        let Worker { slots, generation, tries, .. } = *self;
        *self = Worker { generation: generation + 1, tries, ..Worker::new(slots as u32) };
    }

    /// The next offer that waits for a slot, where there is one for it.
    pub(crate) fn next_waiting(&mut self) -> Option<Offer> {
        // Waiting offers end with their session.
        if matches!(self.session, Session::Stands(_)) { self.attempts.next_waiting(self.slots) } else { None }
    }

    /// The connection that it uses or tries.
    pub(crate) fn link(&self) -> Option<u64> {
        match self.session {
            Session::None => None,
            Session::Asking(link) | Session::Stands(link) => Some(link),
        }
    }
}
