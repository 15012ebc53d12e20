//! Networks on candle: the operations they are made of, their initial weights, optimisers and learning rates.
//!
//! No I/O, no clock, no generator state: every random number is a function of where it is used ([`draw`]).
//!
//! # What candle is used for
//! Tensors, storage and the backward walk over the graph ([`candle_core::Tensor::backward`]). The operations themselves
//! are ours ([`ops`]): candle's max-pool and 1-D convolution have wrong gradients, its ReLU passes a gradient at 0, and
//! its 2-D convolution is slow. Nothing here calls candle's random functions, which cannot be seeded on the CPU.
//!
//! # What a caller must know
//! - **Stack.** candle walks and drops its graph by recursion. Train in a thread with a stack of at least 64 MiB.
//! - **Threads.** Every operation here runs on the calling thread alone; trials run beside each other, each on its own
//!   core, and the bits of a result do not depend on how many do. candle's own elementwise operations (it adds gradients
//!   with them) use a spinning pool from 65,536 elements on: start the process with `CANDLE_NUM_THREADS=1`, or they take
//!   cores from other trials. Keep candle's elementwise operations on big tensors out of a training step.
//! - **Allocation.** A step allocates and frees the same big blocks again and again. With glibc, `mallopt` thresholds that
//!   keep such blocks off `mmap` can be worth a tenth of a step on big pictures; measure it where it matters.
//! - **Recording.** Within an [`ops::Recording`] gradients cost less than by candle's graph, and are the same. It knows the
//!   operations of this crate alone: candle's own between them cut the way back, without a word.
//! - **Gradients.** [`candle_core::backprop::GradStore`] is keyed by tensor: walk [`Network::parameters`], whose order is
//!   fixed, and never the store.
//! - **Same bits.** The same seed and data give the same bits on every run on one kind of CPU. Kinds with other vector
//!   units (AVX-512, AVX2, neither), and GPUs, sum in another order and differ in the last digits.
//! - **GPUs.** With the feature `cuda`, tensors may live on an NVIDIA GPU that `open_gpu` opened.

pub mod draw;
pub mod init;
mod nets;
pub mod ops;
pub mod optimisers;
pub mod schedules;

#[cfg(feature = "cuda")]
pub use ops::cuda::open_gpu;

pub use nets::{LayerRow, Mode, NetError, Network, Part, compare, walk, wanted};
