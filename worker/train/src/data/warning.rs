//! What is odd about a data set, but bearable.

use std::fmt;
use std::path::PathBuf;

/// Something that people should know of a data set. [`fmt::Display`] gives the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A class folder holds no audio, and is no class.
    EmptyClass {
        /// The folder.
        folder: PathBuf,
    },
    /// Audio files lie beside the class folders, and are left out.
    LooseFiles {
        /// The folder.
        folder: PathBuf,
        /// How many.
        count: usize,
    },
    /// Files that a manifest lists are not there.
    MissingFiles {
        /// How many.
        count: usize,
        /// The first of them.
        first: PathBuf,
    },
    /// Clips were left out.
    Skipped {
        /// How many.
        count: usize,
        /// Of how many.
        listed: usize,
        /// The first of them.
        first: PathBuf,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyClass { folder } => write!(f, "{} holds no audio file and is left out", folder.display()),
            Self::LooseFiles { folder, count } => {
                write!(
                    f,
                    "{count} audio files lie in {} itself, outside of any class, and are left out",
                    folder.display()
                )
            }
            Self::MissingFiles { count, first } => {
                write!(f, "{count} listed files are not there and will be skipped, the first is {}", first.display())
            }
            Self::Skipped { count, listed, first, reason } => {
                write!(f, "{count} of {listed} clips are skipped, the first is {}: {reason}", first.display())
            }
        }
    }
}
