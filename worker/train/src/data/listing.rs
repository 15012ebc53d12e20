//! The clips of a data set: which files, of which classes, and what splits may go by.

use std::path::{Path, PathBuf};

use gliss_types::recipe::Data;

use super::folder::Kind;
use super::{DataError, Marks, Warning, fma, folder, gtzan, manifest, synth};
use crate::Control;

/// The clips of one data set, in their fixed order.
#[derive(Debug, Clone, PartialEq)]
pub struct Clips {
    /// The classes in ascending order; a label is an index into it. At least two.
    pub classes: Vec<String>,
    /// The clips: a folder's by class and file name, a file's in the order of its rows.
    pub clips: Vec<ListedClip>,
    /// What splits may go by.
    pub marks: Marks,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

/// One clip of a listing. The file may turn out to be unreadable.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedClip {
    /// The file.
    pub path: PathBuf,
    /// Its class.
    pub label: u32,
    /// The part of the file that is the clip; none for all of it.
    pub span: Option<Span>,
    /// Why the clip is listed, so that splits count it, and yet must not be used; none if it may.
    pub left_out: Option<&'static str>,
}

impl ListedClip {
    /// A clip that is a whole file.
    pub(super) fn whole(path: PathBuf, label: u32) -> Self {
        ListedClip { path, label, span: None, left_out: None }
    }
}

/// A part of a file, in seconds from its beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Where it begins: finite, at least 0.
    pub start: f64,
    /// Where it ends: finite, after the start; none for the end of the file.
    pub end: Option<f64>,
}

/// Lists the clips of `data`. A synthetic set is rendered into the cache first, which `progress` is told of and `stop` ends.
pub(crate) fn list_clips(
    data: &Data,
    cache_root: &Path,
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<Clips, DataError> {
    match data {
        Data::Folder { path } => folder::list(Path::new(path), Kind::Audio),
        Data::Images { path, drop_544 } => {
            let mut clips = folder::list(Path::new(path), Kind::Images)?;
            if *drop_544 {
                gtzan::drop_pictures(&mut clips);
            }
            Ok(clips)
        }
        Data::Gtzan { path, genres, exclude, drop_544 } => gtzan::list(Path::new(path), genres, exclude, *drop_544),
        Data::Fma { path, tracks, subset } => fma::list(Path::new(path), tracks.as_deref().map(Path::new), *subset),
        Data::Manifest { path, file, label, split, group, fold, start, end } => {
            let columns = manifest::Columns { file, label, split, group, fold, start, end };
            manifest::list(Path::new(path), &columns)
        }
        Data::Synth { .. } => {
            let dir = synth::render(data, cache_root, progress, stop)?;
            folder::list(&dir, Kind::Audio)
        }
        Data::Table { path, .. } => Err(DataError::NotAFolder { path: path.into() }),
    }
}
