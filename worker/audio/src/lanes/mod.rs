//! Vectors of eight values and the machines that compute with them: what kernels are written in.
//!
//! A kernel is a [`Kernel`], written once over any [`Vector`]; [`Machine`] runs it compiled for the widest registers at
//! hand. All machines give the same bits: no operation is fused, none is approximate, and their order is the kernel's.
//! Nothing here knows what the values mean.

mod machine;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use machine::{Kernel, Machine};
pub(crate) use vector::{LANES, Row, Vector};
