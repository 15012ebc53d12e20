//! Labelled music-like clips made from a seed, for trying the program and testing it.
//!
//! Ten invented styles differ in tempo, meter, drum pattern, harmony, register and timbre. They come in pairs that
//! share instruments and register, and each clip has its own key, balance, room and recording, so the average
//! spectrum of a clip tells only part of the story: what separates the styles of a pair is what happens over time.
//! That leaves a sweep something to find.
//!
//! The clips are **not** a benchmark. They stand in for a real collection so that a quickstart needs no download and
//! a test needs no licence; nothing measured on them says how a net does on recorded music.
//!
//! The same settings give the same samples, bit for bit, on every machine: every random choice is a hash of its
//! coordinates, and sine and exponential are computed here from sums and products alone. Nothing in this module may call
//! the platform's transcendental functions, read a clock, or depend on the number of threads.

mod characters;
mod compose;
mod draws;
mod drums;
mod error;
mod marker;
mod melody;
mod numbers;
mod recording;
mod render;
mod settings;
mod style;
mod timbre;
mod voice;
mod wav;
mod write;

pub use error::SynthError;
pub use render::render;
pub use settings::SynthSettings;
pub use style::{STYLES, Style};
pub use write::{SynthSet, write_set, write_set_while};
