//! Features on disk, addressed by what they were computed from.
//!
//! `<root>/features/ab/abcdef….glf`, one file per clip and front end. Shared by every trial and process of a machine; safe
//! with any number of writers and a kill at any byte, because a file appears whole or not at all, and readers take
//! whatever is not exactly right for absent. Nothing is ever changed in place, and the whole folder may be deleted at any
//! time. Trouble with the cache costs time, never a trial.

mod entry;
mod key;
mod store;

pub(crate) use key::{Key, hash_file, key};
pub(crate) use store::FeatureCache;
