//! Short-time spectra: frames, windows, Fourier transforms, and the matrix that results are kept in.
//!
//! Conventions are librosa's: periodic Hann window, zero-padded around its middle to the transform's length; frame `t`
//! centred on sample `t * hop`; no scaling. Nothing here knows of mel bands or decibels.

mod edge;
mod grid;
mod stft;
mod window;

pub use edge::PadMode;
pub use grid::Spectrogram;
pub use stft::{Stft, StftError, StftSettings};
