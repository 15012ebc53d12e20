//! The journal on redb.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gliss_engine::Fact;
use gliss_types::{Curve, MetricPoint, TrialId};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Snapshot, StoreError};
use crate::journal::{Batch, Journal, PointRow, curves};

/// The store's file in its folder.
pub const FILE_NAME: &str = "glissando.redb";

/// The newest format that this version reads, and the one it writes.
const FORMAT: u32 = 1;
/// First byte of every value.
const ROW_VERSION: u8 = 1;
/// What redb keeps of the file in memory: the journal is written once and read at start, so little is enough.
const CACHE_BYTES: usize = 64 << 20;

pub(super) const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
pub(super) const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");
pub(super) const REPORTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("reports");
pub(super) const CURVES: TableDefinition<'_, (u32, u32), &[u8]> = TableDefinition::new("curves");

/// The store on disk, open in this process alone.
pub struct Store {
    pub(super) db: Database,
    pub(super) path: PathBuf,
    next_batch: u64,
    next_report: u64,
    /// Rows of `reports` by trial, with their points: what is folded when the trial closes.
    open: BTreeMap<TrialId, Vec<(u64, Vec<MetricPoint>)>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).field("batches", &self.next_batch).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a folder, making both where they are missing.
    ///
    /// # Errors
    /// Every [`StoreError`] but `Absent`.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        let folder_error = |source| StoreError::Folder { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(folder_error)?;
        let path = folder.join(FILE_NAME);
        let fresh = !path.exists();
        let db = Database::builder().set_cache_size(CACHE_BYTES).create(&path);
        let db = db.map_err(|e| medium(&path, e))?;
        if fresh {
            // The file's own entry must survive a power cut too.
            fs::File::open(folder).and_then(|d| d.sync_all()).map_err(folder_error)?;
        }
        Store::with_database(db, path)
    }

    /// Opens a store that must be there already.
    ///
    /// # Errors
    /// Every [`StoreError`].
    pub fn open_existing(folder: &Path) -> Result<Store, StoreError> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Err(StoreError::Absent { path });
        }
        let db = Database::builder().set_cache_size(CACHE_BYTES).open(&path).map_err(|e| medium(&path, e))?;
        Store::with_database(db, path)
    }

    fn with_database(db: Database, path: PathBuf) -> Result<Store, StoreError> {
        let mut store = Store { db, path, next_batch: 0, next_report: 0, open: BTreeMap::new() };
        match store.format()? {
            Some((found, program)) if found > FORMAT => {
                return Err(StoreError::Newer { path: store.path, found, known: FORMAT, program });
            }
            Some(_) => {}
            None => store.initialise()?,
        }
        store.load_positions()?;
        Ok(store)
    }

    pub(super) fn medium(&self, error: impl Into<redb::Error>) -> StoreError {
        medium(&self.path, error)
    }

    /// The format on disk and the program that wrote it; `None` for a new file.
    fn format(&self) -> Result<Option<(u32, String)>, StoreError> {
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        let table = match read.open_table(META) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(e) => return Err(self.medium(e)),
        };
        let text = |name| table.get(name).map(|v| v.map(|v| v.value().to_owned())).map_err(|e| self.medium(e));
        let Some(format) = text("format")? else { return Ok(None) };
        // What is no number is from no version that ever was; treat it as one to come.
        Ok(Some((format.parse().unwrap_or(u32::MAX), text("program")?.unwrap_or_default())))
    }

    fn initialise(&self) -> Result<(), StoreError> {
        let write = self.begin()?;
        {
            let mut meta = write.open_table(META).map_err(|e| self.medium(e))?;
            meta.insert("format", FORMAT.to_string().as_str()).map_err(|e| self.medium(e))?;
            meta.insert("program", env!("CARGO_PKG_VERSION")).map_err(|e| self.medium(e))?;
            write.open_table(JOURNAL).map_err(|e| self.medium(e))?;
            write.open_table(REPORTS).map_err(|e| self.medium(e))?;
            write.open_table(CURVES).map_err(|e| self.medium(e))?;
        }
        write.commit().map_err(|e| self.medium(e))
    }

    fn load_positions(&mut self) -> Result<(), StoreError> {
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        let journal = read.open_table(JOURNAL).map_err(|e| self.medium(e))?;
        self.next_batch = journal.last().map_err(|e| self.medium(e))?.map_or(0, |(k, _)| k.value() + 1);
        let reports = read.open_table(REPORTS).map_err(|e| self.medium(e))?;
        let mut open: BTreeMap<TrialId, Vec<(u64, Vec<MetricPoint>)>> = BTreeMap::new();
        for row in reports.iter().map_err(|e| self.medium(e))? {
            let (key, value) = row.map_err(|e| self.medium(e))?;
            let row: PointRow = self.unpack("reports", key.value(), value.value())?;
            open.entry(row.trial).or_default().push((key.value(), row.points));
        }
        // Numbers of folded rows are not used again within a process; across processes they may be, which is harmless.
        self.next_report = open.values().flatten().map(|(key, _)| key + 1).max().unwrap_or(0);
        self.open = open;
        Ok(())
    }

    fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut write = self.db.begin_write().map_err(|e| self.medium(e))?;
        write.set_durability(Durability::Immediate).map_err(|e| self.medium(e))?;
        write.set_quick_repair(true);
        Ok(write)
    }

    pub(super) fn unpack<T: DeserializeOwned>(
        &self,
        table: &'static str,
        row: u64,
        bytes: &[u8],
    ) -> Result<T, StoreError> {
        let fail = |source| StoreError::Row { path: self.path.clone(), table, row, source };
        match bytes.split_first() {
            Some((&ROW_VERSION, json)) => serde_json::from_slice(json).map_err(|e| fail(Some(e))),
            _ => Err(fail(None)),
        }
    }

    fn write_points(
        &self,
        write: &WriteTransaction,
        batch: &Batch,
        closed: &BTreeSet<TrialId>,
    ) -> Result<(), StoreError> {
        let mut reports = write.open_table(REPORTS).map_err(|e| self.medium(e))?;
        for (row, (trial, points)) in (self.next_report..).zip(&batch.points) {
            if !closed.contains(trial) {
                let points = PointRow { trial: *trial, points: points.clone() };
                reports.insert(row, pack(&points).as_slice()).map_err(|e| self.medium(e))?;
            }
        }
        let mut folded = write.open_table(CURVES).map_err(|e| self.medium(e))?;
        for trial in closed {
            let stored = self.open.get(trial).map(Vec::as_slice).unwrap_or_default();
            let new = batch.points.iter().filter(|(t, _)| t == trial).flat_map(|(_, points)| points);
            let all: Vec<MetricPoint> = stored.iter().flat_map(|(_, points)| points).chain(new).cloned().collect();
            if all.is_empty() {
                continue;
            }
            let key = (trial.sweep.0, trial.number);
            folded.insert(key, pack(&all).as_slice()).map_err(|e| self.medium(e))?;
            for (row, _) in stored {
                reports.remove(row).map_err(|e| self.medium(e))?;
            }
        }
        Ok(())
    }

    /// Batches stored so far.
    pub fn batches(&self) -> u64 {
        self.next_batch
    }

    /// Trials with folded curves; for tests and checks.
    ///
    /// # Errors
    /// The medium failed.
    pub fn folded(&self) -> Result<u64, StoreError> {
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        let table = read.open_table(CURVES).map_err(|e| self.medium(e))?;
        table.len().map_err(|e| self.medium(e))
    }
}

