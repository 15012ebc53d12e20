//! What a training says while it goes on, and how it ends.

use gliss_types::{EpochReport, Summary};

/// Something that happened. Events come in order, on the thread that trains, which waits for the receiver.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Clips are rendered or features computed; where all are in memory there is no such event.
    Preparing {
        /// Clips that are done.
        done: usize,
        /// All clips of this pass.
        total: usize,
    },
    /// Training begins, or goes on from a checkpoint.
    Started {
        /// Trainable parameters of the net.
        parameters: u64,
        /// Steps of an epoch.
        steps_per_epoch: u32,
        /// Epochs that the checkpoint holds; 0 without one.
        epochs_done: u32,
        /// Clips that were left out.
        skipped: usize,
    },
    /// A step was made. There can be thousands a second: pass on a few.
    Step {
        /// The epoch under way, from 1.
        epoch: u32,
        /// Steps made in it.
        step: u32,
        /// Steps of an epoch.
        steps: u32,
    },
    /// An epoch ended, and its checkpoint is on disk.
    Epoch(EpochReport),
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// It went to the end.
    Completed(Summary),
    /// It was stopped. The checkpoint of the last [`Event::Epoch`] holds what was done.
    Interrupted,
}
