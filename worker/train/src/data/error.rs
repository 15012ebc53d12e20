//! Why a data set cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use gliss_audio::synth::SynthError;

use super::Place;

/// Why a data set could not be listed, read or prepared. The text fits "failed to ..." and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The folder or file that the recipe names is not there.
    #[error("find {}: there is nothing of that name; check `data.path`", path.display())]
    Missing {
        /// What the recipe names.
        path: PathBuf,
    },
    /// A file stands where a folder is needed.
    #[error(
        "list {}: it is a file, and a folder is needed; for a CSV or Parquet file use `data.source: manifest` or \
         `data.source: table`", path.display()
    )]
    NotAFolder {
        /// What the recipe names.
        path: PathBuf,
    },
    /// A folder stands where a file is needed.
    #[error("read {}: it is a folder, and a CSV or Parquet file is needed; for a folder per class use `data.source: folder`", path.display())]
    NotAFile {
        /// What the recipe names.
        path: PathBuf,
    },
    /// The cache is to be where something else is.
    #[error("use {} as the cache: it is not a folder; name another", path.display())]
    CacheNotAFolder {
        /// The cache's root.
        path: PathBuf,
    },
    /// The folder has no folder with files of the wanted kind in it.
    #[error(
        "find classes in {}: none of its {folders} folders holds {kind}{}; put the files of each class into a folder of \
         its own",
        path.display(),
        if *loose > 0 { format!(", but {loose} lie in it directly") } else { String::new() }
    )]
    NoClasses {
        /// The folder.
        path: PathBuf,
        /// "an audio file" or "a PNG file".
        kind: &'static str,
        /// Folders in it.
        folders: usize,
        /// Such files that lie in it directly.
        loose: usize,
    },
    /// A genre of GTZAN has no folder.
    #[error("find genre {genre:?} in {}{}", path.display(), genre_remedy(present, nested.as_deref()))]
    NoGenre {
        /// The folder of genres.
        path: PathBuf,
        /// The genre.
        genre: String,
        /// The genres that are there.
        present: Vec<String>,
        /// A folder in it that looks like the one that is meant.
        nested: Option<String>,
    },
    /// There is no metadata file where it is sought.
    #[error(
        "find the metadata of FMA, {}; set `data.tracks` to the `tracks.csv` of `fma_metadata`", path.display()
    )]
    NoTracks {
        /// Where it is sought.
        path: PathBuf,
    },
    /// The metadata file is another one.
    #[error(
        "find column {column} in {}: FMA's `tracks.csv` has it, with a heading of three rows; a simpler table can be read \
         with `data.source: manifest`",
        path.display()
    )]
    NotTracks {
        /// The file.
        path: PathBuf,
        /// The two parts of the column's heading, with a dot.
        column: &'static str,
    },
    /// There is nothing to tell apart.
    #[error("find two classes in {}: all {examples} examples are {class:?}; a classifier needs at least two", path.display())]
    OneClass {
        /// What the recipe names.
        path: PathBuf,
        /// The one class.
        class: String,
        /// Its examples.
        examples: usize,
    },
    /// A column that the recipe names is not in the file.
    #[error(
        "find column {column:?} in {} (it has {}); set `{setting}` to the column that is meant",
        path.display(), brief(present)
    )]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The setting that names it.
        setting: &'static str,
        /// The columns that the file has.
        present: Vec<String>,
    },
    /// Two columns share a name.
    #[error("read {}: two columns are named {column:?}; rename one", path.display())]
    ColumnTwice {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// The file has a heading at most.
    #[error("read {}: it has no rows after its heading; give it one row for each example", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is left of the columns.
    #[error("find features in {}: no column is left besides the label and those in `data.drop`", path.display())]
    NoFeatures {
        /// The file.
        path: PathBuf,
    },
    /// A cell is not what its column needs.
    #[error(
        "read {}, {place}, column {column:?}: {found:?} is not {wanted}; correct the cell or {remedy}",
        path.display()
    )]
    BadCell {
        /// The file.
        path: PathBuf,
        /// The row.
        place: Place,
        /// The column's name.
        column: String,
        /// What the cell holds, shortened.
        found: String,
        /// What it should hold.
        wanted: &'static str,
        /// Another way out.
        remedy: &'static str,
    },
    /// A manifest names a file outside of its folder.
    #[error(
        "read {}, {place}: {found:?} leaves the manifest's folder; give paths relative to that folder, without `..`",
        path.display()
    )]
    Outside {
        /// The manifest.
        path: PathBuf,
        /// The row.
        place: Place,
        /// The path in it, shortened.
        found: String,
    },
    /// A manifest names a file, or a part of it, twice, which would let it train and test.
    #[error("read {}: {first} and {second} both list {file:?}; keep one of them", path.display())]
    ListedTwice {
        /// The manifest.
        path: PathBuf,
        /// The file.
        file: String,
        /// The row that lists it first.
        first: Place,
        /// The row that lists it again.
        second: Place,
    },
    /// The file is not CSV.
    #[error("read {} as CSV; every row needs as many cells as the heading", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the reader says, with the place.
        #[source]
        source: csv::Error,
    },
    /// The file is not Parquet after all, or damaged.
    #[error("read {} as Parquet: {reason}; write the file anew, or as CSV", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// Pages of a Parquet file take more memory at a time than a file of its size has a right to.
    #[error(
        "read {}: its pages take {bytes} bytes at a time, and of a file of this size at most {limit} are read; write it anew \
         with smaller groups of rows, as by `to_parquet(path, row_group_size=100_000)` in pandas, or as CSV", path.display()
    )]
    ParquetPages {
        /// The file.
        path: PathBuf,
        /// What its pages take.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A Parquet file is compressed in a way that this program does not undo.
    #[error(
        "read column {column:?} of {}: it is compressed with {codec}; write the file with snappy, as by \
         `to_parquet(path, compression=\"snappy\")` in pandas or `write_parquet(path, compression=\"snappy\")` in polars",
        path.display()
    )]
    ParquetCodec {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The compression.
        codec: String,
    },
    /// A column of text in a Parquet file is in an encoding that this program does not read.
    #[error(
        "read column {column:?} of {}: its text is in the encoding {encoding}; write the file with a dictionary or plain, as \
         by `to_parquet(path, use_dictionary=True)` in pandas without `column_encoding`",
        path.display()
    )]
    ParquetEncoding {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The encoding, by the format's name.
        encoding: String,
    },
    /// A column of a Parquet file holds something else than numbers, truth values or text.
    #[error(
        "read column {column:?} of {}: it holds {kind}, and numbers, truth values and text are read; convert it or, in a \
         table, name it in `data.drop`",
        path.display()
    )]
    ParquetType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What it holds.
        kind: String,
    },
    /// The file has more rows than a data set may have.
    #[error("read {}: it has more than {limit} rows; split it", path.display())]
    TooManyRows {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A table has more numbers than fit into memory.
    #[error("read {}: it has more than {limit} numbers; drop columns with `data.drop`, or split it", path.display())]
    TooManyNumbers {
        /// The table.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The file, or the text in it, is larger than a table may be.
    #[error("read {}: it has {bytes} bytes, and at most {limit} are read; split it", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// More classes than a net of this program has outputs.
    #[error(
        "use {} classes found in {}: at most {limit} are told apart; check that `data.label` names the column of classes",
        found, path.display()
    )]
    TooManyClasses {
        /// What the recipe names.
        path: PathBuf,
        /// The number found.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The synthetic set could not be made.
    #[error("make the synthetic set")]
    Synth {
        /// Why.
        #[source]
        source: SynthError,
    },
    /// Too little of a class, or of the whole, could be read.
    #[error(
        "prepare class {class:?}: {skipped} of its {listed} clips cannot be used, the first is {}: {reason}; repair or \
         remove these files", first.display()
    )]
    TooManySkipped {
        /// The class.
        class: String,
        /// Clips that cannot be used.
        skipped: usize,
        /// Clips in all.
        listed: usize,
        /// The first that cannot be used.
        first: PathBuf,
        /// Why it cannot.
        reason: String,
    },
    /// The front end refuses the recipe's settings.
    #[error("set up the front end: {reason}")]
    FrontEnd {
        /// In the front end's words.
        reason: String,
    },
    /// The disk failed, or the system refused.
    #[error("{action} {}", path.display())]
    Io {
        /// What was being done: "read", "list", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Preparation was told to stop.
    #[error("prepare the data: stopped before the end")]
    Stopped,
}

impl DataError {
    /// Wraps an I/O error with what was being done to which path; for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// The setting that is to be changed, where the data themselves are not at fault.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::NoColumn { setting, .. } => setting,
            Self::NoGenre { nested: None, .. } => "data.genres",
            Self::NoTracks { .. } | Self::NotTracks { .. } => "data.tracks",
            _ => "data.path",
        }
    }

    /// Whether the same request could succeed later or elsewhere: trouble of the disk, not of the data or recipe.
    pub fn retry(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Stopped => true,
            Self::Csv { source, .. } => source.is_io_error(),
            Self::Synth { source } => matches!(source, SynthError::Io { .. }),
            _ => false,
        }
    }
}

/// What to do about a genre without a folder.
fn genre_remedy(present: &[String], nested: Option<&str>) -> String {
    match nested {
        Some(folder) => format!("; its folder {folder:?} holds genres: add it to `data.path`"),
        None if present.is_empty() => ": it holds none; set `data.path` to the folder that holds one for each".into(),
        None => format!("; set `data.genres` to those that are meant, there are {}", brief(present)),
    }
}

/// A list for people: the first few names and how many more there are.
fn brief(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