fn pack(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![ROW_VERSION];
    serde_json::to_writer(&mut bytes, value).expect("plain data always serialises into memory");
    bytes
}

pub(super) fn medium(path: &Path, error: impl Into<redb::Error>) -> StoreError {
    let path = path.to_owned();
    match error.into() {
        redb::Error::DatabaseAlreadyOpen => StoreError::in_use(path),
        redb::Error::Io(e) if e.kind() == io::ErrorKind::StorageFull => StoreError::Full { path },
        // After a failed write redb refuses everything; what failed first was reported first.
        source => StoreError::Medium { path, source: Box::new(source) },
    }
}

impl Journal for Store {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let closed: BTreeSet<TrialId> = batch.facts.iter().filter_map(closed_trial).collect();
        let write = self.begin()?;
        {
            let mut journal = write.open_table(JOURNAL).map_err(|e| self.medium(e))?;
            journal.insert(self.next_batch, pack(&batch.facts).as_slice()).map_err(|e| self.medium(e))?;
        }
        let folds = closed.iter().any(|t| self.open.contains_key(t));
        if folds || !batch.points.is_empty() {
            self.write_points(&write, batch, &closed)?;
        }
        write.commit().map_err(|e| self.medium(e))?;
        self.next_batch += 1;
        for (trial, points) in &batch.points {
            if !closed.contains(trial) {
                self.open.entry(*trial).or_default().push((self.next_report, points.clone()));
            }
            self.next_report += 1;
        }
        for trial in &closed {
            self.open.remove(trial);
        }
        Ok(())
    }

    fn facts(&self) -> Result<Vec<Fact>, StoreError> {
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        let table = read.open_table(JOURNAL).map_err(|e| self.medium(e))?;
        let mut rows = Vec::new();
        for row in table.iter().map_err(|e| self.medium(e))? {
            let (key, value) = row.map_err(|e| self.medium(e))?;
            rows.push((key.value(), value.value().to_vec()));
        }
        // Reading the text is most of what a coordinator does when it starts, and each row stands for itself.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = rows.len().div_ceil(threads).max(1);
        let read_rows = |rows: &[(u64, Vec<u8>)]| -> Result<Vec<Vec<Fact>>, StoreError> {
            rows.iter().map(|(key, value)| self.unpack("journal", *key, value)).collect()
        };
        let parts = std::thread::scope(|scope| {
            let threads: Vec<_> = rows.chunks(share).map(|rows| scope.spawn(move || read_rows(rows))).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().expect("reading does not panic");
            threads.into_iter().map(join).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(parts.into_iter().flatten().flatten().collect())
    }

    fn commits(&self, from: u64, most: usize) -> Result<Vec<(u64, Vec<Fact>)>, StoreError> {
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        let table = read.open_table(JOURNAL).map_err(|e| self.medium(e))?;
        let mut commits = Vec::new();
        for row in table.range(from..).map_err(|e| self.medium(e))?.take(most) {
            let (key, value) = row.map_err(|e| self.medium(e))?;
            commits.push((key.value(), self.unpack::<Vec<Fact>>("journal", key.value(), value.value())?));
        }
        Ok(commits)
    }

    fn snapshot(&self) -> Option<Result<Snapshot, StoreError>> {
        Some(Store::snapshot(self))
    }

    fn curves(&self, trial: TrialId) -> Result<Vec<Curve>, StoreError> {
        if let Some(rows) = self.open.get(&trial) {
            let points: Vec<MetricPoint> = rows.iter().flat_map(|(_, points)| points).cloned().collect();
            return Ok(curves(&points));
        }
        let read = self.db.begin_read().map_err(|e| self.medium(e))?;
        let table = read.open_table(CURVES).map_err(|e| self.medium(e))?;
        let row = table.get((trial.sweep.0, trial.number)).map_err(|e| self.medium(e))?;
        let Some(row) = row else { return Ok(Vec::new()) };
        let points: Vec<MetricPoint> = self.unpack("curves", trial.number.into(), row.value())?;
        Ok(curves(&points))
    }
}

fn closed_trial(fact: &Fact) -> Option<TrialId> {
    match fact {
        Fact::TrialClosed { trial, .. } => Some(*trial),
        _ => None,
    }
}
