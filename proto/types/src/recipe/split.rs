//! Split of a recipe: who trains, who validates, who tests.

use serde::Serialize;

use super::Data;
use crate::settings::Reader;

/// The largest fold number that a split may name.
pub const FOLD_LIMIT: u32 = 999;

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
        /// Whether examples of one group stay together: those of one `group` of a file, one artist of FMA.
        by_group: bool,
    },
    /// Shuffled from a seed without a look at classes, then cut by truncation: train first, test last (papers: 003).
    Ratio {
        /// Share of examples that validate.
        valid: f64,
        /// Share of examples that test.
        test: f64,
        /// Another seed is another split.
        seed: u64,
    },
    /// Folds made from a seed with the same shares of every class in each: one tests, the next validates, the rest
    /// trains.
    Kfold {
        /// Folds in all, at least 3.
        folds: u32,
        /// The fold that tests, from 0; the one after it validates, fold 0 after the last.
        fold: u32,
        /// Another seed is another split.
        seed: u64,
        /// Whether examples of one group stay together.
        by_group: bool,
    },
    /// The `fold` column of a file: one fold validates, one tests, all others train.
    Folds {
        /// The fold that validates.
        valid: u32,
        /// The fold that tests.
        test: u32,
    },
    /// The sides that the data state: the `split` column of a file, FMA's official split.
    Predefined {
        /// Examples of each class that are taken from training to validate, for data that state no validation side;
        /// 0 takes none.
        valid_per_class: u32,
        /// Another seed takes others; 0 where none are taken.
        seed: u64,
    },
    /// GTZAN without its faulty clips: the lists of Kereliuk, Sturm and Larsen 2015 (papers: 004).
    GtzanFiltered {
        /// Which lists are which side.
        lists: FilteredLists,
        /// Of `course`: clips of each genre that are taken from training to validate.
        valid_per_class: u32,
        /// Of `course`: another seed takes others.
        seed: u64,
    },
    /// The first document's split (papers: 000): numpy's legacy shuffle of all rows, the last fifth tests, the fifth
    /// before it validates.
    NumpyShuffle {
        /// numpy's seed.
        seed: u32,
    },
}

/// How the fault-filtered lists are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FilteredLists {
    /// As in the fourth document: the published validation list tests, the other two train, and some of each genre are
    /// taken from these to validate.
    Course,
    /// As published: train, validation, test.
    Published,
}

const METHODS: [&str; 7] = ["stratified", "ratio", "kfold", "folds", "predefined", "gtzan_filtered", "numpy_shuffle"];

/// Each setting with the methods that have it.
const SETTINGS: [(&str, &[&str]); 8] = [
    ("split.valid", &["stratified", "ratio", "folds"]),
    ("split.test", &["stratified", "ratio", "folds"]),
    ("split.seed", &["stratified", "ratio", "kfold", "predefined", "gtzan_filtered", "numpy_shuffle"]),
    ("split.by_group", &["stratified", "kfold"]),
    ("split.folds", &["kfold"]),
    ("split.fold", &["kfold"]),
    ("split.valid_per_class", &["predefined", "gtzan_filtered"]),
    ("split.lists", &["gtzan_filtered"]),
];

