//! Fourier transforms of one real frame at a time, for the lengths that [`forward`](super::forward) has no way for.

use super::complex::Cell;
use crate::{lanes::LANES, spectrum::PadMode};
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};
use std::{fmt, sync::Arc};

/// The plan for samples to spectra, and its buffers.
#[derive(Clone)]
pub(crate) struct SingleForward {
    window: Vec<f32>,
    transform: Arc<dyn RealToComplex<f32>>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl fmt::Debug for SingleForward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleForward").field("length", &self.window.len()).finish_non_exhaustive()
    }
}

impl SingleForward {
    /// A plan for frames weighted with `window`, which is of even length.
    pub(crate) fn new(window: Vec<f32>) -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(window.len());
        Self {
            frame: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            transform,
            window,
        }
    }

    /// The spectra of the [`LANES`] frames that start at `start` and every `hop` samples after it.
    pub(crate) fn run(&mut self, samples: &[f32], start: isize, hop: usize, pad: PadMode, spectrum: &mut [Cell]) {
        for lane in 0..LANES {
            pad.fill(&mut self.frame, samples, start.saturating_add_unsigned(lane.saturating_mul(hop)));
            for (sample, weight) in self.frame.iter_mut().zip(&self.window) {
                *sample *= weight;
            }
            self.transform
                .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
                .expect("the buffers were made by this very transform");
            for (cell, bin) in spectrum.iter_mut().zip(&self.spectrum) {
                (cell.re.0[lane], cell.im.0[lane]) = (bin.re, bin.im);
            }
        }
    }
}

/// The plan for spectra to samples, and its buffers.
#[derive(Clone)]
pub(crate) struct SingleInverse {
    transform: Arc<dyn ComplexToReal<f32>>,
    spectrum: Vec<Complex<f32>>,
    frame: Vec<f32>,
    scratch: Vec<Complex<f32>>,
}

impl fmt::Debug for SingleInverse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleInverse").field("length", &self.frame.len()).finish_non_exhaustive()
    }
}

impl SingleInverse {
    /// A plan for frames of so many samples, an even number.
    pub(crate) fn new(samples: usize) -> Self {
        let transform = RealFftPlanner::new().plan_fft_inverse(samples);
        Self {
            spectrum: transform.make_input_vec(),
            frame: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            transform,
        }
    }

    /// As [`Inverse::kernel`](super::Inverse::kernel).
    pub(crate) fn run(&mut self, spectrum: &mut [Cell]) {
        for lane in 0..LANES {
            for (bin, cell) in self.spectrum.iter_mut().zip(spectrum.iter()) {
                *bin = Complex::new(cell.re.0[lane], cell.im.0[lane]);
            }
            if let [first, .., last] = self.spectrum.as_mut_slice() {
                (first.im, last.im) = (0.0, 0.0);
            }
            self.transform
                .process_with_scratch(&mut self.spectrum, &mut self.frame, &mut self.scratch)
                .expect("the buffers were made by this very transform, and both ends are real");
            for (cell, [even, odd]) in spectrum.iter_mut().zip(self.frame.as_chunks().0) {
                (cell.re.0[lane], cell.im.0[lane]) = (*even, *odd);
            }
        }
    }
}
