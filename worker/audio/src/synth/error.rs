//! What can go wrong when a synthetic set is made.

use std::io;
use std::path::PathBuf;

/// Why a synthetic set could not be made. The text fits "failed to make the synthetic set: ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthError {
    /// The number of clips is out of range.
    #[error("{value} clips per style is out of range: give 1 to 1000")]
    ClipsPerStyle {
        /// What was asked for.
        value: u32,
    },
    /// The length is out of range.
    #[error("a clip of {value} seconds is out of range: give 1 to 60")]
    Seconds {
        /// What was asked for.
        value: f32,
    },
    /// The sample rate is out of range.
    #[error("a sample rate of {value} Hz is out of range: give 8000 to 48000")]
    SampleRate {
        /// What was asked for.
        value: u32,
    },
    /// The folder holds a set made with other settings.
    #[error(
        "{} holds a synthetic set made with other settings (there: {found}; asked for: {wanted}): \
         give the same settings, choose another folder, or delete this one", dir.display()
    )]
    OtherSettings {
        /// The folder.
        dir: PathBuf,
        /// The settings its marker names.
        found: String,
        /// The settings asked for.
        wanted: String,
    },
    /// The folder holds a set in a format this version does not make.
    #[error(
        "{} holds a synthetic set of format {found}, and this version makes format {wanted}: \
         choose another folder, or delete this one", dir.display()
    )]
    OtherFormat {
        /// The folder.
        dir: PathBuf,
        /// The format its marker names.
        found: u32,
        /// The format this version makes.
        wanted: u32,
    },
    /// The folder's marker cannot be understood.
    #[error(
        "{} is not a marker of a synthetic set: choose another folder, or delete the one it is in", path.display()
    )]
    Marker {
        /// The marker file.
        path: PathBuf,
    },
    /// The folder holds something else.
    #[error(
        "{} is not empty and holds no synthetic set (it holds {example:?}): choose a new or an empty folder",
        dir.display()
    )]
    NotOurs {
        /// The folder.
        dir: PathBuf,
        /// The name of one thing it holds.
        example: String,
    },
    /// Something that is not a folder stands where the folder should be.
    #[error("{} is not a folder: choose another name", dir.display())]
    NotAFolder {
        /// The path given.
        dir: PathBuf,
    },
    /// Whoever was told of the clips wanted no more of them.
    #[error("stopped before the set was whole")]
    Stopped,
    /// Reading or writing failed.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was being done: "write", "read", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

impl SynthError {
    /// Wraps an I/O error with what was being done to which path; for `map_err`.
    pub(super) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
