//! How much of a file is read at most.

/// Bounds on what one file may cost. `Default` suits whole songs and long recordings.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeLimits {
    /// A file that gives more seconds, counted from the start asked for, is refused. Default: three hours.
    pub max_seconds: f64,
    /// A file that gives more frames is refused, whatever its rate: this bounds memory (4 bytes a frame, and at most as
    /// much again while the clip grows). Default: three hours at 48 kHz.
    pub max_frames: usize,
    /// A file larger than this is refused unread: this bounds time. Default: 8 GiB.
    pub max_bytes: u64,
    /// Where in the file the clip starts. Rounded down to a whole frame; what is negative or not a number counts as zero.
    /// What comes before is passed over unread where the format allows it. Default: 0.
    pub start_seconds: f64,
    /// Decoding stops once this many seconds are there, so the rest of the file costs nothing and is not checked.
    /// Rounded up to whole frames; what is negative or not a number counts as zero. Default: `None`, all of it.
    pub max_seconds_wanted: Option<f64>,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_seconds: 3.0 * 3600.0,
            max_frames: 3 * 3600 * 48_000,
            max_bytes: 8 << 30,
            start_seconds: 0.0,
            max_seconds_wanted: None,
        }
    }
}

impl DecodeLimits {
    /// The limits for the first `seconds` of a file.
    pub fn first_seconds(seconds: f64) -> Self {
        Self::segment(0.0, seconds)
    }

    /// The limits for `seconds` of a file from `start_seconds` on.
    pub fn segment(start_seconds: f64, seconds: f64) -> Self {
        Self { start_seconds, max_seconds_wanted: Some(seconds), ..Self::default() }
    }
}
