//! Why a clip cannot be stretched or shifted.

use crate::{resample::ResampleError, spectrum::StftError};

/// Why a clip cannot be stretched or shifted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VocoderError {
    /// The rate is not a number, or too far from 1.
    #[error("stretch a clip at rate {rate}: it must be within {low} and {high}")]
    Rate {
        /// The rate asked for.
        rate: f64,
        /// The lowest rate.
        low: f64,
        /// The highest rate.
        high: f64,
    },
    /// The shift is not a number, or too wide.
    #[error("shift a clip by {semitones} semitones: they must be within -{limit} and {limit}")]
    Semitones {
        /// The shift asked for.
        semitones: f64,
        /// The widest shift.
        limit: f64,
    },
    /// The stretched clip would not fit into memory.
    #[error("stretch a clip to {samples} samples: at most {limit} are allowed")]
    TooLong {
        /// Samples of the stretched clip.
        samples: u64,
        /// The limit.
        limit: u64,
    },
    /// The clip cannot be transformed.
    #[error(transparent)]
    Transform(#[from] StftError),
    /// The stretched clip cannot be brought back to its rate.
    #[error(transparent)]
    Resample(#[from] ResampleError),
}