impl Split {
    pub(super) fn read(r: &mut Reader<'_>, data: &Data) -> Split {
        let default = if matches!(data, Data::Fma { .. }) { "predefined" } else { "stratified" };
        let method = r.choice("split.method", Some(default), &METHODS);
        let why = format!("`split.method: {method}` has no such setting");
        for (setting, methods) in SETTINGS {
            if !methods.contains(&method) {
                r.unused(&[setting], &why);
            }
        }
        match method {
            "folds" => folds(r, data),
            "numpy_shuffle" => Split::NumpyShuffle { seed: r.int32("split.seed", 0, 0..=u32::MAX) },
            "predefined" => predefined(r, data),
            "gtzan_filtered" => gtzan_filtered(r, data),
            "kfold" => {
                let folds = r.int32("split.folds", 5, 3..=FOLD_LIMIT);
                let fold = r.int32("split.fold", 0, 0..=FOLD_LIMIT);
                if fold >= folds {
                    r.impossible("split.fold", fold, format!("folds are numbered from 0 to {}", folds - 1));
                }
                Split::Kfold { folds, fold, seed: r.int("split.seed", 0, 0..=u64::MAX), by_group: by_group(r, data) }
            }
            "ratio" => {
                let (valid, test) = shares(r);
                Split::Ratio { valid, test, seed: r.int("split.seed", 0, 0..=u64::MAX) }
            }
            _ => {
                let (valid, test) = shares(r);
                let by_group = by_group(r, data);
                Split::Stratified { valid, test, seed: r.int("split.seed", 0, 0..=u64::MAX), by_group }
            }
        }
    }
}

fn shares(r: &mut Reader<'_>) -> (f64, f64) {
    let rule = "more than 0 and less than 1";
    let share = |v: f64| v > 0.0 && v < 1.0;
    let valid = r.float("split.valid", 0.15, share, rule);
    let test = r.float("split.test", 0.15, share, rule);
    if valid + test > 0.9 {
        r.impossible("split.test", test, "validation and test together at most 0.9, the rest trains");
    }
    (valid, test)
}

fn by_group(r: &mut Reader<'_>, data: &Data) -> bool {
    let by_group = r.boolean("split.by_group", false);
    if by_group && !data.may_have_groups() {
        let rule = "groups need `data.source: manifest` with a group column, `table` with `data.group`, or `fma`";
        r.impossible("split.by_group", true, rule);
    }
    by_group
}

fn folds(r: &mut Reader<'_>, data: &Data) -> Split {
    if !data.may_have_folds() {
        let rule =
            "folds need `data.source: manifest` with a fold column, or `table` with `data.fold`; `kfold` makes some";
        r.impossible("split.method", "folds", rule);
    }
    let valid = r.int32("split.valid", 1, 0..=FOLD_LIMIT);
    let test = r.int32("split.test", 0, 0..=FOLD_LIMIT);
    if valid == test {
        r.impossible("split.valid", valid, "validation and test need two different folds");
    }
    Split::Folds { valid, test }
}

fn predefined(r: &mut Reader<'_>, data: &Data) -> Split {
    if !data.may_have_sides() {
        let rule =
            "only `data.source: manifest` with a split column, `table` with `data.split`, and `fma` state a split";
        r.impossible("split.method", "predefined", rule);
    }
    let valid_per_class = r.int32("split.valid_per_class", 0, 0..=1_000_000);
    if valid_per_class == 0 {
        r.unused(&["split.seed"], "nothing is drawn with `split.valid_per_class: 0`");
        return Split::Predefined { valid_per_class, seed: 0 };
    }
    Split::Predefined { valid_per_class, seed: r.int("split.seed", 0, 0..=u64::MAX) }
}

fn gtzan_filtered(r: &mut Reader<'_>, data: &Data) -> Split {
    if matches!(data, Data::Synth { .. } | Data::Fma { .. }) {
        r.impossible("split.method", "gtzan_filtered", "the lists name clips of GTZAN: use `data.source: gtzan`");
    }
    match r.choice("split.lists", Some("course"), &["course", "published"]) {
        "published" => {
            let why = "`split.lists: published` has a validation list";
            r.unused(&["split.valid_per_class", "split.seed"], why);
            Split::GtzanFiltered { lists: FilteredLists::Published, valid_per_class: 0, seed: 0 }
        }
        _ => Split::GtzanFiltered {
            lists: FilteredLists::Course,
            valid_per_class: r.int32("split.valid_per_class", 5, 1..=50),
            seed: r.int("split.seed", 1004, 0..=u64::MAX),
        },
    }
}
