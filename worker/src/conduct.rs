//! How a worker takes what the coordinator says: what becomes of its attempts, and what it answers. Without I/O.

use gliss_wire::{CoordinatorSays, HeldAnswer, Offer, StopReason, WorkerSays};
use tracing::{info, warn};

use crate::attempts::Attempts;

/// What a message leads to.
#[derive(Debug, Default)]
pub struct Heard {
    /// To be sent, in order.
    pub send: Vec<WorkerSays>,
    /// To be put into a slot, which is free.
    pub begin: Option<Offer>,
    /// Checkpoints that nobody will resume from any more.
    pub stale: Vec<String>,
    /// The coordinator broke the protocol: the session is of no more use.
    pub broken: bool,
}

impl Heard {
    fn send(says: impl IntoIterator<Item = WorkerSays>) -> Heard {
        Heard { send: says.into_iter().collect(), ..Heard::default() }
    }
}

impl Attempts {
    /// Takes what the welcome says of attempts that were presented: what is not stored is sent again, what is not wanted
    /// is dropped.
    pub fn reattach(&mut self, held: Vec<HeldAnswer>) -> Heard {
        let mut heard = Heard::default();
        for answer in held {
            match answer.keep {
                Ok(stored) => {
                    heard.stale.extend(self.ack(answer.attempt, stored));
                    heard.send.extend(self.resend(answer.attempt, stored + 1));
                }
                Err(reason) => {
                    info!(attempt = %answer.attempt, reason, "an attempt is no longer wanted");
                    self.drop_attempt(answer.attempt);
                }
            }
        }
        heard
    }

    /// Takes a message of a session that stands. `slots` are the worker's; one that is `leaving` takes up nothing new.
    pub fn hear(&mut self, says: CoordinatorSays, slots: usize, leaving: bool) -> Heard {
        match says {
            CoordinatorSays::Offer(offer) if self.knows(offer.attempt) => Heard::default(),
            // Not taken up; the goodbye hands it back. Handing it back now would only bring the next one.
            CoordinatorSays::Offer(_) if leaving => Heard::default(),
            CoordinatorSays::Offer(offer) if self.busy() < slots => Heard { begin: Some(offer), ..Heard::default() },
            CoordinatorSays::Offer(offer) => {
                self.wait(offer);
                Heard::default()
            }
            CoordinatorSays::Ack { attempt, seq } => Heard { stale: self.ack(attempt, seq), ..Heard::default() },
            CoordinatorSays::Reject(reject) if reject.reason == "out_of_order" => {
                Heard::send(self.resend(reject.attempt, reject.expected_seq))
            }
            CoordinatorSays::Reject(reject) if reject.reason == "invalid" => {
                warn!(attempt = %reject.attempt, reason = reject.text, "a report cannot be stored");
                let reason = format!("the coordinator cannot store report {}: {}", reject.seq, reject.text);
                Heard::send(self.refused(reject.attempt, reject.seq, reason))
            }
            CoordinatorSays::Reject(reject) => {
                warn!(attempt = %reject.attempt, reason = reject.text, "a report was refused");
                self.drop_attempt(reject.attempt);
                Heard::default()
            }
            CoordinatorSays::Stop { attempt, reason: StopReason::Paused } => Heard::send(self.stop(attempt)),
            CoordinatorSays::Stop { attempt, .. } => {
                self.drop_attempt(attempt);
                Heard::default()
            }
            CoordinatorSays::Pulse => Heard::default(),
            CoordinatorSays::Welcome(_) => {
                warn!("the coordinator breaks the protocol: a second welcome");
                Heard { broken: true, ..Heard::default() }
            }
        }
    }
}
