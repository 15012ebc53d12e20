//! The matrices of bands by frames: of real values, and of complex ones.

/// A matrix of bands (or bins) by frames, row-major: all frames of band 0, then all of band 1. What its values are
/// (magnitude, power, decibels) is for whoever made it to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spectrogram {
    /// Rows; row 0 is the lowest frequency.
    pub bands: usize,
    /// Columns, in order of time.
    pub frames: usize,
    /// `bands * frames` values.
    pub data: Vec<f32>,
}

impl Spectrogram {
    /// A spectrogram of zeros.
    pub fn zeros(bands: usize, frames: usize) -> Self {
        Self { bands, frames, data: vec![0.0; bands * frames] }
    }

    /// All frames of one band; empty if there is no such band.
    pub fn band(&self, band: usize) -> &[f32] {
        self.data.get(band * self.frames..(band + 1) * self.frames).unwrap_or_default()
    }
}

/// Complex spectra: a matrix of bins by frames, row-major like a [`Spectrogram`], real and imaginary parts apart. Its
/// rows are `n_fft / 2 + 1` bins from 0 Hz to half the rate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spectra {
    /// Rows; row 0 is 0 Hz.
    pub bins: usize,
    /// Columns, in order of time.
    pub frames: usize,
    /// `bins * frames` real parts.
    pub re: Vec<f32>,
    /// `bins * frames` imaginary parts.
    pub im: Vec<f32>,
}

impl Spectra {
    /// Spectra of zeros.
    pub fn zeros(bins: usize, frames: usize) -> Self {
        Self { bins, frames, re: vec![0.0; bins * frames], im: vec![0.0; bins * frames] }
    }

    /// The magnitude of every value.
    pub fn magnitude(&self) -> Spectrogram {
        let mut result = self.power();
        result.data.iter_mut().for_each(|value| *value = value.sqrt());
        result
    }

    /// The magnitude of every value, squared.
    pub fn power(&self) -> Spectrogram {
        let data = self.re.iter().zip(&self.im).map(|(re, im)| re * re + im * im).collect();
        Spectrogram { bands: self.bins, frames: self.frames, data }
    }
}
