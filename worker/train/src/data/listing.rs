//! The clips of a data set: which files, of which classes, in which groups and folds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gliss_types::recipe::Data;

use super::{DataError, Warning, folder, manifest, synth};
use crate::Control;

/// Nets have at most so many outputs.
const CLASS_LIMIT: usize = 10_000;

/// The clips of one data set, in their fixed order.
#[derive(Debug, Clone, PartialEq)]
pub struct Clips {
    /// The classes in ascending order; a label is an index into it. At least two.
    pub classes: Vec<String>,
    /// The clips: a folder's by class and file name, a manifest's in the order of its rows.
    pub clips: Vec<ListedClip>,
    /// The manifest's group column; clips with one number stay on one side of a split.
    pub groups: Column,
    /// The manifest's fold column.
    pub folds: Column,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

/// One clip of a listing. The file may turn out to be unreadable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedClip {
    /// The file.
    pub path: PathBuf,
    /// Its class.
    pub label: u32,
}

/// An optional column of a manifest: whether it is good matters only to a split that uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The data has no such column.
    Absent {
        /// The name that the recipe gives it; none if this kind of data has no columns.
        name: Option<String>,
    },
    /// A cell is not a number.
    Bad {
        /// The column's name.
        name: String,
        /// The line of the file, from 1.
        line: u64,
        /// What the cell holds, shortened.
        found: String,
    },
    /// One number for each example.
    Values(Vec<u32>),
}

/// Lists the clips of `data`. A synthetic set is rendered into the cache first, which `progress` is told of and `stop` ends.
pub(crate) fn list_clips(
    data: &Data,
    cache_root: &Path,
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<Clips, DataError> {
    match data {
        Data::Folder { path } => folder::list(Path::new(path)),
        Data::Manifest { path, file, label, group, fold } => {
            let columns = manifest::Columns { file, label, group, fold };
            manifest::list(Path::new(path), &columns)
        }
        Data::Synth { .. } => {
            let dir = synth::render(data, cache_root, progress, stop)?;
            folder::list(&dir)
        }
        Data::Table { path, .. } => Err(DataError::NotAFolder { path: path.into() }),
    }
}

/// Numbers the classes in ascending order of their names and puts the numbers for the names.
///
/// # Errors
/// Fewer than two classes, or more than a net can have.
pub(super) fn number_classes(path: &Path, names: &[String]) -> Result<(Vec<String>, Vec<u32>), DataError> {
    let mut numbers: BTreeMap<&str, u32> = names.iter().map(|name| (name.as_str(), 0)).collect();
    if numbers.len() > CLASS_LIMIT {
        return Err(DataError::TooManyClasses { path: path.into(), found: numbers.len(), limit: CLASS_LIMIT });
    }
    for (index, number) in numbers.values_mut().enumerate() {
        *number = index as u32;
    }
    let labels = names.iter().filter_map(|name| numbers.get(name.as_str()).copied()).collect();
    let classes: Vec<String> = numbers.into_keys().map(str::to_owned).collect();
    match classes.as_slice() {
        [] => Err(DataError::NoRows { path: path.into() }),
        [class] => Err(DataError::OneClass { path: path.into(), class: class.clone(), examples: names.len() }),
        _ => Ok((classes, labels)),
    }
}
