//! The inverse short-time Fourier transform, as a plan that is made once and used for many clips.

use super::{
    Spectra, StftError, StftSettings,
    fourier::{Cell, Inverse, Overlap, SingleInverse},
    settings::MAX_CELLS,
    window::hann,
};
use crate::lanes::{LANES, Machine};

/// The plan: window, transform and buffers. Using it allocates nothing per frame; give each thread its own (cloning is
/// cheap).
///
/// With an `n_fft` that is a power of two from 128 to 8192 the result is the same bits on every machine.
#[derive(Clone, Debug)]
pub struct Istft {
    settings: StftSettings,
    machine: Machine,
    way: Way,
    divisors: Divisors,
    /// The spectra of eight frames, then their samples.
    cells: Vec<Cell>,
    overlap: Overlap,
}

#[derive(Clone, Debug)]
enum Way {
    Lanes(Box<Inverse>),
    Single(SingleInverse),
}

impl Istft {
    /// Makes the plan for `settings`, which are those of the [`Stft`](super::Stft) to be undone; their `pad` does not
    /// matter.
    ///
    /// # Errors
    ///
    /// What [`StftSettings::check`] says.
    pub fn new(settings: StftSettings) -> Result<Self, StftError> {
        settings.check()?;
        Ok(Self::on(settings, Machine::here()))
    }

    fn on(settings: StftSettings, machine: Machine) -> Self {
        let mut window = hann(settings.win_length, settings.n_fft);
        let divisors = Divisors::new(&window, settings.hop);
        let scale = 1.0 / settings.n_fft as f32;
        window.iter_mut().for_each(|weight| *weight *= scale);
        Self {
            way: Inverse::new(settings.n_fft).map_or_else(
                || Way::Single(SingleInverse::new(settings.n_fft)),
                |inverse| Way::Lanes(Box::new(inverse)),
            ),
            divisors,
            cells: vec![Cell::default(); settings.bins()],
            overlap: Overlap::new(&window, settings.hop),
            machine,
            settings,
        }
    }

    /// The settings the plan was made for.
    pub fn settings(&self) -> &StftSettings {
        &self.settings
    }

    /// The clip of `count` samples whose frames are nearest to `spectra` in least squares (Griffin and Lim 1984): frames
    /// are turned back, weighted with the window, added where they overlap, and divided by the sum of the squared
    /// windows; frame `t` is centred on sample `t * hop`. Samples that no frame reaches are zero. Imaginary parts at
    /// 0 Hz and at half the rate have no meaning and are passed over.
    ///
    /// # Errors
    ///
    /// [`StftError::Bins`], [`StftError::Values`] and [`StftError::TooLong`].
    pub fn samples(&mut self, spectra: &Spectra, count: usize) -> Result<Vec<f32>, StftError> {
        let n_fft = self.settings.n_fft;
        let Spectra { bins, frames, .. } = *spectra;
        let expected = self.settings.bins();
        if bins != expected {
            return Err(StftError::Bins { bins, expected, n_fft });
        }
        let (re, im) = (spectra.re.len(), spectra.im.len());
        if bins.checked_mul(frames) != Some(re) || re != im {
            return Err(StftError::Values { bins, frames, re, im });
        }
        self.gather(frames, count, |cells, first| read(cells, spectra, first))
    }

    /// [`Self::samples`] of `frames` frames that are made when they are due: `make` fills the cells of all bins with the
    /// spectra of [`LANES`] frames from the one it is given on, in order of time. Those after the last must be zero.
    ///
    /// # Errors
    ///
    /// [`StftError::TooLong`].
    pub(crate) fn gather(
        &mut self,
        frames: usize,
        count: usize,
        mut make: impl FnMut(&mut [Cell], usize),
    ) -> Result<Vec<f32>, StftError> {
        let StftSettings { n_fft, hop, .. } = self.settings;
        if count > MAX_CELLS {
            return Err(StftError::TooLong { count, limit: MAX_CELLS });
        }
        let mut clip = vec![0.0; count];
        self.overlap.clear();
        let reach = self.overlap.reach();
        // Frames are in order of time: one that begins beyond the clip has none behind it that does not.
        let seen = frames.min((count + n_fft / 2).div_ceil(hop));
        for first in (0..seen.next_multiple_of(LANES)).step_by(LANES) {
            make(&mut self.cells, first);
            match &mut self.way {
                Way::Lanes(inverse) => self.machine.run(inverse.kernel(&mut self.cells)),
                Way::Single(single) => single.run(&mut self.cells),
            }
            self.machine.run(self.overlap.add(&self.cells));
            self.finish(&mut clip, first, seen);
        }
        for block in 0..reach {
            self.finish(&mut clip, seen.next_multiple_of(LANES) + block * LANES, seen);
        }
        Ok(clip)
    }

