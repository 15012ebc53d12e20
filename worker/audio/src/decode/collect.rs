//! Gathers decoded frames into one channel, under the limits. Knows nothing of formats.

use super::{DecodeError, DecodeLimits};
use std::ops::ControlFlow;

/// Rates outside are typing errors or attacks: even seismographs and bats are recorded within.
pub(super) const MIN_RATE: u32 = 100;
pub(super) const MAX_RATE: u32 = 1_000_000;

/// Beyond this, powers of spectra leave the range of `f32`. Files of 32-bit integers stored as floats still pass.
const MAX_SAMPLE: f32 = 1e10;

/// Room made in advance: enough for most clips, and little enough for a header that lies.
const MAX_RESERVED_FRAMES: usize = 1 << 22;

/// The clip as far as it has been decoded.
pub(super) struct Collector {
    samples: Vec<f32>,
    rate: u32,
    limit_frames: usize,
    wanted_frames: usize,
}

impl Collector {
    /// Starts a clip at `rate`, of which the header announces `announced` frames.
    pub(super) fn new(rate: u32, announced: Option<u64>, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(DecodeError::BadRate { rate, min: MIN_RATE, max: MAX_RATE });
        }
        // `as` saturates: infinity is no limit, a negative number or none at all is zero.
        let frames = |seconds: f64| (seconds * f64::from(rate)).ceil() as usize;
        let limit_frames = frames(limits.max_seconds).min(limits.max_frames);
        let wanted_frames = limits.max_seconds_wanted.map_or(usize::MAX, frames);
        let announced = usize::try_from(announced.unwrap_or(0)).unwrap_or(usize::MAX);
        let reserve = announced.min(limit_frames).min(wanted_frames).min(MAX_RESERVED_FRAMES);
        Ok(Self { samples: Vec::with_capacity(reserve), rate, limit_frames, wanted_frames })
    }

    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn into_samples(self) -> Vec<f32> {
        self.samples
    }

    /// Adds whole frames of `channels` interleaved samples; breaks once enough is there.
    pub(super) fn push(&mut self, interleaved: &[f32], channels: usize) -> Result<ControlFlow<()>, DecodeError> {
        let channels = channels.max(1);
        let room = self.wanted_frames - self.samples.len();
        let frames = (interleaved.len() / channels).min(room);
        if frames > self.limit_frames - self.samples.len() {
            return Err(DecodeError::TooLong { limit_frames: self.limit_frames, rate: self.rate });
        }
        let start = self.samples.len();
        let used = interleaved.get(..frames * channels).unwrap_or(interleaved);
        match channels {
            1 => self.samples.extend_from_slice(used),
            2 => self.samples.extend(used.as_chunks::<2>().0.iter().map(|[left, right]| 0.5 * (left + right))),
            _ => {
                let count = channels as f32;
                self.samples.extend(used.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / count));
            }
        }
        let added = self.samples.get(start..).unwrap_or_default();
        if let Some((at, &value)) =
            added.iter().enumerate().find(|(_, value)| value.is_nan() || value.abs() > MAX_SAMPLE)
        {
            return Err(DecodeError::BadSample { frame: start + at, value, limit: MAX_SAMPLE });
        }
        let enough = self.samples.len() >= self.wanted_frames;
        Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collector(limits: &DecodeLimits) -> Collector {
        Collector::new(1000, Some(u64::MAX), limits).expect("a good rate")
    }

    #[test]
    fn channels_are_averaged() {
        let mut clip = collector(&DecodeLimits::default());
        for (frame, channels) in [(&[0.25f32][..], 1), (&[0.5, -1.0], 2), (&[0.25, 0.5, 0.75], 3)] {
            assert!(clip.push(frame, channels).expect("legal").is_continue());
        }
        assert_eq!(clip.into_samples(), [0.25, -0.25, 0.5]);
    }

    #[test]
    fn stops_at_what_is_wanted_and_refuses_what_is_too_much() {
        let mut clip = collector(&DecodeLimits::first_seconds(0.0025));
        assert!(clip.push(&[0.0; 2], 1).expect("legal").is_continue());
        assert!(clip.push(&[0.0; 9], 1).expect("legal").is_break());
        assert_eq!(clip.len(), 3);

        let mut clip = collector(&DecodeLimits { max_seconds: 0.004, ..DecodeLimits::default() });
        assert!(clip.push(&[0.0; 4], 1).is_ok());
        assert!(matches!(clip.push(&[0.0], 1), Err(DecodeError::TooLong { limit_frames: 4, rate: 1000 })));
    }

    #[test]
    fn refuses_samples_that_are_no_numbers() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1e30] {
            let mut clip = collector(&DecodeLimits::default());
            let verdict = clip.push(&[0.0, 1.5, bad, 0.0], 1);
            assert!(matches!(verdict, Err(DecodeError::BadSample { frame: 2, .. })), "{bad}: {verdict:?}");
        }
    }

    #[test]
    fn refuses_absurd_rates() {
        for rate in [0, 99, MAX_RATE + 1, u32::MAX] {
            let made = Collector::new(rate, None, &DecodeLimits::default());
            assert!(matches!(made, Err(DecodeError::BadRate { .. })), "{rate}");
        }
    }
}
