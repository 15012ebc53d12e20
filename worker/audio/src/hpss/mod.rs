//! Harmonic-percussive separation: what lasts and what strikes (Fitzgerald 2010; Driedger, Müller and Disch 2014).
//!
//! Tones are lines along time in a spectrogram, strokes are lines along frequency. So each value is compared with the
//! median of its neighbours in either direction, over 31 frames and over 31 bins, and shared out between the two parts.
//! Definitions are librosa's. Nothing here knows of rates: windows are of 2048 samples, 512 apart.

mod lanes;
mod mask;
mod median;
mod plane;
mod separation;

pub use separation::{Part, Parts, Separation};
