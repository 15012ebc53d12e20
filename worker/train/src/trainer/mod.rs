//! Trains one recipe to its end, or to wherever it is stopped, and goes on from there.
//!
//! What a recipe gives depends on the recipe and the data alone: not on interruptions, not on what trains beside it. A
//! training that is taken up from its last checkpoint gives the same bits as one that was never interrupted.

mod batch;
mod error;
mod event;
mod fit;
mod judge;
mod restore;
mod run;

pub use error::TrainError;
pub use event::{Event, Finish};
pub use run::{Context, run};
