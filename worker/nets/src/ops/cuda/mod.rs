//! The operations on an NVIDIA GPU: cuBLAS for matrix products, kernels of our own for the rest.
//!
//! Each function here is one of [`super`]'s for tensors in a GPU's memory, with the same results up to rounding. A device
//! has one stream, and everything is put into it in order; no operation waits for the host. All sums have an order, so the
//! same input gives the same bits on one kind of GPU.

mod conv;
mod depthwise;
mod device;
mod gru;
mod launch;
mod linear;
mod loss;
mod node;
mod norm;
mod pointwise;
mod pool;
mod product;
mod update;

pub(super) use conv::{conv_relu_pool, conv2d};
pub(super) use depthwise::depthwise;
pub use device::open_gpu;
pub(super) use gru::gru;
pub(super) use linear::linear;
pub(super) use loss::{binary_cross_entropy, cross_entropy};
pub(super) use norm::{batch_norm, batch_norm_eval, update_running};
pub(super) use pointwise::{dropout, elu, relu};
pub(super) use pool::{Bins, average, max_pool};
pub(super) use product::set_precision;
pub(crate) use update::{Step, gather, squares, update};

use launch::{Arg, Fresh, Gpu, Size, Source};
