//! The plan for separating clips, made once and used for many.

use super::{mask::Stripe, median::REACH, plane::Plane};
use crate::{
    lanes::Machine,
    spectrum::{Istft, PadMode, Spectra, Stft, StftError, StftSettings},
    tile::SIDE,
};

/// One of the two parts of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// What lasts: tones.
    Harmonic,
    /// What strikes: drums, consonants.
    Percussive,
}

/// Both parts of a clip, each as long as the clip. Their sum is the clip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// The samples of what lasts.
    pub harmonic: Vec<f32>,
    /// The samples of what strikes.
    pub percussive: Vec<f32>,
}

/// The plan: transforms of 2048 samples, 512 apart, and buffers. Give each thread its own.
#[derive(Clone, Debug)]
pub struct Separation {
    stft: Stft,
    istft: Istft,
    machine: Machine,
    plane: Plane,
    columns: Vec<[f32; SIDE]>,
}

impl Separation {
    /// Makes the plan. `pad` is what lies beyond the ends of a clip.
    pub fn new(pad: PadMode) -> Self {
        let settings = StftSettings { n_fft: 2048, win_length: 2048, hop: 512, pad };
        Self {
            stft: Stft::new(settings.clone()).expect("these settings are legal"),
            istft: Istft::new(settings).expect("these settings are legal"),
            machine: Machine::here(),
            plane: Plane::default(),
            columns: Vec::new(),
        }
    }

    /// One part of a clip, as many samples as the clip has; of a clip without samples, none. Samples are meant to be
    /// finite: others spoil their neighbourhood. The other part is not computed.
    ///
    /// # Errors
    ///
    /// [`StftError::TooLarge`] if the clip's spectra would not fit into memory.
    pub fn part(&mut self, samples: &[f32], part: Part) -> Result<Vec<f32>, StftError> {
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        let mut spectra = self.stft.spectra(samples)?;
        self.keep(&mut spectra, part)?;
        self.istft.samples(&spectra, samples.len())
    }

    /// The part that lasts: [`Self::part`] for [`Part::Harmonic`].
    ///
    /// # Errors
    ///
    /// See [`Self::part`].
    pub fn harmonic(&mut self, samples: &[f32]) -> Result<Vec<f32>, StftError> {
        self.part(samples, Part::Harmonic)
    }

    /// The part that strikes: [`Self::part`] for [`Part::Percussive`].
    ///
    /// # Errors
    ///
    /// See [`Self::part`].
    pub fn percussive(&mut self, samples: &[f32]) -> Result<Vec<f32>, StftError> {
        self.part(samples, Part::Percussive)
    }

    /// Both parts of a clip. The shares of a value sum to one and the transform can be undone, so the percussive part is
    /// what is left of the clip without the harmonic one, and needs no transform of its own.
    ///
    /// # Errors
    ///
    /// See [`Self::part`].
    pub fn parts(&mut self, samples: &[f32]) -> Result<Parts, StftError> {
        let harmonic = self.harmonic(samples)?;
        let percussive = samples.iter().zip(&harmonic).map(|(sample, harmonic)| sample - harmonic).collect();
        Ok(Parts { harmonic, percussive })
    }

