//! Why a trained net cannot be used.

use std::io;
use std::path::PathBuf;

use gliss_nets::NetError;

use crate::data::DataError;
use crate::weights::WeightsError;

/// Why a trained net cannot be used. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
pub enum TrainedError {
    /// The checkpoint was written before checkpoints held all that answers rest on.
    #[error(
        "use a checkpoint of an earlier version: it does not say which classes its net tells apart; train the trial again"
    )]
    NoBasis,
    /// A recipe that trains nothing.
    #[error("use a trial that trained nothing")]
    NoNet,
    /// The net was trained on rows of other numbers than can be made of sound.
    #[error(
        "answer for {path}: the net was trained on the columns of a table, among them {column:?}, which cannot be computed from sound; \
         give it a CSV or Parquet file with its columns"
    )]
    NotSound {
        /// The file.
        path: PathBuf,
        /// A column.
        column: String,
    },
    /// The checkpoint was written before checkpoints held the names of columns.
    #[error(
        "use a checkpoint of an earlier version: it does not say which columns its net was shown; train the trial again"
    )]
    NoColumns,
    /// The table to answer for cannot be used.
    #[error("answer for a table")]
    Table(#[from] DataError),
    /// What the file says of its net is wrong.
    #[error("read the trained net in {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Parts that do not belong together.
    #[error("put the trained net together: {reason}")]
    Parts {
        /// Which, and why.
        reason: String,
    },
    /// Its weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file cannot be written.
    #[error("write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The net cannot be built or run.
    #[error("build or run the net")]
    Net(#[from] NetError),
    /// A computation failed.
    #[error("compute with tensors")]
    Tensor(#[from] candle_core::Error),
    /// The file to answer for cannot be used.
    #[error("answer for {path}: {reason}")]
    Clip {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}
