//! What can go wrong with the store.

use std::io;
use std::path::PathBuf;

use super::holder::holder;

/// Why the store cannot be used. The text fits "failed to open the store" and "failed to store".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("{} is open in {}", path.display(), holder.as_deref().unwrap_or("another process"))]
    InUse {
        /// The file.
        path: PathBuf,
        /// Which process it is, where the system tells.
        holder: Option<String>,
    },
    /// There is no store to read.
    #[error("there is no store at {}", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// A copy would be written over a file.
    #[error("{} is there already", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{} has format {found} and was written by version {program}; this program reads up to format {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that is known here.
        known: u32,
        /// The version of the program that wrote it.
        program: String,
    },
    /// The folder cannot be made or written.
    #[error("{} cannot be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No space is left.
    #[error("the disk of {} is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk or the file is at fault.
    #[error("{} cannot be read or written", path.display())]
    Medium {
        /// The file.
        path: PathBuf,
        /// What redb says.
        #[source]
        source: Box<redb::Error>,
    },
    /// A row cannot be understood.
    #[error("row {row} of `{table}` in {} is not readable by this version", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The row.
        row: u64,
        /// Why, where JSON says why.
        #[source]
        source: Option<serde_json::Error>,
    },
}

impl StoreError {
    /// The file is in use, by whom the system can tell.
    pub fn in_use(path: PathBuf) -> StoreError {
        StoreError::InUse { holder: holder(&path), path }
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            StoreError::InUse { .. } => {
                "stop that process, or talk to it with `--coordinator`; another sweep can use another `--data-dir`"
            }
            StoreError::Taken { .. } => "name another place; nothing is written over",
            StoreError::Absent { .. } => "run a sweep first, or name the folder with `--data-dir`",
            StoreError::Newer { .. } => "use the newer program, or another `--data-dir`",
            StoreError::Folder { .. } => "check the path and its permissions, or name another folder with `--data-dir`",
            StoreError::Full { .. } => {
                "free some space, then run the same command again: everything acknowledged is stored"
            }
            StoreError::Medium { .. } => "check the disk; the file itself is left as it is",
            StoreError::Row { .. } => "use the version that wrote it, or restore a backup; nothing was changed",
        }
    }
}
