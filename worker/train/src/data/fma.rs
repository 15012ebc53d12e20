//! The Free Music Archive set: `tracks.csv` of its metadata, and a tree of files named by their tracks' numbers.

use std::fs;
use std::path::{Path, PathBuf};

use gliss_types::recipe::FmaSubset;

use super::classes::ClassNumbers;
use super::marks::GroupNumbers;
use super::sheet::{BYTES_LIMIT, shown};
use super::{Clips, Column, DataError, ListedClip, Marks, Place, Side, Warning};

/// Files of the small subset that last a second or two (mdeff/fma, issue 8): used as they are.
const SHORT: [u64; 3] = [98_565, 98_567, 98_569];
/// Files of the small subset without any sound in them (mdeff/fma, issue 44): counted by splits, never used.
const EMPTY: [u64; 3] = [99_134, 108_925, 133_297];
/// Where the metadata lie beside the tree.
const TRACKS: &str = "fma_metadata/tracks.csv";
/// Columns by the first and second row of their heading, and how messages name them.
const COLUMNS: [(&str, &str, &str); 4] = [
    ("set", "split", "`set.split`"),
    ("set", "subset", "`set.subset`"),
    ("track", "genre_top", "`track.genre_top`"),
    ("artist", "id", "`artist.id`"),
];

/// What one row of the metadata says.
struct Track {
    id: u64,
    genre: String,
    artist: u32,
    side: Option<Side>,
}

/// Lists the tracks of `subset` in the order of the metadata, with the official split, and the artist as the group.
pub(super) fn list(tree: &Path, tracks: Option<&Path>, subset: FmaSubset) -> Result<Clips, DataError> {
    if tree.is_file() {
        return Err(DataError::NotAFolder { path: tree.into() });
    }
    if !tree.exists() {
        return Err(DataError::Missing { path: tree.into() });
    }
    let beside = || tree.parent().unwrap_or(Path::new("")).join(TRACKS);
    let metadata = tracks.map_or_else(beside, PathBuf::from);
    let Read { tracks, sides, without_genre } = read(&metadata, subset)?;
    let mut classes = ClassNumbers::default();
    tracks.iter().for_each(|track| classes.push(&track.genre));
    let (classes, labels) = classes.finish(&metadata)?;
    let clips: Vec<ListedClip> = tracks.iter().zip(labels).map(|(track, label)| clip(tree, track.id, label)).collect();
    let mut warnings = Vec::new();
    if without_genre > 0 {
        let column = "top genre".to_owned();
        warnings.push(Warning::NoClass { path: metadata, count: without_genre, column });
    }
    let left_out: Vec<&ListedClip> = clips.iter().filter(|clip| clip.left_out.is_some()).collect();
    if let Some((first, reason)) = left_out.first().and_then(|clip| Some((clip.path.clone(), clip.left_out?))) {
        warnings.push(Warning::LeftOut { count: left_out.len(), first, reason });
    }
    let short: Vec<usize> = (0..clips.len()).filter(|at| SHORT.contains(&tracks[*at].id)).collect();
    if let Some(first) = short.first() {
        warnings.push(Warning::KnownShort { count: short.len(), first: clips[*first].path.clone() });
    }
    let missing: Vec<&ListedClip> =
        clips.iter().filter(|clip| clip.left_out.is_none() && !clip.path.exists()).collect();
    if let Some(first) = missing.first() {
        warnings.push(Warning::MissingFiles { count: missing.len(), first: first.path.clone() });
    }
    let marks = Marks {
        groups: Column::Values(tracks.iter().map(|track| track.artist).collect()),
        sides: sides.unwrap_or_else(|| Column::Values(tracks.iter().map(|track| track.side).collect())),
        ..Marks::default()
    };
    Ok(Clips { classes, clips, marks, warnings })
}

