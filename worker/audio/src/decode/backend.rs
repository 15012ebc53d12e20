//! What every format offers to the reader of clips.

use super::{DecodeError, FileFacts};

/// Where a block of decoded frames belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The block's first frame, counted from the start of the clip. Exact up to the frame that was sought; after it blocks
    /// follow each other.
    pub(super) at: u64,
    /// Frames a second, as the codec says.
    pub(super) rate: u32,
}

/// A file that is open and gives one block after the other.
pub(super) trait Backend: Send {
    fn facts(&self) -> FileFacts;

    /// Goes on at `frame`, counted at `rate`, or somewhat earlier: the next block says where.
    fn seek(&mut self, frame: u64, rate: u32) -> Result<(), DecodeError>;

    /// Decodes the next block and leaves the mean of its channels in `mono`; `None` at the end. Blocks may be empty.
    fn next(&mut self, mono: &mut Vec<f32>) -> Result<Option<Block>, DecodeError>;

    /// Packets left out so far, and whether the container became unreadable before its end.
    fn losses(&self) -> Losses;

    /// Why there is no sample, for a file that ended without one.
    fn nothing(&mut self) -> DecodeError;
}

/// What could not be read so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    pub(super) packets: u64,
    pub(super) cut_short: bool,
}
