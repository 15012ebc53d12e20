//! Where entries lie, and which are there.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::key::Key;

/// Temporary files that have not changed for so long are of writers that have died: entries are written in milliseconds.
const STALE: Duration = Duration::from_secs(15 * 60);

/// Versions of entries, the older the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    One,
    Two,
}

/// An entry as the file system knows it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// When it was last used, within a minute.
    pub(super) used: SystemTime,
    pub(super) format: Format,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// By path.
    pub(super) entries: Vec<Found>,
    /// Files that writers left behind, or have just begun: path, bytes, last change.
    pub(super) temporary: Vec<(PathBuf, u64, SystemTime)>,
}

impl Contents {
    pub(super) fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }

    /// Temporary files whose writers have died.
    pub(super) fn stale(&self) -> impl Iterator<Item = (&Path, u64)> {
        let now = SystemTime::now();
        let old = move |changed: &SystemTime| now.duration_since(*changed).is_ok_and(|age| age > STALE);
        self.temporary.iter().filter(move |(.., changed)| old(changed)).map(|(path, bytes, _)| (path.as_path(), *bytes))
    }
}

/// The folder of entries below a cache's root.
pub(super) fn of(cache_root: &Path) -> PathBuf {
    cache_root.join("features")
}

/// Where the entry of `key` is.
pub(super) fn path(root: &Path, key: &Key) -> PathBuf {
    let hex = key.hex();
    root.join(&hex[..2]).join(format!("{hex}.glf2"))
}

/// What is in `root`; nothing if it is not there. Files that vanish meanwhile are left out.
///
/// # Errors
/// A folder that cannot be listed.
pub(super) fn list(root: &Path) -> io::Result<Contents> {
    let mut contents = Contents::default();
    for folder in names(root)? {
        if !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        for file in names(&folder.path())? {
            let name = file.file_name();
            let Some((_, extension)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { continue };
            let format = match extension {
                "glf" => Some(Format::One),
                "glf2" => Some(Format::Two),
                "tmp" => None,
                _ => continue,
            };
            let Ok(found) = file.metadata() else { continue };
            let (true, Ok(used)) = (found.is_file(), found.modified()) else { continue };
            match format {
                Some(format) => contents.entries.push(Found { path: file.path(), bytes: found.len(), used, format }),
                None => contents.temporary.push((file.path(), found.len(), used)),
            }
        }
    }
    contents.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(contents)
}

fn names(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(names) => names.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The file whose advisory lock those who remove entries hold. Reading and writing take no lock.
pub(super) fn lock_file(root: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(root.join("lock"))
}
