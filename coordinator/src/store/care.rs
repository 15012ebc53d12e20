//! A store looked after: checked, compacted, copied while it is in use.

use std::fs;
use std::path::{Path, PathBuf};

use gliss_types::{MetricPoint, TrialId};
use redb::{
    Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, Value,
    WriteTransaction,
};

use super::redb_journal::{CURVES, JOURNAL, META, REPORTS, medium};
use super::{Store, StoreError};
use crate::journal::PointRow;

/// Rows of a copy that share a commit.
const ROWS: usize = 8192;

/// What a look at every byte of a store found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Whether redb's own sums and trees were right; it has mended what it could where not.
    pub whole: bool,
    /// Numbers of commits that are missing between others.
    pub gaps: Vec<u64>,
    /// Trials whose points wait to be folded.
    pub open: Vec<TrialId>,
    /// Trials with folded points.
    pub folded: Vec<TrialId>,
    /// Size of the file.
    pub bytes: u64,
}

/// A store as it was at one commit, whatever is written meanwhile. While it lives the file keeps what it shows: be brief.
pub struct Snapshot {
    read: ReadTransaction,
    path: PathBuf,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Looks at every byte and reads every row but the facts, which [`crate::Offline::open`] has read.
    ///
    /// # Errors
    /// The medium failed, or a row cannot be read.
    pub fn look(&mut self) -> Result<Looked, StoreError> {
        let whole = self.db.check_integrity().map_err(|e| medium(&self.path, e))?;
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        let journal = read.open_table(JOURNAL).map_err(|e| self.medium(e))?;
        let (mut gaps, mut expected) = (Vec::new(), 0);
        for row in journal.iter().map_err(|e| self.medium(e))? {
            let number = row.map_err(|e| self.medium(e))?.0.value();
            // However large the hole is, it is told.
            gaps.extend((expected..number).take(10));
            expected = number + 1;
        }
        let (mut open, mut folded) = (Vec::new(), Vec::new());
        let reports = read.open_table(REPORTS).map_err(|e| self.medium(e))?;
        for row in reports.iter().map_err(|e| self.medium(e))? {
            let (key, value) = row.map_err(|e| self.medium(e))?;
            open.push(self.unpack::<PointRow>("reports", key.value(), value.value())?.trial);
        }
        open.sort_unstable();
        open.dedup();
        let curves = read.open_table(CURVES).map_err(|e| self.medium(e))?;
        for row in curves.iter().map_err(|e| self.medium(e))? {
            let (key, value) = row.map_err(|e| self.medium(e))?;
            let (sweep, number) = key.value();
            self.unpack::<Vec<MetricPoint>>("curves", number.into(), value.value())?;
            folded.push(TrialId { sweep: gliss_types::SweepId(sweep), number });
        }
        Ok(Looked { whole, gaps, open, folded, bytes: self.bytes()? })
    }

    /// Gives free room in the file back to the disk; yields its size before and after.
    ///
    /// # Errors
    /// The medium failed or is full.
    pub fn compact(&mut self) -> Result<[u64; 2], StoreError> {
        let before = self.bytes()?;
        // Each pass moves what the one before made room for.
        while self.db.compact().map_err(|e| medium(&self.path, e))? {}
        Ok([before, self.bytes()?])
    }

    /// The store as it is now.
    ///
    /// # Errors
    /// The medium failed.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        Ok(Snapshot { read, path: self.path.clone() })
    }

    fn bytes(&self) -> Result<u64, StoreError> {
        let found = fs::metadata(&self.path);
        found.map(|found| found.len()).map_err(|e| self.medium(redb::Error::Io(e)))
    }
}

impl Snapshot {
    /// Writes it to a file that must not be there yet, and that survives a power cut when this returns; yields its size.
    ///
    /// # Errors
    /// The snapshot cannot be read, or the file not be written.
    pub fn write_to(&self, file: &Path) -> Result<u64, StoreError> {
        if file.exists() {
            return Err(StoreError::Taken { path: file.to_owned() });
        }
        let db = Database::builder().create(file).map_err(|e| medium(file, e))?;
        self.table(&db, file, META)?;
        self.table(&db, file, JOURNAL)?;
        self.table(&db, file, REPORTS)?;
        self.table(&db, file, CURVES)?;
        drop(db);
        let sync = fs::File::open(file).and_then(|file| file.sync_all().and_then(|()| file.metadata()));
        sync.map(|found| found.len()).map_err(|e| medium(file, redb::Error::Io(e)))
    }

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        to: &Database,
        file: &Path,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let from = self.read.open_table(table).map_err(|e| medium(&self.path, e))?;
        let mut rows = from.iter().map_err(|e| medium(&self.path, e))?.peekable();
        loop {
            let write = begin(to, file)?;
            {
                let mut target = write.open_table(table).map_err(|e| medium(file, e))?;
                for row in rows.by_ref().take(ROWS) {
                    let (key, value) = row.map_err(|e| medium(&self.path, e))?;
                    target.insert(key.value(), value.value()).map_err(|e| medium(file, e))?;
                }
            }
            write.commit().map_err(|e| medium(file, e))?;
            if rows.peek().is_none() {
                return Ok(());
            }
        }
    }
}

fn begin(to: &Database, file: &Path) -> Result<WriteTransaction, StoreError> {
    let mut write = to.begin_write().map_err(|e| medium(file, e))?;
    write.set_durability(Durability::Immediate).map_err(|e| medium(file, e))?;
    write.set_quick_repair(true);
    Ok(write)
}