    /// Takes the pieces that begin with frame `first`, of `frames`, and the seven after it to their place.
    fn finish(&mut self, clip: &mut [f32], first: usize, frames: usize) {
        let StftSettings { n_fft, hop, .. } = self.settings;
        self.machine.run(self.overlap.take());
        for (frame, piece) in (first..).zip(self.overlap.pieces()) {
            // The first frames are centred near the clip's start, and so begin before it.
            let (centre, before) = (frame.saturating_mul(hop), n_fft / 2);
            let skipped = before.saturating_sub(centre);
            let clip = clip.get_mut(centre.saturating_sub(before)..).unwrap_or_default();
            let divisors = self.divisors.of(frame, frames).get(skipped..).unwrap_or_default();
            let piece = piece.get(skipped..).unwrap_or_default();
            for (to, (value, divisor)) in clip.iter_mut().zip(piece.iter().zip(divisors)) {
                *to = *value / *divisor;
            }
        }
    }
}

/// Reads eight frames into the lanes; beyond the last there is nothing.
fn read(cells: &mut [Cell], spectra: &Spectra, first: usize) {
    let rows = spectra.re.chunks_exact(spectra.frames).zip(spectra.im.chunks_exact(spectra.frames));
    for (cell, (re, im)) in cells.iter_mut().zip(rows) {
        for (values, row) in [(&mut cell.re.0, re), (&mut cell.im.0, im)] {
            let row = row.get(first..).unwrap_or_default();
            if let Some(row) = row.first_chunk() {
                *values = *row;
            } else {
                *values = [0.0; LANES];
                values.iter_mut().zip(row).for_each(|(to, value)| *to = *value);
            }
        }
    }
}

/// What the samples of a piece are divided by: the sum of the squared windows that reach them, added up in order of time,
/// or 1 where that is nothing. A piece begins with a frame and is `hop` samples long, or as long as a frame if that is less.
#[derive(Clone, Debug)]
struct Divisors {
    hop: usize,
    squares: Vec<f32>,
    /// Of the pieces that see as many frames as can be.
    whole: Vec<f32>,
    /// Of another piece.
    part: Vec<f32>,
}

impl Divisors {
    fn new(window: &[f32], hop: usize) -> Self {
        let squares: Vec<f32> = window.iter().map(|weight| weight * weight).collect();
        let none = vec![0.0; hop.min(window.len())];
        let mut made = Self { hop, whole: none.clone(), part: none, squares };
        let most = made.most();
        made.fill(most - 1, most);
        made.whole.clone_from(&made.part);
        made
    }

    /// Frames that reach a piece, at most.
    fn most(&self) -> usize {
        self.squares.len().div_ceil(self.hop)
    }

    /// The divisors of the piece that begins with `frame`, if there are `frames`.
    fn of(&mut self, frame: usize, frames: usize) -> &[f32] {
        if frame < frames && frame + 1 >= self.most() {
            return &self.whole;
        }
        self.fill(frame, frames);
        &self.part
    }

