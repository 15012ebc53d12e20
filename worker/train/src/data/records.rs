//! Rows of a CSV file by the names of its columns.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use super::DataError;

/// A row without an end must not fill the memory: longer files are refused.
const BYTES_LIMIT: u64 = 2 << 30;
/// Cells shown in errors are cut to so many characters.
const SHOWN: usize = 40;

/// The heading and the rows of a CSV file, all of one width, in UTF-8.
pub(super) struct Records {
    pub(super) headings: Vec<String>,
    /// Each with its line in the file, from 1.
    pub(super) rows: Vec<(u64, csv::StringRecord)>,
}

impl Records {
    /// Reads the file.
    ///
    /// # Errors
    /// No such file, not a regular file, too large, not CSV, rows of unequal width, a heading twice, no rows.
    pub(super) fn read(path: &Path) -> Result<Records, DataError> {
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
        let file = File::open(path).map_err(DataError::io("read", path))?;
        let broken = |source| DataError::Csv { path: path.into(), source };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file.take(BYTES_LIMIT));
        let headings: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
        let mut seen = HashSet::new();
        if let Some(column) = headings.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(DataError::ColumnTwice { path: path.into(), column: column.clone() });
        }
        let mut rows = Vec::new();
        for record in reader.into_records() {
            let record = record.map_err(broken)?;
            rows.push((record.position().map_or(0, csv::Position::line), record));
        }
        if rows.is_empty() {
            return Err(DataError::NoRows { path: path.into() });
        }
        Ok(Records { headings, rows })
    }

    /// The place of column `name`.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn column(&self, path: &Path, name: &str, setting: &'static str) -> Result<usize, DataError> {
        self.headings.iter().position(|heading| heading == name).ok_or_else(|| DataError::NoColumn {
            path: path.into(),
            column: name.to_owned(),
            setting,
            present: self.headings.clone(),
        })
    }

    /// The texts of column `index`, none of them empty.
    ///
    /// # Errors
    /// The first empty cell.
    pub(super) fn texts(&self, path: &Path, index: usize, wanted: &'static str) -> Result<Vec<String>, DataError> {
        let text = |(line, record): &(u64, csv::StringRecord)| match record.get(index) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(DataError::BadCell {
                path: path.into(),
                line: *line,
                column: self.headings.get(index).cloned().unwrap_or_default(),
                found: String::new(),
                wanted,
                remedy: "remove the row",
            }),
        };
        self.rows.iter().map(text).collect()
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
