//! What features are addressed by.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Precision;

/// The address of one view of one clip under one front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(super) [u8; 32]);

impl Key {
    pub(super) fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

/// What a view is computed from: two that differ in anything have different keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<'a> {
    /// BLAKE3 of the file.
    pub(crate) content: &'a blake3::Hash,
    /// The front end, its settings, and which view of the clip it is.
    pub(crate) identity: &'a str,
    /// How the values are stored.
    pub(crate) precision: Precision,
}

/// Its number goes up when decoders or front ends give other values for the same file and settings: what is cached under
/// the former one is then never met again, and evicted in time.
const CONTEXT: &str = "glissando 2026 feature cache 3";

impl Address<'_> {
    pub(crate) fn key(&self) -> Key {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(self.content.as_bytes());
        hasher.update(&self.precision.code().to_le_bytes());
        hasher.update(self.identity.as_bytes());
        Key(*hasher.finalize().as_bytes())
    }
}

/// BLAKE3 of a file's content, read piece by piece.
pub(crate) fn hash_file(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize())
}
