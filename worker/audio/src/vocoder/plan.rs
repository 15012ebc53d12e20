//! The plan for stretching and shifting clips, made once and used for many.

use super::{
    VocoderError,
    phase::{Made, Polar, Take},
};
use crate::{
    lanes::{LANES, Machine},
    resample::resample_by,
    spectrum::{Frames, Istft, PadMode, StftError, StftSettings},
};
use std::{array, mem, ops::RangeInclusive};

/// Rates of stretching.
const RATES: RangeInclusive<f64> = 0.25..=4.0;

/// The widest shift: two octaves, which is what the rates allow.
const MAX_SEMITONES: f64 = 24.0;

/// More samples than this are refused, of a clip and of a stretched one: 4 GiB of them, and of their weights.
const MAX_SAMPLES: u64 = 1 << 30;

/// The plan: transforms of 2048 samples, 512 apart, and buffers. Give each thread its own.
#[derive(Clone, Debug)]
pub struct Vocoder {
    around: Around,
    made: Made,
    istft: Istft,
}

impl Vocoder {
    /// Makes the plan. `pad` is what lies beyond the ends of a clip.
    pub fn new(pad: PadMode) -> Self {
        let settings = StftSettings { n_fft: 2048, win_length: 2048, hop: 512, pad };
        let machine = Machine::here();
        Self {
            around: Around::new(&settings, machine),
            made: Made::new(settings.bins(), machine),
            istft: Istft::new(settings).expect("these settings are legal"),
        }
    }

    /// `samples` played `rate` times as fast at the same pitch: `round(n / rate)` samples, halves to the even number. Any
    /// rate from 0.25 to 4 is legal. Samples are meant to be finite: others spoil all that follows.
    ///
    /// # Errors
    ///
    /// [`VocoderError::Rate`], [`VocoderError::TooLong`] and [`VocoderError::Transform`].
    pub fn stretch(&mut self, samples: &[f32], rate: f64) -> Result<Vec<f32>, VocoderError> {
        if !RATES.contains(&rate) {
            return Err(VocoderError::Rate { rate, low: *RATES.start(), high: *RATES.end() });
        }
        let count = (samples.len() as f64 / rate).round_ties_even();
        if samples.len() as u64 > MAX_SAMPLES || count > MAX_SAMPLES as f64 {
            return Err(VocoderError::TooLong { samples: count as u64, limit: MAX_SAMPLES });
        }
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.read(samples, rate, count as usize)?)
    }

    /// Reads the frames of `samples` at `rate` frames per step, as far as a clip of `count` samples needs them. A few
    /// frames at a time, so that nothing leaves the nearest caches; after the last frame there is silence.
    fn read(&mut self, samples: &[f32], rate: f64, count: usize) -> Result<Vec<f32>, StftError> {
        let Self { around, made, istft } = self;
        let frames = istft.settings().frames(samples.len());
        let steps = (frames as f64 / rate).ceil() as usize;
        around.begin(samples);
        made.begin(&around.here);
        istft.gather(steps, count, |cells, first| {
            for (lane, step) in (first..first + LANES).enumerate() {
                if step < steps {
                    let place = step as f64 * rate;
                    around.go(samples, place as usize);
                    made.step(lane, &around.here, &around.next, place.fract() as f32);
                } else {
                    made.clear(lane);
                }
            }
            made.give(cells);
        })
    }

    /// `samples` at the same pace, `semitones` higher, or lower where they are negative; as many samples as before. Any
    /// real number from -24 to 24 is legal. The clip is stretched by `2^(-semitones / 12)` and resampled to its old
    /// length.
    ///
    /// # Errors
    ///
    /// [`VocoderError::Semitones`], and those of [`Self::stretch`].
    pub fn shift(&mut self, samples: &[f32], semitones: f64) -> Result<Vec<f32>, VocoderError> {
        if !(-MAX_SEMITONES..=MAX_SEMITONES).contains(&semitones) {
            return Err(VocoderError::Semitones { semitones, limit: MAX_SEMITONES });
        }
        let rate = (-semitones / 12.0).exp2().clamp(*RATES.start(), *RATES.end());
        let stretched = self.stretch(samples, rate)?;
        let mut shifted = resample_by(&stretched, rate)?;
        shifted.resize(samples.len(), 0.0);
        Ok(shifted)
    }
}

/// The two frames around a place that moves along a clip.
#[derive(Clone, Debug)]
struct Around {
    plan: Frames,
    machine: Machine,
    /// The frames that were transformed together last, from frame `first` on. Those already taken are worn out.
    block: [Polar; LANES],
    first: usize,
    /// The number of the frame in `here`; `next` has the one behind it.
    at: usize,
    here: Polar,
    next: Polar,
}

impl Around {
    fn new(settings: &StftSettings, machine: Machine) -> Self {
        let silent = Polar::silent(settings.bins());
        Self {
            plan: Frames::new(settings, machine),
            machine,
            block: array::from_fn(|_| silent.clone()),
            first: 0,
            at: 0,
            here: silent.clone(),
            next: silent,
        }
    }

    /// Goes to the start of a clip.
    fn begin(&mut self, samples: &[f32]) {
        self.transform(samples, 0);
        self.at = 0;
        self.take(samples, 0);
        mem::swap(&mut self.here, &mut self.next);
        self.take(samples, 1);
    }

    /// Goes on to `frame`, which is not before the one it was at.
    fn go(&mut self, samples: &[f32], frame: usize) {
        if frame == self.at {
            return;
        }
        mem::swap(&mut self.here, &mut self.next);
        if frame > self.at + 1 {
            self.take(samples, frame);
            mem::swap(&mut self.here, &mut self.next);
        }
        self.take(samples, frame + 1);
        self.at = frame;
    }

