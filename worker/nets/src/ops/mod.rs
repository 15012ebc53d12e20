//! Differentiable operations, each with a backward pass of our own.
//!
//! Every function takes and gives candle tensors of f32 or f64. In the CPU's memory it runs on the calling thread alone, and
//! gives the same bits for the same input on one kind of CPU; with the feature `cuda` most take tensors in a GPU's memory,
//! too, and the rest say that they do not. Failures are candle errors; what is wrong with arguments
//! arrives as an [`OpError`] wrapped in one. Gradients are computed only for arguments that candle tracks.

mod average;
mod batch_norm;
mod binary_cross_entropy;
mod conv2d;
mod conv_block;
mod conv_cost;
mod conv_shape;
mod cross_entropy;
mod cross_entropy_with;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod depthwise;
mod dropout;
mod element;
mod elu;
mod grouped;
mod gru;
pub(crate) mod lanes;
mod linear;
mod lowered;
mod lstm;
mod matrix;
mod max_pool2d;
mod phases;
mod recurrent;
mod relu;
mod shifted;
mod smooth;
pub(crate) mod tape;
mod window;

pub use average::{PaddingCounts, adaptive_avg_pool2d, avg_pool2d, global_avg_pool2d};
pub use batch_norm::{BatchStats, batch_norm, batch_norm_eval, batch_norm_frozen, update_running};
pub use binary_cross_entropy::binary_cross_entropy;
pub use conv_block::conv_relu_pool;
pub use conv2d::{ConvMethod, conv2d, conv2d_grouped};
pub use cross_entropy::cross_entropy;
pub use cross_entropy_with::{Reduction, Targets, Weighing, cross_entropy_with};
pub use dropout::dropout;
pub use element::OpError;
pub use elu::elu;
pub use gru::{GruWeights, Reset, gru};
pub use linear::{Activation, linear};
pub use lstm::{LstmWeights, lstm};
pub use max_pool2d::{global_max_pool2d, max_pool2d};
pub use recurrent::Steps;
pub use relu::{relu, relu6};
pub use tape::Recording;
pub use window::{Axis, Padding, Window};

pub(crate) use element::{Element, by_type, slice, with_slice};

/// Says what the matrix products of operations round their factors to that this thread begins from now on, on a GPU; their
/// gradients do as they did. On the CPU, and for f64, nothing is rounded.
pub fn set_precision(precision: gliss_types::recipe::Precision) {
    #[cfg(feature = "cuda")]
    cuda::set_precision(precision);
    #[cfg(not(feature = "cuda"))]
    let _ = precision;
}

/// Yields what an operation on the GPU yields, from the function that this is in, if the tensor is there.
macro_rules! on_gpu {
    ($x:expr, $operation:expr) => {
        #[cfg(feature = "cuda")]
        if $x.device().is_cuda() {
            return $operation;
        }
    };
}
pub(crate) use on_gpu;
