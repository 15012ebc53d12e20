//! From samples to a mel spectrogram.

use super::{Exponent, MelError, MelFilters, MelSettings};
use crate::{
    lanes::{Kernel, LANES, Machine, Row, Vector},
    spectrum::{Cell, Frames, Spectrogram, lanes_of},
};

/// The plan of a front end: made once, used for many clips, nothing allocated per frame. Give each thread its own (cloning
/// is cheap).
///
/// With an `n_fft` that is a power of two from 128 to 8192 the result is the same bits on every machine.
#[derive(Clone, Debug)]
pub struct MelFrontEnd {
    settings: MelSettings,
    frames: Frames,
    filters: MelFilters,
    seen: Seen,
}

/// What the filters see of eight frames.
#[derive(Clone, Debug)]
struct Seen {
    /// Magnitudes or powers; real parts where the filters see complex values.
    first: Vec<Row>,
    /// Imaginary parts, where the filters see complex values.
    second: Vec<Row>,
}

impl MelFrontEnd {
    /// Makes the plan for `settings`.
    ///
    /// # Errors
    ///
    /// What [`MelSettings::check`] says.
    pub fn new(settings: MelSettings) -> Result<Self, MelError> {
        Self::on(settings, Machine::here())
    }

    fn on(settings: MelSettings, machine: Machine) -> Result<Self, MelError> {
        let filters = MelFilters::new(&settings)?;
        let frames = Frames::new(&settings.stft(), machine);
        let bins = settings.stft().bins();
        let seen = Seen {
            first: vec![Row::default(); bins],
            second: vec![Row::default(); if settings.of_complex { bins } else { 0 }],
        };
        Ok(Self { settings, frames, filters, seen })
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
        let frames = self.frames.settings().frames_within(samples, mels)?;
        let mut result = Spectrogram::zeros(mels, frames);
        let machine = self.frames.machine();
        for first in (0..frames).step_by(LANES) {
            let cells = self.frames.from(samples, first);
            let Self { settings, filters, seen, .. } = self;
            machine.run(Bands { settings, filters, seen, cells, result: &mut result, first });
        }
        Ok(result)
    }
}

/// Writes the bands of eight frames to their place.
struct Bands<'a> {
    settings: &'a MelSettings,
    filters: &'a MelFilters,
    seen: &'a mut Seen,
    cells: &'a [Cell],
    result: &'a mut Spectrogram,
    first: usize,
}

impl Kernel for Bands<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { settings, filters, seen: Seen { first: seen, second }, cells, result, first } = self;
        let rows = result.data.chunks_exact_mut(result.frames.max(1));
        let root = settings.power == Exponent::One;
        if settings.of_complex {
            for ((re, im), cell) in seen.iter_mut().zip(second.iter_mut()).zip(cells) {
                (*re, *im) = (cell.re, cell.im);
            }
            for (band, row) in rows.enumerate() {
                let (re, im) = (filters.band::<V>(band, seen), filters.band::<V>(band, second));
                let power = re * re + im * im;
                (if root { power.sqrt() } else { power }).store_front(lanes_of(row, first));
            }
            return;
        }
        if root {
            for (value, cell) in seen.iter_mut().zip(cells) {
                cell.power::<V>().sqrt().store(&mut value.0);
            }
        } else {
            for (value, cell) in seen.iter_mut().zip(cells) {
                cell.power::<V>().store(&mut value.0);
            }
        }
        for (band, row) in rows.enumerate() {
            filters.band::<V>(band, seen).store_front(lanes_of(row, first));
        }
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
            let spectrum: Vec<[f64; 2]> = (0..bins)
                .map(|bin| {
                    let (mut re, mut im) = (0.0, 0.0);
                    for n in 0..settings.win_length as i64 {
                        let weight = (PI * n as f64 / settings.win_length as f64).sin().powi(2);
                        let phase = TAU * bin as f64 * (offset + n) as f64 / n_fft as f64;
                        let value = weight * at(start + offset + n);
                        re += value * phase.cos();
                        im -= value * phase.sin();
                    }
                    [re, im]
                })
                .collect();
            let modulus = |[re, im]: [f64; 2]| match settings.power {
                Exponent::One => re.hypot(im),
                Exponent::Two => re * re + im * im,
            };
            for band in 0..settings.mels {
                let row = &dense[band * bins..(band + 1) * bins];
                let sum = |value: &dyn Fn([f64; 2]) -> f64| -> f64 {
                    row.iter().zip(&spectrum).map(|(weight, bin)| f64::from(*weight) * value(*bin)).sum()
                };
                result[band * frames + frame] =
                    if settings.of_complex { modulus([sum(&|[re, _]| re), sum(&|[_, im]| im)]) } else { sum(&modulus) };
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
            for (n_fft, win_length, hop) in [(60, 60, 16), (128, 99, 24), (128, 128, 200), (256, 256, 64)] {
                for (power, of_complex) in
                    [(Exponent::One, false), (Exponent::Two, false), (Exponent::One, true), (Exponent::Two, true)]
                {
                    for count in [1, 2, 3, 15, 31, 32, 33, 64, 65, 700] {
                        let mut settings = MelSettings::librosa(8000, n_fft, hop, 20, pad);
                        settings.win_length = win_length;
                        settings.power = power;
                        settings.of_complex = of_complex;
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
        assert!(worst < 5e-6, "off by {worst} of the largest value");
    }

    #[test]
    fn every_machine_gives_the_same_bits() {
        for (n_fft, hop, mels) in [(128, 32, 20), (1024, 512, 256), (2048, 512, 128)] {
            for of_complex in [false, true] {
                for power in [Exponent::One, Exponent::Two] {
                    let settings = MelSettings {
                        power,
                        of_complex,
                        ..MelSettings::librosa(22_050, n_fft, hop, mels, PadMode::Reflect)
                    };
                    let mut here = MelFrontEnd::on(settings.clone(), Machine::here()).expect("legal");
                    let mut plain = MelFrontEnd::on(settings, Machine::PLAIN).expect("legal");
                    assert_eq!(here.power(&clip(9000)), plain.power(&clip(9000)), "n_fft {n_fft}, {power:?}");
                }
            }
        }
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
