//! Why a checkpoint cannot be written, read or used.

use std::io;
use std::path::{Path, PathBuf};

/// Why a checkpoint cannot be written, read or used. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The place is of a kind that this program cannot reach.
    #[error("keep checkpoints at {place:?}: `{scheme}:` is not supported, give a path or a file:// URL")]
    Scheme {
        /// The place as given.
        place: String,
        /// Its scheme.
        scheme: String,
    },
    /// A file URL that names no local folder.
    #[error("keep checkpoints at {place:?}: a file URL is file:// and an absolute path, with %-codes where needed")]
    Url {
        /// The place as given.
        place: String,
    },
    /// A name that is no hash.
    #[error("find checkpoint {found:?}: names are 64 digits from 0 to 9 and a to f")]
    Name {
        /// The name, shortened.
        found: String,
    },
    /// No such checkpoint.
    #[error("find {}: the checkpoint is not there", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// The bytes are not those that the name promises.
    #[error("read {}: its content does not match its name; the file is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than a checkpoint may be.
    #[error("read a checkpoint of {bytes} bytes: at most {limit} are read")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The header is absent, or larger than this program would ever write.
    #[error(
        "read a checkpoint whose header takes {bytes} bytes: from 2 to {limit} and no more than the file are allowed"
    )]
    Header {
        /// What the file announces.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// It is not a safetensors file.
    #[error("read a checkpoint as safetensors")]
    Tensors(#[source] safetensors::SafeTensorError),
    /// It lacks the description of the training state.
    #[error("read a checkpoint without the metadata `{key}`")]
    NoState {
        /// The metadata's key.
        key: &'static str,
    },
    /// The description of the training state cannot be read.
    #[error("read the metadata of a checkpoint")]
    State(#[source] serde_json::Error),
    /// It was written by a newer version of the program.
    #[error("read a checkpoint of format {found}: this version reads format {known}; update the program")]
    Newer {
        /// The format.
        found: u32,
        /// The format that this version reads.
        known: u32,
    },
    /// It belongs to another recipe.
    #[error("go on from a checkpoint of trial key {found}: this recipe's key is {wanted}")]
    OtherRecipe {
        /// The key in the checkpoint.
        found: String,
        /// The recipe's.
        wanted: String,
    },
    /// It holds more or fewer epochs than it is said to, or than the recipe has.
    #[error("go on from a checkpoint of {found} epochs where {wanted} were announced, of a recipe with {epochs}")]
    OtherEpoch {
        /// Epochs in the checkpoint.
        found: u32,
        /// Epochs announced.
        wanted: u32,
        /// Epochs of the recipe.
        epochs: u32,
    },
    /// It lacks something that goes on with the training.
    #[error("go on from a checkpoint that does not say {what}")]
    Lacks {
        /// What it does not say.
        what: &'static str,
    },
    /// A tensor is missing, of another shape or type, or one too many.
    #[error("use tensor `{name}` of a checkpoint: it has shape {found:?}, and the rule is {wanted:?} of f32")]
    Tensor {
        /// Its name.
        name: String,
        /// Its shape; none if it is not there.
        found: Option<Vec<usize>>,
        /// The shape that fits; none if it should not be there.
        wanted: Option<Vec<usize>>,
    },
    /// The disk failed, or the system refused.
    #[error("{action} {}", path.display())]
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

impl CheckpointError {
    /// Wraps an I/O error with what was being done to which path; for `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the same request could succeed later or elsewhere.
    pub fn retry(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Missing { .. } | Self::Damaged { .. } | Self::Newer { .. })
    }
}
