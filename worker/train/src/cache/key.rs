//! What features are addressed by.

use std::fs::File;
use std::io;
use std::path::Path;

/// The address of one clip's features under one front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(super) [u8; 32]);

impl Key {
    pub(super) fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

/// BLAKE3 of a file's content, read piece by piece.
pub(crate) fn hash_file(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize())
}

/// The address of what front end `identity` sees of a file with hash `content`.
pub(crate) fn key(content: &blake3::Hash, identity: &str) -> Key {
    let mut hasher = blake3::Hasher::new_derive_key("glissando 2026 feature cache");
    hasher.update(content.as_bytes());
    hasher.update(identity.as_bytes());
    Key(*hasher.finalize().as_bytes())
}
