//! The command lines of `gliss store`.

use clap::Subcommand;

/// What to do with a store.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StoreVerb {
    /// Look at every byte of the store and of the checkpoints that it needs. A damaged file is mended where it can be, and said to
    /// be damaged; no coordinator may run.
    Check,
    /// Copy the store and the checkpoints that it needs into `backups` below the data folder, also while a coordinator runs.
    #[command(after_help = "\
Examples:
  gliss store backup
  gliss store backup before-the-weekend
  gliss --data-dir .glissando/backups/before-the-weekend store check
A backup is a data folder of its own. It shares its disk with the original: copy the folder elsewhere to survive a lost disk.")]
    Backup {
        /// Its name: letters, digits, `-`, `_` and `.` [default: the time].
        name: Option<String>,
    },
    /// Give room that the store's file no longer needs back to the disk. No coordinator may run.
    Compact,
    /// Print every commit as a line of JSON, whole. No coordinator may run; `gliss log` is for people.
    ExportJournal,
}
