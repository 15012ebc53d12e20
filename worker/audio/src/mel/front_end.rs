//! From samples to a mel spectrogram.

use super::{Exponent, MelError, MelFilters, MelSettings};
use crate::spectrum::{Spectrogram, Stft};

/// Frames that are finished together before they are written out: 16 values fill a cache line of the result, which lies
/// band by band while frames come one by one.
const BLOCK: usize = 16;

/// The plan of a front end: made once, used for many clips, nothing allocated per frame. Give each thread its own (cloning
/// is cheap).
#[derive(Clone, Debug)]
pub struct MelFrontEnd {
    settings: MelSettings,
    stft: Stft,
    filters: MelFilters,
    spectrum: Vec<f32>,
    block: Vec<f32>,
}

impl MelFrontEnd {
    /// Makes the plan for `settings`.
    ///
    /// # Errors
    ///
    /// What [`MelSettings::check`] says.
    pub fn new(settings: MelSettings) -> Result<Self, MelError> {
        let filters = MelFilters::new(&settings)?;
        let stft = Stft::new(settings.stft())?;
        let spectrum = vec![0.0; settings.n_fft / 2 + 1];
        let block = vec![0.0; BLOCK * settings.mels];
        Ok(Self { settings, stft, filters, spectrum, block })
    }

    /// The settings the plan was made for.
    pub fn settings(&self) -> &MelSettings {
        &self.settings
    }

