//! What a training says while it goes on, and how it ends.

use gliss_types::{EpochReport, Summary};

/// Something that happened. Events come in order, on the thread that trains, which waits for the receiver.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Training waits for clips that are rendered or prepared: before it begins, and in its first epochs before a step whose
    /// clips are not there yet. Where all are there is no such event.
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
        /// Steps of an epoch if every listed example can be used.
        steps_per_epoch: u32,
        /// Epochs that the checkpoint holds; 0 without one.
        epochs_done: u32,
        /// Clips that are left out, as far as is known by now.
        skipped: usize,
    },
    /// A step was made. There can be thousands a second: pass on a few.
    Step {
        /// The epoch under way, from 1.
        epoch: u32,
        /// Steps made in it.
        step: u32,
        /// Steps of the epoch; the last may be missing in an epoch in which clips are met that cannot be used.
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
