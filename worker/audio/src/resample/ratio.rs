//! Resampling by any real ratio, as pitch shifting needs it: windowed sinc, linear phase, no delay.
//!
//! Ratios of whole numbers are the business of the parent module, whose resampler takes them through a Fourier
//! transform. rubato's resampler for real ratios is passed over here: its first sample falls between two samples of the
//! clip, by a fraction that depends on the ratio, and filters of this length take it three times as long.

use super::{MAX_SAMPLES, ResampleError};
use crate::lanes::{Kernel, LANES, Machine, Vector};
use std::{f64::consts::PI, ops::RangeInclusive};

/// Legal ratios.
const RATIOS: RangeInclusive<f64> = 0.0625..=16.0;

/// Samples of the lower of the two rates on either side that the filter reaches.
const REACH: usize = 24;

/// Filters between two samples; between two of these, weights are interpolated. The error of that is below -70 dB, and
/// all filters together stay in the nearest cache.
const PHASES: usize = 64;

/// The middle of the transition band, as a share of the lower Nyquist frequency, which is that of soxr's high-quality
/// recipe, and the shape of Kaiser's window: the band begins at 0.88 and ends at 1.04, from where on everything is 60 dB
/// down.
const CUTOFF: f64 = 0.957;
const KAISER_BETA: f64 = 6.0;

/// Samples of the result of which the first has its exact place, the others one step more each.
const BLOCK: usize = 256;

const _: () = assert!(PHASES.is_power_of_two());

/// Resamples `samples` to `ratio` times their rate: `ceil(n * ratio)` samples, of which sample `i` is the band-limited
/// signal at place `i / ratio` of the clip, with zeros assumed before and after it. Gains are within 0.1 dB up to 0.85 of
/// the lower Nyquist frequency; what lies above 1.04 of it is 60 dB down, so that nothing folds back below 0.96. Ratios
/// from 1/16 to 16 are legal; 1 gives the samples unchanged.
///
/// # Errors
///
/// [`ResampleError::RatioOutOfRange`] and [`ResampleError::TooLong`].
pub fn resample_by(samples: &[f32], ratio: f64) -> Result<Vec<f32>, ResampleError> {
    if !RATIOS.contains(&ratio) {
        return Err(ResampleError::RatioOutOfRange { ratio, low: *RATIOS.start(), high: *RATIOS.end() });
    }
    let count = (samples.len() as f64 * ratio).ceil() as u64;
    if count > MAX_SAMPLES {
        return Err(ResampleError::TooLong { samples: count, limit: MAX_SAMPLES });
    }
    if ratio == 1.0 || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let filters = Filters::new(ratio);
    let mut result = vec![0.0; count as usize];
    filters.run(samples, 1.0 / ratio, &mut result);
    Ok(result)
}

/// Weights of the samples around a place, for [`PHASES`] places between two samples and the second of these.
struct Filters {
    /// Weights of one filter: an even number, half of them for the samples up to the place.
    taps: usize,
    /// All filters, one after the other.
    weights: Vec<[f32; LANES]>,
}

impl Filters {
    fn new(ratio: f64) -> Self {
        // Where the rate falls, the filter is as much longer as its frequencies are lower.
        let low = ratio.min(1.0);
        let reach = REACH as f64 / low;
        let taps = (2 * reach.ceil() as usize).next_multiple_of(LANES);
        let mut weights = vec![[0.0; LANES]; (PHASES + 1) * taps / LANES];
        for (phase, filter) in weights.chunks_exact_mut(taps / LANES).enumerate() {
            let fraction = phase as f64 / PHASES as f64;
            let exact: Vec<f64> = (0..taps)
                .map(|tap| {
                    let distance = (tap + 1) as f64 - (taps / 2) as f64 - fraction;
                    kaiser(distance / reach, KAISER_BETA) * sinc(distance * low * CUTOFF)
                })
                .collect();
            // A constant signal passes unchanged.
            let sum: f64 = exact.iter().sum();
            for (weight, exact) in filter.as_flattened_mut().iter_mut().zip(&exact) {
                *weight = (exact / sum) as f32;
            }
        }
        Self { taps, weights }
    }

    /// Fills `result`, whose sample `i` lies at place `i * step` of `samples`.
    fn run(&self, samples: &[f32], step: f64, result: &mut [f32]) {
        let before = self.taps / 2 - 1;
        let machine = Machine::here();
        let mut padded = Vec::with_capacity(before + samples.len() + self.taps);
        padded.resize(before, 0.0);
        padded.extend_from_slice(samples);
        padded.resize(before + samples.len() + self.taps, 0.0);
        for (block, values) in result.chunks_mut(BLOCK).enumerate() {
            let start = Place::new((block * BLOCK) as f64 * step);
            let step = Place::new(step);
            machine.run(Block { filters: self, padded: &padded, start, step, values });
        }
    }

    /// Eight parts of the sum of the samples around `place`, weighted as that says. `rows` is the filters' length in
    /// vectors: where it is known when this is compiled, the loop is unrolled.
    #[inline(always)]
    fn parts<V: Vector>(&self, rows: usize, padded: &[f32], place: Place) -> V {
        // Rounding may put the very last sample after the end.
        let nearest = place.nearest().min(padded.len() - rows * LANES);
        let around = padded[nearest..nearest + rows * LANES].as_chunks::<LANES>().0;
        let phase = place.phase();
        let (here, next) = self.weights[phase * rows..(phase + 2) * rows].split_at(rows);
        let (mut at_here, mut at_next) = (V::splat(0.0), V::splat(0.0));
        for row in 0..rows {
            let values = V::load(&around[row]);
            at_here = at_here + values * V::load(&here[row]);
            at_next = at_next + values * V::load(&next[row]);
        }
        at_here + V::splat(place.share()) * (at_next - at_here)
    }
}

