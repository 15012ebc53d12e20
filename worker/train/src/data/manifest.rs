//! A CSV or Parquet file that lists clips.

use std::cmp::Ordering;
use std::path::{Component, Path, PathBuf};

use super::classes::ClassNumbers;
use super::folder::gtzan_rows;
use super::mark_columns::MarkColumns;
use super::sheet::{Cell, Row, Sheet, shown};
use super::{Clips, Column, DataError, ListedClip, Marks, Place, Span, Warning};

/// Names of a manifest's columns.
pub(super) struct Columns<'a> {
    pub(super) file: &'a str,
    pub(super) label: &'a str,
    pub(super) split: &'a str,
    pub(super) group: &'a str,
    pub(super) fold: &'a str,
    pub(super) start: &'a str,
    pub(super) end: &'a str,
}

/// Lists the rows of the manifest at `path`, in their order.
pub(super) fn list(path: &Path, columns: &Columns<'_>) -> Result<Clips, DataError> {
    let sheet = Sheet::open(path)?;
    // Many manifests call it so.
    let file = if columns.file == "file" && sheet.find("file").is_none() && sheet.find("path").is_some() {
        "path"
    } else {
        columns.file
    };
    let wanted = Wanted::new(&sheet, columns, file)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut classes = ClassNumbers::default();
    let (mut clips, mut places) = (Vec::new(), Vec::new());
    let mut marks = MarkColumns::new(&sheet, Some(columns.split), Some(columns.group), Some(columns.fold));
    let indices = [wanted.indices.as_slice(), marks.indices.as_slice()].concat();
    let marks_from = wanted.indices.len();
    sheet.for_each(&indices, &mut |row| {
        let name = row.name(0, path, file, "a path")?;
        let inside = inside(&name).ok_or_else(|| DataError::Outside {
            path: path.into(),
            place: row.place,
            found: shown(&name),
        })?;
        classes.push(&row.name(1, path, columns.label, "a class")?);
        let span = wanted.span(row, path, columns)?;
        clips.push(ListedClip { span, ..ListedClip::whole(folder.join(inside), 0) });
        places.push(row.place);
        marks.visit(row.place, row.cells.get(marks_from..).unwrap_or_default());
        Ok(())
    })?;
    let (classes, labels) = classes.finish(path)?;
    clips.iter_mut().zip(labels).for_each(|(clip, label)| clip.label = label);
    let mut marks = Marks { gtzan_rows: gtzan_rows(&clips), ..marks.finish() };
    let warnings = look(path, folder, &clips, &places, &mut marks, columns.group)?;
    Ok(Clips { classes, clips, marks, warnings })
}

/// Where the columns of clips are.
struct Wanted {
    /// Path, class, then start and end where they are there.
    indices: Vec<usize>,
    start: Option<usize>,
    end: Option<usize>,
}

impl Wanted {
    fn new(sheet: &Sheet, columns: &Columns<'_>, file: &str) -> Result<Self, DataError> {
        let mut indices = vec![sheet.column(file, "data.file")?, sheet.column(columns.label, "data.label")?];
        let mut optional = |name: &str| {
            indices.push(sheet.find(name)?);
            Some(indices.len() - 1)
        };
        let (start, end) = (optional(columns.start), optional(columns.end));
        Ok(Wanted { indices, start, end })
    }

    /// The part of the file that a row names; none for all of it.
    fn span(&self, row: &Row<'_>, path: &Path, columns: &Columns<'_>) -> Result<Option<Span>, DataError> {
        let seconds = |at: Option<usize>, column: &str, least: f64| {
            let Some(cell) = at.and_then(|at| row.cells.get(at)) else { return Ok(None) };
            match cell.number() {
                None if *cell == Cell::Blank => Ok(None),
                Some(seconds) if seconds.is_finite() && seconds >= least => Ok(Some(seconds)),
                _ => Err(DataError::BadCell {
                    path: path.into(),
                    place: row.place,
                    column: column.to_owned(),
                    found: shown(&cell.text()),
                    wanted: "seconds from the file's beginning, with the end after the start",
                    remedy: "name other columns with `data.start` and `data.end`",
                }),
            }
        };
        let start = seconds(self.start, columns.start, 0.0)?;
        // The least end is the next number above the start.
        let end = seconds(self.end, columns.end, start.unwrap_or(0.0).next_up())?;
        match (start, end) {
            (None, None) => Ok(None),
            // What begins at the beginning and has no end is all of the file.
            (Some(0.0), None) => Ok(None),
            (start, end) => Ok(Some(Span { start: start.unwrap_or(0.0), end })),
        }
    }
}

