//! From an audio file to one channel of samples.
//!
//! What a file is gets decided by its content, never by its name. A broken file ends in a [`DecodeError`] or, where some
//! of it could be read, in a clip whose [`Flaws`] say what is missing; it never ends the program, and it takes no more
//! time and memory than its [`DecodeLimits`] allow. Nothing here resamples, pads or changes the level of a clip.

mod au;
mod clip;
mod collect;
mod error;
mod file;
mod limits;
mod stream;

pub use clip::{Clip, Flaws};
pub use error::DecodeError;
pub use file::decode_file;
pub use limits::DecodeLimits;
