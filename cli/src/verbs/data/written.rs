//! Files that a verb writes: checked before the work, there whole or not at all after it.

use std::path::Path;

use gliss_train::atomic::{self, Durable};

use crate::exit::Exit;
use crate::failure::Failure;

/// Refuses early what could not or should not be written after hours of work: a folder, a file in a folder that is not
/// there, the file that is read.
pub(super) fn check(path: &Path, input: &Path) -> Result<(), Failure> {
    let refused = |why: String, remedy: &str| Err(Failure::new(Exit::Usage, why, remedy));
    if path.is_dir() {
        return refused(format!("failed to write {}: it is a folder", path.display()), "name a file");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.file_name().is_none() {
        return refused(format!("failed to write {:?}: it names no file", path.display().to_string()), "name a file");
    }
    if let (Ok(out), Ok(input)) = (path.canonicalize(), input.canonicalize())
        && out == input
    {
        return refused(format!("failed to write {}: it is what is read", path.display()), "name another file");
    }
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => refused(
            format!("failed to write {}: {} is not a folder", path.display(), folder.display()),
            "name a file in a folder",
        ),
        Err(error) => refused(
            format!("failed to write {}: its folder cannot be used: {error}", path.display()),
            "make the folder first, or name another",
        ),
    }
}

/// Writes the file, whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    atomic::write(path, bytes, Durable::Yes).map_err(|error| failure(path, &error))
}

/// A file that cannot be written, for people.
pub(super) fn failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(&format!("write {}", path.display()), error)
}
