//! How clips are cut into frames, the rules for it, and why a transform may be refused.

use super::PadMode;

/// Longest transform; 65536 samples are 3 s at 22050 Hz.
const MAX_N_FFT: usize = 1 << 16;

/// Most values of one spectrogram, and most samples of one clip: 4 GiB of them.
pub(super) const MAX_CELLS: usize = 1 << 30;

/// How a clip is cut into frames.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StftSettings {
    /// Length of the transform in samples: even, 2 to 65536. It yields `n_fft / 2 + 1` bins.
    pub n_fft: usize,
    /// Length of the Hann window in samples: 1 to `n_fft`.
    pub win_length: usize,
    /// Samples from one frame to the next: at least 1.
    pub hop: usize,
    /// What lies beyond the ends of the clip.
    pub pad: PadMode,
}

/// Why settings or a clip cannot be transformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StftError {
    /// `n_fft` is odd, too small or too large.
    #[error("transform frames of n_fft {n_fft}: it must be even and within 2 and {limit}")]
    NFft {
        /// The value refused.
        n_fft: usize,
        /// The largest one allowed.
        limit: usize,
    },
    /// The window is empty or longer than the transform.
    #[error("window frames with win_length {win_length}: it must be within 1 and n_fft, which is {n_fft}")]
    WinLength {
        /// The value refused.
        win_length: usize,
        /// The transform's length.
        n_fft: usize,
    },
    /// The hop is zero.
    #[error("advance by a hop of 0 samples: it must be at least 1")]
    Hop,
    /// The clip has no samples.
    #[error("transform a clip of 0 samples: at least 1 is needed")]
    NoSamples,
    /// The spectrogram would not fit into memory.
    #[error("hold a spectrogram of {bands} bands by {frames} frames: at most {limit} values are allowed")]
    TooLarge {
        /// Rows.
        bands: usize,
        /// Columns.
        frames: usize,
        /// The largest product.
        limit: usize,
    },
    /// Spectra to be turned back are not of the plan's length.
    #[error("turn back spectra of {bins} bins: n_fft {n_fft} has {expected}")]
    Bins {
        /// Rows of the spectra.
        bins: usize,
        /// Rows that the plan's transform has.
        expected: usize,
        /// The plan's transform.
        n_fft: usize,
    },
    /// The values of spectra are not as many as their rows and columns say.
    #[error("read spectra of {bins} bins by {frames} frames: they hold {re} real and {im} imaginary values")]
    Values {
        /// Rows.
        bins: usize,
        /// Columns.
        frames: usize,
        /// Real parts.
        re: usize,
        /// Imaginary parts.
        im: usize,
    },
    /// More samples are asked for than a clip may have.
    #[error("make a clip of {count} samples: at most {limit} are allowed")]
    TooLong {
        /// The number asked for.
        count: usize,
        /// The largest one.
        limit: usize,
    },
}

impl StftSettings {
    /// Checks the settings against their rules.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), StftError> {
        let Self { n_fft, win_length, hop, .. } = *self;
        if n_fft % 2 == 1 || !(2..=MAX_N_FFT).contains(&n_fft) {
            return Err(StftError::NFft { n_fft, limit: MAX_N_FFT });
        }
        if !(1..=n_fft).contains(&win_length) {
            return Err(StftError::WinLength { win_length, n_fft });
        }
        if hop == 0 { Err(StftError::Hop) } else { Ok(()) }
    }

    /// Bins of a frame: `n_fft / 2 + 1`.
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Frames of a clip of `samples`: `1 + floor(samples / hop)`.
    pub fn frames(&self, samples: usize) -> usize {
        1 + samples / self.hop.max(1)
    }

    /// The number of frames of `samples`, if a spectrogram of that many by `bands` can be held.
    pub(crate) fn frames_within(&self, samples: &[f32], bands: usize) -> Result<usize, StftError> {
        if samples.is_empty() {
            return Err(StftError::NoSamples);
        }
        let frames = self.frames(samples.len());
        match frames.checked_mul(bands) {
            Some(cells) if cells <= MAX_CELLS => Ok(frames),
            _ => Err(StftError::TooLarge { bands, frames, limit: MAX_CELLS }),
        }
    }
}
