//! What a listing says of each example besides its class: what splits go by.

use std::collections::HashMap;
use std::fmt;

use gliss_types::recipe::gtzan_clip;

/// What a split may go by besides classes. Each part holds one value for each listed example, or says why it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Examples with one number belong together.
    pub groups: Column<u32>,
    /// Numbers of folds.
    pub folds: Column<u32>,
    /// The side that the data state, none for an example that is on no side.
    pub sides: Column<Option<Side>>,
    /// The row of each example in GTZAN's sorted list of a thousand clips, by its file's name; none for other names.
    pub gtzan_rows: Vec<Option<u16>>,
}

impl Default for Marks {
    /// Of data that say nothing.
    fn default() -> Self {
        let nothing = || Column::Absent { name: None };
        Marks { groups: nothing(), folds: nothing(), sides: Column::Absent { name: None }, gtzan_rows: Vec::new() }
    }
}

/// An optional column of the data: whether it is good matters only to a split that uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column<T> {
    /// The data has no such column.
    Absent {
        /// The name that the recipe gives it; none if this kind of data has no such column.
        name: Option<String>,
    },
    /// A cell does not hold what it should.
    Bad {
        /// The column's name.
        name: String,
        /// The cell's place in the file.
        place: Place,
        /// What the cell holds, shortened.
        found: String,
    },
    /// One value for each example.
    Values(Vec<T>),
}

/// Where an example goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// It trains.
    Train,
    /// It validates.
    Valid,
    /// It tests.
    Test,
}

impl Side {
    /// The side that a word of a split column means: some for a side, some none for an empty cell. What is "train or
    /// valid" trains. None for a word that means nothing.
    pub(super) fn parse(word: &str) -> Option<Option<Side>> {
        match word.to_ascii_lowercase().as_str() {
            "" => Some(None),
            "train" | "training" | "train_or_valid" => Some(Some(Side::Train)),
            "valid" | "validation" | "val" | "dev" => Some(Some(Side::Valid)),
            "test" | "testing" => Some(Some(Side::Test)),
            _ => None,
        }
    }
}

/// A row of a file, as people find it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The line of a text file, from 1.
    Line(u64),
    /// The row of a file without lines, from 1.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "line {line}"),
            Place::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Numbers groups by their names, in the order of their first members; a member without a name is a group of its own.
#[derive(Debug, Default)]
pub(super) struct GroupNumbers {
    numbers: HashMap<String, u32>,
    next: u32,
}

impl GroupNumbers {
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.next;
        // Listings are far shorter than 2^32.
        self.next += 1;
        if !name.is_empty() {
            self.numbers.insert(name.to_owned(), number);
        }
        number
    }
}

/// The row in GTZAN's sorted list, from 0 to 999, of a file whose name without its extension is `stem`.
pub(super) fn gtzan_row(stem: &str) -> Option<u16> {
    let (genre, number) = gtzan_clip(stem)?;
    u16::try_from(100 * genre as u32 + number).ok()
}
