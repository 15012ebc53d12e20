//! Prepared data sets, shared by all trials of a process.

mod examples;
mod shelf;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use gliss_types::recipe::{Data, Features, Training};

pub use examples::{Examples, Inputs};

use crate::Control;
use crate::cache::FeatureCache;
use crate::data::{Clips, Column, DataError, Table, list_clips, read_table};
use crate::features::{FrontEnd, prepare};
use shelf::Shelf;

/// The data sets of one process. Two trials that ask for one at the same time prepare it once; trials that differ in
/// split, net or anything but data and features share the same arrays.
#[derive(Debug)]
pub struct Library {
    cache_root: PathBuf,
    threads: usize,
    cache: FeatureCache,
    shelf: Shelf,
}

impl Library {
    /// A library whose cache is in `cache_root` (created when needed) and which prepares on `threads` threads (at least 1).
    pub fn new(cache_root: impl Into<PathBuf>, threads: usize) -> Self {
        let cache_root = cache_root.into();
        let cache = FeatureCache::new(&cache_root);
        Library { threads: threads.max(1), cache, shelf: Shelf::default(), cache_root }
    }

    /// The examples that `training` works on. `progress` is told of the clips that are done and of all clips while there is
    /// something to prepare, in one or more passes (rendering, then features). Files are looked up anew at each call:
    /// changed ones are prepared anew.
    ///
    /// # Errors
    /// See [`DataError`]; [`DataError::Stopped`] after `stop`.
    pub fn examples(
        &self,
        training: &Training,
        progress: &mut dyn FnMut(usize, usize),
        stop: &Control,
    ) -> Result<Arc<Examples>, DataError> {
        match (&training.data, &training.features) {
            (Data::Table { path, label, drop }, _) => {
                let address = address(&training.data, None, &[Path::new(path)]);
                self.shelf.fetch(address, progress, stop, |_| Ok(of_table(read_table(Path::new(path), label, drop)?)))
            }
            (data, Features::MelPicture(settings)) => {
                let front_end =
                    FrontEnd::new(settings).map_err(|error| DataError::FrontEnd { reason: error.to_string() })?;
                let listed = list_clips(data, &self.cache_root, progress, stop)?;
                let paths: Vec<&Path> = listed.clips.iter().map(|clip| clip.path.as_path()).collect();
                let address = address(data, Some(&training.features), &paths);
                self.shelf.fetch(address, progress, stop, |progress| {
                    let prepared = prepare(&listed, &front_end, &self.cache, self.threads, progress, stop)?;
                    Ok(of_clips(listed, &front_end, prepared))
                })
            }
            (_, Features::Columns(_)) => {
                Err(DataError::FrontEnd { reason: "clips have no columns, only `data.source: table` has".into() })
            }
        }
    }
}

/// What tells data sets apart: the settings, and the files as they are now.
fn address(data: &Data, features: Option<&Features>, paths: &[&Path]) -> blake3::Hash {
    let settings = serde_json::to_string(&(data, features)).expect("settings are finite numbers and text");
    let mut hasher = blake3::Hasher::new();
    hasher.update(settings.as_bytes());
    for path in paths {
        hasher.update(path.as_os_str().as_encoded_bytes());
        let found = fs::metadata(path).ok();
        let modified = found.as_ref().and_then(|found| found.modified().ok()?.duration_since(UNIX_EPOCH).ok());
        hasher.update(&found.map_or(u64::MAX, |found| found.len()).to_le_bytes());
        hasher.update(&modified.map_or(u128::MAX, |since| since.as_nanos()).to_le_bytes());
    }
    hasher.finalize()
}

fn of_table(table: Table) -> Examples {
    let absent = Column::Absent { name: None };
    Examples {
        shape: vec![table.columns.len()],
        classes: table.classes,
        inputs: Inputs::Columns(table.values),
        places: (0..table.labels.len()).map(Some).collect(),
        listed_labels: table.labels.clone(),
        labels: table.labels,
        skipped: Vec::new(),
        warnings: Vec::new(),
        groups: absent.clone(),
        folds: absent,
    }
}

fn of_clips(listed: Clips, front_end: &FrontEnd, prepared: crate::features::Prepared) -> Examples {
    let Clips { classes, clips, groups, folds, mut warnings } = listed;
    let listed_labels: Vec<u32> = clips.iter().map(|clip| clip.label).collect();
    let usable = |(label, place): (&u32, &Option<usize>)| place.map(|_| *label);
    let labels = listed_labels.iter().zip(&prepared.places).filter_map(usable).collect();
    for skipped in &prepared.skipped {
        tracing::warn!(file = %skipped.path.display(), reason = skipped.reason, "the clip is skipped");
    }
    if let Some(first) = prepared.skipped.first() {
        warnings.push(crate::data::Warning::Skipped {
            count: prepared.skipped.len(),
            listed: clips.len(),
            first: first.path.clone(),
            reason: first.reason.clone(),
        });
    }
    Examples {
        shape: front_end.shape().to_vec(),
        classes,
        inputs: Inputs::Pictures(prepared.inputs),
        labels,
        skipped: prepared.skipped,
        warnings,
        listed_labels,
        groups,
        folds,
        places: prepared.places,
    }
}