    /// The mel spectrogram of `samples`, which must be at the rate of the settings: `mels` bands by `1 + floor(n / hop)`
    /// frames of power (of magnitude with [`Exponent::One`]). A clip of one sample is long enough.
    ///
    /// # Errors
    ///
    /// [`StftError::NoSamples`](crate::spectrum::StftError::NoSamples) for an empty clip,
    /// [`StftError::TooLarge`](crate::spectrum::StftError::TooLarge) if the result would not fit into memory.
    pub fn power(&mut self, samples: &[f32]) -> Result<Spectrogram, MelError> {
        let mels = self.settings.mels;
        let frames = self.stft.frames_within(samples, mels)?;
        let mut result = Spectrogram::zeros(mels, frames);
        for first in (0..frames).step_by(BLOCK) {
            let count = BLOCK.min(frames - first);
            for (index, bands) in (first..first + count).zip(self.block.chunks_exact_mut(mels)) {
                let bins = self.stft.frame(samples, index);
                for (value, bin) in self.spectrum.iter_mut().zip(bins) {
                    *value = bin.norm_sqr();
                }
                if self.settings.power == Exponent::One {
                    self.spectrum.iter_mut().for_each(|value| *value = value.sqrt());
                }
                self.filters.apply(&self.spectrum, bands);
            }
            for (band, row) in result.data.chunks_exact_mut(frames).enumerate() {
                let column = self.block.iter().skip(band).step_by(mels);
                for (value, seen) in row.iter_mut().skip(first).take(count).zip(column) {
                    *value = *seen;
                }
            }
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::{PadMode, StftError};
    use std::f64::consts::{PI, TAU};

    /// The definition, term by term in f64: mirrored samples by their own rule, Hann window, Fourier sum, triangles from
    /// the dense matrix. Shares nothing with the plan but the settings and the filters.
    fn by_definition(samples: &[f32], settings: &MelSettings) -> Vec<f64> {
        let at = |index: i64| -> f64 {
            let last = samples.len() as i64 - 1;
            match settings.pad {
                PadMode::Zero if index < 0 || index > last => 0.0,
                PadMode::Zero => samples[index as usize].into(),
                PadMode::Reflect => {
                    let mut index = index;
                    while index < 0 || index > last {
                        index = if index < 0 { -index } else { 2 * last - index };
                        if last == 0 {
                            index = 0;
                        }
                    }
                    samples[index as usize].into()
                }
            }
        };
        let n_fft = settings.n_fft as i64;
        let offset = (n_fft - settings.win_length as i64) / 2;
        let bins = settings.n_fft / 2 + 1;
        let dense = MelFilters::new(settings).expect("legal").dense();
        let frames = 1 + samples.len() / settings.hop;
        let mut result = vec![0.0; settings.mels * frames];
        for frame in 0..frames {
            let start = (frame * settings.hop) as i64 - n_fft / 2;
            let power: Vec<f64> = (0..bins)
                .map(|bin| {
                    let (mut re, mut im) = (0.0, 0.0);
                    for n in 0..settings.win_length as i64 {
                        let weight = (PI * n as f64 / settings.win_length as f64).sin().powi(2);
                        let phase = TAU * bin as f64 * (offset + n) as f64 / n_fft as f64;
                        let value = weight * at(start + offset + n);
                        re += value * phase.cos();
                        im -= value * phase.sin();
                    }
                    match settings.power {
                        Exponent::One => re.hypot(im),
                        Exponent::Two => re * re + im * im,
                    }
                })
                .collect();
            for band in 0..settings.mels {
                let row = &dense[band * bins..(band + 1) * bins];
                result[band * frames + frame] = row.iter().zip(&power).map(|(w, p)| f64::from(*w) * p).sum();
            }
        }
        result
    }

    /// A clip that is no special case: two chirps and a ramp.
    fn clip(count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| {
                let t = i as f64 / 100.0;
                (0.4 * (t * t).sin() + 0.3 * (7.0 * t).cos() + 0.001 * i as f64) as f32
            })
            .collect()
    }

    #[test]
    fn equals_its_definition_in_every_mode_and_at_every_length() {
        let mut worst = 0f64;
        for pad in [PadMode::Zero, PadMode::Reflect] {
            for (n_fft, win_length, hop) in [(64, 64, 16), (64, 49, 24), (128, 128, 200)] {
                for power in [Exponent::One, Exponent::Two] {
                    for count in [1, 2, 3, 15, 31, 32, 33, 64, 65, 700] {
                        let mut settings = MelSettings::librosa(8000, n_fft, hop, 20, pad);
                        settings.win_length = win_length;
                        settings.power = power;
                        let samples = clip(count);
                        let expected = by_definition(&samples, &settings);
                        let seen = MelFrontEnd::new(settings).expect("legal").power(&samples).expect("legal");
                        assert_eq!((seen.bands, seen.frames), (20, 1 + count / hop));
                        assert_eq!(seen.data.len(), expected.len());
                        let largest = expected.iter().copied().fold(1e-9, f64::max);
                        for (a, b) in seen.data.iter().zip(&expected) {
                            worst = worst.max((f64::from(*a) - b).abs() / largest);
                        }
                    }
                }
            }
        }
        assert!(worst < 2e-6, "off by {worst} of the largest value");
    }

    #[test]
    fn a_plan_forgets_the_last_clip() {
        let settings = MelSettings::librosa(8000, 256, 64, 30, PadMode::Reflect);
        let mut plan = MelFrontEnd::new(settings).expect("legal");
        let first = plan.power(&clip(3000)).expect("legal");
        plan.power(&clip(17)).expect("legal");
        assert_eq!(plan.power(&clip(3000)).expect("legal"), first);
        assert_eq!(plan.clone().power(&clip(3000)).expect("legal"), first);
    }

    #[test]
    fn empty_and_endless_clips_are_errors() {
        let mut plan = MelFrontEnd::new(MelSettings::librosa(8000, 256, 1, 4096, PadMode::Zero)).expect("legal");
        assert_eq!(plan.power(&[]), Err(MelError::Stft(StftError::NoSamples)));
        let long = vec![0.0; 1 << 18];
        assert!(matches!(plan.power(&long), Err(MelError::Stft(StftError::TooLarge { .. }))));
    }

    #[test]
    fn silence_is_zero() {
        let mut plan = MelFrontEnd::new(MelSettings::librosa(8000, 256, 64, 30, PadMode::Zero)).expect("legal");
        assert!(plan.power(&[0.0; 999]).expect("legal").data.iter().all(|&value| value == 0.0));
    }
}
