//! Files that are there whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether a file must survive a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// It must: file and folder are flushed.
    Yes,
    /// It may vanish or be damaged: readers verify it and can do without.
    No,
}

/// Writes `bytes` to `path`, whose folder must exist, by way of a temporary name in it and a rename. Writers of one path
/// do not disturb each other; a killed one leaves at most a file that ends in `.tmp`.
///
/// # Errors
/// The folder or the disk refuses; what was at `path` stays as it was.
pub fn write(path: &Path, bytes: &[u8], durable: Durable) -> io::Result<()> {
    let temporary = temporary(path);
    let written = fill(&temporary, bytes, durable).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // Best effort: what is written is of no use, and the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    match path.parent() {
        Some(folder) if durable == Durable::Yes => flush_folder(folder),
        _ => Ok(()),
    }
}

fn fill(path: &Path, bytes: &[u8], durable: Durable) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    match durable {
        Durable::Yes => file.sync_all(),
        Durable::No => Ok(()),
    }
}

/// A name that no other writer has: process and counter tell writers apart, the clock tells one process number's
/// successive owners (or two containers' that share a folder) apart.
fn temporary(path: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{count}-{clock:x}.tmp", process::id()));
    path.with_file_name(name)
}

/// Makes a rename in `folder` durable, where the system lets folders be flushed.
fn flush_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_writers_of_one_file_leave_one_whole_file() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("x");
        std::thread::scope(|scope| {
            for writer in 0..4u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        write(path, &[writer; 10_000], Durable::No).expect("written");
                        let bytes = fs::read(path).expect("there is always one");
                        assert!(bytes.len() == 10_000 && bytes.iter().all(|byte| *byte == bytes[0]));
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(root.path()).expect("listed").count(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("in the way");
        fs::create_dir(&folder).expect("created");
        fs::write(folder.join("full"), b"").expect("written");
        write(&folder, b"bytes", Durable::Yes).expect_err("a folder cannot be replaced");
        assert_eq!(fs::read_dir(root.path()).expect("listed").count(), 1);
    }
}
