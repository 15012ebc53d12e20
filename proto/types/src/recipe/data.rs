//! Data of a recipe: where examples come from.

use serde::Serialize;

use crate::settings::Reader;

/// GTZAN's genres in ascending order, as its folders are named.
pub const GTZAN_GENRES: [&str; 10] =
    ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"];

/// The settings that name a file or folder of the data. They are absolute by the time a recipe is read for a trial.
pub const DATA_PATHS: [&str; 2] = ["data.path", "data.tracks"];

/// Where clips or rows come from. Paths are absolute by the time a recipe is read for a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum Data {
    /// Music-like clips rendered into the cache. For trying and testing.
    Synth {
        /// Clips in each of the ten styles.
        clips_per_style: u32,
        /// Length of each clip.
        seconds: f64,
        /// Hertz.
        sample_rate: u32,
        /// Another seed is another set.
        seed: u64,
    },
    /// A folder with one folder of audio files per class.
    Folder {
        /// That folder.
        path: String,
    },
    /// A folder with one folder of PNG pictures per class.
    Images {
        /// That folder.
        path: String,
        /// The first document's quirk Q000-5 for the pictures of GTZAN: those in rows 544 and 554 of the list are left out of
        /// their side of the split.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        drop_544: bool,
    },
    /// GTZAN: a folder per genre with files named `genre.00012.wav` or `.au`.
    Gtzan {
        /// The folder of genres.
        path: String,
        /// The genres that are used, at least two, in ascending order.
        genres: Vec<String>,
        /// Clips that are not listed at all, such as `jazz.00054`.
        exclude: Vec<String>,
        /// The first document's quirk Q000-5: the good clip in row 544 is left out of its side of the split.
        drop_544: bool,
    },
    /// The Free Music Archive set: a metadata file `tracks.csv` and a tree of files named `000/000002.mp3`.
    Fma {
        /// The tree.
        path: String,
        /// `tracks.csv`; none for `fma_metadata/tracks.csv` beside the tree.
        #[serde(skip_serializing_if = "Option::is_none")]
        tracks: Option<String>,
        /// Which part of the set.
        subset: FmaSubset,
    },
    /// A CSV or Parquet file that lists audio files, with paths relative to its own folder.
    Manifest {
        /// That file.
        path: String,
        /// The column of paths.
        file: String,
        /// The column of classes.
        label: String,
        /// The column that says on which side of a split a clip is; may be absent from the file if unused.
        split: String,
        /// The column whose equal values stay on one side of a split; may be absent from the file if unused.
        group: String,
        /// The column of fold numbers; may be absent from the file if unused.
        fold: String,
        /// The column of seconds at which clips begin in their files; may be absent from the file.
        start: String,
        /// The column of seconds at which clips end in their files; may be absent from the file.
        end: String,
    },
    /// A CSV or Parquet file of numbers, one example a row.
    Table {
        /// That file.
        path: String,
        /// The column of classes.
        label: String,
        /// Columns that are not features.
        drop: Vec<String>,
        /// The column of clips' file names, no feature; may be absent from the file if unused.
        file: String,
        /// The column that says on which side of a split a row is, no feature.
        #[serde(skip_serializing_if = "Option::is_none")]
        split: Option<String>,
        /// The column whose equal values stay on one side of a split, no feature.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        /// The column of fold numbers, no feature.
        #[serde(skip_serializing_if = "Option::is_none")]
        fold: Option<String>,
    },
}

/// Parts of the Free Music Archive set, each within the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FmaSubset {
    /// 8000 clips of 8 balanced genres.
    Small,
    /// 25,000 clips of 16 genres.
    Medium,
    /// 106,574 clips, of which those without a top genre are left out.
    Large,
}

/// Sources by the names that files give them.
const SOURCES: [&str; 7] = ["synth", "folder", "manifest", "table", "gtzan", "fma", "images"];

/// Each setting with the sources that have it.
const SETTINGS: [(&str, &[&str]); 18] = [
    ("data.clips_per_style", &["synth"]),
    ("data.seconds", &["synth"]),
    ("data.sample_rate", &["synth"]),
    ("data.seed", &["synth"]),
    ("data.path", &["folder", "manifest", "table", "gtzan", "fma", "images"]),
    ("data.genres", &["gtzan"]),
    ("data.exclude", &["gtzan"]),
    ("data.drop_544", &["gtzan", "images"]),
    ("data.tracks", &["fma"]),
    ("data.subset", &["fma"]),
    ("data.label", &["manifest", "table"]),
    ("data.file", &["manifest", "table"]),
    ("data.split", &["manifest", "table"]),
    ("data.group", &["manifest", "table"]),
    ("data.fold", &["manifest", "table"]),
    ("data.start", &["manifest"]),
    ("data.end", &["manifest"]),
    ("data.drop", &["table"]),
];