    /// Leaves `part` alone in `spectra`, whatever transform they are of: values keep their phase, magnitudes are shared
    /// out.
    ///
    /// # Errors
    ///
    /// [`StftError::Values`] if the matrices are not of the size that `spectra` says.
    pub fn keep(&mut self, spectra: &mut Spectra, part: Part) -> Result<(), StftError> {
        let Spectra { bins, frames, .. } = *spectra;
        let (re, im) = (spectra.re.len(), spectra.im.len());
        if bins.checked_mul(frames) != Some(re) || re != im {
            return Err(StftError::Values { bins, frames, re, im });
        }
        if re == 0 {
            return Ok(());
        }
        self.plane.fill(spectra);
        let stride = self.plane.stride;
        let re = spectra.re.chunks_mut(SIDE * frames);
        let im = spectra.im.chunks_mut(SIDE * frames);
        for (index, (re, im)) in re.zip(im).enumerate() {
            let rows = index * SIDE * stride..((index + 1) * SIDE + 2 * REACH) * stride;
            let plane = &self.plane.data[rows];
            self.machine.run(Stripe { plane, stride, frames, re, im, part, columns: &mut self.columns });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(at: usize) -> f32 {
        let mut z = (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// The definition, window by window.
    fn naive(spectra: &Spectra, part: Part) -> Vec<f32> {
        let Spectra { bins, frames, ref re, ref im } = *spectra;
        let fold = |at: isize, count: usize| {
            let within = at.rem_euclid(2 * count as isize) as usize;
            if within < count { within } else { 2 * count - 1 - within }
        };
        let magnitude = |bin: isize, frame: isize| {
            let at = fold(bin, bins) * frames + fold(frame, frames);
            (re[at] * re[at] + im[at] * im[at]).sqrt()
        };
        let median = |of: &dyn Fn(isize) -> f32| {
            let mut window: Vec<f32> = (-15..=15).map(of).collect();
            window.sort_by(f32::total_cmp);
            f64::from(window[15])
        };
        let share = |at: usize| {
            let (bin, frame) = ((at / frames) as isize, (at % frames) as isize);
            let h = median(&|i| magnitude(bin, frame + i)).powi(2);
            let p = median(&|i| magnitude(bin + i, frame)).powi(2);
            let own = if part == Part::Harmonic { h } else { p };
            if h + p == 0.0 { 0.5 } else { own / (h + p) }
        };
        (0..bins * frames).map(|at| (f64::from(re[at]) * share(at)) as f32).collect()
    }

    #[test]
    fn every_size_agrees_with_the_definition() {
        let mut plan = Separation::new(PadMode::Zero);
        for (bins, frames) in [(1, 1), (1, 40), (40, 1), (5, 3), (16, 16), (17, 15), (33, 31), (48, 50), (65, 47)] {
            for silent in [false, true] {
                let mut spectra = Spectra::zeros(bins, frames);
                for at in 0..bins * frames {
                    // Two values out of three are zero, or none.
                    let loud = if silent && at % 3 > 0 { 0.0 } else { 1.0 };
                    spectra.re[at] = loud * draw(at);
                    spectra.im[at] = loud * draw(at + 100_000);
                }
                for part in [Part::Harmonic, Part::Percussive] {
                    let expected = naive(&spectra, part);
                    let mut kept = spectra.clone();
                    plan.keep(&mut kept, part).expect("of one size");
                    for (at, (seen, expected)) in kept.re.iter().zip(&expected).enumerate() {
                        assert!((seen - expected).abs() < 1e-6, "{bins} x {frames}, {part:?}, {at}: {seen} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn clips_of_any_length_fall_into_parts_that_sum_to_them() {
        let mut plan = Separation::new(PadMode::Reflect);
        for count in [0, 1, 2, 511, 512, 5000, 30_000] {
            let clip: Vec<f32> = (0..count).map(|at| 0.5 * draw(at) + 0.3 * (at as f32 * 0.05).sin()).collect();
            let Parts { harmonic, percussive } = plan.parts(&clip).expect("a legal clip");
            let struck = plan.percussive(&clip).expect("a legal clip");
            assert_eq!((harmonic.len(), percussive.len(), struck.len()), (count, count, count));
            for at in 0..count {
                assert!((harmonic[at] + percussive[at] - clip[at]).abs() < 1e-6, "{count} samples, {at}");
                assert!((percussive[at] - struck[at]).abs() < 1e-5, "{count} samples, {at}");
            }
            assert_eq!(plan.parts(&clip).expect("a legal clip"), Parts { harmonic, percussive }, "a plan forgets");
        }
    }

    #[test]
    fn torn_spectra_are_refused() {
        let mut plan = Separation::new(PadMode::Zero);
        let mut torn = Spectra { bins: 3, frames: 2, re: vec![0.0; 5], im: vec![0.0; 6] };
        assert_eq!(plan.keep(&mut torn, Part::Harmonic), Err(StftError::Values { bins: 3, frames: 2, re: 5, im: 6 }));
        assert_eq!(plan.keep(&mut Spectra::zeros(0, 7), Part::Harmonic), Ok(()));
    }
}
