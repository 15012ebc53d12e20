//! Why examples cannot be dealt out.

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
    /// The split needs a column that the data has not.
    #[error("find column {column:?}, which the split needs; set `{setting}` to the column that is meant")]
    NoColumn {
        /// The column.
        column: String,
        /// The setting that names it.
        setting: &'static str,
    },
    /// The split needs a manifest.
    #[error("find {column} in this data: only `data.source: manifest` has a column of them")]
    NoManifest {
        /// "folds" or "groups".
        column: &'static str,
    },
    /// A cell of a column that the split needs is wrong.
    #[error(
        "read the fold in line {line}, column {column:?}: {found:?} is not a whole number from 0; correct the cell"
    )]
    BadFold {
        /// The column.
        column: String,
        /// The line of the manifest, from 1.
        line: u64,
        /// What the cell holds, shortened.
        found: String,
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
