//! Sound: decoding, resampling, spectral features, and the pictures made of them.
//!
//! The way of a clip: [`decode`] reads a file into one channel, [`resample`] brings it to the rate of the front end,
//! [`mel`] (on top of [`spectrum`]) makes a spectrogram of it, [`decibel`] compresses its range, and [`picture`] draws it for
//! networks that look at pictures. [`hpss`] takes a clip apart, [`vocoder`] changes its pace or pitch, and [`augment`]
//! makes more of a data set than it has with their help. [`synth`] goes the
//! other way, and makes clips to train on. Definitions and defaults are librosa's, and held against it in tests.
//!
//! Everything here is a pure function of its input: the same bits in, the same bits out, on every thread. This crate knows
//! of no tensors, devices, caches or data sets, and prints nothing.

pub mod augment;
pub mod decibel;
pub mod decode;
pub mod features;
pub mod hpss;
mod lanes;
pub mod mel;
pub mod picture;
pub mod resample;
pub mod spectrum;
pub mod synth;
mod tile;
pub mod vocoder;
