//! Clips that cannot be used, and why.

use std::path::PathBuf;

use gliss_audio::augment::AugmentError;
use gliss_audio::decode::DecodeError;
use gliss_audio::features::FeatureError;
use gliss_audio::mel::MelError;
use gliss_audio::picture::png::PngError;
use gliss_audio::resample::ResampleError;
use gliss_audio::spectrum::StftError;
use gliss_types::chain;

use crate::data::EmbeddingError;

/// A clip that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why, for people.
    pub reason: String,
}

/// Why a clip gives no picture. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// The file is not sound, or broken.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Too much of the file is missing for the picture to be of the whole clip.
    #[error("use a file that is cut off: it holds {there} of {} frames", there + missing)]
    CutOff { there: u64, missing: u64 },
    /// Not one frame of the front end is filled.
    #[error("use a clip of {samples} samples at {rate} Hz: the front end needs {needed}")]
    TooShort { samples: usize, needed: usize, rate: u32 },
    /// It cannot be brought to the front end's rate.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// It cannot be transformed.
    #[error(transparent)]
    Mel(#[from] MelError),
    /// It cannot be transformed.
    #[error(transparent)]
    Stft(#[from] StftError),
    /// It cannot be described.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// It cannot be changed.
    #[error(transparent)]
    Augment(#[from] AugmentError),
    /// The file is no picture, or broken.
    #[error(transparent)]
    Image(#[from] PngError),
    /// The clip has no vector.
    #[error(transparent)]
    Vector(#[from] EmbeddingError),
    /// The clip's vector is of another size.
    #[error("use a vector of {found} numbers, {}: `features.size` asks for {wanted}", path.display())]
    VectorSize { path: PathBuf, found: usize, wanted: usize },
    /// The net that was to describe it cannot be used.
    #[error("describe sound by musicnn: {reason}")]
    Musicnn {
        /// Why.
        reason: String,
    },
    /// Sound was asked for columns, or the other way round.
    #[error("make of sound what is not made of it: `features.kind` does not fit `data.source`")]
    NotSound,
}

impl Unusable {
    /// Whether the system is at fault, so that another time the clip might be read: such a clip is not skipped, because
    /// what is trained on must not depend on the state of a disk.
    pub(crate) fn is_fault(&self) -> bool {
        use std::io::ErrorKind::{InvalidInput, NotADirectory, NotFound, PermissionDenied};
        match self {
            Self::Decode(DecodeError::Read { .. }) => true,
            Self::Decode(DecodeError::Open { source })
            | Self::Image(PngError::Io(source))
            | Self::Vector(EmbeddingError::Io { source, .. }) => {
                !matches!(source.kind(), NotFound | PermissionDenied | NotADirectory | InvalidInput)
            }
            _ => false,
        }
    }

    /// The error and what it came from, on one line.
    pub(crate) fn reason(&self) -> String {
        format!("failed to {}", chain(self))
    }
}
