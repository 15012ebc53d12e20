//! From one file to what a net sees of it: decode, resample, change, cut, transform. A file for each kind of input.
//!
//! What comes out depends on the file, its place, the settings and the copy alone.

mod compress;
mod embedder;
mod embedding;
mod hear;
mod image;
mod mel_picture;
mod plan;
mod spectrogram;
mod statistics;

pub(crate) use embedder::Embedder;
pub(crate) use hear::hear;
pub(crate) use plan::FrontEnd;
