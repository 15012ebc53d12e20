//! Mel spectrograms: the front end of every network that sees sound.
//!
//! Definitions are librosa's. Decibels are [`decibel`](crate::decibel)'s business.

mod filters;
mod front_end;
mod scale;
mod settings;

pub use filters::MelFilters;
pub use front_end::MelFrontEnd;
pub use scale::MelScale;
pub use settings::{Exponent, MelError, MelSettings};
