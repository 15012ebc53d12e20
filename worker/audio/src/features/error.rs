//! Why features cannot be computed.

use crate::{mel::MelError, spectrum::StftError};

/// Why a plan cannot be made, or a clip has no features.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// Framing or transform.
    #[error(transparent)]
    Stft(#[from] StftError),
    /// Mel bands.
    #[error(transparent)]
    Mel(#[from] MelError),
    /// Too few or too many lags.
    #[error("correlate an onset curve over {lags} lags: there must be within 1 and {limit}")]
    Lags {
        /// The value refused.
        lags: usize,
        /// The largest one allowed.
        limit: usize,
    },
    /// The rate is too low, or the transform too short, for a band of the contrast.
    #[error(
        "contrast the band from {low} Hz: no bin lies there with n_fft {n_fft} at {sample_rate} Hz; use a longer \
         transform or a higher rate"
    )]
    EmptyBand {
        /// The band's lower edge in Hz.
        low: f64,
        /// The rate in Hz.
        sample_rate: u32,
        /// The transform's length.
        n_fft: usize,
    },
    /// The clip is longer than a vector of features is meant for.
    #[error("describe a clip of {seconds:.0} s by one vector: at most {limit} s are allowed; cut it into segments")]
    TooLong {
        /// The clip's length in seconds.
        seconds: f64,
        /// The longest allowed.
        limit: u32,
    },
}
