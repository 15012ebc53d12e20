//! Why a file of weights cannot be used.

use std::io;
use std::path::PathBuf;

use gliss_nets::NetError;

/// Why a file of weights cannot be used. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The system did not give it.
    #[error("read the weights in {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is larger than any net that can be trained here.
    #[error("read the weights in {path}: it has {bytes} bytes, the rule is at most {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most.
        limit: u64,
    },
    /// It is not safetensors.
    #[error("read the weights in {path} as safetensors")]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: safetensors::SafeTensorError,
    },
    /// It is not a `.pth` file of tensors by name.
    #[error(
        "read the weights in {path} as a PyTorch file: {reason}; save them with `torch.save(net.state_dict(), path)`, or as safetensors"
    )]
    Pickle {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A tensor in it cannot be used.
    #[error("read tensor `{name}` of the weights in {path}: {reason}")]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Why.
        reason: String,
    },
    /// They are not those of the net.
    #[error("put the weights in {path} into the net")]
    Net {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        #[source]
        source: Box<NetError>,
    },
}
