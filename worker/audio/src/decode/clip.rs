//! What decoding gives back.

/// One audio file as one channel of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// The mean of the file's channels, one value a frame. Full scale is ±1 (a 16-bit sample is the integer / 32768);
    /// lossy codecs may overshoot it.
    pub samples: Vec<f32>,
    /// Frames a second, as the file says.
    pub rate: u32,
    /// What the decoder had to pass over; the default for a sound file.
    pub flaws: Flaws,
}

impl Clip {
    /// The clip's length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }
}

/// What a file promised and did not deliver. The clip is what could be read; whether it is still worth training on is
/// for the caller to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws {
    /// Frames that the header announces and the file does not hold: it was cut off. Zero where the header announces
    /// nothing exact, and where decoding stopped because enough had been read.
    pub missing_frames: u64,
    /// Packets that could not be decoded and were left out; what follows them is that much earlier.
    pub lost_packets: u64,
    /// The container became unreadable before its end.
    pub cut_short: bool,
}

impl Flaws {
    /// True if there is anything to report.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}