/// A path below the manifest's folder, by its text alone; links in that folder may lead out. None for any other path.
fn inside(file: &str) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for component in Path::new(file).components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(inside)
}

/// Looks for clips that are listed twice, parts that overlap and files that are not there. Where clips are parts of files
/// and there is no group column, files become the groups.
fn look(
    path: &Path,
    folder: &Path,
    clips: &[ListedClip],
    places: &[Place],
    marks: &mut Marks,
    group: &str,
) -> Result<Vec<Warning>, DataError> {
    let mut order: Vec<usize> = (0..clips.len()).collect();
    let start = |clip: &ListedClip| clip.span.map_or(0.0, |span| span.start);
    let end = |clip: &ListedClip| clip.span.and_then(|span| span.end).unwrap_or(f64::INFINITY);
    let by_part = |a: &ListedClip, b: &ListedClip| {
        a.path.as_os_str().cmp(b.path.as_os_str()).then(start(a).total_cmp(&start(b))).then(end(a).total_cmp(&end(b)))
    };
    order.sort_by(|a, b| by_part(&clips[*a], &clips[*b]));
    let pairs = || order.windows(2).map(|pair| (pair[0], pair[1]));
    let twice = pairs().filter(|(a, b)| by_part(&clips[*a], &clips[*b]) == Ordering::Equal);
    // Sorting is stable: of equal ones the earlier row comes first.
    if let Some((first, second)) = twice.min_by_key(|(_, second)| *second) {
        let file = clips[second].path.strip_prefix(folder).unwrap_or(&clips[second].path);
        let file = shown(&file.to_string_lossy());
        let (first, second) = (places[first], places[second]);
        return Err(DataError::ListedTwice { path: path.into(), file, first, second });
    }
    let mut warnings = Vec::new();
    // Paths are normal here, so that their text tells them apart, which is much faster than their components.
    let same = |a: usize, b: usize| clips[a].path.as_os_str() == clips[b].path.as_os_str();
    let same_file = |(a, b): &(usize, usize)| same(*a, *b);
    let (mut files, mut last) = (0, None);
    for (a, b) in pairs().filter(same_file) {
        files += usize::from(last != Some(a));
        last = Some(b);
    }
    if files > 0 && matches!(marks.groups, Column::Absent { .. }) {
        let mut numbers = vec![0; clips.len()];
        let mut number = 0;
        for (at, clip) in order.iter().enumerate() {
            number += u32::from(at > 0 && !same(order[at - 1], *clip));
            numbers[*clip] = number;
        }
        marks.groups = Column::Values(numbers);
        warnings.push(Warning::PartsOfFiles { files, column: group.to_owned() });
    }
    let overlap = |(a, b): &(usize, usize)| end(&clips[*a]) > start(&clips[*b]);
    let overlaps: Vec<usize> = pairs().filter(same_file).filter(overlap).map(|(_, b)| b).collect();
    if let Some(first) = overlaps.iter().min() {
        warnings.push(Warning::Overlaps { count: overlaps.len(), first: clips[*first].path.clone() });
    }
    let mut missing = Vec::new();
    let mut there = true;
    for (at, clip) in order.iter().enumerate() {
        if at == 0 || !same(order[at - 1], *clip) {
            there = clips[*clip].path.exists();
        }
        if !there {
            missing.push(*clip);
        }
    }
    if let Some(first) = missing.iter().min() {
        warnings.push(Warning::MissingFiles { count: missing.len(), first: clips[*first].path.clone() });
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Side;
    use std::fs;

    const NAMES: Columns<'_> = Columns {
        file: "file",
        label: "label",
        split: "split",
        group: "group",
        fold: "fold",
        start: "start",
        end: "end",
    };

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
        assert_eq!(listed.marks.groups, Column::Values(vec![0, 1, 0, 2]));
        assert_eq!(listed.marks.folds, Column::Values(vec![3, 0, 1, 1]));
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
            assert!(
                matches!(&error, DataError::Outside { place: Place::Line(3), found, .. } if found == bad),
                "{error:?}"
            );
        }
    }

    #[test]
    fn faults_name_their_line_and_column() {
        let twice = listed("file,label\na.wav,rock\nb.wav,jazz\n./a.wav,jazz\n").expect_err("a file twice");
        assert!(
            matches!(twice, DataError::ListedTwice { first: Place::Line(2), second: Place::Line(4), .. }),
            "{twice:?}"
        );
        let blank = listed("file,label\na.wav,rock\nb.wav,\n").expect_err("no class");
        assert!(
            matches!(&blank, DataError::BadCell { place: Place::Line(3), column, .. } if column == "label"),
            "{blank:?}"
        );
        let absent = listed("name,label\na.wav,rock\n").expect_err("no such column").to_string();
        assert!(absent.contains("\"file\"") && absent.contains("data.file") && absent.contains("\"name\""), "{absent}");
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
        assert_eq!(listed.marks.folds, Column::Bad { name: "fold".into(), place: Place::Line(3), found: "one".into() });
        assert_eq!(listed.marks.groups, Column::Absent { name: Some("group".into()) });
    }

    #[test]
    fn a_column_of_paths_may_be_called_so() {
        let listed = listed("path,label\na.wav,rock\nb.wav,jazz\n").expect("a good manifest");
        assert_eq!(listed.clips[1].path, Path::new("b.wav"));
        assert_eq!(listed.clips[1].span, None);
        let both =
            super::tests::listed("path,label,file\nx.wav,rock,a.wav\ny.wav,jazz,b.wav\n").expect("a good manifest");
        assert_eq!(both.clips[1].path, Path::new("b.wav"));
    }

    #[test]
    fn sides_are_words_and_a_bad_one_is_remembered() {
        use Side::{Test, Train, Valid};
        let text = "file,label,split\na.wav,rock,Training\nb.wav,jazz,val\nc.wav,jazz,test\nd.wav,jazz,\n\
                    e.wav,rock,train_or_valid\n";
        let sides = vec![Some(Train), Some(Valid), Some(Test), None, Some(Train)];
        assert_eq!(listed(text).expect("a good manifest").marks.sides, Column::Values(sides));
        let bad = listed(&text.replace("val\n", "later\n")).expect("a split may be unused");
        let expected = Column::Bad { name: "split".into(), place: Place::Line(3), found: "later".into() };
        assert_eq!(bad.marks.sides, expected);
    }

    #[test]
    fn clips_may_be_parts_of_files() {
        let text = "file,label,start,end\na.wav,rock,0,30\na.wav,rock,30,\nb.wav,jazz,,12.5\nc.wav,jazz,,\nd.wav,jazz,0,\n\
                    a.wav,jazz,29.5,31\n";
        let listed = listed(text).expect("a good manifest");
        let spans: Vec<_> = listed.clips.iter().map(|clip| clip.span.map(|span| (span.start, span.end))).collect();
        let expected = [
            Some((0.0, Some(30.0))),
            Some((30.0, None)),
            Some((0.0, Some(12.5))),
            None,
            None,
            Some((29.5, Some(31.0))),
        ];
        assert_eq!(spans, expected);
        assert_eq!(listed.marks.groups, Column::Values(vec![0, 0, 1, 2, 3, 0]), "parts of one file belong together");
        let told: Vec<String> = listed.warnings.iter().map(ToString::to_string).collect();
        assert!(told[0].starts_with("1 files are listed in several parts"), "{told:?}");
        assert!(told[1].starts_with("2 clips overlap"), "{told:?}");
        assert!(told[2].starts_with("3 listed files are not there"), "{told:?}");

        let grouped =
            super::tests::listed("file,label,start,end,group\na.wav,rock,0,1,x\na.wav,jazz,1,2,y\n").expect("good");
        assert_eq!(grouped.marks.groups, Column::Values(vec![0, 1]), "a column that is there counts");
        let twice = super::tests::listed("file,label,start,end\na.wav,rock,0,1\nb.wav,rock,0,1\na.wav,jazz,0,1.0\n");
        assert!(matches!(twice, Err(DataError::ListedTwice { first: Place::Line(2), second: Place::Line(4), .. })));
    }

    #[test]
    fn parts_without_extent_are_refused() {
        for bad in ["-1,2", "x,2", "3,3", "3,2", "nan,2", "0,inf", "0,0", "0,1e999"] {
            let error = listed(&format!("file,label,start,end\na.wav,rock,0,1\nb.wav,jazz,{bad}\n")).expect_err(bad);
            assert!(matches!(&error, DataError::BadCell { place: Place::Line(3), .. }), "{error:?}");
            assert!(error.to_string().contains("data.start"), "{error}");
        }
    }
}
