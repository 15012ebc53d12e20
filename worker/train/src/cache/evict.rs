//! Taking entries away: the least recently used, or all.

use std::cmp::Reverse;
use std::fs::{self, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::folder::{self, Contents, Found};

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Entries.
    pub entries: u64,
    /// Bytes of files, left-over temporary ones among them.
    pub bytes: u64,
}

/// What [`evict`] found and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Evicted {
    /// Bytes of entries that are left.
    pub(super) left: u64,
    /// Whether some went that this run has used.
    pub(super) own: bool,
}

/// Removes the entries of the cache below `cache_root` that were not used for `older_than` (all without it), and files
/// that dead writers left. Safe while others use the cache: who has an entry mapped keeps it, who looks for one computes
/// it again.
///
/// # Errors
/// The folder cannot be listed, or an entry cannot be removed (all others are).
pub fn clear(cache_root: &Path, older_than: Option<Duration>) -> io::Result<Cleared> {
    let root = folder::of(cache_root);
    if !root.try_exists()? {
        return Ok(Cleared::default());
    }
    let lock = folder::lock_file(&root)?;
    lock.lock()?;
    let contents = folder::list(&root)?;
    let now = SystemTime::now();
    let old = |entry: &&Found| match older_than {
        None => true,
        Some(age) => now.duration_since(entry.used).is_ok_and(|unused| unused >= age),
    };
    let mut cleared = Cleared { entries: 0, bytes: remove_stale(&contents) };
    let mut first_error = None;
    for entry in contents.entries.iter().filter(old) {
        match remove(&entry.path) {
            Ok(()) => {
                cleared.entries += 1;
                cleared.bytes += entry.bytes;
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    first_error.map_or(Ok(cleared), Err)
}

/// Brings the entries in `root` down to nine tenths of `limit` bytes if they are more than `limit`: first those of an old
/// format, then the least recently used. What was used since `run` began goes last, the newest first: a set that is larger
/// than the limit is walked in much the same order the next time, and would find nothing if its oldest went.
///
/// None if another process is at it, or the folder cannot be listed.
pub(super) fn evict(root: &Path, limit: u64, run: SystemTime) -> Option<Evicted> {
    let contents = folder::list(root).ok()?;
    let mut evicted = Evicted { left: contents.bytes(), own: false };
    if evicted.left <= limit {
        return Some(evicted);
    }
    let lock = folder::lock_file(root).ok()?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return None,
        // A file system without locks: two that remove at once remove too much at worst.
        Err(TryLockError::Error(error)) => tracing::debug!(%error, "the cache cannot be locked"),
    }
    // Again: another may have been at it meanwhile.
    let mut contents = folder::list(root).ok()?;
    evicted.left = contents.bytes();
    if evicted.left <= limit {
        return Some(evicted);
    }
    remove_stale(&contents);
    let epoch = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    contents.entries.sort_by_cached_key(|entry| {
        let (own, used) = (entry.used >= run, epoch(entry.used));
        (own, entry.format, (!own).then_some(used), Reverse(used))
    });
    let goal = limit / 10 * 9;
    for entry in contents.entries {
        if evicted.left <= goal {
            break;
        }
        if let Err(error) = remove(&entry.path) {
            tracing::debug!(file = %entry.path.display(), %error, "an entry of the cache cannot be removed");
            continue;
        }
        evicted.left -= entry.bytes;
        evicted.own |= entry.used >= run;
    }
    Some(evicted)
}

fn remove_stale(contents: &Contents) -> u64 {
    contents.stale().filter(|(path, _)| fs::remove_file(path).is_ok()).map(|(_, bytes)| bytes).sum()
}

/// An entry that is gone already is as good as removed.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::path::PathBuf;

    fn file(root: &Path, name: &str, bytes: usize, used: SystemTime) -> PathBuf {
        let path = folder::of(root).join(&name[..2]).join(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("created");
        fs::write(&path, vec![0; bytes]).expect("written");
        File::options().write(true).open(&path).expect("there").set_modified(used).expect("set");
        path
    }

    fn ago(seconds: u64) -> SystemTime {
        SystemTime::now() - Duration::from_secs(seconds)
    }

    #[test]
    fn old_formats_go_first_then_the_least_recently_used_and_this_run_last() {
        let root = tempfile::tempdir().expect("a folder");
        let run = ago(100);
        // In the order in which they are to go.
        let files = [
            ("bb1.glf", 200),
            ("aa1.glf2", 5000),
            ("cc1.glf2", 4000),
            ("aa2.glf2", 3000),
            ("dd1.glf2", 10),
            ("dd2.glf2", 50),
        ]
        .map(|(name, age)| file(root.path(), name, 100, ago(age)));
        let folder = folder::of(root.path());
        let stale = folder.join("aa/.x.glf2.1-1-1.tmp");
        fs::write(&stale, b"half").expect("written");
        let there = || files.iter().filter(|file| file.exists()).count();
        assert_eq!(evict(&folder, 600, run), Some(Evicted { left: 600, own: false }), "just within");
        assert_eq!(there(), 6);
        for (limit, left) in [(599, 500), (499, 400), (350, 300), (299, 200), (150, 100), (99, 0)] {
            let own = left < 200;
            assert_eq!(evict(&folder, limit, run), Some(Evicted { left, own }), "{limit}");
            let count = left as usize / 100;
            assert!(files[6 - count..].iter().all(|file| file.exists()) && there() == count, "{limit}");
        }
        assert!(stale.exists(), "its writer may live");
        File::options().write(true).open(&stale).expect("there").set_modified(ago(3600)).expect("set");
        file(root.path(), "ee1.glf2", 100, ago(1));
        evict(&folder, 0, run).expect("nobody else is at it");
        assert!(!stale.exists(), "its writer is dead");
    }

    #[test]
    fn two_do_not_evict_at_once_and_clearing_waits() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(clear(root.path(), None).expect("nothing there"), Cleared::default());
        for (name, age) in [("aa1.glf2", 5000), ("bb1.glf", 4000), ("cc1.glf2", 10)] {
            file(root.path(), name, 100, ago(age));
        }
        let folder = folder::of(root.path());
        let lock = folder::lock_file(&folder).expect("opened");
        lock.lock().expect("locked");
        assert_eq!(evict(&folder, 0, ago(0)), None);
        drop(lock);
        let hour = clear(root.path(), Some(Duration::from_secs(3600))).expect("cleared");
        assert_eq!(hour, Cleared { entries: 2, bytes: 200 });
        assert_eq!(clear(root.path(), None).expect("cleared"), Cleared { entries: 1, bytes: 100 });
    }
}
