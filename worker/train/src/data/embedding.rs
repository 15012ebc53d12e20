//! Vectors that another program computed of clips, in files beside them or in a folder of the same shape.
//!
//! A vector is a file of numpy (`.npy`, one dimension of 32 or 64 bit floats, little-endian) or of text (`.csv`, numbers
//! with commas or on lines).

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// More values are refused.
const VALUES_LIMIT: usize = 65_536;
/// Longer files are refused: the values as text with all their digits, and a heading.
const BYTES_LIMIT: u64 = 32 * VALUES_LIMIT as u64;
/// How a file of numpy begins.
const MAGIC: &[u8] = b"\x93NUMPY";

/// Why there is no vector for a clip. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// No file is where it should be.
    #[error(
        "find the embedding of {clip:?}, class {class:?}: there is no `{class}/{clip}.npy` or `{class}/{clip}.csv` in {}",
        folder.display()
    )]
    Missing {
        /// The folder of embeddings.
        folder: PathBuf,
        /// The clip's class.
        class: String,
        /// The clip's name without its extension.
        clip: String,
    },
    /// The class or the clip has a name that leads out of the folder.
    #[error("find the embedding of {clip:?}, class {class:?}: these are no names of a folder and a file")]
    Outside {
        /// The clip's class.
        class: String,
        /// The clip's name without its extension.
        clip: String,
    },
    /// The file is not of the one kind of numpy's files that is read.
    #[error(
        "read {} as a vector: {reason}; write it with `numpy.save(path, vector.astype(\"float32\"))`, of one dimension",
        path.display()
    )]
    Numpy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A cell of a text file is no finite number.
    #[error("read {}: value {number}, {found:?}, is no finite number", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// Which value, from 1.
        number: usize,
        /// What is there, shortened.
        found: String,
    },
    /// The file has no value.
    #[error("read {}: it holds no value", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than a vector can be.
    #[error("read {}: it is too large for a vector, of which at most {VALUES_LIMIT} values are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// A folder of vectors: `CLASS/CLIP.npy` or `CLASS/CLIP.csv` for each clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingFolder {
    root: PathBuf,
}

impl EmbeddingFolder {
    /// The folder at `root`; nothing is looked at yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        EmbeddingFolder { root: root.into() }
    }

    /// The file with the vector of a clip, by its class and the name of its file without the extension; one of numpy
    /// before one of text. Whether it can be read shows [`read_embedding`].
    ///
    /// # Errors
    /// There is none, or the names lead out of the folder.
    pub fn find(&self, class: &str, clip: &Path) -> Result<PathBuf, EmbeddingError> {
        let stem = clip.file_stem().unwrap_or_default();
        let clip = || stem.to_string_lossy().into_owned();
        if !is_name(Path::new(class)) || !is_name(Path::new(stem)) {
            return Err(EmbeddingError::Outside { class: class.to_owned(), clip: clip() });
        }
        let folder = self.root.join(class);
        for extension in ["npy", "csv"] {
            // Not `with_extension`: a clip's name may have dots.
            let mut name = stem.to_owned();
            name.push(".");
            name.push(extension);
            let path = folder.join(name);
            if path.is_file() {
                return Ok(path);
            }
        }
        Err(EmbeddingError::Missing { folder: self.root.clone(), class: class.to_owned(), clip: clip() })
    }
}

fn is_name(path: &Path) -> bool {
    let mut components = path.components();
    matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == path.as_os_str())
}

