//! Changes the sample rate of a clip, for good: windowed sinc, linear phase, no delay.

mod half;
mod ratio;

pub use ratio::resample_by;

use half::Half;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction, audioadapter_buffers::direct::SequentialSlice};
use std::cell::RefCell;

/// Rates outside are refused; clips are decoded from 100 Hz to 1 MHz.
const MAX_RATE: u32 = 1_000_000;

/// More samples than this are refused: 8 GiB of them.
const MAX_SAMPLES: u64 = 1 << 31;

/// Rates further apart are refused: the filter is as long at the higher rate as at the lower, and this bounds it as coprime
/// rates do.
const MAX_RATIO: u32 = 1024;

/// Filter taps at the lower of the two rates, at least. The transition band ends at the lower Nyquist frequency and takes
/// less than its upper sixteenth: at 22050 Hz it starts at 10.36 kHz, where soxr's high quality starts its own at 10.06.
const TAPS: u64 = 512;

/// Filters with longer blocks than this are not kept for the next clip: they belong to odd pairs of rates, and are large.
const MAX_KEPT_BLOCK: usize = 1 << 16;

/// Why a clip could not be resampled.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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
    /// A ratio of rates is not a number, or absurd.
    #[error("resample to {ratio} times the rate: it must be within {low} and {high}")]
    RatioOutOfRange {
        /// The ratio asked for.
        ratio: f64,
        /// The lowest ratio.
        low: f64,
        /// The highest ratio.
        high: f64,
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
/// assumed before and after the clip. Up to 0.94 of the lower Nyquist frequency gains are within 0.1 dB; what lies above
/// that Nyquist frequency is at least 90 dB down. Any two rates work of which neither is more than 1024 times the other;
/// equal ones give the samples unchanged.
///
/// # Errors
///
/// See [`ResampleError`].
pub fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, ResampleError> {
    check(from, to)?;
    let count = (samples.len() as u128 * u128::from(to)).div_ceil(u128::from(from));
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    if count > MAX_SAMPLES {
        return Err(ResampleError::TooLong { samples: count, limit: MAX_SAMPLES });
    }
    let mut resampler = Resampler::new(from, to)?;
    let mut result = Vec::with_capacity(count as usize + resampler.block_out());
    resampler.push(samples, &mut result)?;
    resampler.finish(&mut result)?;
    Ok(result)
}

/// Resamples a clip that comes in pieces: memory does not depend on its length.
///
/// However the clip is cut, the pieces of the result, one after the other, are what [`resample`] gives, bit for bit.
pub struct Resampler {
    from: u32,
    to: u32,
    /// `None` where the rates are equal.
    filter: Option<Filter>,
    /// What has come and does not fill a block yet.
    pending: Vec<f32>,
    /// Results still to be left off: the filter's delay.
    delay: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// Starts a clip.
    ///
    /// # Errors
    ///
    /// See [`ResampleError`].
    pub fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        check(from, to)?;
        let filter = if from == to { None } else { Some(plan(from, to)?) };
        let delay = filter.as_ref().map_or(0, Filter::delay);
        Ok(Self { from, to, filter, pending: Vec::new(), delay, taken: 0, given: 0 })
    }

    /// Takes more of the clip, and appends to `result` what is certain by then.
    ///
    /// # Errors
    ///
    /// See [`ResampleError`].
    pub fn push(&mut self, mut samples: &[f32], result: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.taken += samples.len() as u64;
        let Some(filter) = &self.filter else {
            result.extend_from_slice(samples);
            return Ok(());
        };
        let block = filter.block_in();
        if !self.pending.is_empty() {
            let (head, rest) = samples.split_at(samples.len().min(block - self.pending.len()));
            self.pending.extend_from_slice(head);
            samples = rest;
            if self.pending.len() < block {
                return Ok(());
            }
            let pending = std::mem::take(&mut self.pending);
            self.block(&pending, result)?;
            self.pending = pending;
            self.pending.clear();
        }
        let blocks = samples.chunks_exact(block);
        self.pending.extend_from_slice(blocks.remainder());
        for samples in blocks {
            self.block(samples, result)?;
        }
        Ok(())
    }

    /// Ends the clip, and appends to `result` what is left of it.
    ///
    /// # Errors
    ///
    /// See [`ResampleError`].
    pub fn finish(mut self, result: &mut Vec<f32>) -> Result<(), ResampleError> {
        if self.filter.is_none() {
            return Ok(());
        }
        let count = (u128::from(self.taken) * u128::from(self.to)).div_ceil(u128::from(self.from));
        let mut pending = std::mem::take(&mut self.pending);
        while u128::from(self.given) < count {
            self.block(&pending, result)?;
            pending.clear();
        }
        let over = (u128::from(self.given) - count) as usize;
        result.truncate(result.len().saturating_sub(over));
        if let Some(filter) = self.filter.take().filter(|filter| filter.block_in() <= MAX_KEPT_BLOCK) {
            KEPT.set(Some(Plan { from: self.from, to: self.to, filter }));
        }
        Ok(())
    }

    /// The largest number of samples that one block gives.
    fn block_out(&self) -> usize {
        self.filter.as_ref().map_or(0, Filter::block_out)
    }

    /// Runs at most one block through, as if zeros followed it, and leaves off the delay.
    fn block(&mut self, samples: &[f32], result: &mut Vec<f32>) -> Result<(), ResampleError> {
        let (from, to) = (self.from, self.to);
        let Some(filter) = &mut self.filter else { return Ok(()) };
        let (start, count) = (result.len(), filter.block_out());
        filter.push(samples, result).map_err(|error| ResampleError::Refused { from, to, reason: error.to_string() })?;
        let early = self.delay.min(count);
        result.drain(start..start + early);
        self.delay -= early;
        self.given += (count - early) as u64;
        Ok(())
    }
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, taken, given, .. } = self;
        write!(formatter, "Resampler {{ from: {from}, to: {to}, taken: {taken}, given: {given} }}")
    }
}

