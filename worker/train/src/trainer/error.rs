//! Why a recipe could not be trained.

use gliss_nets::NetError;
use gliss_nets::optimisers::OptimiserError;

use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::split::SplitError;

/// Why a recipe could not be trained. The text fits "failed to ...". Large sources are boxed, so that results stay small.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The data cannot be used.
    #[error(transparent)]
    Data(Box<DataError>),
    /// The usable examples cannot be dealt out.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] crate::DeviceError),
    /// The net cannot be built or run.
    #[error("build or run the net")]
    Net(#[source] Box<NetError>),
    /// The weights to begin with cannot be used.
    #[error(transparent)]
    Weights(#[from] crate::weights::WeightsError),
    /// The optimiser failed.
    #[error("make a step")]
    Optimiser(#[source] Box<OptimiserError>),
    /// A computation failed.
    #[error("compute with tensors")]
    Tensor(#[from] candle_core::Error),
    /// A checkpoint could not be written.
    #[error("keep the checkpoint of epoch {epoch}")]
    Checkpoint {
        /// The epoch.
        epoch: u32,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// The checkpoint to go on from cannot be used. Training from the start gives the same result.
    #[error("go on from checkpoint {hash}")]
    Resume {
        /// Its name.
        hash: String,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// The optimiser's state in the checkpoint does not fit the recipe. Training from the start gives the same result.
    #[error("go on from checkpoint {hash}")]
    ResumeOptimiser {
        /// Its name.
        hash: String,
        /// Why.
        #[source]
        source: Box<OptimiserError>,
    },
    /// The loss is no longer a number.
    #[error(
        "go on after epoch {epoch}, step {step}: the loss is {loss}; the learning rate may be too high for this net and data"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: u32,
        /// The step in it, from 1.
        step: u32,
        /// Infinite or not a number.
        loss: f64,
    },
    /// Gradients are clipped by their norm, which is no longer a number.
    #[error(
        "go on after epoch {epoch}, step {step}: the norm of the gradients is {norm}; the learning rate may be too high for this net and data"
    )]
    Exploded {
        /// The epoch, from 1.
        epoch: u32,
        /// The step in it, from 1.
        step: u32,
        /// Infinite or not a number.
        norm: f64,
    },
    /// No such metric.
    #[error("judge epochs by {metric:?}: the metrics are {}", gliss_types::Objective::METRICS.join(", "))]
    Objective {
        /// The name.
        metric: String,
    },
    /// The system gives no thread.
    #[error("start a thread to train on")]
    Thread(#[source] rayon::ThreadPoolBuildError),
}

impl From<DataError> for TrainError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

impl From<NetError> for TrainError {
    fn from(error: NetError) -> Self {
        Self::Net(Box::new(error))
    }
}

impl From<OptimiserError> for TrainError {
    fn from(error: OptimiserError) -> Self {
        Self::Optimiser(Box::new(error))
    }
}

impl TrainError {
    /// Whether another attempt could fare better: trouble of disk, memory or device, not of recipe or data. After
    /// [`TrainError::Resume`] and [`TrainError::ResumeOptimiser`] the next attempt must do without the checkpoint.
    pub fn retry(&self) -> bool {
        match self {
            Self::Data(error) => error.retry(),
            Self::Net(error) => matches!(**error, NetError::Layer { .. }),
            Self::Checkpoint { source, .. } => source.retry(),
            Self::Optimiser(_) | Self::Tensor(_) | Self::Thread(_) | Self::Device(_) => true,
            Self::Resume { .. } | Self::ResumeOptimiser { .. } => true,
            Self::Weights(error) => matches!(error, crate::weights::WeightsError::Io { .. }),
            Self::Split(_) | Self::Diverged { .. } | Self::Exploded { .. } | Self::Objective { .. } => false,
        }
    }
}
