//! A CSV or Parquet file of numbers, one example a row.

use std::path::Path;

use gliss_types::recipe::Data;

use super::classes::ClassNumbers;
use super::mark_columns::MarkColumns;
use super::marks::gtzan_row;
use super::sheet::{Cell, Sheet, shown};
use super::{DataError, Marks, Place, Warning};

/// More numbers are refused: 2 GiB of them.
const NUMBERS_LIMIT: usize = 1 << 28;

/// The numbers of a table, unscaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The classes in ascending order; a label is an index into it. At least two.
    pub classes: Vec<String>,
    /// Names of the feature columns, in the order of the file.
    pub columns: Vec<String>,
    /// Rows x columns, row after row. All finite.
    pub values: Vec<f64>,
    /// The class of each row.
    pub labels: Vec<u32>,
    /// What splits may go by.
    pub marks: Marks,
    /// What is odd.
    pub warnings: Vec<Warning>,
}

/// Names of a table's columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableColumns<'a> {
    label: &'a str,
    drop: &'a [String],
    file: &'a str,
    split: Option<&'a str>,
    group: Option<&'a str>,
    fold: Option<&'a str>,
}

impl<'a> TableColumns<'a> {
    /// Those that a recipe names; none if its data are no table.
    pub(crate) fn of(data: &'a Data) -> Option<(&'a Path, Self)> {
        let Data::Table { path, label, drop, file, split, group, fold } = data else { return None };
        let [split, group, fold] = [split, group, fold].map(Option::as_deref);
        Some((Path::new(path), TableColumns { label, drop, file, split, group, fold }))
    }

    /// Whether a column says something else of a row than a feature.
    fn names(&self, column: &str) -> bool {
        let optional = [self.split, self.group, self.fold].into_iter().flatten();
        [self.label, self.file].into_iter().chain(optional).any(|name| name == column)
            || self.drop.iter().any(|name| name == column)
    }
}

/// Reads the table at `path`: the column of labels holds the classes, columns that are dropped or named for another
/// purpose are left out (or absent), and all others must hold finite numbers.
///
/// # Errors
/// A missing column, no rows, no features, a cell that is no finite number, fewer than two classes, trouble reading.
pub(crate) fn read_table(path: &Path, named: &TableColumns<'_>) -> Result<Table, DataError> {
    let sheet = Sheet::open(path)?;
    let label = sheet.column(named.label, "data.label")?;
    for (name, setting) in [(named.split, "data.split"), (named.group, "data.group"), (named.fold, "data.fold")] {
        name.map(|name| sheet.column(name, setting)).transpose()?;
    }
    let mut warnings = Vec::new();
    let index: Vec<String> = sheet.headings().iter().filter(|name| is_index(name)).cloned().collect();
    if !index.is_empty() {
        warnings.push(Warning::IndexColumns { path: path.into(), columns: index });
    }
    let is_feature = |name: &String| !named.names(name) && !is_index(name);
    let headings = sheet.headings().iter().enumerate();
    let (features, columns): (Vec<usize>, Vec<String>) =
        headings.filter(|(_, name)| is_feature(name)).map(|(index, name)| (index, name.clone())).unzip();
    if columns.is_empty() {
        return Err(DataError::NoFeatures { path: path.into() });
    }
    let mut marks = MarkColumns::new(&sheet, named.split, named.group, named.fold);
    let file = sheet.find(named.file);
    // Label, marks, file's name if there is one, features.
    let wanted = [[label].as_slice(), marks.indices.as_slice(), file.as_slice(), features.as_slice()].concat();
    let marks_at = 1..1 + marks.indices.len();
    let file_at = file.map(|_| marks_at.end);
    let features_at = wanted.len() - features.len();
    let (mut classes, mut values, mut gtzan_rows) = (ClassNumbers::default(), Vec::new(), Vec::new());
    sheet.for_each(&wanted, &mut |row| {
        classes.push(&row.name(0, path, named.label, "a class")?);
        marks.visit(row.place, row.cells.get(marks_at.clone()).unwrap_or_default());
        if let Some(cell) = file_at.and_then(|at| row.cells.get(at)) {
            gtzan_rows.push(Path::new(cell.text().as_ref()).file_stem().and_then(|stem| gtzan_row(stem.to_str()?)));
        }
        if values.len() + columns.len() > NUMBERS_LIMIT {
            return Err(DataError::TooManyNumbers { path: path.into(), limit: NUMBERS_LIMIT });
        }
        for (cell, column) in row.cells.iter().skip(features_at).zip(&columns) {
            values.push(number(cell, column, (path, row.place), "name the column in `data.drop`")?);
        }
        Ok(())
    })?;
    let (classes, labels) = classes.finish(path)?;
    let marks = Marks { gtzan_rows, ..marks.finish() };
    Ok(Table { classes, columns, values, labels, marks, warnings })
}

