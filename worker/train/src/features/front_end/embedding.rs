//! Vectors that were computed elsewhere, one file for each clip.

use std::path::{Path, PathBuf};

use gliss_types::recipe::Embedding;

use super::super::skipped::Unusable;
use crate::cache::hash_file;
use crate::data::{EmbeddingFolder, ListedClip, read_embedding};

/// The file of a clip's vector: `CLASS/NAME.npy` below the folder, as the clip is `CLASS/NAME.wav` below its own.
fn file(settings: &Embedding, clip: &ListedClip) -> Result<PathBuf, Unusable> {
    let class = clip.path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    Ok(EmbeddingFolder::new(&settings.path).find(&class, &clip.path)?)
}

/// What tells vectors apart: the bytes of their files.
pub(super) fn identity(settings: &Embedding, clip: &ListedClip) -> String {
    let content = file(settings, clip).ok().and_then(|path| hash_file(&path).ok());
    content.map_or_else(|| "absent".to_owned(), |content| content.to_hex().to_string())
}

/// The vector of a clip.
pub(super) fn see(settings: &Embedding, clip: &ListedClip) -> Result<Vec<f32>, Unusable> {
    let path = file(settings, clip)?;
    let vector = read_embedding(&path)?;
    let wanted = settings.size as usize;
    match vector.len() {
        found if found != wanted => Err(Unusable::VectorSize { path, found, wanted }),
        _ => Ok(vector),
    }
}