impl Data {
    pub(super) fn read(r: &mut Reader<'_>) -> Data {
        let source = r.choice("data.source", None, &SOURCES);
        let why = format!("`data.source: {source}` has no such setting");
        for (setting, sources) in SETTINGS {
            if !sources.contains(&source) {
                r.unused(&[setting], &why);
            }
        }
        let column = |r: &mut Reader<'_>, path: &str, default: &str| r.text(path).unwrap_or_else(|| default.to_owned());
        match source {
            "folder" => Data::Folder { path: r.needed_text("data.path", "a folder with one folder per class") },
            "images" => Data::Images {
                path: r.needed_text("data.path", "a folder with one folder of PNG files per class"),
                drop_544: r.boolean("data.drop_544", false),
            },
            "gtzan" => Data::Gtzan {
                path: r.needed_text("data.path", "GTZAN's folder, with one folder per genre"),
                genres: genres(r),
                exclude: excluded(r),
                drop_544: r.boolean("data.drop_544", false),
            },
            "fma" => Data::Fma {
                path: r.needed_text("data.path", "the folder with the tree of mp3 files, such as `fma_small`"),
                tracks: r.text("data.tracks"),
                subset: match r.choice("data.subset", Some("small"), &["small", "medium", "large"]) {
                    "medium" => FmaSubset::Medium,
                    "large" => FmaSubset::Large,
                    _ => FmaSubset::Small,
                },
            },
            "manifest" => Data::Manifest {
                path: r.needed_text("data.path", "a CSV or Parquet file that lists audio files"),
                file: column(r, "data.file", "file"),
                label: column(r, "data.label", "label"),
                split: column(r, "data.split", "split"),
                group: column(r, "data.group", "group"),
                fold: column(r, "data.fold", "fold"),
                start: column(r, "data.start", "start"),
                end: column(r, "data.end", "end"),
            },
            "table" => Data::Table {
                path: r.needed_text("data.path", "a CSV or Parquet file of features"),
                label: column(r, "data.label", "label"),
                drop: r.texts("data.drop", &["filename", "length"]),
                file: column(r, "data.file", "filename"),
                split: r.text("data.split"),
                group: r.text("data.group"),
                fold: r.text("data.fold"),
            },
            _ => Data::Synth {
                clips_per_style: r.int32("data.clips_per_style", 40, 4..=1000),
                seconds: r.float("data.seconds", 6.0, |s| (1.0..=60.0).contains(&s), "from 1 to 60 seconds"),
                sample_rate: r.int32("data.sample_rate", 22_050, 8000..=48_000),
                seed: r.int("data.seed", 0, 0..=u64::MAX),
            },
        }
    }

    /// The file or folder it names, if it names one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Data::Synth { .. } => None,
            Data::Folder { path }
            | Data::Images { path, .. }
            | Data::Gtzan { path, .. }
            | Data::Fma { path, .. }
            | Data::Manifest { path, .. }
            | Data::Table { path, .. } => Some(path),
        }
    }

    /// Whether examples can say which of them belong together.
    pub(super) fn may_have_groups(&self) -> bool {
        matches!(self, Data::Manifest { .. } | Data::Fma { .. } | Data::Table { group: Some(_), .. })
    }

    /// Whether examples can have fold numbers.
    pub(super) fn may_have_folds(&self) -> bool {
        matches!(self, Data::Manifest { .. } | Data::Table { fold: Some(_), .. })
    }

    /// Whether examples can say on which side they are.
    pub(super) fn may_have_sides(&self) -> bool {
        matches!(self, Data::Manifest { .. } | Data::Fma { .. } | Data::Table { split: Some(_), .. })
    }
}

/// The genres in ascending order, each once.
fn genres(r: &mut Reader<'_>) -> Vec<String> {
    let mut genres = r.texts("data.genres", &GTZAN_GENRES);
    if let Some(strange) = genres.iter().find(|genre| !GTZAN_GENRES.contains(&genre.as_str())) {
        let rule = format!("GTZAN's genres are {}", GTZAN_GENRES.join(", "));
        r.impossible("data.genres", strange, rule);
    }
    genres.sort();
    let listed = genres.len();
    genres.dedup();
    if genres.len() < listed || genres.len() < 2 {
        r.impossible("data.genres", genres.join(", "), "at least two genres, each once");
    }
    genres
}

/// The names of clips that are not listed, in ascending order, each once.
fn excluded(r: &mut Reader<'_>) -> Vec<String> {
    let mut clips = r.texts("data.exclude", &[]);
    if let Some(strange) = clips.iter().find(|clip| gtzan_clip(clip).is_none()) {
        r.impossible("data.exclude", strange, "clips are named like `jazz.00054`, from 00000 to 00099");
    }
    clips.sort();
    clips.dedup();
    clips
}

/// The genre, as an index into [`GTZAN_GENRES`], and the number, from 0 to 99, of a clip named as GTZAN names its files:
/// `jazz.00054`, or `jazz00054` as the pictures made of them are.
pub fn gtzan_clip(stem: &str) -> Option<(usize, u32)> {
    let (genre, digits) = stem.split_at_checked(stem.len().checked_sub(5)?)?;
    let genre = genre.strip_suffix('.').unwrap_or(genre);
    let genre = GTZAN_GENRES.iter().position(|known| *known == genre)?;
    let number = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    (number < 100).then_some((genre, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_clips_are_read() {
        assert_eq!(gtzan_clip("blues.00000"), Some((0, 0)));
        assert_eq!(gtzan_clip("rock00099"), Some((9, 99)));
        for strange in
            ["", "00000", ".00000", "rock.00100", "rock.0009", "rock.0000a", "Rock.00000", "rock..00001", "é0000"]
        {
            assert_eq!(gtzan_clip(strange), None, "{strange}");
        }
    }
}
