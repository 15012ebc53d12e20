//! How regular onsets are: the autocorrelation of an onset curve around every frame.

use super::FeatureError;
use crate::spectrum::Spectrogram;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};
use std::{f64::consts::TAU, fmt, iter, sync::Arc};

/// Most lags: at 43 frames a second, 25 minutes.
const MAX_LAGS: usize = 1 << 16;

/// The plan: window, transforms and buffers. Using it allocates nothing per frame; give each thread its own.
#[derive(Clone)]
pub struct Tempogram {
    window: Vec<f64>,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    frame: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl fmt::Debug for Tempogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tempogram").field("lags", &self.lags()).finish_non_exhaustive()
    }
}

impl Tempogram {
    /// Makes the plan for windows of `lags` frames, 1 to 65536: as many lags come out, the first of them 0.
    ///
    /// # Errors
    ///
    /// [`FeatureError::Lags`].
    pub fn new(lags: usize) -> Result<Self, FeatureError> {
        if !(1..=MAX_LAGS).contains(&lags) {
            return Err(FeatureError::Lags { lags, limit: MAX_LAGS });
        }
        let length = transform_length(lags);
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Ok(Self {
            window: (0..lags).map(|n| 0.5 - 0.5 * (TAU * n as f64 / lags as f64).cos()).collect(),
            frame: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            scratch: vec![Complex::default(); scratch],
            forward,
            inverse,
        })
    }

    /// Lags that come out.
    pub fn lags(&self) -> usize {
        self.window.len()
    }

    /// Lags by frames: the autocorrelation of the onset curve under a Hann window around each frame, divided by its largest
    /// value, which is that of lag 0. Beyond its ends the curve falls to 0 in a straight line over half a window. A window
    /// without onsets stays 0.
    pub fn of(&mut self, onsets: &[f32]) -> Spectrogram {
        let curve = self.extended(onsets);
        let mut result = Spectrogram::zeros(self.lags(), onsets.len());
        for frame in 0..onsets.len() {
            let energy = self.transform(&curve, frame);
            if energy < f64::MIN_POSITIVE {
                continue;
            }
            self.spectrum.iter_mut().for_each(|bin| *bin = Complex::new(bin.norm_sqr(), 0.0));
            self.invert();
            let scale = 1.0 / (energy * self.frame.len() as f64);
            let column = result.data.iter_mut().skip(frame).step_by(onsets.len());
            for (value, sum) in column.zip(&self.frame) {
                *value = (sum * scale) as f32;
            }
        }
        result
    }

    /// The mean of [`of`](Self::of) over all frames: a value a lag. Faster than taking it there, because sums and inverse
    /// transforms can change places: one inverse is enough.
    pub fn mean(&mut self, onsets: &[f32]) -> Vec<f64> {
        let curve = self.extended(onsets);
        let mut power = vec![0.0; self.spectrum.len()];
        for frame in 0..onsets.len() {
            let energy = self.transform(&curve, frame);
            if energy < f64::MIN_POSITIVE {
                continue;
            }
            let scale = 1.0 / energy;
            for (sum, bin) in power.iter_mut().zip(&self.spectrum) {
                *sum += bin.norm_sqr() * scale;
            }
        }
        for (bin, sum) in self.spectrum.iter_mut().zip(&power) {
            *bin = Complex::new(*sum, 0.0);
        }
        self.invert();
        let scale = 1.0 / (onsets.len().max(1) * self.frame.len()) as f64;
        self.frame.iter().take(self.lags()).map(|sum| sum * scale).collect()
    }

    /// The curve with half a window on either side.
    fn extended(&self, onsets: &[f32]) -> Vec<f64> {
        let width = self.lags() / 2;
        let ramp = |edge: Option<&f32>| {
            let edge = edge.copied().map_or(0.0, f64::from);
            (0..width).map(move |at| edge * at as f64 / width as f64)
        };
        let curve = onsets.iter().map(|strength| f64::from(*strength));
        ramp(onsets.first()).chain(curve).chain(ramp(onsets.last()).rev()).chain(iter::once(0.0)).collect()
    }

