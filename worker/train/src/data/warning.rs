//! What is odd about a data set, but bearable.

use std::fmt;
use std::path::PathBuf;

/// Something that people should know of a data set. [`fmt::Display`] gives the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A class folder holds no audio or picture, and is no class.
    EmptyClass {
        /// The folder.
        folder: PathBuf,
    },
    /// Files lie beside the class folders, and are left out.
    LooseFiles {
        /// The folder.
        folder: PathBuf,
        /// How many.
        count: usize,
    },
    /// Folders or files do not belong to the set, and are left out.
    Strangers {
        /// How many.
        count: usize,
        /// The first of them.
        first: PathBuf,
        /// What belongs to it.
        expected: &'static str,
    },
    /// Clips that belong to a known set are not there, which makes its published splits other ones.
    Incomplete {
        /// The set.
        set: &'static str,
        /// How many clips are missing.
        missing: usize,
        /// Of how many.
        of: usize,
        /// The name of the first.
        first: String,
    },
    /// A clip is there in several formats, of which the first by name is used.
    SameClip {
        /// How many files are left out.
        count: usize,
        /// The first of them.
        first: PathBuf,
    },
    /// Clips that are to be left out are not there anyway.
    NothingExcluded {
        /// Their names.
        names: Vec<String>,
    },
    /// Pictures that are to be dropped are not there anyway.
    NothingDropped {
        /// Their names.
        names: Vec<String>,
    },
    /// Clips are listed, so that splits come out as published, and then left out.
    LeftOut {
        /// How many.
        count: usize,
        /// The first of them.
        first: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// Clips are much shorter than the others of their set.
    KnownShort {
        /// How many.
        count: usize,
        /// The first of them.
        first: PathBuf,
    },
    /// Rows have no class, and are left out.
    NoClass {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
        /// The column.
        column: String,
    },
    /// Columns that hold a data frame's row numbers are no features.
    IndexColumns {
        /// The file.
        path: PathBuf,
        /// Their names.
        columns: Vec<String>,
    },
    /// Clips are parts of files, and nothing keeps parts of one file on one side of a split.
    PartsOfFiles {
        /// The files that more than one clip is a part of.
        files: usize,
        /// The name of the column that would.
        column: String,
    },
    /// Clips are parts of one file that overlap.
    Overlaps {
        /// How many overlap the one before them.
        count: usize,
        /// The file of the first.
        first: PathBuf,
    },
    /// Files that a manifest lists are not there.
    MissingFiles {
        /// How many.
        count: usize,
        /// The first of them.
        first: PathBuf,
    },
    /// Augmented copies could not be made of clips that can be used themselves.
    CopiesSkipped {
        /// How many.
        count: usize,
        /// The clip of the first of them.
        first: PathBuf,
        /// Why.
        reason: String,
    },
    /// Clips were left out.
    Skipped {
        /// How many.
        count: usize,
        /// Of how many.
        listed: usize,
        /// The first of them.
        first: PathBuf,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyClass { folder } => {
                write!(f, "{} holds no file of the wanted kind and is left out", folder.display())
            }
            Self::LooseFiles { folder, count } => {
                write!(f, "{count} files lie in {} itself, outside of any class, and are left out", folder.display())
            }
            Self::Strangers { count, first, expected } => {
                write!(f, "{count} files or folders are left out, the first is {}: {expected}", first.display())
            }
            Self::Incomplete { set, missing, of, first } => write!(
                f,
                "{missing} of the {of} clips of {set} are not there, the first is {first}: shuffled splits differ from \
                 the published ones"
            ),
            Self::SameClip { count, first } => write!(
                f,
                "{count} files hold a clip that is there in another format and are left out, the first is {}",
                first.display()
            ),
            Self::NothingExcluded { names } => {
                write!(f, "`data.exclude` names clips that are not there: {}", names.join(", "))
            }
            Self::NothingDropped { names } => {
                write!(f, "`data.drop_544` drops pictures of GTZAN that are not there: {}", names.join(", "))
            }
            Self::LeftOut { count, first, reason } => {
                write!(f, "{count} clips will be skipped, the first is {}: {reason}", first.display())
            }
            Self::KnownShort { count, first } => {
                write!(f, "{count} clips are known to last a second or two only, the first is {}", first.display())
            }
            Self::NoClass { path, count, column } => {
                write!(f, "{count} rows of {} have no {column} and are left out", path.display())
            }
            Self::IndexColumns { path, columns } => write!(
                f,
                "{} of {} number the rows of a data frame and are taken for no feature",
                columns.join(", "),
                path.display()
            ),
            Self::PartsOfFiles { files, column } => write!(
                f,
                "{files} files are listed in several parts and there is no column {column:?}: only `split.by_group: true` \
                 keeps the parts of a file together"
            ),
            Self::Overlaps { count, first } => write!(
                f,
                "{count} clips overlap the one before them in the same file, the first is in {}",
                first.display()
            ),
            Self::MissingFiles { count, first } => {
                write!(f, "{count} listed files are not there and will be skipped, the first is {}", first.display())
            }
            Self::CopiesSkipped { count, first, reason } => {
                write!(f, "{count} augmented copies are skipped, the first is of {}: {reason}", first.display())
            }
            Self::Skipped { count, listed, first, reason } => {
                write!(f, "{count} of {listed} clips are skipped, the first is {}: {reason}", first.display())
            }
        }
    }
}
