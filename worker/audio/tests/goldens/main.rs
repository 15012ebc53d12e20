//! Holds the crate against published libraries: librosa, libsndfile, ffmpeg and soxr.
//!
//! The references are found through `GLISS_TEST_GOLDEN` and `GLISS_TEST_DATA`, else beside the repository, in
//! `../shared/golden` and `../shared/data`. Where they are absent the tests say so and pass.

mod aac;
mod bad_files;
mod decoding;
mod effects;
mod features;
mod gtzan;
mod hostile;
mod long_files;
mod musicnn;
mod reference;
mod resampling;
mod segments;
mod sha256;
mod table;
mod tracks;
mod vorbis;
