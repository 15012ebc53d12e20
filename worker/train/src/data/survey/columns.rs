//! Everything about a table of numbers.

use std::collections::BTreeMap;

use gliss_types::recipe::{Data, Split};

use super::balance::{Balance, balance, sides};
use super::spread::Spread;
use crate::data::{DataError, Table, TableColumns, Warning, read_table};
use crate::split::Subjects;

/// What a table holds.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSurvey {
    /// Each class and its rows, in ascending order of the names.
    pub classes: Vec<(String, usize)>,
    /// Rows.
    pub rows: usize,
    /// The feature columns, in the order of the file.
    pub columns: Vec<ColumnFacts>,
    /// Sets of rows (from 0) whose numbers are the same, each ascending, in the order of their first rows.
    pub duplicates: Vec<DuplicateRows>,
    /// The split, or in words why the table cannot be dealt out.
    pub balance: Result<Balance, String>,
    /// What is odd about the file.
    pub warnings: Vec<Warning>,
}

/// One feature column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its values.
    pub spread: Spread,
    /// Their mean.
    pub mean: f64,
    /// Their population deviation; 0 where all are the same, so that nothing can be learnt from it.
    pub deviation: f64,
}

/// Rows whose numbers are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateRows {
    /// Their places, from 0.
    pub rows: Vec<usize>,
    /// Whether they are of more than one class.
    pub across_classes: bool,
    /// Whether they are on more than one side of the split.
    pub across_sides: bool,
}

/// Reads the table that `data` name and deals its rows out as `split` says.
///
/// # Errors
/// The table cannot be read, or `data` are no table. One that cannot be dealt out is a finding.
pub fn survey_table(data: &Data, split: &Split) -> Result<TableSurvey, DataError> {
    let Some((path, named)) = TableColumns::of(data) else {
        return Err(DataError::NotAFile { path: data.path().unwrap_or_default().into() });
    };
    let Table { classes, columns, values, labels, marks, warnings } = read_table(path, &named)?;
    let subjects = Subjects { classes: &classes, labels: &labels, marks: &marks };
    let dealt = sides(split, &subjects);
    let width = columns.len();

    let mut same: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
    for (row, values) in values.chunks_exact(width).enumerate() {
        same.entry(values.iter().map(|value| (value + 0.0).to_bits()).collect()).or_default().push(row);
    }
    let differ = |rows: &[usize], by: &dyn Fn(usize) -> u32| rows.iter().any(|row| by(*row) != by(rows[0]));
    let side = |row: usize| dealt.as_ref().ok().and_then(|sides| sides[row]).map_or(u32::MAX, |side| side as u32);
    let mut duplicates: Vec<DuplicateRows> = same
        .into_values()
        .filter(|rows| rows.len() > 1)
        .map(|rows| DuplicateRows {
            across_classes: differ(&rows, &|row| labels[row]),
            across_sides: differ(&rows, &side),
            rows,
        })
        .collect();
    duplicates.sort_by_key(|set| set.rows[0]);

    let facts = |(index, name): (usize, &String)| {
        let cells = || values.iter().skip(index).step_by(width).copied();
        let spread = Spread::of(cells());
        let mean = spread.total / labels.len() as f64;
        let variance = cells().map(|value| (value - mean) * (value - mean)).sum::<f64>() / labels.len() as f64;
        // Rounding must not give a column that never changes a deviation.
        let deviation = if spread.min == spread.max { 0.0 } else { variance.sqrt() };
        ColumnFacts { name: name.clone(), spread, mean, deviation }
    };
    let counts = |label: usize| labels.iter().filter(|other| **other as usize == label).count();
    Ok(TableSurvey {
        classes: classes.iter().enumerate().map(|(label, name)| (name.clone(), counts(label))).collect(),
        rows: labels.len(),
        columns: columns.iter().enumerate().map(facts).collect(),
        duplicates,
        balance: dealt.map(|sides| balance(&sides, &subjects, |_| true)),
        warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_columns_and_rows_that_repeat_are_found() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("table.csv");
        let mut text = String::from("filename,a,b,label\n");
        for row in 0..8 {
            text.push_str(&format!("x{row},{},0.1,{}\n", row / 2 * 2, ["jazz", "rock"][row / 4]));
        }
        text.push_str("y,0,0.1,rock\n");
        std::fs::write(&path, text).expect("written");
        let split = Split::Stratified { valid: 0.2, test: 0.2, seed: 0, by_group: false };
        let data = Data::Table {
            path: path.to_str().expect("text").to_owned(),
            label: "label".to_owned(),
            drop: Vec::new(),
            file: "filename".to_owned(),
            split: None,
            group: None,
            fold: None,
        };
        let survey = survey_table(&data, &split).expect("a table");
        assert_eq!((survey.rows, survey.classes.clone()), (9, vec![("jazz".to_owned(), 4), ("rock".to_owned(), 5)]));
        let [a, b] = survey.columns.as_slice() else { panic!("two columns") };
        assert_eq!((a.spread.max, a.mean, b.deviation), (6.0, 24.0 / 9.0, 0.0));
        let sets: Vec<_> = survey.duplicates.iter().map(|set| (set.rows.clone(), set.across_classes)).collect();
        assert_eq!(sets, [(vec![0, 1, 8], true), (vec![2, 3], false), (vec![4, 5], false), (vec![6, 7], false)]);
        assert_eq!(survey.balance.expect("it can be dealt").totals().iter().sum::<usize>(), 9);
    }
}