/// Reads a vector: what begins as a file of numpy is one, anything else is text. All values are finite.
///
/// # Errors
/// See [`EmbeddingError`].
pub fn read_embedding(path: &Path) -> Result<Vec<f32>, EmbeddingError> {
    let failed = |source| EmbeddingError::Io { path: path.into(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(BYTES_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > BYTES_LIMIT {
        return Err(EmbeddingError::TooLarge { path: path.into() });
    }
    let values = match bytes.strip_prefix(MAGIC) {
        Some(rest) => numpy(rest).map_err(|reason| EmbeddingError::Numpy { path: path.into(), reason })?,
        None => text(&bytes, path)?,
    };
    match values.len() {
        0 => Err(EmbeddingError::Empty { path: path.into() }),
        1..=VALUES_LIMIT => Ok(values),
        _ => Err(EmbeddingError::TooLarge { path: path.into() }),
    }
}

/// A vector as a file of numpy, which [`read_embedding`] reads.
pub(crate) fn npy(vector: &[f32]) -> Vec<u8> {
    let mut heading = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", vector.len());
    // Values begin at a multiple of 64 bytes; the heading ends with a line feed.
    let before = MAGIC.len() + 4;
    heading.extend(std::iter::repeat_n(
        ' ',
        (before + heading.len() + 1).next_multiple_of(64) - before - heading.len() - 1,
    ));
    heading.push('\n');
    let mut file = [MAGIC, &[1, 0], &(heading.len() as u16).to_le_bytes(), heading.as_bytes()].concat();
    file.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
    file
}

/// What follows the magic: two bytes of version, the heading's length, the heading, the values.
fn numpy(bytes: &[u8]) -> Result<Vec<f32>, &'static str> {
    const CUT: &str = "it is cut off";
    let (version, rest) = bytes.split_first_chunk::<2>().ok_or(CUT)?;
    let (length, rest) = match version {
        [1, _] => rest.split_first_chunk::<2>().map(|(length, rest)| (u32::from(u16::from_le_bytes(*length)), rest)),
        [2 | 3, _] => rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length), rest)),
        _ => return Err("its version is unknown"),
    }
    .ok_or(CUT)?;
    let (heading, values) = rest.split_at_checked(length as usize).ok_or(CUT)?;
    let heading = str::from_utf8(heading).map_err(|_| "its heading is not text")?;
    let count =
        one_dimension(entry(heading, "shape").ok_or("its heading has no shape")?).ok_or("it has not one dimension")?;
    let finite = |value: f32| if value.is_finite() { Ok(value) } else { Err("a value is not finite in 32 bits") };
    match entry(heading, "descr").ok_or("its heading has no type")?.trim_matches(['\'', '"']) {
        "<f4" if Some(values.len()) == count.checked_mul(4) => {
            values.as_chunks().0.iter().map(|value| finite(f32::from_le_bytes(*value))).collect()
        }
        "<f8" if Some(values.len()) == count.checked_mul(8) => {
            values.as_chunks().0.iter().map(|value| finite(f64::from_le_bytes(*value) as f32)).collect()
        }
        "<f4" | "<f8" => Err("it holds more or fewer values than its heading says"),
        _ => Err("its values are not 32 or 64 bit floats, little-endian"),
    }
}

/// The value of a key in the heading, which is a dictionary as Python prints it: up to the next comma outside of
/// parentheses.
fn entry<'a>(heading: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = heading.split_once(&format!("'{key}':"))?;
    let mut depth = 0;
    let end = rest.find(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth <= 0 && matches!(c, ',' | '}')
    });
    rest.get(..end?).map(str::trim)
}

/// The length in `(753,)`.
fn one_dimension(shape: &str) -> Option<usize> {
    shape.strip_prefix('(')?.strip_suffix(')')?.trim().strip_suffix(',')?.trim().parse().ok()
}

