//! From a recipe's `data` to a list of labelled clips or a table of numbers.
//!
//! Listing reads names, manifests and tables; it never decodes a clip. What is wrong with a data set as a whole is a
//! [`DataError`] with a remedy in its text; what is odd but bearable is a [`Warning`].

mod error;
mod folder;
mod inspect;
mod listing;
mod manifest;
mod records;
mod synth;
mod table;
mod warning;

pub use error::DataError;
pub use inspect::{Inspection, inspect};
pub use listing::{Clips, Column, ListedClip};
pub use table::Table;
pub use warning::Warning;

pub(crate) use listing::list_clips;
pub(crate) use table::read_table;
