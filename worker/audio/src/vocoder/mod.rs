//! The phase vocoder (Flanagan and Golden 1966; Dolson 1986): clips played faster or slower at their pitch, and higher or
//! lower at their pace.
//!
//! Definitions are librosa's, without its angles. Nothing here draws a random number: how far to go is for the caller to
//! say.

mod error;
mod phase;
mod plan;

pub use error::VocoderError;
pub use plan::Vocoder;
