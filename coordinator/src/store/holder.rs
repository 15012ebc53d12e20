//! Which process has a file locked.

use std::path::Path;

/// The process that has a lock on the file: its number and its program's name. None where the system does not tell, as in
/// a container that does not see the process, or on another system than Linux.
#[cfg(target_os = "linux")]
pub(super) fn holder(path: &Path) -> Option<String> {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    let file = fs::metadata(path).ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let process = locks.lines().find_map(|line| {
        let (process, place) = lock(line)?;
        // The file's number alone: a file system that lies over another one gives another device.
        (place.rsplit(':').next()?.parse() == Ok(file.ino()) && process > 0).then_some(process)
    })?;
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(format!("process {process} ({})", name.trim()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_: &Path) -> Option<String> {
    None
}

/// Process and file (`major:minor:inode`) of a line of `/proc/locks`: `1: FLOCK  ADVISORY  WRITE 708 fd:01:13 0 EOF`. One
/// that waits has an arrow and holds nothing.
#[cfg(target_os = "linux")]
fn lock(line: &str) -> Option<(i32, &str)> {
    let mut words = line.split_whitespace().skip(1);
    (words.next()? != "->").then_some(())?;
    let mut words = words.skip(2);
    Some((words.next()?.parse().ok()?, words.next()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn lines_of_locks_are_read() {
        assert_eq!(lock("1: FLOCK  ADVISORY  WRITE 708 fd:01:13 0 EOF"), Some((708, "fd:01:13")));
        assert_eq!(lock("4: POSIX  ADVISORY  READ  -1 00:0e:99 128 128"), Some((-1, "00:0e:99")));
        assert!(
            ["", "1:", "1: -> FLOCK  ADVISORY  WRITE 708 fd:01:13 0 EOF", "1: FLOCK ADVISORY WRITE x fd:01:13"]
                .into_iter()
                .all(|line| lock(line).is_none())
        );
    }

    #[test]
    fn the_holder_of_a_lock_is_found() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        file.as_file().lock().expect("locked");
        let listed = std::fs::read_to_string("/proc/locks")
            .expect("Linux has it")
            .contains(&format!(" {} ", std::process::id()));
        // A sandbox that hides processes hides this one too.
        assert_eq!(
            holder(file.path()).is_some_and(|text| text.starts_with(&format!("process {} (", std::process::id()))),
            listed
        );
        drop(file);
        assert_eq!(holder(Path::new("/nowhere")), None);
    }
}