/// How a pair of rates is gone about. All blocks are of one size.
enum Filter {
    /// From twice the rate.
    Half(Box<Half>),
    Any(Box<Fft<f32>>),
}

impl Filter {
    fn block_in(&self) -> usize {
        match self {
            Self::Half(_) => Half::BLOCK,
            Self::Any(filter) => filter.input_frames_max(),
        }
    }

    fn block_out(&self) -> usize {
        match self {
            Self::Half(_) => Half::BLOCK / 2,
            Self::Any(filter) => filter.output_frames_max(),
        }
    }

    fn delay(&self) -> usize {
        match self {
            Self::Half(_) => Half::DELAY,
            Self::Any(filter) => filter.output_delay(),
        }
    }

    /// Forgets the clip.
    fn reset(&mut self) {
        match self {
            Self::Half(half) => half.reset(),
            Self::Any(filter) => filter.reset(),
        }
    }

    /// Runs at most one block through, as if zeros followed it, and appends what comes out.
    fn push(&mut self, samples: &[f32], result: &mut Vec<f32>) -> Result<(), rubato::ResampleError> {
        let (start, count) = (result.len(), self.block_out());
        let filter = match self {
            Self::Half(half) => {
                half.push(samples, result);
                return Ok(());
            }
            Self::Any(filter) => filter,
        };
        result.resize(start + count, 0.0);
        let output = result.get_mut(start..).unwrap_or_default();
        let mut output = SequentialSlice::new_mut(output, 1, count).expect("one channel of the block fits it");
        let indexing = Indexing::new().partial_len(samples.len());
        let silence = [0.0];
        let input = if samples.is_empty() { &silence } else { samples };
        let input = SequentialSlice::new(input, 1, input.len()).expect("one channel of all samples fits the slice");
        filter.process_into_buffer(&input, &mut output, Some(&indexing)).map(|_| ())
    }
}

/// A filter that is ready for use.
struct Plan {
    from: u32,
    to: u32,
    filter: Filter,
}

thread_local! {
    /// The filter that was used last. To design one takes about as long as to resample some seconds, and the clips of a
    /// data set mostly have one rate.
    static KEPT: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

fn check(from: u32, to: u32) -> Result<(), ResampleError> {
    if !(1..=MAX_RATE).contains(&from) || !(1..=MAX_RATE).contains(&to) {
        return Err(ResampleError::RateOutOfRange { from, to, limit: MAX_RATE });
    }
    let (ratio, limit) = (f64::from(to) / f64::from(from), f64::from(MAX_RATIO));
    if (1.0 / limit..=limit).contains(&ratio) {
        Ok(())
    } else {
        Err(ResampleError::RatioOutOfRange { ratio, low: 1.0 / limit, high: limit })
    }
}

fn plan(from: u32, to: u32) -> Result<Filter, ResampleError> {
    if let Some(mut kept) = KEPT.take().filter(|kept| (kept.from, kept.to) == (from, to)) {
        kept.filter.reset();
        return Ok(kept.filter);
    }
    if from == 2 * to {
        return Ok(Filter::Half(Box::new(Half::new())));
    }
    let divisor = u64::from(gcd(from, to));
    let (block_in, block_out) = (u64::from(from) / divisor, u64::from(to) / divisor);
    // The filter's delay is half its length, rounded down on each side. Only an even number of blocks keeps both sides
    // whole, and so the result aligned with the clip to the sample.
    let blocks = 2 * TAPS.div_ceil(2 * block_in.min(block_out));
    let window = WindowFunction::BlackmanHarris2;
    Fft::new_custom(from as usize, to as usize, (blocks * block_in) as usize, 1, 1, window, FixedSync::Both)
        .map(|filter| Filter::Any(Box::new(filter)))
        .map_err(|error| ResampleError::Refused { from, to, reason: error.to_string() })
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
    fn pieces_give_what_the_whole_gives() {
        let clip = tone(440.0, 44_100, 30_011);
        for (from, to) in [(44_100, 22_050), (16_000, 22_050), (22_050, 22_050), (44_100, 16_000)] {
            let whole = resample(&clip, from, to).expect("legal");
            for size in [1, 7, 4096, 10_000, 40_000] {
                let mut resampler = Resampler::new(from, to).expect("legal");
                let mut pieces = Vec::new();
                for piece in clip.chunks(size) {
                    resampler.push(piece, &mut pieces).expect("legal");
                }
                resampler.finish(&mut pieces).expect("legal");
                assert!(pieces == whole, "{from} -> {to} in pieces of {size}");
            }
        }
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
            for share in [0.01, 0.5, 0.94] {
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
        let long = vec![0.0; (1 << 21) + 1];
        assert!(matches!(resample(&long, 1, MAX_RATIO), Err(ResampleError::TooLong { .. })));
        // A regression test: the filter for rates that far apart took gigabytes, for clips of one sample too.
        for (from, to) in [(1, MAX_RATE), (MAX_RATE, 1), (1025, 1), (7, 7169)] {
            assert!(matches!(resample(&[0.0], from, to), Err(ResampleError::RatioOutOfRange { .. })), "{from} {to}");
        }
        assert_eq!(resample(&[0.0; 1025], 1024, 1).map(|result| result.len()), Ok(2));
    }
}
