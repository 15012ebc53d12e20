//! Rows of a CSV or Parquet file, one after another, by the names of their columns.
//!
//! Nothing is kept of a row after it has been visited, so that a file may be far larger than memory should be.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use super::parquet::ParquetRows;
use super::{DataError, Place};

/// A row without an end must not fill the memory: longer files are refused, and so are files whose cells unpack to more.
pub(super) const BYTES_LIMIT: u64 = 2 << 30;
/// More rows are refused.
const ROWS_LIMIT: u64 = 10_000_000;
/// Names of files and classes are at most so many bytes long.
const TEXT_LIMIT: usize = 4096;
/// Cells shown in errors are cut to so many characters.
const SHOWN: usize = 40;
/// How a Parquet file begins.
const PARQUET: &[u8; 4] = b"PAR1";

/// A file with named columns, opened and not yet read.
pub(super) struct Sheet {
    path: PathBuf,
    headings: Vec<String>,
    rows: Rows,
}

enum Rows {
    Csv(csv::Reader<io::Take<File>>),
    Parquet(ParquetRows),
}

/// What a row holds in one column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing.
    Blank,
    /// Text that is not empty; every cell of a CSV file.
    Text(&'a str),
    /// A whole number.
    Whole(i128),
    /// Any other number, which may be infinite or none.
    Number(f64),
}

/// One row: its place in the file and the cells of the columns that were asked for.
pub(super) struct Row<'a> {
    pub(super) place: Place,
    pub(super) cells: &'a [Cell<'a>],
}

impl Sheet {
    /// Opens the file and reads its heading. What begins as a Parquet file is one, whatever its name.
    ///
    /// # Errors
    /// No such file, not a regular file, too large, neither CSV nor a Parquet file that can be read, a heading twice.
    pub(super) fn open(path: &Path) -> Result<Sheet, DataError> {
        let found = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DataError::Missing { path: path.into() },
            _ => DataError::io("read", path)(error),
        })?;
        if !found.is_file() {
            return Err(DataError::NotAFile { path: path.into() });
        }
        if found.len() > BYTES_LIMIT {
            return Err(DataError::TooLarge { path: path.into(), bytes: found.len(), limit: BYTES_LIMIT });
        }
        let mut file = File::open(path).map_err(DataError::io("read", path))?;
        let mut begin = Vec::new();
        (&file).take(PARQUET.len() as u64).read_to_end(&mut begin).map_err(DataError::io("read", path))?;
        file.rewind().map_err(DataError::io("read", path))?;
        let (headings, rows) = if begin == PARQUET {
            let (headings, rows) = ParquetRows::open(file, path)?;
            (headings, Rows::Parquet(rows))
        } else {
            let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file.take(BYTES_LIMIT));
            let broken = |source| DataError::Csv { path: path.into(), source };
            let headings: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
            if headings.is_empty() {
                return Err(DataError::NoRows { path: path.into() });
            }
            (headings, Rows::Csv(reader))
        };
        let mut seen = HashSet::new();
        if let Some(column) = headings.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(DataError::ColumnTwice { path: path.into(), column: column.clone() });
        }
        Ok(Sheet { path: path.into(), headings, rows })
    }

    /// The names of the columns.
    pub(super) fn headings(&self) -> &[String] {
        &self.headings
    }

    /// The place of column `name`, if there is one.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.headings.iter().position(|heading| heading == name)
    }

    /// The place of column `name`.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn column(&self, name: &str, setting: &'static str) -> Result<usize, DataError> {
        self.find(name).ok_or_else(|| DataError::NoColumn {
            path: self.path.clone(),
            column: name.to_owned(),
            setting,
            present: self.headings.clone(),
        })
    }

    /// Visits all rows, in order, with the cells of the columns `wanted`, in that order.
    ///
    /// # Errors
    /// What `visit` says; rows of unequal width; a damaged file; no rows; too many, or too much text in them.
    pub(super) fn for_each(
        self,
        wanted: &[usize],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let path = self.path.as_path();
        let (mut rows, mut bytes) = (0u64, 0u64);
        let mut counted = |row: &Row<'_>| {
            rows += 1;
            let text = |cell: &Cell<'_>| if let Cell::Text(text) = cell { text.len() as u64 } else { 0 };
            bytes += row.cells.iter().map(text).sum::<u64>();
            if rows > ROWS_LIMIT {
                return Err(DataError::TooManyRows { path: path.into(), limit: ROWS_LIMIT });
            }
            if bytes > BYTES_LIMIT {
                return Err(DataError::TooLarge { path: path.into(), bytes, limit: BYTES_LIMIT });
            }
            visit(row)
        };
        match self.rows {
            Rows::Csv(mut reader) => {
                let mut record = csv::StringRecord::new();
                let broken = |source| DataError::Csv { path: path.into(), source };
                while reader.read_record(&mut record).map_err(broken)? {
                    let cell = |index: &usize| match record.get(*index) {
                        None | Some("") => Cell::Blank,
                        Some(text) => Cell::Text(text),
                    };
                    let cells: Vec<Cell<'_>> = wanted.iter().map(cell).collect();
                    let line = record.position().map_or(0, csv::Position::line);
                    counted(&Row { place: Place::Line(line), cells: &cells })?;
                }
            }
            Rows::Parquet(parquet) => parquet.for_each(wanted, &mut counted)?,
        }
        if rows == 0 { Err(DataError::NoRows { path: path.into() }) } else { Ok(()) }
    }
}

