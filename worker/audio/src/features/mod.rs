//! What is computed of a clip beyond its mel spectrogram: level, spectral shape, timbre, harmony and rhythm, and the tables
//! made of them.
//!
//! Every family has a file. Most take a [`Spectrogram`](crate::spectrum::Spectrogram) of one kind (each says which), so that
//! one transform of a clip serves them all; [`gtzan`] is the whole vector of 57 that the GTZAN data set made common.
//! Definitions and defaults are librosa's. Nothing here decodes, resamples or cuts a clip, and nothing remembers the last
//! one: plans hold tables and buffers alone.

pub mod gtzan;
pub mod musicnn;

mod bank;
mod beat;
mod chroma;
mod contrast;
mod error;
mod flatness;
mod mfcc;
mod moments;
mod onset;
mod shape;
mod tempo;
mod tempogram;
mod tuning;
mod waveform;

pub use beat::track_beats;
pub use chroma::{CHROMAS, ChromaFilters};
pub use contrast::spectral_contrast;
pub use error::FeatureError;
pub use flatness::spectral_flatness;
pub use mfcc::mfcc;
pub use moments::Moments;
pub use onset::{Aggregate, onset_strength};
pub use shape::SpectralShape;
pub use tempo::tempo;
pub use tempogram::Tempogram;
pub use tuning::estimate_tuning;
pub use waveform::{rms, zero_crossing_rate};
