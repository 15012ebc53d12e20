//! A CSV file that lists clips.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::listing::number_classes;
use super::records::{Records, shown};
use super::{Clips, Column, DataError, ListedClip, Warning};

/// Names of a manifest's columns.
pub(super) struct Columns<'a> {
    pub(super) file: &'a str,
    pub(super) label: &'a str,
    pub(super) group: &'a str,
    pub(super) fold: &'a str,
}

/// Lists the rows of the manifest at `path`, in their order.
pub(super) fn list(path: &Path, columns: &Columns<'_>) -> Result<Clips, DataError> {
    let records = Records::read(path)?;
    let file = records.column(path, columns.file, "data.file")?;
    let label = records.column(path, columns.label, "data.label")?;
    let names = records.texts(path, label, "a class")?;
    let files = records.texts(path, file, "a path")?;
    let paths = resolve(path, &records, &files)?;
    let (classes, labels) = number_classes(path, &names)?;
    let missing: Vec<&PathBuf> = paths.iter().filter(|path| !path.exists()).collect();
    let warnings = match missing.as_slice() {
        [] => Vec::new(),
        [first, ..] => vec![Warning::MissingFiles { count: missing.len(), first: (*first).clone() }],
    };
    let clips = paths.iter().zip(labels).map(|(path, label)| ListedClip { path: path.clone(), label }).collect();
    let groups = groups(&records, columns.group);
    let folds = folds(&records, columns.fold);
    Ok(Clips { classes, clips, groups, folds, warnings })
}

/// The files of all rows. A path must stay in the manifest's folder by its text alone; links in that folder may lead out.
fn resolve(path: &Path, records: &Records, files: &[String]) -> Result<Vec<PathBuf>, DataError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut first_lines: HashMap<PathBuf, u64> = HashMap::new();
    let mut paths = Vec::with_capacity(files.len());
    for (file, (line, _)) in files.iter().zip(&records.rows) {
        let mut inside = PathBuf::new();
        for component in Path::new(file).components() {
            match component {
                Component::Normal(name) => inside.push(name),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    return Err(DataError::Outside { path: path.into(), line: *line, found: shown(file) });
                }
            }
        }
        if let Some(first) = first_lines.insert(inside.clone(), *line) {
            return Err(DataError::ListedTwice { path: path.into(), file: shown(file), first, second: *line });
        }
        paths.push(folder.join(inside));
    }
    Ok(paths)
}

/// A number for each distinct text; a row without one is a group of its own.
fn groups(records: &Records, name: &str) -> Column {
    let Some(index) = records.headings.iter().position(|heading| heading == name) else {
        return Column::Absent { name: Some(name.to_owned()) };
    };
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut next = 0;
    let mut number = |text| {
        let mut fresh = || {
            next += 1;
            next - 1
        };
        if str::is_empty(text) { fresh() } else { *numbers.entry(text).or_insert_with(fresh) }
    };
    Column::Values(records.rows.iter().map(|(_, record)| number(record.get(index).unwrap_or_default())).collect())
}

fn folds(records: &Records, name: &str) -> Column {
    let Some(index) = records.headings.iter().position(|heading| heading == name) else {
        return Column::Absent { name: Some(name.to_owned()) };
    };
    let mut values = Vec::with_capacity(records.rows.len());
    for (line, record) in &records.rows {
        let cell = record.get(index).unwrap_or_default();
        match cell.parse() {
            Ok(value) => values.push(value),
            Err(_) => return Column::Bad { name: name.to_owned(), line: *line, found: shown(cell) },
        }
    }
    Column::Values(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const NAMES: Columns<'_> = Columns { file: "file", label: "label", group: "group", fold: "fold" };

    fn listed(text: &str) -> Result<Clips, DataError> {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("manifest.csv");
        fs::write(&path, text).expect("written");
        fs::write(root.path().join("a.wav"), b"x").expect("written");
        let mut listed = list(&path, &NAMES)?;
        for clip in &mut listed.clips {
            clip.path = clip.path.strip_prefix(root.path()).expect("inside").into();
        }
        Ok(listed)
    }

    #[test]
    fn rows_keep_their_order_and_groups_and_folds_are_numbers() {
        let text =
            "\u{feff}label,file,fold,group\nrock,a.wav,3,x\njazz,./sub/b.wav,0,\nrock,c.wav,1,x\njazz,d.wav,1,\n";
        let listed = listed(text).expect("a good manifest");
        assert_eq!(listed.classes, ["jazz", "rock"]);
        let clips: Vec<_> = listed.clips.iter().map(|c| (c.path.to_str().expect("text"), c.label)).collect();
        assert_eq!(clips, [("a.wav", 1), ("sub/b.wav", 0), ("c.wav", 1), ("d.wav", 0)]);
        assert_eq!(listed.groups, Column::Values(vec![0, 1, 0, 2]));
        assert_eq!(listed.folds, Column::Values(vec![3, 0, 1, 1]));
        assert!(
            matches!(listed.warnings.as_slice(), [Warning::MissingFiles { count: 3, .. }]),
            "{:?}",
            listed.warnings
        );
    }

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        for bad in ["/etc/passwd", "../x.wav", "a/../../x.wav", "sub/.."] {
            let text = format!("file,label\na.wav,rock\n{bad},jazz\n");
            let error = listed(&text).expect_err(bad);
            assert!(matches!(&error, DataError::Outside { line: 3, found, .. } if found == bad), "{error:?}");
        }
    }

    #[test]
    fn faults_name_their_line_and_column() {
        let twice = listed("file,label\na.wav,rock\nb.wav,jazz\n./a.wav,jazz\n").expect_err("a file twice");
        assert!(matches!(twice, DataError::ListedTwice { first: 2, second: 4, .. }), "{twice:?}");
        let blank = listed("file,label\na.wav,rock\nb.wav,\n").expect_err("no class");
        assert!(matches!(&blank, DataError::BadCell { line: 3, column, .. } if column == "label"), "{blank:?}");
        let absent = listed("path,label\na.wav,rock\n").expect_err("no such column").to_string();
        assert!(absent.contains("\"file\"") && absent.contains("data.file") && absent.contains("\"path\""), "{absent}");
        assert!(matches!(listed("file,label\n"), Err(DataError::NoRows { .. })));
        assert!(matches!(listed("file,label\na.wav\n"), Err(DataError::Csv { .. })));
        assert!(
            matches!(listed("file,label,file\na,b,c\n"), Err(DataError::ColumnTwice { column, .. }) if column == "file")
        );
        assert!(matches!(listed("file,label\na.wav,rock\nb.wav,rock\n"), Err(DataError::OneClass { examples: 2, .. })));
    }

    #[test]
    fn a_bad_fold_is_remembered_not_refused() {
        let listed = listed("file,label,fold\na.wav,rock,1\nb.wav,jazz,one\n").expect("folds may be unused");
        assert_eq!(listed.folds, Column::Bad { name: "fold".into(), line: 3, found: "one".into() });
        assert_eq!(listed.groups, Column::Absent { name: Some("group".into()) });
    }
}
