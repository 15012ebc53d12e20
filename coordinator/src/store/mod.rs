//! The store on disk: one redb file, written by one thread. Nobody else in the project sees redb.
//!
//! Format 1. Tables: `meta` (name to text: `format`, `program`), `journal` (ascending number to one batch of facts),
//! `reports` (ascending number to the metric points of one report), `curves` (sweep and trial to all points of a closed
//! trial). Values begin with a version byte, 1, and go on as JSON. The same version and every later one may read;
//! an earlier one meets a larger `format` and refuses politely. Reading never rewrites.
//!
//! Commits are one per batch, with redb's quick-repair (two phases, allocator state saved), so that opening after a kill
//! takes milliseconds at any size. Keys ascend, because scattered keys dirty one page a row. When a trial closes, the
//! rows of its reports are folded into one row of `curves`.

mod care;
mod error;
mod holder;
mod redb_journal;

pub use care::{Looked, Snapshot};
pub use error::StoreError;
pub use redb_journal::{FILE_NAME, Store};
