//! The short-time Fourier transform, as a plan that is made once and used for many clips.

use super::{PadMode, Spectrogram, window::hann};
use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use std::{fmt, sync::Arc};

/// Longest transform; 65536 samples are 3 s at 22050 Hz.
const MAX_N_FFT: usize = 1 << 16;

/// Most values of one spectrogram: 4 GiB of them.
const MAX_CELLS: usize = 1 << 30;

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
}

/// The plan: window, transform and buffers. Using it allocates nothing per frame; give each thread its own.
#[derive(Clone)]
pub struct Stft {
    settings: StftSettings,
    window: Vec<f32>,
    transform: Arc<dyn RealToComplex<f32>>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl fmt::Debug for Stft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stft").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Stft {
    /// Makes the plan for `settings`.
    ///
    /// # Errors
    ///
    /// What [`StftSettings::check`] says.
    pub fn new(settings: StftSettings) -> Result<Self, StftError> {
        settings.check()?;
        let transform = RealFftPlanner::new().plan_fft_forward(settings.n_fft);
        Ok(Self {
            window: hann(settings.win_length, settings.n_fft),
            frame: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            transform,
            settings,
        })
    }

    /// The settings the plan was made for.
    pub fn settings(&self) -> &StftSettings {
        &self.settings
    }

    /// The number of frames of `samples`, if a spectrogram of that many by `bands` can be held.
    pub(crate) fn frames_within(&self, samples: &[f32], bands: usize) -> Result<usize, StftError> {
        if samples.is_empty() {
            return Err(StftError::NoSamples);
        }
        let frames = self.settings.frames(samples.len());
        match frames.checked_mul(bands) {
            Some(cells) if cells <= MAX_CELLS => Ok(frames),
            _ => Err(StftError::TooLarge { bands, frames, limit: MAX_CELLS }),
        }
    }

    /// The spectrum of frame `index`: `n_fft / 2 + 1` bins, from 0 Hz to half the rate. `index` is
    /// meant to be below [`StftSettings::frames`]; any later frame sees padding alone. An empty clip is silence.
    pub fn frame(&mut self, samples: &[f32], index: usize) -> &[Complex<f32>] {
        let centre = index.saturating_mul(self.settings.hop).min(samples.len() + self.settings.n_fft);
        let start = centre as isize - (self.settings.n_fft / 2) as isize;
        self.settings.pad.fill(&mut self.frame, samples, start);
        for (sample, weight) in self.frame.iter_mut().zip(&self.window) {
            *sample *= weight;
        }
        self.transform
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers were made by this very transform");
        &self.spectrum
    }

    /// The magnitudes of all frames: `n_fft / 2 + 1` bins by `1 + floor(n / hop)` frames.
    ///
    /// # Errors
    ///
    /// [`StftError::NoSamples`] and [`StftError::TooLarge`].
    pub fn magnitude(&mut self, samples: &[f32]) -> Result<Spectrogram, StftError> {
        let bins = self.settings.bins();
        let frames = self.frames_within(samples, bins)?;
        let mut result = Spectrogram::zeros(bins, frames);
        for index in 0..frames {
            let column = result.data.iter_mut().skip(index).step_by(frames);
            for (value, bin) in column.zip(self.frame(samples, index)) {
                *value = bin.norm_sqr().sqrt();
            }
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_beyond_the_clip_are_padding() {
        let settings = StftSettings { n_fft: 8, win_length: 8, hop: 3, pad: PadMode::Zero };
        let mut plan = Stft::new(settings.clone()).expect("legal");
        assert_eq!(settings.frames(7), 3);
        for index in [7, usize::MAX] {
            assert!(plan.frame(&[1.0; 7], index).iter().all(|bin| bin.norm_sqr() == 0.0), "{index}");
        }
        let mut plan = Stft::new(StftSettings { pad: PadMode::Reflect, ..settings }).expect("legal");
        assert!(plan.frame(&[1.0; 7], usize::MAX)[0].re > 0.0);
        assert!(plan.frame(&[], 0).iter().all(|bin| bin.norm_sqr() == 0.0));
    }

    #[test]
    fn a_clip_shorter_than_the_hop_has_one_frame() {
        let mut plan =
            Stft::new(StftSettings { n_fft: 8, win_length: 8, hop: 100, pad: PadMode::Zero }).expect("legal");
        let one = plan.magnitude(&[1.0]).expect("a legal clip");
        assert_eq!((one.bands, one.frames), (5, 1));
        assert_eq!(one.data, [1.0; 5], "an impulse in the middle of the window has all frequencies alike");
    }
}
