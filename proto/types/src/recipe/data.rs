//! Data and split of a recipe.

use serde::Serialize;

use crate::settings::Reader;

/// The largest fold number that a split may name.
pub const FOLD_LIMIT: u32 = 999;

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
    /// A CSV file that lists audio files, with paths relative to its own folder.
    Manifest {
        /// That file.
        path: String,
        /// The column of paths.
        file: String,
        /// The column of classes.
        label: String,
        /// The column whose equal values stay on one side of a split; may be absent from the file if unused.
        group: String,
        /// The column of fold numbers; may be absent from the file if unused.
        fold: String,
    },
    /// A CSV file of numbers, one example a row.
    Table {
        /// That file.
        path: String,
        /// The column of classes.
        label: String,
        /// Columns that are not features.
        drop: Vec<String>,
    },
}

impl Data {
    pub(super) fn read(r: &mut Reader<'_>) -> Data {
        let source = r.choice("data.source", None, &["synth", "folder", "manifest", "table"]);
        let why = format!("`data.source: {source}` has no such setting");
        if source != "synth" {
            r.unused(&["data.clips_per_style", "data.seconds", "data.sample_rate", "data.seed"], &why);
        }
        if source == "synth" {
            r.unused(&["data.path"], &why);
        }
        if source != "manifest" {
            r.unused(&["data.file", "data.group", "data.fold"], &why);
        }
        if source != "table" {
            r.unused(&["data.drop"], &why);
        }
        if !matches!(source, "table" | "manifest") {
            r.unused(&["data.label"], &why);
        }
        let column = |r: &mut Reader<'_>, path: &str, default: &str| r.text(path).unwrap_or_else(|| default.to_owned());
        match source {
            "folder" => Data::Folder { path: r.needed_text("data.path", "a folder with one folder per class") },
            "manifest" => Data::Manifest {
                path: r.needed_text("data.path", "a CSV file that lists audio files"),
                file: column(r, "data.file", "file"),
                label: column(r, "data.label", "label"),
                group: column(r, "data.group", "group"),
                fold: column(r, "data.fold", "fold"),
            },
            "table" => Data::Table {
                path: r.needed_text("data.path", "a CSV file of features"),
                label: column(r, "data.label", "label"),
                drop: r.texts("data.drop", &["filename", "length"]),
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
            Data::Folder { path } | Data::Manifest { path, .. } | Data::Table { path, .. } => Some(path),
        }
    }
}

/// How examples are dealt out to training, validation and test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Split {
    /// Shuffled from a seed with the same shares of every class on each side.
    Stratified {
        /// Share of examples that validate.
        valid: f64,
        /// Share of examples that test.
        test: f64,
        /// Another seed is another split.
        seed: u64,
        /// Whether examples of one group stay together (a manifest's `group` column).
        by_group: bool,
    },
    /// The first document's split (papers: 000): numpy's legacy shuffle of all rows, the last fifth tests, the fifth
    /// before it validates.
    NumpyShuffle {
        /// numpy's seed.
        seed: u32,
    },
    /// A manifest's `fold` column: one fold validates, one tests, all others train.
    Folds {
        /// The fold that validates.
        valid: u32,
        /// The fold that tests.
        test: u32,
    },
}

impl Split {
    pub(super) fn read(r: &mut Reader<'_>, data: &Data) -> Split {
        let method = r.choice("split.method", Some("stratified"), &["stratified", "numpy_shuffle", "folds"]);
        let why = format!("`split.method: {method}` has no such setting");
        let manifest = matches!(data, Data::Manifest { .. });
        if method != "stratified" {
            r.unused(&["split.by_group"], &why);
        }
        if method == "folds" {
            r.unused(&["split.seed"], &why);
        }
        if method == "numpy_shuffle" {
            r.unused(&["split.valid", "split.test"], &why);
        }
        match method {
            "folds" => {
                if !manifest {
                    r.impossible("split.method", "folds", "folds need `data.source: manifest` with a fold column");
                }
                let valid = r.int32("split.valid", 1, 0..=FOLD_LIMIT);
                let test = r.int32("split.test", 0, 0..=FOLD_LIMIT);
                if valid == test {
                    r.impossible("split.valid", valid, "validation and test need two different folds");
                }
                Split::Folds { valid, test }
            }
            "numpy_shuffle" => Split::NumpyShuffle { seed: r.int32("split.seed", 0, 0..=u32::MAX) },
            _ => {
                let rule = "more than 0 and less than 1";
                let share = |v: f64| v > 0.0 && v < 1.0;
                let valid = r.float("split.valid", 0.15, share, rule);
                let test = r.float("split.test", 0.15, share, rule);
                if valid + test > 0.9 {
                    r.impossible("split.test", test, "validation and test together at most 0.9, the rest trains");
                }
                let by_group = r.boolean("split.by_group", false);
                if by_group && !manifest {
                    r.impossible("split.by_group", true, "groups need `data.source: manifest` with a group column");
                }
                Split::Stratified { valid, test, seed: r.int("split.seed", 0, 0..=u64::MAX), by_group }
            }
        }
    }
}
