//! What the net sees of an example.

mod inputs;
mod kind;
mod mel_picture;
mod segments;
mod spectral;
mod spectrogram;
#[cfg(test)]
mod tests;
mod vectors;

pub use inputs::{Features, Input, Normalise, Store};
pub use kind::Kind;
pub use mel_picture::{Colours, MelPicture};
pub use segments::{Aggregate, Cut, Pieces, Segments};
pub use spectral::{Compress, Fit, Layout, Padding, Reference};
pub use spectrogram::{Filters, Mel, StftMagnitude};
pub use vectors::{Columns, Embedding, Image, MusicnnVector, STATISTICS, STATISTICS_RATE, Statistics, Waveform};
