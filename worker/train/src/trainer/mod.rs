//! Trains one recipe to its end, or to wherever it is stopped, and goes on from there.
//!
//! What a recipe gives depends on the recipe and the data alone: not on interruptions, not on what trains beside it. A
//! training that is taken up from its last checkpoint gives the same bits as one that was never interrupted.
//!
//! # While clips are prepared
//! Training begins as soon as the clips are listed: each step waits for the clips of its own batch, which are prepared in the
//! order in which they are needed. When clips are ready decides nothing but the time.
//!
//! Whether a clip can be used is known when it is met. Splits deal out, and epochs put in order, all listed examples; those of
//! no use are passed over, and batches filled with the next. So the result is the same whenever that becomes known: in every
//! epoch, and after a resume. Schedules count the steps of an epoch in which every listed example is used; an epoch with fewer
//! steps leaves out the rest of its share.

mod ahead;
mod batch;
mod error;
mod event;
mod fit;
mod judge;
mod jury;
mod lenses;
mod mixup;
mod resident;
pub(crate) mod restore;
mod run;

pub use error::TrainError;
pub use event::{Event, Finish};
pub use run::{Context, run};
