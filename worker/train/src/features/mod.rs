//! What nets see: views of clips, and scaled columns of tables.

mod augmentation;
mod columns;
#[cfg(test)]
pub(crate) mod fake;
mod front_end;
mod meet;
mod permits;
mod preparation;
mod queue;
mod scaling;
mod shaping;
mod sight;
mod skipped;

pub use meet::Clip;
pub use preparation::{Preparation, Waiting, Wish};
pub use queue::Need;
pub use skipped::Skipped;

pub(crate) use augmentation::{chain, clip_key, masks};
pub(crate) use columns::{constants, scale, scale_by};
pub(crate) use front_end::{Embedder, FrontEnd, hear};
pub(crate) use permits::Permits;
pub(crate) use scaling::{Learner, Scaling};
pub(crate) use shaping::{Shaping, Values};
pub(crate) use sight::{Seen, Sight, Views};
pub(crate) use skipped::Unusable;
