//! A connection: bytes in order both ways, late, held up or cut. One carries one session.

use std::collections::VecDeque;

use gliss_engine::Rejection;
use gliss_types::WorkerId;
use gliss_wire::{CoordinatorSays, WorkerSays};
use tokio::sync::{mpsc, oneshot};

use super::draw::Draw;
use super::scenario::Time;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// What the coordinator has of a connection.
#[derive(Debug)]
pub(crate) enum Desk {
    /// The hello has not come.
    New,
    /// It waits for its welcome; what came after the hello waits too.
    Opening {
        opened: oneshot::Receiver<Result<WorkerId, Rejection>>,
        out: mpsc::Receiver<CoordinatorSays>,
        early: VecDeque<WorkerSays>,
    },
    /// The session stands.
    Open { worker: WorkerId, out: mpsc::Receiver<CoordinatorSays> },
    /// It noticed that the connection is gone, or closed it.
    Gone,
}

/// A connection of a worker's process.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) worker: usize,
    pub(crate) desk: Desk,
    /// Cut: whatever is on its way is lost.
    pub(crate) cut: bool,
    /// Nothing arrives before this.
    pub(crate) held_until: Time,
    sent: [u64; 2],
    last: [Time; 2],
}

impl Link {
    pub(crate) fn new(number: u64, worker: usize) -> Link {
        Link { number, worker, desk: Desk::New, cut: false, held_until: 0, sent: [0; 2], last: [0; 2] }
    }

    /// When something that is sent now arrives: in order, mostly soon, sometimes late.
    pub(crate) fn arrival(&mut self, draw: Draw, now: Time, way: Way) -> Time {
        let way = way as usize;
        self.sent[way] += 1;
        let of = [self.number, way as u64, self.sent[way]];
        let late = if draw.chance("late", of, 20) { 2_000 } else { 20 };
        let arrival = now + draw.between("latency", of, [1, late]);
        self.last[way] = arrival.max(self.last[way]).max(self.held_until);
        self.last[way]
    }
}
