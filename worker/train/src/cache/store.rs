//! The folder of cached features.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::bytes::Bytes;
use super::entry::{self, Verify};
use super::evict::evict;
use super::key::Key;
use super::view::{Precision, View};
use super::{folder, limit};
use crate::atomic::{self, Durable};

/// An entry that is used is marked as used at most so often.
const TOUCH: Duration = Duration::from_secs(60);

/// A folder of cached features. Reading and writing never fail: what cannot be read is absent, and after the first
/// write that fails (a full disk) there is a warning and nothing more is written.
#[derive(Debug)]
pub(crate) struct FeatureCache {
    root: PathBuf,
    limit: u64,
    /// When this run began.
    run: SystemTime,
    /// Set after the first failure.
    closed: AtomicBool,
    /// Whether it was said that the limit is too small.
    said: AtomicBool,
    size: Mutex<Size>,
}

/// How much the folder holds, as far as is known.
#[derive(Debug, Default)]
struct Size {
    /// Bytes when the folder was last listed; none before the first time.
    listed: Option<u64>,
    /// Bytes that this process has written since. What others write is seen at the next listing.
    written: u64,
}

/// What a view is stored as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) precision: Precision,
    /// A few words on the front end, for people.
    pub(crate) summary: &'a str,
    /// At most eight dimensions.
    pub(crate) shape: &'a [usize],
    /// As many as the product of `shape`.
    pub(crate) values: &'a [f32],
}

impl FeatureCache {
    /// The cache in `<cache_root>/features`, which is created when first written to, of at most [`limit`] bytes.
    pub(crate) fn new(cache_root: &Path) -> Self {
        FeatureCache {
            root: folder::of(cache_root),
            limit: limit(),
            run: SystemTime::now(),
            closed: AtomicBool::new(false),
            said: AtomicBool::new(false),
            size: Mutex::default(),
        }
    }

    /// The same cache with another limit, bytes.
    #[cfg(test)]
    pub(crate) fn with_limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// The view stored under `key`, if it is there, whole, of that precision, and of a shape that is accepted. Its checksum
    /// is verified each time: that costs less than hashing the clip did, and a disk that lies must not train.
    pub(crate) fn get(&self, key: &Key, precision: Precision, accepts: &dyn Fn(&[usize]) -> bool) -> Option<View> {
        let (file, length) = self.open(key)?;
        let view = entry::open(Bytes::of(&file, length)?, key, precision, accepts, Verify::Yes)?;
        touch(&file);
        Some(view)
    }

    /// Stores a view under `key` and gives it back as it is read from there; in memory if it could not be stored. With
    /// `store` false nothing is written.
    pub(crate) fn put(&self, key: &Key, content: &Content<'_>, store: bool) -> View {
        let Content { precision, summary, shape, values } = *content;
        let bytes = entry::encode(*key, precision, summary, shape, values);
        let length = bytes.len() as u64;
        let mapped = if store && self.keep(key, &bytes) {
            // Seen before room is made, so that it can be had even if it is the next to go.
            let mapped = self.open(key).filter(|(_, there)| *there == length).and_then(|(file, _)| {
                let bytes = Bytes::of(&file, length).filter(Bytes::is_mapped)?;
                entry::open(bytes, key, precision, &|found| found == shape, Verify::No)
            });
            self.make_room(length);
            mapped
        } else {
            None
        };
        let in_memory = || entry::open(Bytes::Memory(bytes), key, precision, &|_| true, Verify::No);
        mapped.or_else(in_memory).expect("what was encoded can be opened")
    }

    fn open(&self, key: &Key) -> Option<(File, u64)> {
        let file = File::open(folder::path(&self.root, key)).ok()?;
        let found = file.metadata().ok()?;
        found.is_file().then_some((file, found.len()))
    }

    /// Writes an entry, and says whether it is there.
    fn keep(&self, key: &Key, bytes: &[u8]) -> bool {
        if self.closed.load(Ordering::Relaxed) || bytes.len() as u64 > self.limit {
            return false;
        }
        // Once more if the folder was removed meanwhile.
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let written = match self.write(key, bytes) {
            Err(error) if gone(&error) => self.write(key, bytes),
            other => other,
        };
        match written {
            Ok(()) => true,
            Err(error) => {
                if !self.closed.swap(true, Ordering::Relaxed) {
                    tracing::warn!(folder = %self.root.display(), %error, "cannot cache features; going on without");
                }
                false
            }
        }
    }

    fn write(&self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        let path = folder::path(&self.root, key);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Not flushed: a file damaged by a loss of power fails its checksum and is computed again.
        atomic::write(&path, bytes, Durable::No)
    }

    /// Notes that `bytes` were written, and keeps to the limit. The folder is listed when the limit may have been reached,
    /// and after each twentieth of it, because others write too.
    fn make_room(&self, bytes: u64) {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        size.written = size.written.saturating_add(bytes);
        let room = self.limit.saturating_sub(size.listed.unwrap_or(0)).max(self.limit / 100);
        if size.listed.is_some() && size.written <= room.min(self.limit / 20) {
            return;
        }
        let Some(evicted) = evict(&self.root, self.limit, self.run) else {
            // Another process makes room.
            *size = Size { listed: Some(self.limit), written: 0 };
            return;
        };
        *size = Size { listed: Some(evicted.left), written: 0 };
        if evicted.own && !self.said.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                limit = self.limit,
                "the features in use do not fit into the cache; raise GLISS_CACHE_LIMIT to compute them only once"
            );
        }
    }
}

/// Marks an entry as used just now. Best effort: the file may be another user's.
fn touch(file: &File) {
    let now = SystemTime::now();
    let used = file.metadata().and_then(|found| found.modified());
    if used.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > TOUCH)) {
        let _ = file.set_modified(now);
    }
}

#[cfg(test)]
mod tests;
