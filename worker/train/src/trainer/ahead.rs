//! Examples whose sound is changed anew in each epoch, made by other threads while the trainer computes.
//!
//! Hand `i` of `n` makes the examples `i`, `i + n`, `i + 2n`...; the trainer takes from the hands in turn. So the order is that
//! of one thread, whatever the number of hands, and a bounded number of examples is ahead.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use super::batch::{Batches, Example, Made};
use super::lenses::Epoch;
use crate::Control;
use crate::data::DataError;
use crate::features::Waiting;

/// The hands' results.
#[derive(Debug)]
pub(super) struct Ahead {
    hands: Vec<Receiver<(Made, Duration)>>,
    next: usize,
}

impl Ahead {
    /// Starts `threads` hands, which stay about two batches ahead, and end when nobody takes from them any more.
    pub(super) fn start<'scope>(
        batches: &'scope Batches<'_>,
        examples: &'scope [Example],
        epoch: Epoch,
        (threads, batch): (usize, usize),
        stop: &'scope Control,
        scope: &'scope Scope<'scope, '_>,
    ) -> Self {
        let threads = threads.clamp(1, examples.len().max(1));
        let hands = (0..threads).map(|hand| {
            let (sender, receiver) = sync_channel((2 * batch).div_ceil(threads));
            let mut fronts = batches.fronts();
            scope.spawn(move || {
                let mut progress = |_, _| {};
                for example in examples.iter().skip(hand).step_by(threads) {
                    let mut waiting = Waiting::new(&mut progress, stop);
                    let made = batches.make(*example, Some(epoch), &mut fronts, &mut waiting);
                    if stop.stopped() || sender.send((made, waiting.waited())).is_err() {
                        return;
                    }
                }
            });
            receiver
        });
        Ahead { hands: hands.collect(), next: 0 }
    }

    /// The next example. Called once for each. What the hand waited for clips counts as far as it was waited for the hand.
    ///
    /// # Errors
    /// That of the hand that made it; [`DataError::Stopped`].
    pub(super) fn next(&mut self, waiting: &mut Waiting<'_>) -> Made {
        let hand = self.next % self.hands.len();
        self.next += 1;
        if waiting.stop.stopped() {
            return Err(DataError::Stopped.into());
        }
        // A hand ends early when it is stopped, or by a panic, which the scope passes on.
        let began = Instant::now();
        let (made, waited) = self.hands[hand].recv().map_err(|_| DataError::Stopped)?;
        waiting.add(waited.min(began.elapsed()));
        made
    }
}
