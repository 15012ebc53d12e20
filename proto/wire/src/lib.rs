//! The language that coordinator, workers and command line speak: code generated from `proto/glissando/v1`, and the
//! conversions between it and `gliss-types`.
//!
//! Only the edges of a process see wire structs; everything behind an edge speaks `gliss-types`. A conversion from the
//! wire checks everything that a peer could get wrong, so what comes out of it needs no second look.

mod convert;
mod worker;

pub use convert::{WireError, pack};
pub use worker::{
    CoordinatorSays, HeldAnswer, HeldAttempt, Hello, Offer, Progress, Reject, ReportBody, StopReason, Welcome,
    WorkerSays,
};

/// The version of the worker protocol that this crate speaks.
pub const PROTOCOL: u32 = 1;

/// Messages larger than this are refused on both sides: room for a listing of 10,000 trials.
pub const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;

/// Generated from `glissando/v1/*.proto`, where every field is documented.
#[expect(missing_docs, clippy::all, clippy::allow_attributes, reason = "generated; documented in the .proto files")]
pub mod v1 {
    tonic::include_proto!("glissando.v1");

    /// The compiled descriptors, for the reflection service.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/glissando.v1.bin"));
}
