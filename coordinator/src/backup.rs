//! Backups: a folder that is a data folder of its own, made while a coordinator runs or without one.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gliss_engine::Engine;
use gliss_types::TrialId;

use crate::store::{FILE_NAME, Snapshot, StoreError};

/// The folder of backups in a data folder, and that of checkpoints in either.
const BACKUPS: &str = "backups";
pub(crate) const CHECKPOINTS: &str = "checkpoints";
/// Trials go on while a backup is made, and their last checkpoints with them.
const TRIES: usize = 10;
/// Characters of a backup's name.
const NAME: usize = 64;

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where it is.
    pub folder: PathBuf,
    /// Size of its store.
    pub bytes: u64,
    /// Checkpoints in it.
    pub checkpoints: u64,
}

/// Why there is no backup. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The name is none.
    #[error(
        "make a backup named {name:?}: a name is 1 to {NAME} letters, digits, `-`, `_` and `.`, not beginning with a `.`"
    )]
    Name {
        /// As given, shortened.
        name: String,
    },
    /// There is one of that name.
    #[error("make a backup in {}: there is one of that name", folder.display())]
    Taken {
        /// Its folder.
        folder: PathBuf,
    },
    /// A checkpoint that a trial would go on from is not there.
    #[error("back up {trial}: its checkpoint {hash} is not there; `gliss store check` looks at all of them")]
    Missing {
        /// The trial.
        trial: TrialId,
        /// Its name.
        hash: String,
    },
    /// The store cannot be read, or its copy not be written.
    #[error("copy the store")]
    Store(#[from] StoreError),
    /// A file cannot be written.
    #[error("write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The coordinator is stopping.
    #[error("make a backup: the coordinator is stopping")]
    Stopping,
}

/// What a backup is made of: each trial's last checkpoint, and the store at the same moment.
pub(crate) type Moment = (Vec<(TrialId, String)>, Snapshot);

/// The last checkpoint of each trial that has one: what it goes on from, or what its net is read from.
pub(crate) fn checkpoints(engine: &Engine) -> Vec<(TrialId, String)> {
    let sweeps = engine.state().sweeps();
    let trials = sweeps.flat_map(|sweep| {
        (1..=sweep.proposed()).filter_map(|number| {
            let trial = TrialId { sweep: sweep.id(), number };
            Some((trial, sweep.trial(number)?.checkpoint()?.hash.clone()))
        })
    });
    trials.collect()
}

/// Whether a name can be that of a folder below `backups`, and of nothing else: it comes from other machines.
fn is_name(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    (1..=NAME).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}

/// Held while a backup is made: who has the store is alone with it, so that no other process makes one of it either.
static ONE: Mutex<()> = Mutex::new(());

/// Makes the backup `name` of a data folder. `moment` is asked again while checkpoints are replaced by later ones. The
/// folder appears whole or not at all; checkpoints in it are the same files as in the data folder, not copies, where the disk can
/// do that.
pub(crate) fn make(
    data_dir: &Path,
    name: &str,
    moment: impl FnMut() -> Result<Moment, BackupError>,
) -> Result<Backup, BackupError> {
    // What a panic left behind is removed below.
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_name(name) {
        return Err(BackupError::Name { name: name.chars().take(NAME).collect() });
    }
    let folder = data_dir.join(BACKUPS).join(name);
    if folder.exists() {
        return Err(BackupError::Taken { folder });
    }
    // What begins with a dot is no backup's name.
    let partial = data_dir.join(BACKUPS).join(format!(".{name}.partial"));
    let made = fill(data_dir, &partial, &folder, moment);
    if made.is_err() {
        // The next of that name begins by removing it too.
        let _ = fs::remove_dir_all(&partial);
    }
    made
}

/// Fills the folder `partial`, and makes it `folder` when it is whole.
fn fill(
    data_dir: &Path,
    partial: &Path,
    folder: &Path,
    mut moment: impl FnMut() -> Result<Moment, BackupError>,
) -> Result<Backup, BackupError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::Io { path, source }
    };
    let (from, to) = (data_dir.join(CHECKPOINTS), partial.join(CHECKPOINTS));
    let mut missing = None;
    for _ in 0..TRIES {
        match fs::remove_dir_all(partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(partial)(error)),
            _ => {}
        }
        fs::create_dir_all(&to).map_err(fail(&to))?;
        let (checkpoints, snapshot) = moment()?;
        missing = None;
        let mut taken = BTreeSet::new();
        for (trial, hash) in checkpoints {
            let file = format!("{hash}.safetensors");
            match take(&from.join(&file), &to.join(&file)) {
                Ok(()) => _ = taken.insert(hash),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    missing = Some(BackupError::Missing { trial, hash });
                    break;
                }
                Err(error) => return Err(fail(&to.join(file))(error)),
            }
        }
        if missing.is_some() {
            continue;
        }
        let bytes = snapshot.write_to(&partial.join(FILE_NAME))?;
        for path in [to.as_path(), partial] {
            fs::File::open(path).and_then(|folder| folder.sync_all()).map_err(fail(path))?;
        }
        fs::rename(partial, folder).map_err(fail(folder))?;
        let above = data_dir.join(BACKUPS);
        fs::File::open(&above).and_then(|folder| folder.sync_all()).map_err(fail(&above))?;
        return Ok(Backup { folder: folder.to_owned(), bytes, checkpoints: taken.len() as u64 });
    }
    Err(missing.unwrap_or(BackupError::Stopping))
}

/// Checkpoints never change: the same file under a second name is as good as a copy, and takes no room.
fn take(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) => fs::copy(from, to).and_then(|_| fs::File::open(to)?.sync_all()),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_their_folder() {
        assert!(["a", "2026-11-27T12.29", "x_y"].into_iter().all(is_name));
        let long = "n".repeat(NAME + 1);
        assert!(
            ["", ".", "..", ".x", "a/b", "../a", "a\\b", "ü", "a b", "a\0", &long]
                .into_iter()
                .all(|name| !is_name(name))
        );
    }
}
