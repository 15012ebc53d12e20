//! Applies what was drawn.

use super::gauss::add_noise;
use super::{Draws, Length, Transform};
use crate::hpss::Separation;
use crate::resample::{ResampleError, resample};
use crate::spectrum::{PadMode, StftError};
use crate::vocoder::{Vocoder, VocoderError};

/// How far [`Transform::Speed`] goes either way.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Why a change cannot be made. The text fits "failed to ...".
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AugmentError {
    /// The phase vocoder refused.
    #[error(transparent)]
    Vocoder(#[from] VocoderError),
    /// What is percussive could not be told apart.
    #[error(transparent)]
    Separation(#[from] StftError),
    /// The speed could not be changed.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// A speed far off.
    #[error("play a clip at {rate} times its speed: it must be within {} and {}", SPEEDS.start(), SPEEDS.end())]
    Speed {
        /// The value refused.
        rate: f64,
    },
}

/// Applies transforms: plans and buffers that are made when first needed and used for many clips. Give each thread its own;
/// a clone has the plans made so far. It remembers nothing of the clips.
#[derive(Clone, Debug, Default)]
pub struct Augmenter {
    vocoder: Option<Box<Vocoder>>,
    separation: Option<Box<Separation>>,
}

impl Augmenter {
    /// The samples, at `rate` hertz, after `transforms` one after another. Frames reach beyond the ends as librosa's did
    /// before 0.10, mirrored.
    ///
    /// # Errors
    /// See [`AugmentError`].
    pub fn apply(
        &mut self,
        mut samples: Vec<f32>,
        rate: u32,
        transforms: &[Transform],
    ) -> Result<Vec<f32>, AugmentError> {
        for transform in transforms {
            samples = self.one(samples, rate, transform)?;
        }
        Ok(samples)
    }

    fn one(&mut self, mut samples: Vec<f32>, rate: u32, transform: &Transform) -> Result<Vec<f32>, AugmentError> {
        let count = samples.len();
        match *transform {
            Transform::Noise { level, seed } => {
                add_noise(&mut samples, level, Draws::of_word(seed));
                Ok(samples)
            }
            Transform::Roll { samples: by } => {
                if count > 0 {
                    samples.rotate_right(by.rem_euclid(count as i64) as usize);
                }
                Ok(samples)
            }
            Transform::Stretch { rate: by, length } => Ok(fitted(self.vocoder().stretch(&samples, by)?, count, length)),
            Transform::Pitch { semitones } => {
                Ok(fitted(self.vocoder().shift(&samples, semitones)?, count, Length::Kept))
            }
            Transform::Speed { rate: by, length } => {
                if !SPEEDS.contains(&by) {
                    return Err(AugmentError::Speed { rate: by });
                }
                // As if the clip's rate had been so many times its own.
                let to = (f64::from(rate) / by).round().max(1.0) as u32;
                Ok(fitted(resample(&samples, rate, to)?, count, length))
            }
            Transform::Percussive => {
                let separation = self.separation.get_or_insert_with(|| Box::new(Separation::new(PadMode::Reflect)));
                Ok(separation.percussive(&samples)?)
            }
        }
    }

    fn vocoder(&mut self) -> &mut Vocoder {
        self.vocoder.get_or_insert_with(|| Box::new(Vocoder::new(PadMode::Reflect)))
    }
}

fn fitted(mut samples: Vec<f32>, count: usize, length: Length) -> Vec<f32> {
    if length == Length::Kept {
        samples.resize(count, 0.0);
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::{Amount, Chain, Change, Purpose, Step};
    use std::f64::consts::TAU;

    fn tone(hertz: f64, count: usize) -> Vec<f32> {
        (0..count).map(|i| (0.5 * (TAU * hertz * i as f64 / 16_000.0).sin()) as f32).collect()
    }

    fn apply(samples: &[f32], transform: Transform) -> Vec<f32> {
        Augmenter::default().apply(samples.to_vec(), 16_000, &[transform]).expect("a legal transform")
    }

    /// A sum over the bits of samples in which every place counts.
    fn checksum(samples: &[f32]) -> u64 {
        samples
            .iter()
            .fold(0, |sum: u64, sample| sum.wrapping_mul(0x100_0000_01B3).wrapping_add(sample.to_bits().into()))
    }

    #[test]
    fn noise_and_rolls_are_the_same_bits_everywhere() {
        // A ramp of exact numbers: no sine of a system's library is in it.
        let ramp: Vec<f32> = (0..4096i16).map(|i| f32::from(i - 2048) / 4096.0).collect();
        let chain = Chain {
            steps: vec![
                Step { change: Change::Noise(Amount::Fixed(0.0025)), chance: 1.0 },
                Step { change: Change::Roll(Amount::Between(0.0, 7999.0)), chance: 1.0 },
            ],
        };
        let drawn = chain.draw(Draws::new(Purpose::Copy, 0, 1, &[3; 32]));
        assert_eq!(drawn[1], Transform::Roll { samples: 6279 });
        let changed = Augmenter::default().apply(ramp.clone(), 16_000, &drawn).expect("legal");
        assert_eq!(checksum(&changed), PINNED, "{:#x}", checksum(&changed));
        let again = Augmenter::default().apply(ramp, 16_000, &drawn).expect("legal");
        assert_eq!(changed, again);
    }

    /// From a second implementation of the definition.
    const PINNED: u64 = 0xC2B5_4801_3D30_ADB1;

    #[test]
    fn rolls_go_round() {
        let samples = [1.0, 2.0, 3.0, 4.0];
        for (by, expected) in
            [(1, [4., 1., 2., 3.]), (-1, [2., 3., 4., 1.]), (4, [1., 2., 3., 4.]), (9, [4., 1., 2., 3.])]
        {
            assert_eq!(apply(&samples, Transform::Roll { samples: by }), expected);
        }
        assert!(apply(&[], Transform::Roll { samples: 3 }).is_empty());
    }

    #[test]
    fn lengths_are_kept_or_free() {
        let clip = tone(440.0, 16_000);
        for (rate, free) in [(0.8, 20_000), (1.0, 16_000), (1.1, 14_545)] {
            let stretched = |length| apply(&clip, Transform::Stretch { rate, length }).len();
            assert_eq!((stretched(Length::Kept), stretched(Length::Free)), (16_000, free));
        }
        for (rate, free) in [(0.5, 32_000), (2.0, 8_000)] {
            let sped = |length| apply(&clip, Transform::Speed { rate, length }).len();
            assert_eq!((sped(Length::Kept), sped(Length::Free)), (16_000, free));
        }
        assert_eq!(apply(&clip, Transform::Pitch { semitones: 3.7 }).len(), 16_000);
        assert_eq!(apply(&clip, Transform::Percussive).len(), 16_000);
    }

    #[test]
    fn speed_moves_the_pitch_and_stretching_does_not() {
        let clip = tone(500.0, 16_000);
        // Upward crossings of zero in the middle half second.
        let hertz = |samples: &[f32]| {
            let middle = &samples[samples.len() / 2 - 4000..samples.len() / 2 + 4000];
            2 * middle.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count()
        };
        let near = |seen: usize, expected: usize| assert!(seen.abs_diff(expected) <= 4, "{seen} is not {expected}");
        near(hertz(&apply(&clip, Transform::Speed { rate: 1.2, length: Length::Free })), 600);
        near(hertz(&apply(&clip, Transform::Stretch { rate: 1.2, length: Length::Free })), 500);
        near(hertz(&apply(&clip, Transform::Pitch { semitones: 12.0 })), 1000);
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        let mut augmenter = Augmenter::default();
        for transform in [
            Transform::Stretch { rate: f64::NAN, length: Length::Kept },
            Transform::Pitch { semitones: 1e9 },
            Transform::Speed { rate: 0.0, length: Length::Free },
        ] {
            assert!(augmenter.apply(tone(440.0, 4000), 16_000, &[transform]).is_err(), "{transform:?}");
        }
    }
}
