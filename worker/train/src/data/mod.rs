//! From a recipe's `data` to a list of labelled clips or a table of numbers.
//!
//! Listing reads names, manifests and tables; it never decodes a clip. What is wrong with a data set as a whole is a
//! [`DataError`] with a remedy in its text; what is odd but bearable is a [`Warning`].

mod classes;
mod compact;
mod embedding;
mod error;
pub mod feature_table;
mod fma;
mod folder;
mod footer;
mod gtzan;
mod inspect;
mod listing;
mod manifest;
mod mark_columns;
mod marks;
mod pages;
mod parquet;
mod sheet;
pub mod survey;
mod synth;
mod table;
mod warning;

pub(crate) use embedding::npy;
pub use embedding::{EmbeddingError, EmbeddingFolder, read_embedding};
pub use error::DataError;
pub use inspect::{Inspection, inspect};
pub use listing::{Clips, ListedClip, Span};
pub use marks::{Column, Marks, Place, Side};
pub use table::Table;
pub use warning::Warning;

pub(crate) use listing::list_clips;
pub(crate) use table::{TableColumns, read_rows, read_table};
