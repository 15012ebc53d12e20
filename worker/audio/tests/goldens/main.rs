//! Holds the crate against published libraries: librosa, libsndfile, ffmpeg and soxr.
//!
//! The references are found through `GLISS_TEST_GOLDEN` and `GLISS_TEST_DATA`, else beside the repository, in
//! `../shared/golden` and `../shared/data`. Where they are absent the tests say so and pass.

mod bad_files;
mod decoding;
mod features;
mod reference;
mod resampling;
mod sha256;
mod table;
