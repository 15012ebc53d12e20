//! A CSV file of numbers, one example a row.

use std::path::Path;

use super::DataError;
use super::listing::number_classes;
use super::records::{Records, shown};

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
}

/// Reads the table at `path`: the column `label` holds the classes, columns named in `drop` are left out (or absent), and
/// all others must hold finite numbers.
///
/// # Errors
/// A missing label column, no rows, no features, a cell that is no finite number, fewer than two classes, trouble reading.
pub(crate) fn read_table(path: &Path, label: &str, drop: &[String]) -> Result<Table, DataError> {
    let records = Records::read(path)?;
    let label_index = records.column(path, label, "data.label")?;
    let is_feature = |(index, name): &(usize, &String)| *index != label_index && !drop.contains(name);
    let (indices, columns): (Vec<usize>, Vec<String>) =
        records.headings.iter().enumerate().filter(is_feature).map(|(index, name)| (index, name.clone())).unzip();
    if columns.is_empty() {
        return Err(DataError::NoFeatures { path: path.into() });
    }
    let mut values = Vec::with_capacity(records.rows.len() * columns.len());
    for (line, record) in &records.rows {
        for (index, column) in indices.iter().zip(&columns) {
            let cell = record.get(*index).unwrap_or_default();
            match cell.parse::<f64>() {
                Ok(value) if value.is_finite() => values.push(value),
                _ => {
                    return Err(DataError::BadCell {
                        path: path.into(),
                        line: *line,
                        column: column.clone(),
                        found: shown(cell),
                        wanted: "a finite number",
                        remedy: "name the column in `data.drop`",
                    });
                }
            }
        }
    }
    let (classes, labels) = number_classes(path, &records.texts(path, label_index, "a class")?)?;
    Ok(Table { classes, columns, values, labels })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(text: &str) -> Result<Table, DataError> {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("table.csv");
        fs::write(&path, text).expect("written");
        read_table(&path, "label", &["filename".to_owned(), "length".to_owned()])
    }

    #[test]
    fn features_are_what_is_left() {
        let table = read("filename,a,label,b\nx,1,rock,-2.5e3\ny,0,jazz, 7 \n").expect("a good table");
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.values, [1.0, -2500.0, 0.0, 7.0]);
        assert_eq!((table.classes, table.labels), (vec!["jazz".to_owned(), "rock".to_owned()], vec![1, 0]));
    }

    #[test]
    fn a_bad_cell_names_row_and_column() {
        for bad in ["", "x", "inf", "NaN", "1e999"] {
            let error = read(&format!("a,b,label\n1,2,rock\n3,{bad},jazz\n")).expect_err(bad);
            assert!(
                matches!(&error, DataError::BadCell { line: 3, column, found, .. } if column == "b" && found == bad),
                "{error:?}"
            );
            assert!(error.to_string().contains("data.drop"), "{error}");
        }
        let long = read(&format!("a,label\n{},rock\n", "é".repeat(100_000))).expect_err("no number").to_string();
        assert!(long.len() < 400, "{long}");
    }

    #[test]
    fn other_faults_have_names() {
        assert!(matches!(read("a,b\n1,2\n"), Err(DataError::NoColumn { column, .. }) if column == "label"));
        assert!(matches!(read("filename,length,label\nx,1,rock\n"), Err(DataError::NoFeatures { .. })));
        assert!(matches!(read("a,label\n"), Err(DataError::NoRows { .. })));
        assert!(matches!(read(""), Err(DataError::NoRows { .. })));
        assert!(matches!(read("a,label\n1,rock\n2,rock\n"), Err(DataError::OneClass { .. })));
        assert!(matches!(read("a,label\n1,\u{0}\n2\n"), Err(DataError::Csv { .. })));
        let absent = Path::new("absent/table.csv");
        assert!(matches!(read_table(absent, "label", &[]), Err(DataError::Missing { .. })));
        assert!(matches!(read_table(Path::new("."), "label", &[]), Err(DataError::NotAFile { .. })));
    }
}