/// Rows of a table, each with its name: what it holds in the column `file`, or its place where there is none.
pub(crate) type NamedRows = Vec<(String, Vec<f64>)>;

/// Reads the columns `features` of a table of which nothing else is known, in their order.
///
/// # Errors
/// A missing column, no rows, a cell that is no finite number, trouble reading.
pub(crate) fn read_rows(path: &Path, features: &[String], file: &str) -> Result<NamedRows, DataError> {
    let sheet = Sheet::open(path)?;
    let places = features.iter().map(|name| sheet.column(name, "data.path"));
    let places = places.collect::<Result<Vec<usize>, _>>()?;
    let file = sheet.find(file);
    let wanted = [places.as_slice(), file.as_slice()].concat();
    let mut rows = Vec::new();
    sheet.for_each(&wanted, &mut |row| {
        if (rows.len() + 1).saturating_mul(features.len()) > NUMBERS_LIMIT {
            return Err(DataError::TooManyNumbers { path: path.into(), limit: NUMBERS_LIMIT });
        }
        let numbers =
            row.cells.iter().zip(features).map(|(cell, column)| number(cell, column, (path, row.place), "correct it"));
        let numbers = numbers.collect::<Result<Vec<f64>, _>>()?;
        let name = row.cells.get(features.len()).map(|cell| shown(&cell.text()));
        rows.push((name.filter(|name| !name.is_empty()).unwrap_or_else(|| row.place.to_string()), numbers));
        Ok(())
    })?;
    Ok(rows)
}

fn number(
    cell: &Cell<'_>,
    column: &str,
    (path, place): (&Path, Place),
    remedy: &'static str,
) -> Result<f64, DataError> {
    match cell.number() {
        Some(value) if value.is_finite() => Ok(value),
        _ => Err(DataError::BadCell {
            path: path.into(),
            place,
            column: column.to_owned(),
            found: shown(&cell.text()),
            wanted: "a finite number",
            remedy,
        }),
    }
}

