//! Changes the sample rate of a whole clip, for good: windowed sinc, linear phase, no delay.

use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction, audioadapter_buffers::direct::SequentialSlice};

/// Rates outside are refused; clips are decoded from 100 Hz to 1 MHz.
const MAX_RATE: u32 = 1_000_000;

/// More samples than this are refused: 8 GiB of them.
const MAX_SAMPLES: u64 = 1 << 31;

/// Filter taps at the lower of the two rates, at least. The transition band ends at the lower Nyquist frequency and takes
/// less than its upper fiftieth: at 22050 Hz it starts at 10.9 kHz.
const TAPS: u64 = 2048;

/// Why a clip could not be resampled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResampleError {
    /// A rate is zero or absurd.
    #[error("resample from {from} to {to} Hz: rates must be within 1 and {limit} Hz")]
    RateOutOfRange {
        /// The clip's rate.
        from: u32,
        /// The rate asked for.
        to: u32,
        /// The highest rate.
        limit: u32,
    },
    /// The result would not fit into memory.
    #[error("resample to {samples} samples: at most {limit} are allowed")]
    TooLong {
        /// Samples of the result.
        samples: u64,
        /// The limit.
        limit: u64,
    },
    /// The resampler refused what this module gave it.
    #[error("resample from {from} to {to} Hz: {reason}")]
    Refused {
        /// The clip's rate.
        from: u32,
        /// The rate asked for.
        to: u32,
        /// In the resampler's words.
        reason: String,
    },
}

/// Resamples `samples` from `from` to `to` Hz.
///
/// The result has `ceil(n * to / from)` samples; its sample `i` is the band-limited signal at time `i / to`, with zeros
/// assumed before and after the clip. Up to 0.98 of the lower Nyquist frequency gains are within 0.1 dB; what lies above
/// that Nyquist frequency is at least 90 dB down. Any two rates work; equal ones give the samples unchanged.
///
/// # Errors
///
/// See [`ResampleError`].
pub fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, ResampleError> {
    if !(1..=MAX_RATE).contains(&from) || !(1..=MAX_RATE).contains(&to) {
        return Err(ResampleError::RateOutOfRange { from, to, limit: MAX_RATE });
    }
    let count = (samples.len() as u128 * u128::from(to)).div_ceil(u128::from(from));
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    if count > MAX_SAMPLES {
        return Err(ResampleError::TooLong { samples: count, limit: MAX_SAMPLES });
    }
    if from == to || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let refused = |reason: String| ResampleError::Refused { from, to, reason };
    let mut resampler = plan(from, to).map_err(|error| refused(error.to_string()))?;
    stream(&mut resampler, samples, count as usize).map_err(|error| refused(error.to_string()))
}

fn plan(from: u32, to: u32) -> Result<Fft<f32>, rubato::ResamplerConstructionError> {
    let divisor = u64::from(gcd(from, to));
    let (block_in, block_out) = (u64::from(from) / divisor, u64::from(to) / divisor);
    // The filter's delay is half its length, rounded down on each side. Only an even number of blocks keeps both sides
    // whole, and so the result aligned with the clip to the sample.
    let blocks = 2 * TAPS.div_ceil(2 * block_in.min(block_out));
    let window = WindowFunction::BlackmanHarris2;
    Fft::new_custom(from as usize, to as usize, (blocks * block_in) as usize, 1, 1, window, FixedSync::Both)
}

/// Runs `samples` through, leaves off the delay, and ends after `count` results.
fn stream(resampler: &mut Fft<f32>, samples: &[f32], count: usize) -> Result<Vec<f32>, rubato::ResampleError> {
    let (chunk_in, chunk_out) = (resampler.input_frames_next(), resampler.output_frames_next());
    let delay = resampler.output_delay();
    let total = (delay + count).next_multiple_of(chunk_out);
    let mut result = vec![0.0; total];
    let silence = vec![0.0; 1];
    for (index, output) in result.chunks_exact_mut(chunk_out).enumerate() {
        let rest = samples.get(index * chunk_in..).filter(|rest| !rest.is_empty());
        let length = rest.map_or(0, |rest| rest.len().min(chunk_in));
        let input = rest.unwrap_or(&silence);
        let indexing = Indexing::new().partial_len(length);
        let input = SequentialSlice::new(input, 1, input.len()).expect("one channel of all samples fits the slice");
        let mut output = SequentialSlice::new_mut(output, 1, chunk_out).expect("one channel of the chunk fits it");
        resampler.process_into_buffer(&input, &mut output, Some(&indexing))?;
    }
    result.drain(..delay);
    result.truncate(count);
    Ok(result)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(hertz: f64, rate: u32, count: usize) -> Vec<f32> {
        (0..count).map(|i| (TAU * hertz * i as f64 / f64::from(rate)).sin() as f32).collect()
    }

    #[test]
    fn lengths_are_rounded_up() {
        for (count, from, to) in [(1, 44_100, 22_050), (3, 44_100, 22_050), (1000, 22_050, 16_000), (7, 8_000, 48_000)]
        {
            let result = resample(&vec![0.5; count], from, to).expect("legal");
            assert_eq!(result.len(), (count * to as usize).div_ceil(from as usize), "{count} {from} {to}");
            assert!(result.iter().all(|sample| sample.is_finite()));
        }
        assert_eq!(resample(&[], 44_100, 22_050), Ok(vec![]));
        assert_eq!(resample(&[0.5, -0.25], 7, 7), Ok(vec![0.5, -0.25]));
    }

    #[test]
    fn a_tone_stays_where_it_was_at_any_ratio() {
        for (from, to) in
            [(44_100, 22_050), (22_050, 16_000), (16_000, 22_050), (48_000, 44_100), (22_050, 23_361), (22_051, 22_050)]
        {
            let result = resample(&tone(440.0, from, from as usize), from, to).expect("legal");
            let expected = tone(440.0, to, to as usize);
            // The ends know nothing of what lies beyond them.
            let inner = result.len() / 4..result.len() * 3 / 4;
            let worst = inner.map(|i| (result[i] - expected[i]).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{from} -> {to}: off by {worst}");
        }
    }

    #[test]
    fn the_band_is_kept_and_what_would_fold_is_gone() {
        for (from, to) in [(44_100, 22_050), (22_050, 16_000), (48_000, 44_100)] {
            let gain_db = |share: f64| {
                let result =
                    resample(&tone(share * f64::from(to) / 2.0, from, from as usize), from, to).expect("legal");
                let inner = &result[result.len() / 4..result.len() * 3 / 4];
                let power = inner.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / inner.len() as f64;
                10.0 * (2.0 * power + 1e-30).log10()
            };
            for share in [0.01, 0.5, 0.98] {
                assert!(gain_db(share).abs() < 0.1, "{from} -> {to} at {share}: {} dB", gain_db(share));
            }
            for share in [1.003, 1.05] {
                assert!(gain_db(share) < -90.0, "{from} -> {to} at {share}: {} dB", gain_db(share));
            }
        }
    }

    #[test]
    fn absurd_requests_are_errors() {
        assert!(matches!(resample(&[0.0], 0, 1), Err(ResampleError::RateOutOfRange { .. })));
        assert!(matches!(resample(&[0.0], 1, u32::MAX), Err(ResampleError::RateOutOfRange { .. })));
        assert!(matches!(resample(&[0.0; 4000], 1, MAX_RATE), Err(ResampleError::TooLong { .. })));
    }
}