    /// Transforms the window around `frame`; returns its sum of squares.
    fn transform(&mut self, curve: &[f64], frame: usize) -> f64 {
        self.frame.fill(0.0);
        let seen = curve.get(frame..).unwrap_or_default();
        for ((value, seen), weight) in self.frame.iter_mut().zip(seen).zip(&self.window) {
            *value = seen * weight;
        }
        let energy = self.frame.iter().map(|value| value * value).sum();
        self.forward
            .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
            .expect("the buffers were made by this very transform");
        energy
    }

    fn invert(&mut self) {
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.frame, &mut self.scratch)
            .expect("the buffers fit, and the imaginary parts are zero");
    }
}

/// The shortest even length without prime factors beyond 3 in which lags do not wrap around.
fn transform_length(lags: usize) -> usize {
    let smooth = |length: &usize| {
        let mut rest = *length;
        for factor in [2, 3] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        rest == 1 && length.is_multiple_of(2)
    };
    (2 * lags - 1..).find(smooth).unwrap_or(4 * lags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(count: usize) -> Vec<f32> {
        (0..count).map(|i| if i % 7 == 3 { 1.0 + (i % 3) as f32 } else { 0.1 }).collect()
    }

    /// Sum by sum, with its own idea of what lies beyond the ends.
    fn by_definition(onsets: &[f32], lags: usize) -> Vec<Vec<f64>> {
        let (count, half) = (onsets.len() as isize, (lags / 2) as isize);
        let at = |index: isize| -> f64 {
            let (edge, outside) = match index {
                index if index < 0 => (onsets[0], -index),
                index if index >= count => (onsets[onsets.len() - 1], index - count + 1),
                index => return onsets[index as usize].into(),
            };
            f64::from(edge) * (1.0 - outside as f64 / half as f64).max(0.0)
        };
        let window = |n: usize| (std::f64::consts::PI * n as f64 / lags as f64).sin().powi(2);
        (0..count)
            .map(|frame| {
                let seen: Vec<f64> = (0..lags).map(|n| at(frame + n as isize - half) * window(n)).collect();
                let sums = (0..lags).map(|lag| seen.iter().zip(&seen[lag..]).map(|(a, b)| a * b).sum::<f64>());
                let sums: Vec<f64> = sums.collect();
                let largest = sums.iter().copied().fold(0.0, f64::max);
                sums.iter().map(|sum| if largest > 0.0 { sum / largest } else { 0.0 }).collect()
            })
            .collect()
    }

    #[test]
    fn equal_to_the_definition() {
        for (count, lags) in [(60, 16), (60, 17), (5, 24), (1, 8), (3, 1), (9, 2)] {
            let onsets = curve(count);
            let mut plan = Tempogram::new(lags).expect("legal");
            let (all, mean) = (plan.of(&onsets), plan.mean(&onsets));
            assert_eq!((all.bands, all.frames, mean.len()), (lags, count, lags));
            let expected = by_definition(&onsets, lags);
            for lag in 0..lags {
                for (frame, (seen, expected)) in all.band(lag).iter().zip(&expected).enumerate() {
                    let difference = f64::from(*seen) - expected[lag];
                    assert!(difference.abs() < 1e-6, "{count} {lags}: lag {lag} of frame {frame} is off {difference}");
                }
                let sum: f64 = expected.iter().map(|frame| frame[lag]).sum();
                assert!((mean[lag] - sum / count as f64).abs() < 1e-12, "{count} {lags}: mean of lag {lag}");
            }
        }
    }

    #[test]
    fn silence_and_nothing() {
        let mut plan = Tempogram::new(10).expect("legal");
        assert_eq!(plan.of(&[0.0; 4]).data, [0.0; 40]);
        assert_eq!(plan.mean(&[0.0; 4]), [0.0; 10]);
        assert!(plan.of(&[]).data.is_empty());
        assert_eq!(plan.mean(&[]), [0.0; 10]);
        assert!(matches!(Tempogram::new(0), Err(FeatureError::Lags { lags: 0, .. })));
        assert!(matches!(Tempogram::new(MAX_LAGS + 1), Err(FeatureError::Lags { .. })));
    }

    #[test]
    fn lengths_leave_room_for_all_lags() {
        assert_eq!([1, 2, 8, 344, 384].map(transform_length), [2, 4, 16, 768, 768]);
    }
}