/// How pandas names the row numbers of a data frame: `__index_level_0__` in Parquet, no name or `Unnamed: 0` in CSV.
fn is_index(column: &str) -> bool {
    column.is_empty()
        || column.strip_prefix("Unnamed: ").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
        || (column.starts_with("__index_level_") && column.ends_with("__"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Place, Side};
    use std::fs;

    const NAMED: TableColumns<'_> =
        TableColumns { label: "label", drop: &[], file: "filename", split: None, group: None, fold: None };

    fn read_as(text: &str, named: &TableColumns<'_>) -> Result<Table, DataError> {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("table.csv");
        fs::write(&path, text).expect("written");
        read_table(&path, named)
    }

    fn read(text: &str) -> Result<Table, DataError> {
        read_as(text, &TableColumns { drop: &["filename".to_owned(), "length".to_owned()], ..NAMED })
    }

    #[test]
    fn features_are_what_is_left() {
        let table = read("filename,a,label,b\nx,1,rock,-2.5e3\ny,0,jazz, 7 \n").expect("a good table");
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.values, [1.0, -2500.0, 0.0, 7.0]);
        assert_eq!((table.classes, table.labels), (vec!["jazz".to_owned(), "rock".to_owned()], vec![1, 0]));
        assert_eq!(table.marks, Marks { gtzan_rows: vec![None, None], ..Marks::default() });
    }

    #[test]
    fn columns_for_splits_are_no_features() {
        let named = TableColumns { split: Some("side"), group: Some("artist"), fold: Some("f"), ..NAMED };
        let text = "filename,side,artist,f,x,label\n\
                    d/jazz.00054.wav,train,A,2,1,jazz\nblues.00001.au,test,B,0,2,blues\nz.wav,valid,A,1,3,blues\n";
        let table = read_as(text, &named).expect("a good table");
        assert_eq!((table.columns, table.values), (vec!["x".to_owned()], vec![1.0, 2.0, 3.0]));
        assert_eq!(table.marks.gtzan_rows, [Some(554), Some(1), None]);
        assert_eq!(table.marks.groups, Column::Values(vec![0, 1, 0]));
        assert_eq!(table.marks.folds, Column::Values(vec![2, 0, 1]));
        let sides = [Side::Train, Side::Test, Side::Valid].map(Some).to_vec();
        assert_eq!(table.marks.sides, Column::Values(sides));
        let absent = read_as(text, &TableColumns { group: Some("album"), ..named }).expect_err("no such column");
        assert!(matches!(absent, DataError::NoColumn { setting: "data.group", .. }), "{absent:?}");
    }

    #[test]
    fn row_numbers_of_data_frames_are_no_features() {
        let table = read(",x,label,Unnamed: 3\n0,5,rock,0\n1,6,jazz,1\n").expect("a good table");
        assert_eq!((table.columns, table.values), (vec!["x".to_owned()], vec![5.0, 6.0]));
        assert!(matches!(table.warnings.as_slice(), [Warning::IndexColumns { .. }]), "{:?}", table.warnings);
    }

    #[test]
    fn a_bad_cell_names_row_and_column() {
        for bad in ["", "x", "inf", "NaN", "1e999"] {
            let error = read(&format!("a,b,label\n1,2,rock\n3,{bad},jazz\n")).expect_err(bad);
            assert!(
                matches!(
                    &error,
                    DataError::BadCell { place: Place::Line(3), column, found, .. } if column == "b" && found == bad
                ),
                "{error:?}"
            );
            assert!(error.to_string().contains("data.drop"), "{error}");
        }
        let long = read(&format!("a,label\n{},rock\n", "é".repeat(100_000))).expect_err("no number").to_string();
        assert!(long.len() < 400, "{long}");
        let class = read(&format!("a,label\n1,{}\n", "é".repeat(100_000))).expect_err("no class").to_string();
        assert!(class.len() < 400, "{class}");
    }

    #[test]
    fn other_faults_have_names() {
        assert!(matches!(read("a,b\n1,2\n"), Err(DataError::NoColumn { column, .. }) if column == "label"));
        assert!(matches!(read("filename,length,label\nx,1,rock\n"), Err(DataError::NoFeatures { .. })));
        assert!(matches!(read("a,label\n"), Err(DataError::NoRows { .. })));
        assert!(matches!(read(""), Err(DataError::NoRows { .. })));
        assert!(matches!(read("a,label\n1,rock\n2,rock\n"), Err(DataError::OneClass { .. })));
        assert!(matches!(read("a,label\n1,\u{0}\n2\n"), Err(DataError::Csv { .. })));
        assert!(matches!(read_table(Path::new("absent/table.csv"), &NAMED), Err(DataError::Missing { .. })));
        assert!(matches!(read_table(Path::new("."), &NAMED), Err(DataError::NotAFile { .. })));
    }
}
