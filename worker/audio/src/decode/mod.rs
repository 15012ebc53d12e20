//! From an audio file to one channel of samples.
//!
//! What a file is gets decided by its content, never by its name. A broken file ends in a [`DecodeError`] or, where some
//! of it could be read, in a clip whose [`Flaws`] say what is missing; it never ends the program, and it takes no more
//! time and memory than its [`DecodeLimits`] allow. Nothing here resamples, pads or changes the level of a clip.

mod au;
mod backend;
mod clip;
mod delay;
mod error;
mod facts;
mod file;
mod limits;
mod mix;
mod reader;
mod source;
mod stream;
mod track;
mod vorbis;

pub use clip::{Clip, Flaws};
pub use error::DecodeError;
pub use facts::FileFacts;
pub use file::{decode_bytes, decode_file, probe_file};
pub use limits::DecodeLimits;
pub use reader::ClipReader;
pub use source::ByteSource;
