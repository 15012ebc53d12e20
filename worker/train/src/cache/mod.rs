//! Features on disk, addressed by what they were computed from.
//!
//! `<root>/features/ab/abcdef….glf2`, one file per clip, view and front end. Shared by every trial and process of a
//! machine; safe with any number of writers and a kill at any byte, because a file appears whole or not at all, and readers
//! take whatever is not exactly right for absent. A file is never changed in place: it is written under a temporary name,
//! renamed, and one day unlinked, which is what lets readers map it into memory. Whoever has it mapped keeps it. The whole
//! folder may be deleted at any time. Trouble with the cache costs time, never a trial.
//!
//! # Size
//! When more than [`limit`] bytes are stored, the least recently used entries go, down to nine tenths of the limit. An
//! entry's time of use is its file's time of change, renewed at most once a minute.
//!
//! # Formats
//! Version 2 (`.glf2`) is written and read, see `cache/entry.rs`. Entries of version 1 (`.glf`) count and are the first to go;
//! programs that write them can share the folder.
//!
//! Not for a folder that several machines share over a network: locks and maps are only as good as its file system.

mod bytes;
mod entry;
mod evict;
mod folder;
mod key;
mod limit;
mod store;
mod summary;
mod view;

pub use evict::{Cleared, clear};
pub use limit::{DEFAULT_LIMIT, limit, parse_limit};
pub use summary::{CacheSummary, Leftovers, OfFrontEnd, summary};
pub use view::{Precision, View};

pub(crate) use key::{Address, Key, hash_file};
pub(crate) use store::{Content, FeatureCache};