impl Row<'_> {
    /// The text of cell number `at`, which must be there and not be longer than a name should be. Whole numbers are
    /// names too.
    ///
    /// # Errors
    /// It is not so; `wanted` says what should stand there.
    pub(super) fn name(
        &self,
        at: usize,
        path: &Path,
        column: &str,
        wanted: &'static str,
    ) -> Result<Cow<'_, str>, DataError> {
        let bad = |found: &str| DataError::BadCell {
            path: path.into(),
            place: self.place,
            column: column.to_owned(),
            found: shown(found),
            wanted,
            remedy: "remove the row",
        };
        match self.cells.get(at) {
            Some(Cell::Text(text)) if text.len() <= TEXT_LIMIT => Ok(Cow::Borrowed(text)),
            Some(Cell::Text(text)) => Err(bad(text)),
            Some(Cell::Whole(number)) => Ok(Cow::Owned(number.to_string())),
            Some(Cell::Number(number)) => Err(bad(&number.to_string())),
            Some(Cell::Blank) | None => Err(bad("")),
        }
    }
}

impl Cell<'_> {
    /// The number that stands in the cell: none for an empty one and for one that holds no number.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Cell::Blank => None,
            Cell::Text(text) => text.parse().ok(),
            Cell::Whole(number) => Some(*number as f64),
            Cell::Number(number) => Some(*number),
        }
    }

    /// The whole number that stands in the cell. Parquet files made of columns with gaps hold them as `3.0`.
    pub(super) fn whole(&self) -> Option<u32> {
        match self {
            Cell::Blank => None,
            Cell::Text(text) => text.parse().ok(),
            Cell::Whole(number) => u32::try_from(*number).ok(),
            Cell::Number(number) => {
                // The cast cuts and clamps; what it leaves unchanged is a whole number that fits.
                let whole = *number as u32;
                (f64::from(whole) == *number).then_some(whole)
            }
        }
    }

    /// What stands in the cell, as text; empty for an empty one.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Cell::Blank => Cow::Borrowed(""),
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Whole(number) => Cow::Owned(number.to_string()),
            Cell::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

/// A cell as errors show it.
pub(super) fn shown(cell: &str) -> String {
    let mut text: String = cell.chars().take(SHOWN).collect();
    if text.len() < cell.len() {
        text.push('…');
    }
    text
}
