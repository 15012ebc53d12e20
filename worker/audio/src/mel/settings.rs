//! What a mel front end is told, and the rules for it.

use super::MelScale;
use crate::spectrum::{PadMode, StftError, StftSettings};

/// Most bands; more than any transform has use for.
const MAX_MELS: usize = 4096;

/// What the filters are applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exponent {
    /// Magnitudes: power 1.
    One,
    /// Magnitudes squared: power 2.
    Two,
}

/// A mel front end in full.
#[derive(Clone, Debug, PartialEq)]
pub struct MelSettings {
    /// The rate of the clips in Hz: above 0.
    pub sample_rate: u32,
    /// Length of the transform in samples: even, 2 to 65536.
    pub n_fft: usize,
    /// Length of the window in samples: 1 to `n_fft`.
    pub win_length: usize,
    /// Samples from one frame to the next: at least 1.
    pub hop: usize,
    /// Bands: 1 to 4096.
    pub mels: usize,
    /// Lower edge of the lowest band in Hz: 0 or more.
    pub fmin: f64,
    /// Upper edge of the highest band in Hz: above `fmin`, at most half of `sample_rate`.
    pub fmax: f64,
    /// How bands are spaced.
    pub scale: MelScale,
    /// Slaney's area normalisation: each triangle is scaled by `2 / (its width in Hz)`. Otherwise it peaks at 1.
    pub norm: bool,
    /// What the filters are applied to.
    pub power: Exponent,
    /// A known mistake, for comparison with results that were made with it: the filters are applied to the complex
    /// spectra, and `power` to what comes of them. Neighbouring bins then cancel each other.
    pub of_complex: bool,
    /// What lies beyond the ends of the clip.
    pub pad: PadMode,
}

/// Why settings are refused or a clip cannot be seen through them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MelError {
    /// Framing or transform.
    #[error(transparent)]
    Stft(#[from] StftError),
    /// The rate is zero.
    #[error("see clips at 0 Hz: sample_rate must be at least 1")]
    SampleRate,
    /// Too few or too many bands.
    #[error("make {mels} mel bands: there must be within 1 and {limit}")]
    Mels {
        /// The value refused.
        mels: usize,
        /// The largest one allowed.
        limit: usize,
    },
    /// The band edges contradict each other or the rate.
    #[error("span {fmin} to {fmax} Hz: 0 <= fmin < fmax <= {nyquist} Hz, half the sample rate, must hold")]
    Span {
        /// The lower edge.
        fmin: f64,
        /// The upper edge.
        fmax: f64,
        /// Half the sample rate.
        nyquist: f64,
    },
}

impl MelSettings {
    /// librosa's defaults for this rate, transform, hop and number of bands: a window as long as the transform, Slaney
    /// bands with area normalisation from 0 Hz to half the rate, power 2. `pad` is what librosa changed over the years.
    pub fn librosa(sample_rate: u32, n_fft: usize, hop: usize, mels: usize, pad: PadMode) -> Self {
        Self {
            sample_rate,
            n_fft,
            win_length: n_fft,
            hop,
            mels,
            fmin: 0.0,
            fmax: f64::from(sample_rate) / 2.0,
            scale: MelScale::Slaney,
            norm: true,
            power: Exponent::Two,
            of_complex: false,
            pad,
        }
    }

    /// Checks the settings against their rules. Bands so narrow that no bin falls into them are legal, and stay zero.
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), MelError> {
        self.stft().check()?;
        if self.sample_rate == 0 {
            return Err(MelError::SampleRate);
        }
        if !(1..=MAX_MELS).contains(&self.mels) {
            return Err(MelError::Mels { mels: self.mels, limit: MAX_MELS });
        }
        let (fmin, fmax, nyquist) = (self.fmin, self.fmax, f64::from(self.sample_rate) / 2.0);
        // A NaN compares false, and so breaks the rule.
        if fmin >= 0.0 && fmin < fmax && fmax <= nyquist { Ok(()) } else { Err(MelError::Span { fmin, fmax, nyquist }) }
    }

    /// The part that cuts the clip into frames.
    pub fn stft(&self) -> StftSettings {
        StftSettings { n_fft: self.n_fft, win_length: self.win_length, hop: self.hop, pad: self.pad }
    }

    /// Frames of a clip of `samples`: `1 + floor(samples / hop)`.
    pub fn frames(&self, samples: usize) -> usize {
        self.stft().frames(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_rule_has_its_error() {
        let good = MelSettings::librosa(22_050, 2048, 512, 128, PadMode::Reflect);
        assert_eq!(good.check(), Ok(()));
        let broken = |change: fn(&mut MelSettings)| {
            let mut settings = good.clone();
            change(&mut settings);
            settings.check().expect_err("one rule is broken")
        };
        assert!(matches!(broken(|s| s.n_fft = 2047), MelError::Stft(StftError::NFft { n_fft: 2047, .. })));
        assert!(matches!(broken(|s| s.n_fft = 0), MelError::Stft(StftError::NFft { .. })));
        assert!(matches!(broken(|s| s.n_fft = usize::MAX - 1), MelError::Stft(StftError::NFft { .. })));
        assert!(matches!(broken(|s| s.win_length = 2049), MelError::Stft(StftError::WinLength { .. })));
        assert!(matches!(broken(|s| s.win_length = 0), MelError::Stft(StftError::WinLength { .. })));
        assert!(matches!(broken(|s| s.hop = 0), MelError::Stft(StftError::Hop)));
        assert!(matches!(broken(|s| s.sample_rate = 0), MelError::SampleRate));
        assert!(matches!(broken(|s| s.mels = 0), MelError::Mels { .. }));
        assert!(matches!(broken(|s| s.mels = 5000), MelError::Mels { .. }));
        assert!(matches!(broken(|s| s.fmin = -1.0), MelError::Span { .. }));
        assert!(matches!(broken(|s| s.fmin = f64::NAN), MelError::Span { .. }));
        assert!(matches!(broken(|s| s.fmax = 12_000.0), MelError::Span { .. }));
        assert!(matches!(broken(|s| s.fmax = 0.0), MelError::Span { .. }));
        assert_eq!(
            broken(|s| s.fmax = 12_000.0).to_string(),
            "span 0 to 12000 Hz: 0 <= fmin < fmax <= 11025 Hz, half the sample rate, must hold"
        );
    }
}
