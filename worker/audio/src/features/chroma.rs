//! Harmony: how a frame's power is spread over the twelve pitch classes.

use super::bank::Bank;
use crate::spectrum::Spectrogram;

/// Pitch classes, from C upwards.
pub const CHROMAS: usize = 12;

/// The note that pitches are counted from: A four octaves below 440 Hz.
pub(super) const LOWEST_A: f64 = 440.0 / 16.0;

/// The octave, counted from [`LOWEST_A`], that weighs most, and how fast weights fall off from there.
const CENTRE_OCTAVE: f64 = 5.0;
const OCTAVE_WIDTH: f64 = 2.0;

/// Pitch classes from A to C: filters are made from A on and kept from C on.
const A_TO_C: usize = 3;

/// The bank of twelve filters for one rate, transform and tuning (Ellis, 2007): each bin's power goes to the pitch classes
/// near its own along a bell curve, the narrower the finer the bins lie in pitch, and weighs most around 880 Hz.
#[derive(Clone, Debug, PartialEq)]
pub struct ChromaFilters {
    dense: Vec<f32>,
}

impl ChromaFilters {
    /// The filters for transforms of `n_fft` samples at `sample_rate` Hz; `tuning` is how far the music's A lies from
    /// 440 Hz, in semitones. A rate of 0 counts as 1.
    pub fn new(sample_rate: u32, n_fft: usize, tuning: f64) -> Self {
        let bins = n_fft / 2 + 1;
        let classes = CHROMAS as f64;
        let bin_hertz = f64::from(sample_rate.max(1)) / n_fft.max(1) as f64;
        let lowest = LOWEST_A * 2f64.powf(tuning / classes);
        // 0 Hz has no pitch: it is placed an octave and a half below the first bin, which spreads it over all classes.
        let pitch = |bin: usize| match bin {
            0 => classes * ((bin_hertz / lowest).log2() - 1.5),
            bin => classes * (bin as f64 * bin_hertz / lowest).log2(),
        };
        let mut dense = vec![0.0; CHROMAS * bins];
        for bin in 0..bins {
            let here = pitch(bin);
            let width = (pitch(bin + 1) - here).max(1.0);
            let bells: [f64; CHROMAS] = std::array::from_fn(|class| {
                let distance = (here - class as f64 + classes / 2.0).rem_euclid(classes) - classes / 2.0;
                bell(2.0 * distance / width)
            });
            let length = bells.iter().map(|bell| bell * bell).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            let octave = bell((here / classes - CENTRE_OCTAVE) / OCTAVE_WIDTH);
            for (class, value) in bells.iter().enumerate() {
                let row = (class + CHROMAS - A_TO_C) % CHROMAS;
                if let Some(weight) = dense.get_mut(row * bins + bin) {
                    *weight = (value / length * octave) as f32;
                }
            }
        }
        Self { dense }
    }

    /// The whole matrix, twelve rows by `n_fft / 2 + 1` bins, row-major.
    pub fn dense(&self) -> &[f32] {
        &self.dense
    }

    /// The chromagram of a spectrogram of power: twelve rows by frames, each frame divided by its largest value, so that
    /// this is 1. A frame of silence stays 0.
    pub fn apply(&self, power: &Spectrogram) -> Spectrogram {
        let mut chroma = Bank::new(CHROMAS, &self.dense).apply(power);
        let frames = chroma.frames.max(1);
        let mut loudest = vec![0f32; frames];
        for row in chroma.data.chunks_exact(frames) {
            for (loudest, value) in loudest.iter_mut().zip(row) {
                *loudest = loudest.max(*value);
            }
        }
        for row in chroma.data.chunks_exact_mut(frames) {
            for (value, loudest) in row.iter_mut().zip(&loudest) {
                *value /= if *loudest < f32::MIN_POSITIVE { 1.0 } else { *loudest };
            }
        }
        chroma
    }
}

fn bell(distance: f64) -> f64 {
    (-0.5 * distance * distance).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone of each pitch class is strongest in its own row, in tune and with the tuning that it is off by.
    #[test]
    fn tones_fall_into_their_class() {
        let (rate, n_fft) = (22_050, 4096);
        for tuning in [0.0, -0.4, 0.3] {
            let filters = ChromaFilters::new(rate, n_fft, tuning);
            for class in 0..CHROMAS {
                // From the C above middle C.
                let hertz = 440.0 * 2f64.powf((3.0 + class as f64 + tuning) / 12.0);
                let bin = (hertz * n_fft as f64 / f64::from(rate)).round() as usize;
                let mut power = Spectrogram::zeros(n_fft / 2 + 1, 1);
                power.data[bin] = 4.0;
                let chroma = filters.apply(&power);
                let strongest = chroma.data.iter().position(|value| *value == 1.0);
                assert_eq!(strongest, Some(class), "{tuning}: {:?}", chroma.data);
            }
        }
    }

    #[test]
    fn silence_stays_zero() {
        let filters = ChromaFilters::new(22_050, 512, 0.0);
        assert_eq!(filters.apply(&Spectrogram::zeros(257, 3)).data, [0.0; 36]);
        assert!(filters.apply(&Spectrogram::zeros(257, 0)).data.is_empty());
        assert!(ChromaFilters::new(0, 0, 0.0).dense().iter().all(|weight| !weight.is_nan()));
    }
}
