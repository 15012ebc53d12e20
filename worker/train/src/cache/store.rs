//! The folder of cached features.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Key, entry};
use crate::atomic::{self, Durable};

/// A folder of cached features. Reading and writing never fail: what cannot be read is absent, and after the first
/// write that fails (a full disk) there is a warning and nothing more is written.
#[derive(Debug)]
pub(crate) struct FeatureCache {
    root: PathBuf,
    /// Set after the first failure.
    closed: AtomicBool,
}

impl FeatureCache {
    /// The cache in `<cache_root>/features`, which is created when first written to.
    pub(crate) fn new(cache_root: &Path) -> Self {
        FeatureCache { root: cache_root.join("features"), closed: AtomicBool::new(false) }
    }

    /// The values stored under `key`, if they are there, whole, and of `shape`.
    pub(crate) fn get(&self, key: &Key, shape: &[usize]) -> Option<Vec<f32>> {
        let file = File::open(self.path(key)).ok()?;
        let length = entry::length(shape)?;
        // A file of another length cannot be right, and is not read.
        if file.metadata().ok()?.len() != length as u64 {
            return None;
        }
        let mut bytes = Vec::with_capacity(length);
        file.take(length as u64).read_to_end(&mut bytes).ok()?;
        entry::decode(&bytes, key, shape)
    }

    /// Stores `values` of `shape` under `key`.
    pub(crate) fn put(&self, key: &Key, shape: &[usize], values: &[f32]) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.write(key, shape, values)
            && !self.closed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(folder = %self.root.display(), %error, "cannot cache features; going on without");
        }
    }

    fn write(&self, key: &Key, shape: &[usize], values: &[f32]) -> io::Result<()> {
        let path = self.path(key);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Not flushed: a file damaged by a loss of power fails its checksum and is computed again.
        atomic::write(&path, &entry::encode(key, shape, values), Durable::No)
    }

    /// Where the values of `key` are.
    pub(crate) fn path(&self, key: &Key) -> PathBuf {
        let hex = key.hex();
        self.root.join(&hex[..2]).join(format!("{hex}.glf"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::key;
    use super::*;

    #[test]
    fn stored_values_are_found_until_damaged() {
        let root = tempfile::tempdir().expect("a folder");
        let cache = FeatureCache::new(root.path());
        let key = key(&blake3::hash(b"a clip"), "a front end");
        assert_eq!(cache.get(&key, &[2]), None);
        cache.put(&key, &[2], &[1.0, 2.0]);
        assert_eq!(cache.get(&key, &[2]), Some(vec![1.0, 2.0]));
        assert_eq!(FeatureCache::new(root.path()).get(&key, &[2]), Some(vec![1.0, 2.0]), "another process sees it");
        assert_eq!(cache.get(&key, &[3]), None);

        let path = cache.path(&key);
        let mut bytes = fs::read(&path).expect("there");
        bytes[60] ^= 1;
        fs::write(&path, &bytes).expect("written");
        assert_eq!(cache.get(&key, &[2]), None);
        cache.put(&key, &[2], &[1.0, 2.0]);
        assert_eq!(cache.get(&key, &[2]), Some(vec![1.0, 2.0]), "a damaged file is replaced");
    }

    #[test]
    fn clips_and_front_ends_have_their_own_keys() {
        let clips = [blake3::hash(b"one"), blake3::hash(b"two")];
        assert_ne!(key(&clips[0], "v1"), key(&clips[1], "v1"));
        assert_ne!(key(&clips[0], "v1"), key(&clips[0], "v2"));
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_done_without() {
        let root = tempfile::tempdir().expect("a folder");
        fs::write(root.path().join("features"), b"a file in the way").expect("written");
        let cache = FeatureCache::new(root.path());
        let key = key(&blake3::hash(b"a clip"), "a front end");
        cache.put(&key, &[1], &[1.0]);
        assert_eq!(cache.get(&key, &[1]), None);
        assert!(cache.closed.load(Ordering::Relaxed));
    }
}
