//! Why examples cannot be dealt out.

use crate::data::Place;

/// Why a split cannot be made of the data. The text fits "failed to ..." and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// A class is too small to be on every side.
    #[error(
        "split class {class:?}: it has {examples} examples, and a stratified split needs at least 3 (one to train, one to \
         validate, one to test); add some or remove the class"
    )]
    SmallClass {
        /// The class.
        class: String,
        /// Its examples.
        examples: usize,
    },
    /// A class has too few groups to be on every side.
    #[error(
        "split class {class:?} by group: its examples form {groups} groups, and every side needs one that no other class \
         has claimed; use `split.by_group: false` or `split.method: folds`"
    )]
    FewGroups {
        /// The class.
        class: String,
        /// The groups in which it occurs.
        groups: usize,
    },
    /// Not one whole batch is there, and partial ones are left out.
    #[error(
        "fill a batch of {batch} with the {examples} examples that train, as partial batches are left out; use a smaller `batch` or \
         `drop_last: false`"
    )]
    NoWholeBatch {
        /// That train.
        examples: usize,
        /// Wanted.
        batch: u32,
    },
    /// The split needs a column that the data has not.
    #[error("find column {column:?}, which the split needs; set `{setting}` to the column that is meant")]
    NoColumn {
        /// The column.
        column: String,
        /// The setting that names it.
        setting: &'static str,
    },
    /// The data say nothing of the kind.
    #[error(
        "find {what} in this data: a manifest's column states them, or a table's that `data.group`, `data.fold` or \
         `data.split` names"
    )]
    NoMarks {
        /// "folds", "groups" or "sides".
        what: &'static str,
    },
    /// A cell of a column that the split needs is wrong.
    #[error("read the fold in {place}, column {column:?}: {found:?} is not a whole number from 0; correct the cell")]
    BadFold {
        /// The column.
        column: String,
        /// The row.
        place: Place,
        /// What the cell holds, shortened.
        found: String,
    },
    /// A cell of the split column is wrong.
    #[error(
        "read the side in {place}, column {column:?}: {found:?} is not `train`, `valid` or `test`; correct the cell, or \
         leave it empty for no side"
    )]
    BadSide {
        /// The column.
        column: String,
        /// The row.
        place: Place,
        /// What the cell holds, shortened.
        found: String,
    },
    /// The data state who trains and tests, and not who validates.
    #[error(
        "find the validation side that the data state: there is none; set `split.valid_per_class` to the number of examples \
         of each class that are to be taken from training"
    )]
    NoValidation,
    /// The data state who validates.
    #[error(
        "take a validation side from training: the data state one of {examples} examples; leave `split.valid_per_class` out"
    )]
    ValidationStated {
        /// Examples that validate.
        examples: usize,
    },
    /// A class has too few examples to take some to validate.
    #[error(
        "take {each} examples of class {class:?} from training: it has {examples}, and one must be left; lower \
         `split.valid_per_class`"
    )]
    FewToHoldOut {
        /// The class.
        class: String,
        /// Its examples that train.
        examples: usize,
        /// How many are to be taken.
        each: usize,
    },
    /// A class has too few examples for the folds.
    #[error("make {folds} folds: class {class:?} has {examples} examples; lower `split.folds` or remove the class")]
    FewForFolds {
        /// The class.
        class: String,
        /// Its examples.
        examples: usize,
        /// The number of folds.
        folds: usize,
    },
    /// There are too few groups for the folds.
    #[error("make {folds} folds of groups: there are {groups} groups; lower `split.folds`")]
    FewGroupsForFolds {
        /// The groups.
        groups: usize,
        /// The number of folds.
        folds: usize,
    },
    /// The lists name clips of GTZAN, and these are others.
    #[error(
        "find GTZAN's clips: {named} of {examples} examples are named like `jazz.00012.wav`, and all must be; use \
         `data.source: gtzan`, or in a table set `data.file` to the column of file names"
    )]
    NotGtzan {
        /// Examples.
        examples: usize,
        /// Those that are so named.
        named: usize,
    },
    /// No example is in a fold that the split names.
    #[error("find fold {fold} for `split.{side}`: no example is in it; the folds are {present:?}")]
    NoFold {
        /// "valid" or "test".
        side: &'static str,
        /// The fold.
        fold: u32,
        /// The folds that there are, at most twenty.
        present: Vec<u32>,
    },
    /// There are too few examples for the shares.
    #[error("fill the {side} side of the split: no usable example is left for it; add examples or change the split")]
    EmptySide {
        /// "training", "validation" or "test".
        side: &'static str,
    },
}

impl SplitError {
    /// The setting that is to be changed, where one is; `split` otherwise.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::FewGroups { .. } => "split.by_group",
            Self::NoColumn { setting, .. } => setting,
            Self::NoFold { side: "valid", .. } => "split.valid",
            Self::NoFold { .. } => "split.test",
            Self::NoMarks { .. } | Self::NotGtzan { .. } => "split.method",
            Self::ValidationStated { .. } | Self::FewToHoldOut { .. } => "split.valid_per_class",
            Self::FewForFolds { .. } | Self::FewGroupsForFolds { .. } => "split.folds",
            _ => "split",
        }
    }
}