/// Some neighbouring samples of the result, from place `start` of the padded clip on.
struct Block<'a> {
    filters: &'a Filters,
    padded: &'a [f32],
    start: Place,
    step: Place,
    values: &'a mut [f32],
}

impl Kernel for Block<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        // The lengths of filters for ratios from 3/4 on, which is five semitones down.
        match self.filters.taps / LANES {
            6 => self.fill::<V>(6),
            7 => self.fill::<V>(7),
            8 => self.fill::<V>(8),
            rows => self.fill::<V>(rows),
        }
    }
}

impl Block<'_> {
    /// Fills the block with filters of so many vectors.
    #[inline(always)]
    fn fill<V: Vector>(self, rows: usize) {
        let Self { filters, padded, start, step, values } = self;
        let mut place = start;
        // As many samples at a time as a vector has lanes: their parts are added up all at once.
        for values in values.chunks_mut(LANES) {
            // A loop: a closure would not be compiled for the vectors that this is compiled for.
            let mut parts = [V::splat(0.0); LANES];
            for parts in &mut parts {
                *parts = filters.parts::<V>(rows, padded, place);
                place = Place(place.0 + step.0);
            }
            let [a, b, c, d, e, f, g, h] = V::transpose(parts);
            let mut sums = [0.0; LANES];
            (((a + e) + (c + g)) + ((b + f) + (d + h))).store(&mut sums);
            values.copy_from_slice(&sums[..values.len()]);
        }
    }
}

/// A place among samples, in parts of `2^-32`: adding one sample's step is exact, and so is taking it apart.
#[derive(Clone, Copy)]
struct Place(u64);

impl Place {
    /// `place` is below `2^32`.
    fn new(place: f64) -> Self {
        Self((place * 2f64.powi(32)) as u64)
    }

    /// The sample at or before this place.
    fn nearest(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// The filter at or before this place.
    fn phase(self) -> usize {
        (self.0 >> (32 - PHASES.ilog2())) as usize % PHASES
    }

    /// How far it is from there to the next filter, from 0 to 1.
    fn share(self) -> f32 {
        let rest = 32 - PHASES.ilog2();
        (self.0 % (1 << rest)) as f32 / (1u64 << rest) as f32
    }
}

/// `sin(pi x) / (pi x)`.
pub(super) fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Kaiser's window of shape `beta`, within -1 and 1, up to a factor.
pub(super) fn kaiser(at: f64, beta: f64) -> f64 {
    let inside = 1.0 - at * at;
    if inside <= 0.0 { 0.0 } else { bessel(beta * inside.sqrt()) }
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..32 {
        term *= quarter / f64::from(n * n);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// A tone of `share` of the Nyquist frequency of samples that are `step` apart.
    fn tone(share: f64, step: f64, count: usize) -> Vec<f32> {
        (0..count).map(|i| (0.5 * TAU * share * step * i as f64 + 0.4).sin() as f32).collect()
    }

    #[test]
    fn lengths_are_rounded_up() {
        for (count, ratio, expected) in [(1, 0.1, 1), (3, 0.5, 2), (1000, 2f64.sqrt(), 1415), (7, 16.0, 112)] {
            let result = resample_by(&vec![0.5; count], ratio).expect("legal");
            assert_eq!(result.len(), expected, "{count} by {ratio}");
            assert!(result.iter().all(|sample| sample.is_finite()));
        }
        assert_eq!(resample_by(&[], 0.7), Ok(vec![]));
        assert_eq!(resample_by(&[0.5, -0.25], 1.0), Ok(vec![0.5, -0.25]));
    }

    #[test]
    fn a_tone_stays_where_it_was() {
        for ratio in [0.25, 0.5, 0.7, (-1.0 / 12f64).exp2(), 0.9999, 1.0001, (1.0 / 12f64).exp2(), 2.5, 4.0] {
            for share in [0.01, 0.3, 0.8] {
                let share = share * f64::min(ratio, 1.0);
                let result = resample_by(&tone(share, 1.0, 8000), ratio).expect("legal");
                let expected = tone(share, 1.0 / ratio, result.len());
                let inner = result.len() / 4..result.len() * 3 / 4;
                let worst = inner.map(|i| (result[i] - expected[i]).abs()).fold(0.0, f32::max);
                assert!(worst < 1e-3, "{share} by {ratio}: off by {worst}");
            }
        }
    }

    #[test]
    fn the_band_is_kept_and_what_would_fold_is_gone() {
        for ratio in [0.3, 0.5, (-1.0 / 12f64).exp2()] {
            let gain_db = |share: f64| {
                let result = resample_by(&tone(share * ratio, 1.0, 30_000), ratio).expect("legal");
                let inner = &result[result.len() / 4..result.len() * 3 / 4];
                let power = inner.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / inner.len() as f64;
                10.0 * (2.0 * power + 1e-30).log10()
            };
            for share in [0.01, 0.5, 0.85] {
                assert!(gain_db(share).abs() < 0.1, "{ratio} at {share}: {} dB", gain_db(share));
            }
            for share in [1.04, 1.05, 1.055] {
                assert!(gain_db(share) < -60.0, "{ratio} at {share}: {} dB", gain_db(share));
            }
        }
    }

    #[test]
    fn absurd_ratios_are_errors() {
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY, 16.1, 0.06] {
            assert!(matches!(resample_by(&[0.0], ratio), Err(ResampleError::RatioOutOfRange { .. })), "{ratio}");
        }
    }
}