fn text(bytes: &[u8], path: &Path) -> Result<Vec<f32>, EmbeddingError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let cells = text.split([',', ';', '\n']).map(str::trim).filter(|cell| !cell.is_empty());
    cells
        .enumerate()
        .map(|(index, cell)| match cell.parse::<f32>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(EmbeddingError::NotANumber {
                path: path.into(),
                number: index + 1,
                found: super::sheet::shown(cell),
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(bytes: &[u8]) -> Result<Vec<f32>, EmbeddingError> {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("v");
        fs::write(&path, bytes).expect("written");
        read_embedding(&path)
    }

    /// As `numpy.save` writes it.
    fn saved(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let mut heading = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        while (10 + heading.len() + 1) % 64 != 0 {
            heading.push(' ');
        }
        heading.push('\n');
        let mut file = MAGIC.to_vec();
        file.extend([1, 0]);
        file.extend((heading.len() as u16).to_le_bytes());
        file.extend(heading.as_bytes());
        file.extend(values);
        file
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [1, 2, 753, 9999] {
            let vector: Vec<f32> = (0..length).map(|i| i as f32 / 3.0).collect();
            let file = npy(&vector);
            assert_eq!((file.len() - 4 * length) % 64, 0);
            assert_eq!(read(&file).expect("its own"), vector);
        }
    }

    #[test]
    fn vectors_of_numpy_and_of_text_are_read() {
        let values = [1.5, -2.0, 0.25];
        assert_eq!(read(&saved("<f4", "(3,)", &f32s(&values))).expect("a vector"), values);
        let doubles: Vec<u8> = values.iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect();
        assert_eq!(read(&saved("<f8", "(3,)", &doubles)).expect("a vector"), values);
        for text in ["1.5,-2,0.25\n", "1.5\n-2\r\n0.25", "\u{feff}1.5; -2.0 ;\n2.5e-1"] {
            assert_eq!(read(text.as_bytes()).expect(text), values);
        }
    }

    #[test]
    fn other_files_are_refused() {
        let three = f32s(&[1.0, 2.0, 3.0]);
        for (descr, shape, values, reason) in [
            ("<f4", "(1, 3)", three.as_slice(), "one dimension"),
            ("<f4", "()", &three[..4], "one dimension"),
            ("<f4", "(4,)", &three, "more or fewer"),
            ("<f4", "(18446744073709551615,)", &three, "more or fewer"),
            ("<f4", "(99999999999999999999,)", &three, "one dimension"),
            (">f4", "(3,)", &three, "little-endian"),
            ("<i4", "(3,)", &three, "floats"),
            ("<f4", "(1,)", &f32::NAN.to_le_bytes(), "finite"),
            ("<f8", "(1,)", &1e300f64.to_le_bytes(), "finite"),
        ] {
            let error = read(&saved(descr, shape, values)).expect_err(reason).to_string();
            assert!(error.contains(reason) && error.contains("numpy.save"), "{descr} {shape}: {error}");
        }
        assert!(matches!(read(b""), Err(EmbeddingError::Empty { .. })));
        assert!(matches!(read(&saved("<f4", "(0,)", b"")), Err(EmbeddingError::Empty { .. })));
        assert!(matches!(read(b"1,x,3"), Err(EmbeddingError::NotANumber { number: 2, .. })));
        assert!(matches!(read(b"1,inf"), Err(EmbeddingError::NotANumber { number: 2, .. })));
        assert!(matches!(read(&b"1,".repeat(VALUES_LIMIT + 1)), Err(EmbeddingError::TooLarge { .. })));
        assert!(matches!(read(&vec![b'1'; BYTES_LIMIT as usize + 9]), Err(EmbeddingError::TooLarge { .. })));
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_no_panic() {
        let whole = saved("<f4", "(3,)", &f32s(&[1.0, 2.0, 3.0]));
        for length in MAGIC.len()..whole.len() {
            assert!(matches!(read(&whole[..length]), Err(EmbeddingError::Numpy { .. })), "{length}");
        }
        for at in MAGIC.len()..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            let _ = read(&damaged);
        }
    }

    #[test]
    fn files_are_found_by_class_and_name() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("jazz")).expect("created");
        for name in ["jazz.00001.npy", "jazz.00001.csv", "jazz.00002.csv"] {
            fs::write(root.path().join("jazz").join(name), b"1").expect("written");
        }
        let folder = EmbeddingFolder::new(root.path());
        let found = |class, clip| folder.find(class, Path::new(clip));
        assert_eq!(
            found("jazz", "/music/jazz/jazz.00001.wav").expect("there"),
            root.path().join("jazz/jazz.00001.npy")
        );
        assert_eq!(found("jazz", "jazz.00002.au").expect("there"), root.path().join("jazz/jazz.00002.csv"));
        let absent = found("jazz", "jazz.00003.au").expect_err("not there").to_string();
        assert!(absent.contains("jazz/jazz.00003.npy"), "{absent}");
        for class in ["..", "", "/etc", "a/b", "."] {
            assert!(matches!(found(class, "x.wav"), Err(EmbeddingError::Outside { .. })), "{class}");
        }
    }
}
