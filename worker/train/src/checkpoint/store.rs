//! The folder of checkpoints.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gliss_types::CheckpointRef;

use super::format::{decode, encode};
use super::{Checkpoint, CheckpointError};
use crate::atomic::{self, Durable};

/// Four times the weights of the largest net, and a little.
const BYTES_LIMIT: u64 = 33 << 30;
/// Digits of a name.
const DIGITS: usize = 64;

/// A folder of checkpoints, of any number of trials. Safe with several writers and a kill at any byte.
#[derive(Debug, Clone)]
pub struct CheckpointStore {
    folder: PathBuf,
}

impl CheckpointStore {
    /// The store at `place`, a path or a `file://` URL; the folder is created if needed.
    ///
    /// # Errors
    /// Another kind of URL, or a folder that cannot be created.
    pub fn open(place: &str) -> Result<Self, CheckpointError> {
        let folder = local(place)?;
        fs::create_dir_all(&folder).map_err(CheckpointError::io("create", &folder))?;
        Ok(CheckpointStore { folder })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes `checkpoint`; when this returns it survives a loss of power.
    ///
    /// # Errors
    /// The disk failed or is full.
    pub fn write(&self, checkpoint: &Checkpoint) -> Result<CheckpointRef, CheckpointError> {
        let bytes = encode(checkpoint)?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        let path = self.path(&hash)?;
        atomic::write(&path, &bytes, Durable::Yes).map_err(CheckpointError::io("write", &path))?;
        Ok(CheckpointRef { hash, epoch: checkpoint.progress.epoch })
    }

    /// Reads the checkpoint named `hash`, all of it verified.
    ///
    /// # Errors
    /// A name that is no hash; a file that is not there, damaged, no checkpoint, or of a newer format.
    pub fn read(&self, hash: &str) -> Result<Checkpoint, CheckpointError> {
        let path = self.path(hash)?;
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CheckpointError::Missing { path: path.clone() },
            _ => CheckpointError::io("read", &path)(error),
        })?;
        let length = file.metadata().map_err(CheckpointError::io("read", &path))?.len();
        if length > BYTES_LIMIT {
            return Err(CheckpointError::TooLarge { bytes: length, limit: BYTES_LIMIT });
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length as usize).map_err(|error| CheckpointError::io("read", &path)(error.into()))?;
        file.take(length).read_to_end(&mut bytes).map_err(CheckpointError::io("read", &path))?;
        if blake3::hash(&bytes).to_hex().as_str() != hash {
            return Err(CheckpointError::Damaged { path });
        }
        decode(&bytes)
    }

    /// Removes the checkpoint named `hash`, once a newer one of its trial has been acknowledged. Yields whether it was there.
    ///
    /// # Errors
    /// A name that is no hash, or a file that cannot be removed.
    pub fn remove(&self, hash: &str) -> Result<bool, CheckpointError> {
        let path = self.path(hash)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(CheckpointError::io("remove", &path)(error)),
        }
    }

    /// The file of a checkpoint. Names come from other machines: nothing but a hash becomes part of a path.
    fn path(&self, hash: &str) -> Result<PathBuf, CheckpointError> {
        let is_hash = hash.len() == DIGITS && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            return Err(CheckpointError::Name { found: hash.chars().take(DIGITS).collect() });
        }
        Ok(self.folder.join(format!("{hash}.safetensors")))
    }
}

/// The local folder that `place` names.
fn local(place: &str) -> Result<PathBuf, CheckpointError> {
    let Some((scheme, rest)) = place.split_once("://") else { return Ok(place.into()) };
    if scheme != "file" {
        return Err(CheckpointError::Scheme { place: place.to_owned(), scheme: scheme.to_owned() });
    }
    let bad = || CheckpointError::Url { place: place.to_owned() };
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(bad());
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || Some(char::from(rest.next()?).to_digit(16)? as u8);
        bytes.push(match byte {
            b'%' => 16 * digit().ok_or_else(bad)? + digit().ok_or_else(bad)?,
            other => other,
        });
    }
    String::from_utf8(bytes).map(PathBuf::from).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::super::format::tests::example;
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_can_be_removed() {
        let root = tempfile::tempdir().expect("a folder");
        let place = format!("file://{}/check%20points", root.path().display());
        let store = CheckpointStore::open(&place).expect("created");
        assert_eq!(store.folder(), root.path().join("check points"));
        let written = store.write(&example()).expect("written");
        assert_eq!((written.hash.len(), written.epoch), (64, example().progress.epoch));
        assert_eq!(store.write(&example()).expect("written again"), written, "the same state has the same name");
        assert_eq!(store.read(&written.hash).expect("verified"), example());
        assert!(store.remove(&written.hash).expect("removed"));
        assert!(!store.remove(&written.hash).expect("gone"));
        assert!(matches!(store.read(&written.hash), Err(CheckpointError::Missing { .. })));
    }

    #[test]
    fn a_damaged_file_is_found_out() {
        let root = tempfile::tempdir().expect("a folder");
        let store = CheckpointStore::open(root.path().to_str().expect("text")).expect("opened");
        let written = store.write(&example()).expect("written");
        let path = root.path().join(format!("{}.safetensors", written.hash));
        let bytes = fs::read(&path).expect("there");
        for length in [0, 7, 8, 100, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).expect("written");
            assert!(matches!(store.read(&written.hash), Err(CheckpointError::Damaged { .. })), "cut to {length}");
        }
    }

    #[test]
    fn names_are_hashes_and_nothing_else() {
        let root = tempfile::tempdir().expect("a folder");
        let store = CheckpointStore::open(root.path().to_str().expect("text")).expect("opened");
        let upper = "A".repeat(64);
        for bad in ["", "../../etc/passwd", "abc", &upper, &format!("../{}", "a".repeat(61)), &"é".repeat(32)] {
            assert!(matches!(store.read(bad), Err(CheckpointError::Name { .. })), "{bad}");
            assert!(matches!(store.remove(bad), Err(CheckpointError::Name { .. })), "{bad}");
        }
    }

    #[test]
    fn places_out_of_reach_are_refused_politely() {
        let error = CheckpointStore::open("s3://bucket/x").expect_err("no such store").to_string();
        assert!(error.contains("`s3:` is not supported") && error.contains("file://"), "{error}");
        for bad in ["file://host/x", "file://", "file:///a%2", "file:///%zz", "file:///%ff"] {
            assert!(matches!(local(bad), Err(CheckpointError::Url { .. })), "{bad}");
        }
        assert_eq!(local("file://localhost/a%25b").expect("local"), Path::new("/a%b"));
        assert_eq!(local("relative/folder").expect("local"), Path::new("relative/folder"));
    }
}