    fn fill(&mut self, frame: usize, frames: usize) {
        self.part.fill(0.0);
        let first = (frame + 1).saturating_sub(self.most());
        for other in first..frames.min(frame + 1) {
            let squares = self.squares.get((frame - other) * self.hop..).unwrap_or_default();
            self.part.iter_mut().zip(squares).for_each(|(sum, square)| *sum += square);
        }
        self.part.iter_mut().filter(|sum| **sum <= f32::MIN_POSITIVE).for_each(|sum| *sum = 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{PadMode, Stft},
        *,
    };

    fn clip(count: usize) -> Vec<f32> {
        (0..count).map(|i| (0.7 * (i as f64 * i as f64 * 0.003).sin() + 0.1) as f32).collect()
    }

    #[test]
    fn undoes_the_transform() {
        for (n_fft, win_length, hop) in
            [(64, 64, 16), (64, 49, 12), (60, 60, 15), (2, 2, 1), (128, 99, 24), (256, 200, 64), (8192, 8192, 2000)]
        {
            for pad in [PadMode::Zero, PadMode::Reflect] {
                for count in [1, 31, 64, 65, 700] {
                    let settings = StftSettings { n_fft, win_length, hop, pad };
                    let samples = clip(count);
                    let spectra = Stft::new(settings.clone()).expect("legal").spectra(&samples).expect("legal");
                    let mut plan = Istft::new(settings).expect("legal");
                    let back = plan.samples(&spectra, count).expect("of this plan");
                    assert_eq!(back.len(), count);
                    for (at, (a, b)) in samples.iter().zip(&back).enumerate() {
                        assert!((a - b).abs() < 1e-5, "n_fft {n_fft}, {count} samples, sample {at}: {a} became {b}");
                    }
                    assert_eq!(plan.samples(&spectra, count).expect("of this plan"), back, "a plan forgets");
                    let longer = plan.samples(&spectra, count + 5 * n_fft).expect("of this plan");
                    assert!(longer[count + n_fft..].iter().all(|value| *value == 0.0));
                }
            }
        }
    }

    #[test]
    fn every_machine_gives_the_same_bits() {
        for (n_fft, win_length, hop) in
            [(128, 128, 5), (128, 99, 300), (256, 256, 64), (512, 512, 100), (2048, 1984, 992)]
        {
            let settings = StftSettings { n_fft, win_length, hop, pad: PadMode::Zero };
            let spectra = Stft::new(settings.clone()).expect("legal").spectra(&clip(20_000)).expect("legal");
            let here = Istft::on(settings.clone(), Machine::here()).samples(&spectra, 20_000);
            assert_eq!(here, Istft::on(settings, Machine::PLAIN).samples(&spectra, 20_000), "n_fft {n_fft}");
        }
    }

    #[test]
    fn a_sample_does_not_depend_on_which_frames_come_together() {
        for (n_fft, hop) in [(128, 32), (100, 30), (1024, 256)] {
            let settings = StftSettings { n_fft, win_length: n_fft, hop, pad: PadMode::Zero };
            let mut plan = Istft::new(settings.clone()).expect("legal");
            let spectra = Stft::new(settings).expect("legal").spectra(&clip(30 * hop)).expect("legal");
            let whole = plan.samples(&spectra, 30 * hop).expect("of this plan");
            let without = |values: &[f32]| -> Vec<f32> {
                values.chunks_exact(spectra.frames).flat_map(|row| row[3..].iter().copied()).collect()
            };
            let rest = Spectra {
                bins: spectra.bins,
                frames: spectra.frames - 3,
                re: without(&spectra.re),
                im: without(&spectra.im),
            };
            let rest = plan.samples(&rest, 27 * hop).expect("of this plan");
            let reach = n_fft.next_multiple_of(hop);
            assert_eq!(rest[reach..], whole[3 * hop + reach..], "n_fft {n_fft}");
        }
    }

    #[test]
    fn ends_of_the_spectrum_are_real() {
        let settings = StftSettings { n_fft: 16, win_length: 16, hop: 4, pad: PadMode::Zero };
        let mut spectra = Stft::new(settings.clone()).expect("legal").spectra(&clip(40)).expect("legal");
        let mut plan = Istft::new(settings).expect("legal");
        let back = plan.samples(&spectra, 40).expect("of this plan");
        let frames = spectra.frames;
        spectra.im[..frames].fill(f32::NAN);
        spectra.im[8 * frames..].fill(3.0);
        assert_eq!(plan.samples(&spectra, 40).expect("of this plan"), back);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut plan =
            Istft::new(StftSettings { n_fft: 16, win_length: 16, hop: 4, pad: PadMode::Zero }).expect("legal");
        assert_eq!(plan.samples(&Spectra::zeros(8, 2), 4), Err(StftError::Bins { bins: 8, expected: 9, n_fft: 16 }));
        let torn = Spectra { re: vec![0.0; 17], ..Spectra::zeros(9, 2) };
        assert_eq!(plan.samples(&torn, 4), Err(StftError::Values { bins: 9, frames: 2, re: 17, im: 18 }));
        let endless = Spectra { frames: usize::MAX, ..Spectra::zeros(9, 2) };
        assert!(matches!(plan.samples(&endless, 4), Err(StftError::Values { .. })));
        assert!(matches!(plan.samples(&Spectra::zeros(9, 1), usize::MAX), Err(StftError::TooLong { .. })));
        assert_eq!(plan.samples(&Spectra::zeros(9, 0), 3), Ok(vec![0.0; 3]));
        assert_eq!(plan.samples(&Spectra::zeros(9, 1), 0), Ok(vec![]));
    }
}