    /// Takes frame `index` into `next`, or silence after the last. Each can be taken once, in order of time.
    fn take(&mut self, samples: &[f32], index: usize) {
        if index >= self.plan.settings().frames(samples.len()) {
            return self.next.silence();
        }
        if index >= self.first + LANES {
            self.transform(samples, index - index % LANES);
        }
        mem::swap(&mut self.next, &mut self.block[index - self.first]);
    }

    fn transform(&mut self, samples: &[f32], first: usize) {
        let cells = self.plan.from(samples, first);
        self.machine.run(Take { cells, frames: &mut self.block });
        self.first = first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(hertz: f64, count: usize) -> Vec<f32> {
        (0..count).map(|i| 0.5 * (TAU * hertz * i as f64 / 22_050.0).sin() as f32).collect()
    }

    /// How much of a tone of `hertz` the middle of `samples` holds.
    fn amplitude(samples: &[f32], hertz: f64) -> f64 {
        let inner = samples.len() / 4..samples.len() * 3 / 4;
        let (mut re, mut im) = (0.0, 0.0);
        for i in inner.clone() {
            // Hann's window, so that other tones stay out.
            let weight = 1.0 - (TAU * (i - inner.start) as f64 / inner.len() as f64).cos();
            let angle = TAU * hertz * i as f64 / 22_050.0;
            re += weight * f64::from(samples[i]) * angle.cos();
            im += weight * f64::from(samples[i]) * angle.sin();
        }
        2.0 * re.hypot(im) / inner.len() as f64
    }

    // Frames that see the clip begin have phases of their own, which the slower a clip becomes the longer weaken its
    // start: librosa's amplitudes here are ours.
    #[test]
    fn stretching_keeps_the_pitch() {
        let mut plan = Vocoder::new(PadMode::Zero);
        let clip = tone(440.0, 30_000);
        for (rate, expected) in
            [(0.25, 0.1686), (0.5, 0.436), (0.93, 0.4543), (1.0, 0.5), (1.07, 0.5), (2.0, 0.498), (4.0, 0.498)]
        {
            let result = plan.stretch(&clip, rate).expect("a legal rate");
            assert_eq!(result.len(), (30_000.0 / rate).round() as usize);
            let seen = amplitude(&result, 440.0);
            assert!((seen - expected).abs() < 1e-3, "rate {rate}: {seen}");
            assert_eq!(plan.stretch(&clip, rate).expect("a legal rate"), result, "a plan forgets");
        }
    }

    #[test]
    fn shifting_keeps_the_pace() {
        let clip = tone(440.0, 30_000);
        for (pad, semitones, expected) in [
            (PadMode::Zero, -24.0, 0.498),
            (PadMode::Zero, -0.3, 0.5),
            (PadMode::Zero, 0.0, 0.5),
            (PadMode::Zero, 0.01, 0.4543),
            (PadMode::Zero, 3.7, 0.4543),
            (PadMode::Zero, 12.0, 0.436),
            (PadMode::Reflect, -24.0, 0.4932),
            (PadMode::Reflect, -1.0, 0.5),
            (PadMode::Reflect, 1.0, 0.2691),
            (PadMode::Reflect, 24.0, 0.2594),
        ] {
            let result = Vocoder::new(pad).shift(&clip, semitones).expect("a legal shift");
            assert_eq!(result.len(), clip.len());
            let seen = amplitude(&result, 440.0 * (semitones / 12.0).exp2());
            assert!((seen - expected).abs() < 2e-3, "{semitones} semitones: {seen}");
        }
    }

    #[test]
    fn at_the_old_pace_nothing_changes() {
        let clip = tone(1234.0, 9000);
        let result = Vocoder::new(PadMode::Zero).stretch(&clip, 1.0).expect("a legal rate");
        for (at, (seen, expected)) in result.iter().zip(&clip).enumerate() {
            assert!((seen - expected).abs() < 1e-4, "{at}: {seen} {expected}");
        }
    }

    #[test]
    fn short_clips_work() {
        for pad in [PadMode::Zero, PadMode::Reflect] {
            let mut plan = Vocoder::new(pad);
            for count in [0, 1, 2, 3, 511, 513] {
                for rate in [0.25, 0.9, 4.0] {
                    let result = plan.stretch(&vec![0.5; count], rate).expect("a legal rate");
                    assert_eq!(result.len(), (count as f64 / rate).round_ties_even() as usize, "{count} at {rate}");
                    assert!(result.iter().all(|sample| sample.is_finite()), "{count} at {rate}");
                }
                for semitones in [-24.0, 0.5, 24.0] {
                    let result = plan.shift(&vec![0.5; count], semitones).expect("a legal shift");
                    assert_eq!(result.len(), count);
                    assert!(result.iter().all(|sample| sample.is_finite()), "{count} by {semitones}");
                }
            }
        }
    }

    #[test]
    fn absurd_requests_are_errors() {
        let mut plan = Vocoder::new(PadMode::Zero);
        for rate in [0.0, -1.0, 0.249, 4.001, f64::NAN, f64::INFINITY] {
            assert!(matches!(plan.stretch(&[0.0; 9], rate), Err(VocoderError::Rate { .. })), "{rate}");
        }
        for semitones in [24.1, -25.0, f64::NAN, f64::NEG_INFINITY] {
            assert!(matches!(plan.shift(&[0.0; 9], semitones), Err(VocoderError::Semitones { .. })), "{semitones}");
        }
    }
}
