//! The short-time Fourier transform, as a plan that is made once and used for many clips.

use super::{
    Spectra, Spectrogram, StftError, StftSettings,
    fourier::Cell,
    frames::{Frames, lanes_of},
};
use crate::lanes::{Kernel, LANES, Machine, Vector};

/// The plan: window, transform and buffers. Using it allocates nothing per frame; give each thread its own (cloning is
/// cheap).
///
/// With an `n_fft` that is a power of two from 128 to 8192 the result is the same bits on every machine.
#[derive(Clone, Debug)]
pub struct Stft {
    frames: Frames,
}

impl Stft {
    /// Makes the plan for `settings`.
    ///
    /// # Errors
    ///
    /// What [`StftSettings::check`] says.
    pub fn new(settings: StftSettings) -> Result<Self, StftError> {
        settings.check()?;
        Ok(Self { frames: Frames::new(&settings, Machine::here()) })
    }

    /// The settings the plan was made for.
    pub fn settings(&self) -> &StftSettings {
        self.frames.settings()
    }

    /// The spectra of all frames: `n_fft / 2 + 1` bins by `1 + floor(n / hop)` frames.
    ///
    /// # Errors
    ///
    /// [`StftError::NoSamples`] and [`StftError::TooLarge`].
    pub fn spectra(&mut self, samples: &[f32]) -> Result<Spectra, StftError> {
        let bins = self.settings().bins();
        let frames = self.settings().frames_within(samples, bins)?;
        let mut result = Spectra::zeros(bins, frames);
        let machine = self.frames.machine();
        for first in (0..frames).step_by(LANES) {
            let cells = self.frames.from(samples, first);
            machine.run(Parts { cells, result: &mut result, first });
        }
        Ok(result)
    }

    /// The magnitudes of all frames: `n_fft / 2 + 1` bins by `1 + floor(n / hop)` frames.
    ///
    /// # Errors
    ///
    /// [`StftError::NoSamples`] and [`StftError::TooLarge`].
    pub fn magnitude(&mut self, samples: &[f32]) -> Result<Spectrogram, StftError> {
        self.moduli::<false>(samples)
    }

    /// The magnitudes of all frames, squared: `n_fft / 2 + 1` bins by `1 + floor(n / hop)` frames.
    ///
    /// # Errors
    ///
    /// [`StftError::NoSamples`] and [`StftError::TooLarge`].
    pub fn power(&mut self, samples: &[f32]) -> Result<Spectrogram, StftError> {
        self.moduli::<true>(samples)
    }

    fn moduli<const SQUARED: bool>(&mut self, samples: &[f32]) -> Result<Spectrogram, StftError> {
        let bins = self.settings().bins();
        let frames = self.settings().frames_within(samples, bins)?;
        let mut result = Spectrogram::zeros(bins, frames);
        let machine = self.frames.machine();
        for first in (0..frames).step_by(LANES) {
            let cells = self.frames.from(samples, first);
            machine.run(Moduli::<SQUARED> { cells, result: &mut result, first });
        }
        Ok(result)
    }
}

/// Writes the spectra of eight frames to their place.
struct Parts<'a> {
    cells: &'a [Cell],
    result: &'a mut Spectra,
    first: usize,
}

impl Kernel for Parts<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let frames = self.result.frames.max(1);
        let rows = self.result.re.chunks_exact_mut(frames).zip(self.result.im.chunks_exact_mut(frames));
        for (cell, (re, im)) in self.cells.iter().zip(rows) {
            V::load(&cell.re.0).store_front(lanes_of(re, self.first));
            V::load(&cell.im.0).store_front(lanes_of(im, self.first));
        }
    }
}

/// Writes the magnitudes of eight frames, or their squares, to their place.
struct Moduli<'a, const SQUARED: bool> {
    cells: &'a [Cell],
    result: &'a mut Spectrogram,
    first: usize,
}

impl<const SQUARED: bool> Kernel for Moduli<'_, SQUARED> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let rows = self.result.data.chunks_exact_mut(self.result.frames.max(1));
        for (cell, row) in self.cells.iter().zip(rows) {
            let power = cell.power::<V>();
            let value = if SQUARED { power } else { power.sqrt() };
            value.store_front(lanes_of(row, self.first));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::PadMode, *};

    #[test]
    fn a_clip_shorter_than_the_hop_has_one_frame() {
        let mut plan =
            Stft::new(StftSettings { n_fft: 8, win_length: 8, hop: 100, pad: PadMode::Zero }).expect("legal");
        let one = plan.magnitude(&[1.0]).expect("a legal clip");
        assert_eq!((one.bands, one.frames), (5, 1));
        assert_eq!(one.data, [1.0; 5], "an impulse in the middle of the window has all frequencies alike");
    }

    /// A clip without pattern.
    fn clip(count: usize) -> Vec<f32> {
        (0..count).map(|i| (0.7 * (i as f64 * i as f64 * 0.003).sin() + 0.1) as f32).collect()
    }

    #[test]
    fn every_machine_gives_the_same_bits() {
        for (n_fft, win_length, hop) in
            [(128, 128, 5), (128, 99, 300), (256, 256, 64), (512, 512, 100), (2048, 1984, 992)]
        {
            let settings = StftSettings { n_fft, win_length, hop, pad: PadMode::Reflect };
            let samples = clip(20_000);
            let mut here = Stft { frames: Frames::new(&settings, Machine::here()) };
            let mut plain = Stft { frames: Frames::new(&settings, Machine::PLAIN) };
            assert_eq!(here.spectra(&samples), plain.spectra(&samples), "{settings:?}");
            assert_eq!(here.magnitude(&samples), plain.magnitude(&samples), "{settings:?}");
        }
    }

    #[test]
    fn a_frame_does_not_depend_on_its_neighbours() {
        for (n_fft, hop) in [(128, 32), (100, 30), (1024, 256)] {
            let settings = StftSettings { n_fft, win_length: n_fft, hop, pad: PadMode::Zero };
            let mut plan = Stft::new(settings).expect("legal");
            let samples = clip(30 * hop);
            let whole = plan.spectra(&samples).expect("legal");
            // The same sound three frames later stands three lanes further on, beside others.
            let later: Vec<f32> =
                clip(3 * hop).iter().map(|value| value * 50.0).chain(samples.iter().copied()).collect();
            let later = plan.spectra(&later).expect("legal");
            let reach = n_fft.div_ceil(2 * hop);
            for bin in 0..whole.bins {
                let there = |spectra: &Spectra, frame: usize| {
                    let at = bin * spectra.frames + frame;
                    (spectra.re[at].to_bits(), spectra.im[at].to_bits())
                };
                for frame in reach..whole.frames {
                    assert_eq!(there(&whole, frame), there(&later, frame + 3), "n_fft {n_fft}, bin {bin}, {frame}");
                }
            }
        }
    }

    #[test]
    fn spectra_magnitudes_and_powers_belong_together() {
        let mut plan =
            Stft::new(StftSettings { n_fft: 256, win_length: 200, hop: 64, pad: PadMode::Zero }).expect("legal");
        let samples = clip(1003);
        let spectra = plan.spectra(&samples).expect("legal");
        assert_eq!((spectra.bins, spectra.frames), (129, 16));
        assert_eq!(plan.power(&samples).expect("legal"), spectra.power());
        assert_eq!(plan.magnitude(&samples).expect("legal"), spectra.magnitude());
        assert!(spectra.im[..16].iter().chain(&spectra.im[128 * 16..]).all(|value| *value == 0.0));
    }
}
