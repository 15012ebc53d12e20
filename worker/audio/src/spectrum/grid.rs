//! The matrix of bands by frames.

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
