//! Where in the spectrum a frame's magnitude lies: centroid, bandwidth and rolloff.

use crate::spectrum::Spectrogram;

/// Frames that are worked on together: their sums stay in the nearest cache.
const BLOCK: usize = 256;

/// The share of a frame's magnitude that lies at or below its rolloff.
const ROLLOFF: f32 = 0.85;

/// Three tracks, in Hz, one value a frame. A frame of silence has 0 in all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpectralShape {
    /// The mean frequency, weighted by magnitude.
    pub centroid: Vec<f64>,
    /// The root of the mean squared distance from the centroid, weighted by magnitude.
    pub bandwidth: Vec<f64>,
    /// The lowest frequency with at least 85 % of the frame's magnitude at or below it.
    pub rolloff: Vec<f64>,
}

impl SpectralShape {
    /// Those of a spectrogram of magnitudes, `n_fft / 2 + 1` bins from 0 Hz to half of `sample_rate`.
    pub fn of(magnitude: &Spectrogram, sample_rate: u32) -> Self {
        let frames = magnitude.frames;
        let hertz = bin_hertz(magnitude, sample_rate);
        let mut shape = Self::default();
        for start in (0..frames).step_by(BLOCK) {
            let count = BLOCK.min(frames - start);
            let rows = || (0..magnitude.bands).filter_map(|bin| magnitude.band(bin).get(start..start + count));

            // Moments in f64; the running sum of the rolloff in f32, as librosa has it: near the threshold its rounding
            // decides which bin is the one.
            let (mut sum, mut first, mut second) = ([0f64; BLOCK], [0f64; BLOCK], [0f64; BLOCK]);
            let mut total = [0f32; BLOCK];
            for (bin, row) in rows().enumerate() {
                let (bin, square) = (bin as f64, (bin * bin) as f64);
                let sums = sum.iter_mut().zip(&mut first).zip(&mut second).zip(&mut total);
                for ((((sum, first), second), total), value) in sums.zip(row) {
                    let wide = f64::from(*value);
                    *sum += wide;
                    *first += bin * wide;
                    *second += square * wide;
                    *total += value;
                }
            }
            for ((sum, first), second) in sum.iter().zip(first).zip(second).take(count) {
                let sounds = *sum >= f64::from(f32::MIN_POSITIVE);
                let mean = if sounds { first / sum } else { 0.0 };
                let spread = if sounds { (second / sum - mean * mean).max(0.0) } else { 0.0 };
                shape.centroid.push(hertz * mean);
                shape.bandwidth.push(hertz * spread.sqrt());
            }

            let mut running = [0f32; BLOCK];
            let mut below = [0i32; BLOCK];
            total.iter_mut().for_each(|total| *total *= ROLLOFF);
            for row in rows() {
                for (((running, below), threshold), value) in running.iter_mut().zip(&mut below).zip(&total).zip(row) {
                    *running += value;
                    *below += i32::from(*running < *threshold);
                }
            }
            shape.rolloff.extend(below.iter().take(count).map(|bin| hertz * f64::from(*bin)));
        }
        shape
    }
}

/// Hz from one bin to the next.
pub(super) fn bin_hertz(spectrogram: &Spectrogram, sample_rate: u32) -> f64 {
    f64::from(sample_rate) / n_fft(spectrogram).max(1) as f64
}

/// The length of the transform that gave so many bins.
pub(super) fn n_fft(spectrogram: &Spectrogram) -> usize {
    2 * spectrogram.bands.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of one bin each, then a frame of two bins, then silence.
    #[test]
    fn known_frames() {
        let (bands, frames) = (9, 2 * BLOCK + 9);
        let mut magnitude = Spectrogram::zeros(bands, frames);
        for frame in 0..frames - 2 {
            magnitude.data[(frame % bands) * frames + frame] = 0.5;
        }
        magnitude.data[2 * frames + frames - 2] = 3.0;
        magnitude.data[6 * frames + frames - 2] = 1.0;
        let shape = SpectralShape::of(&magnitude, 1600);
        for frame in 0..frames - 2 {
            let hertz = 100.0 * (frame % bands) as f64;
            assert_eq!((shape.centroid[frame], shape.rolloff[frame]), (hertz, hertz));
            assert_eq!(shape.bandwidth[frame], 0.0);
        }
        let two = frames - 2;
        assert_eq!((shape.centroid[two], shape.rolloff[two]), (300.0, 600.0));
        assert!((shape.bandwidth[two] - 30_000f64.sqrt()).abs() < 1e-9);
        let silence = frames - 1;
        assert_eq!((shape.centroid[silence], shape.bandwidth[silence], shape.rolloff[silence]), (0.0, 0.0, 0.0));
    }

    #[test]
    fn no_frames_no_values() {
        assert_eq!(SpectralShape::of(&Spectrogram::zeros(5, 0), 8000), SpectralShape::default());
        assert_eq!(SpectralShape::of(&Spectrogram::zeros(0, 2), 8000).rolloff, [0.0; 2]);
    }
}