/// Track 98565 is `098/098565.mp3`.
fn clip(tree: &Path, id: u64, label: u32) -> ListedClip {
    let path = tree.join(format!("{:03}", id / 1000)).join(format!("{id:06}.mp3"));
    let left_out = EMPTY.contains(&id).then_some("the file of this track is known to hold no sound");
    ListedClip { left_out, ..ListedClip::whole(path, label) }
}

/// The rows of a subset.
struct Read {
    tracks: Vec<Track>,
    /// Given where a side is no side.
    sides: Option<Column<Option<Side>>>,
    without_genre: usize,
}

fn read(path: &Path, subset: FmaSubset) -> Result<Read, DataError> {
    if !path.is_file() {
        return Err(DataError::NoTracks { path: path.into() });
    }
    let bytes = fs::metadata(path).map_err(DataError::io("read", path))?.len();
    if bytes > BYTES_LIMIT {
        return Err(DataError::TooLarge { path: path.into(), bytes, limit: BYTES_LIMIT });
    }
    let broken = |source| DataError::Csv { path: path.into(), source };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).map_err(broken)?;
    let mut record = csv::StringRecord::new();
    let mut headings = Vec::new();
    for _ in 0..3 {
        reader.read_record(&mut record).map_err(broken)?;
        headings.push(record.clone());
    }
    let column = |(first, second, name): (&str, &str, &'static str)| {
        let found = headings[0].iter().zip(&headings[1]).position(|pair| pair == (first, second));
        found.ok_or_else(|| DataError::NotTracks { path: path.into(), column: name })
    };
    let [split, sub, genre, artist] = COLUMNS.map(column);
    let (split, sub, genre, artist) = (split?, sub?, genre?, artist?);
    if headings[2].get(0) != Some("track_id") {
        return Err(DataError::NotTracks { path: path.into(), column: "`track_id`" });
    }
    let mut read = Read { tracks: Vec::new(), sides: None, without_genre: 0 };
    let mut artists = GroupNumbers::default();
    while reader.read_record(&mut record).map_err(broken)? {
        let place = Place::Line(record.position().map_or(0, csv::Position::line));
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        let bad = |column: &str, at: usize, wanted: &'static str| DataError::BadCell {
            path: path.into(),
            place,
            column: column.into(),
            found: shown(cell(at)),
            wanted,
            remedy: "remove the row",
        };
        let within = match cell(sub) {
            "small" => FmaSubset::Small,
            "medium" => FmaSubset::Medium,
            "large" => FmaSubset::Large,
            // Only in the untrimmed set.
            "" | "full" => continue,
            _ => return Err(bad("set.subset", sub, "`small`, `medium` or `large`")),
        };
        if within > subset {
            continue;
        }
        if cell(genre).is_empty() {
            read.without_genre += 1;
            continue;
        }
        let id = cell(0).parse().ok().filter(|id| *id < 1_000_000);
        let id = id.ok_or_else(|| bad("track_id", 0, "a track's number below a million"))?;
        let side = Side::parse(cell(split));
        if side.is_none() && read.sides.is_none() {
            let (name, found) = ("set.split".to_owned(), shown(cell(split)));
            read.sides = Some(Column::Bad { name, place, found });
        }
        let artist = artists.number(cell(artist));
        read.tracks.push(Track { id, genre: cell(genre).to_owned(), artist, side: side.flatten() });
    }
    if read.tracks.is_empty() { Err(DataError::NoRows { path: path.into() }) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// Metadata with the official file's heading and a few of its columns.
    fn tracks(rows: &[(u64, &str, &str, &str, u32)]) -> String {
        let mut text = "\
            ,album,artist,artist,set,set,track,track\n\
            ,title,bio,id,split,subset,genre_top,title\n\
            track_id,,,,,,,\n"
            .to_owned();
        for (id, split, subset, genre, artist) in rows {
            writeln!(text, "{id},\"a, b\",\"two\nlines\",{artist},{split},{subset},{genre},x").expect("written");
        }
        text
    }

    fn put(root: &Path, text: &str) {
        fs::create_dir_all(root.join("fma_metadata")).expect("created");
        fs::create_dir_all(root.join("fma_small/000")).expect("created");
        fs::write(root.join("fma_metadata/tracks.csv"), text).expect("written");
    }

    const ROWS: [(u64, &str, &str, &str, u32); 8] = [
        (2, "training", "small", "Hip-Hop", 1),
        (5, "validation", "small", "Rock", 7),
        (10, "test", "small", "Rock", 1),
        (11, "training", "medium", "Jazz", 8),
        (12, "training", "large", "", 8),
        (98_565, "training", "small", "Rock", 9),
        (99_134, "training", "small", "Hip-Hop", 9),
        (133_297, "test", "small", "Hip-Hop", 10),
    ];

    #[test]
    fn the_subset_its_sides_and_artists_are_read() {
        let root = tempfile::tempdir().expect("a folder");
        put(root.path(), &tracks(&ROWS));
        let tree = root.path().join("fma_small");
        fs::write(tree.join("000/000002.mp3"), b"").expect("written");
        let listed = list(&tree, None, FmaSubset::Small).expect("listed");
        assert_eq!(listed.classes, ["Hip-Hop", "Rock"]);
        let labels: Vec<u32> = listed.clips.iter().map(|clip| clip.label).collect();
        assert_eq!(labels, [0, 1, 1, 1, 0, 0]);
        assert_eq!(listed.clips[3].path, tree.join("098/098565.mp3"));
        assert_eq!(listed.marks.groups, Column::Values(vec![0, 1, 0, 2, 2, 3]));
        use Side::{Test, Train, Valid};
        let sides = [Train, Valid, Test, Train, Train, Test].map(Some).to_vec();
        assert_eq!(listed.marks.sides, Column::Values(sides));
        let left_out: Vec<bool> = listed.clips.iter().map(|clip| clip.left_out.is_some()).collect();
        assert_eq!(left_out, [false, false, false, false, true, true]);
        assert!(
            matches!(
                listed.warnings.as_slice(),
                [
                    Warning::LeftOut { count: 2, .. },
                    Warning::KnownShort { count: 1, .. },
                    Warning::MissingFiles { count: 3, .. }
                ]
            ),
            "{:?}",
            listed.warnings
        );
        let large = list(&tree, None, FmaSubset::Large).expect("listed");
        assert_eq!((large.clips.len(), large.classes.len()), (7, 3));
        assert!(matches!(large.warnings[0], Warning::NoClass { count: 1, .. }), "{:?}", large.warnings);
    }

    #[test]
    fn faults_name_the_setting() {
        let root = tempfile::tempdir().expect("a folder");
        let tree = root.path().join("fma_small");
        assert!(matches!(list(&tree, None, FmaSubset::Small), Err(DataError::Missing { .. })));
        put(root.path(), "track_id,genre\n2,Rock\n3,Jazz\n");
        let simple = list(&tree, None, FmaSubset::Small).expect_err("another table");
        assert_eq!(simple.setting(), "data.tracks");
        assert!(simple.to_string().contains("data.source: manifest"), "{simple}");
        let absent = list(&tree, Some(Path::new("absent.csv")), FmaSubset::Small).expect_err("no metadata");
        assert_eq!(absent.setting(), "data.tracks");
        for bad in ["x", "-1", "1000000", ""] {
            put(root.path(), &tracks(&ROWS).replace("\n10,", &format!("\n{bad},")));
            let error = list(&tree, None, FmaSubset::Small).expect_err(bad);
            assert!(matches!(&error, DataError::BadCell { column, .. } if column == "track_id"), "{error:?}");
        }
        put(root.path(), &tracks(&ROWS).replace("validation", "later"));
        let listed = list(&tree, None, FmaSubset::Small).expect("a split may be unused");
        assert!(matches!(listed.marks.sides, Column::Bad { .. }));
    }
}
