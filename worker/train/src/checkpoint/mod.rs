//! Training state on disk: enough to go on exactly where an epoch ended.
//!
//! A checkpoint is one safetensors file named by the BLAKE3 of its bytes, `<folder>/<hash>.safetensors`. It appears whole
//! or not at all, is never changed, and is verified in full before anything in it is believed.

mod error;
mod format;
mod store;

pub use error::CheckpointError;
pub use format::{Basis, Best, Checkpoint, Progress, Stored};
pub use store::CheckpointStore;
