//! What nets see: pictures of clips, and scaled columns of tables.

mod columns;
mod front_end;
mod prepare;
mod skipped;

pub use skipped::Skipped;

pub(crate) use columns::scale;
pub(crate) use front_end::FrontEnd;
pub(crate) use prepare::{Prepared, prepare};
