//! Short-time spectra and the way back: frames, windows, Fourier transforms, and the matrices that results are kept in.
//!
//! Conventions are librosa's: periodic Hann window, zero-padded around its middle to the transform's length; frame `t`
//! centred on sample `t * hop`; no scaling. Nothing here knows of mel bands or decibels.

mod edge;
mod fourier;
mod frames;
mod grid;
mod istft;
mod settings;
mod stft;
mod window;

pub use edge::PadMode;
pub use grid::{Spectra, Spectrogram};
pub use istft::Istft;
pub use settings::{StftError, StftSettings};
pub use stft::Stft;

pub(crate) use fourier::{Cell, Forward, Inverse, Overlap, Tile};
pub(crate) use frames::{Frames, lanes_of};
