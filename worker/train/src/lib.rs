//! Data sets, features, checkpoints and the trainer: everything between a recipe and its scores.
//!
//! Knows nothing of coordinators, leases or the wire. All work is blocking, on threads of its own or the caller's, and a
//! [`Control`] stops it.
//!
//! # What a process that trains must see to
//! What [`gliss_nets`] says of `CANDLE_NUM_THREADS` and of allocation. Stacks are seen to in [`trainer::run`].

pub mod atomic;
pub mod cache;
pub mod checkpoint;
mod control;
pub mod data;
mod device;
pub mod embed;
pub mod features;
mod in_parallel;
pub mod library;
mod patience;
pub mod split;
pub mod trained;
pub mod trainer;
pub mod weights;

pub use control::Control;
pub use device::{Device, DeviceError};
pub use library::Library;
pub use patience::Patience;
