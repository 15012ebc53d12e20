//! musicnn's embeddings of every clip of a data set (papers.md 5.2), as the files that `features.kind: embedding` reads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gliss_types::recipe::{Data, MusicnnVector};

use crate::Control;
use crate::atomic::{self, Durable};
use crate::data::{Clips, DataError, ListedClip, Warning, list_clips, npy};
use crate::features::{Embedder, Skipped, Unusable, hear};
use crate::in_parallel::in_parallel;

/// Why a data set has no embeddings. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The data cannot be listed, the weights are not musicnn's, or a stop.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Two clips would have one file.
    #[error("write the embeddings of {} and {}: both would be {}", first.display(), second.display(), file.display())]
    Twice {
        /// A clip.
        first: PathBuf,
        /// Another.
        second: PathBuf,
        /// The file.
        file: PathBuf,
    },
}

/// What became of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Files that were written.
    pub written: usize,
    /// Clips without one.
    pub skipped: Vec<Skipped>,
    /// What is odd about the listing.
    pub warnings: Vec<Warning>,
}

/// Writes a file `CLASS/NAME.npy` below `out` for each clip of `data`: 753 numbers, the largest of each feature over 3 s,
/// averaged over the clip's whole 3 s patches. Front end and rounding are those of musicnn's own program. `progress` is
/// told of the clips that are done and of all.
///
/// # Errors
/// The set cannot be listed, the weights are not musicnn's, or `stop`. Clips that cannot be used are left out, with the reason.
pub fn embed(
    data: &Data,
    weights: &Path,
    out: &Path,
    (cache_root, threads): (&Path, usize),
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<Embedded, EmbedError> {
    let musicnn = Embedder::new(weights).map_err(|error| DataError::FrontEnd { reason: error.to_string() })?;
    let Clips { classes, clips, warnings, .. } = list_clips(data, cache_root, progress, stop)?;
    let files: Vec<PathBuf> = clips.iter().map(|clip| file(out, &classes, clip)).collect();
    let mut by_file: HashMap<&Path, &ListedClip> = HashMap::new();
    for (clip, file) in clips.iter().zip(&files) {
        if let Some(other) = by_file.insert(file, clip) {
            let (first, second) = (other.path.clone(), clip.path.clone());
            return Err(EmbedError::Twice { first, second, file: file.clone() });
        }
    }
    let work = |musicnn: &mut Embedder, index: usize| {
        one(musicnn, &clips[index]).and_then(|vector| {
            let file = &files[index];
            let folder = file.parent().unwrap_or(out);
            let write = std::fs::create_dir_all(folder).and_then(|()| atomic::write(file, &npy(&vector), Durable::No));
            write.map_err(|error| format!("failed to write {}: {error}", file.display()))
        })
    };
    let done = in_parallel(clips.len(), threads, || musicnn.clone(), work, progress, stop).ok_or(DataError::Stopped)?;
    let mut embedded = Embedded { written: 0, skipped: Vec::new(), warnings };
    for (clip, done) in clips.into_iter().zip(done) {
        match done {
            Ok(()) => embedded.written += 1,
            Err(reason) => embedded.skipped.push(Skipped { path: clip.path, reason }),
        }
    }
    Ok(embedded)
}

/// Whether the file holds musicnn's weights.
///
/// # Errors
/// Why not.
pub fn check(weights: &Path) -> Result<(), DataError> {
    let made = Embedder::new(weights);
    made.map(|_| ()).map_err(|error| DataError::FrontEnd { reason: error.to_string() })
}

/// Where a clip's vector goes: as the folder of embeddings is read.
fn file(out: &Path, classes: &[String], clip: &ListedClip) -> PathBuf {
    // The reader looks below the name of the clip's folder, which is its class where folders are classes.
    let folder = clip.path.parent().and_then(Path::file_name).map(PathBuf::from);
    let class = || classes.get(clip.label as usize).cloned().unwrap_or_default();
    let mut name = clip.path.file_stem().unwrap_or_default().to_owned();
    name.push(".npy");
    out.join(folder.unwrap_or_else(|| class().into())).join(name)
}

fn one(musicnn: &mut Embedder, clip: &ListedClip) -> Result<Vec<f32>, String> {
    if let Some(reason) = clip.left_out {
        return Err(reason.to_owned());
    }
    let reason = |error: Unusable| error.reason();
    let samples = hear(clip, MusicnnVector::RATE, 0.0).map_err(reason)?;
    musicnn.see(&samples).map_err(reason)
}
