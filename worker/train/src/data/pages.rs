//! What a Parquet file states of its own sizes, looked at before the format's reader makes room for it.
//!
//! The reader takes a small file's word for pages of 2 GiB, and for as many values; memory that the system refuses ends the
//! process, which nothing can catch. So the pages that are to be read are walked first, header by header.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use ::parquet::basic::{Compression, Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::reader::ChunkReader as _;
use flate2::read::MultiGzDecoder;

use super::compact::{Compact, Kind};

/// Structures within structures that a schema may have; only columns without any are read.
const DEPTH: usize = 64;
/// What follows the description at the end of the file: its length, and four letters.
const TAIL: u64 = 8;
/// Encodings of text that begin with a count, which the reader makes room for.
const COUNTED: [i64; 2] = [6, 7];
/// Bytes of a text in a dictionary that was read, and of a number.
const TEXT: u64 = 40;
const NUMBER: u64 = 8;
/// No value in a dictionary takes less.
const LEAST: u64 = 4;

/// The header of a page, as far as it says how much there is.
#[derive(Debug, Default, PartialEq)]
struct Header {
    kind: i64,
    unpacked: i64,
    packed: i64,
    /// Values of a dictionary.
    values: i64,
    encoding: i64,
    /// Bytes before what is packed.
    levels: i64,
    /// Bytes of the header itself.
    length: u64,
}

const INDEX: i64 = 1;
const DICTIONARY: i64 = 2;

impl Header {
    fn read(input: impl Read) -> io::Result<Header> {
        let mut header = Header::default();
        let mut compact = Compact::new(input);
        compact.fields(&mut |compact, number, kind| {
            let place = match number {
                1 => &mut header.kind,
                2 => &mut header.unpacked,
                3 => &mut header.packed,
                5 | 7 | 8 if kind == Kind::STRUCT => {
                    compact.fields(&mut |compact, inner, kind| {
                        match (number, inner) {
                            (7, 1) => header.values = compact.int(kind)?,
                            (5, 2) | (8, 4) => header.encoding = compact.int(kind)?,
                            (8, 5 | 6) => header.levels = header.levels.saturating_add(compact.int(kind)?),
                            _ => return Ok(Some(kind)),
                        }
                        Ok(None)
                    })?;
                    return Ok(None);
                }
                _ => return Ok(Some(kind)),
            };
            *place = compact.int(kind)?;
            Ok(None)
        })?;
        header.length = compact.read();
        Ok(header)
    }
}

/// Whether the file's schema is one that the reader can follow: it makes room for as many columns as a group states, and
/// calls itself for groups within groups. Of a file that is cut off it says nothing; the reader does.
pub(super) fn check_schema(mut file: &File) -> Result<(), ParquetError> {
    let length = file.metadata()?.len();
    let Some(tail) = length.checked_sub(TAIL) else { return Ok(()) };
    file.seek(SeekFrom::Start(tail))?;
    let mut size = [0; 4];
    file.read_exact(&mut size)?;
    let Some(start) = tail.checked_sub(u64::from(u32::from_le_bytes(size))) else { return Ok(()) };
    let input = file.get_read(start)?;
    Compact::new(input.take(tail - start)).fields(&mut |compact, number, kind| {
        if (number, kind) != (2, Kind::LIST) {
            return Ok(Some(kind));
        }
        let (of, count) = compact.list()?;
        if of != Kind::STRUCT {
            return Err(strange("its columns are no list of columns"));
        }
        // Of each group under way, the members that are still to come.
        let mut open: Vec<u64> = Vec::new();
        for _ in 0..count {
            let mut members = 0;
            compact.fields(&mut |compact, number, kind| match number {
                5 => {
                    members = compact.int(kind)?;
                    Ok(None)
                }
                _ => Ok(Some(kind)),
            })?;
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            match u64::try_from(members) {
                Ok(0) => {}
                Ok(members) if members < count && open.len() < DEPTH => open.push(members),
                _ => return Err(strange("its columns are nested too deep, or more than it has")),
            }
            while open.last() == Some(&0) {
                open.pop();
            }
        }
        Ok(None)
    })?;
    Ok(())
}

/// Bytes of memory that it takes at most at a time to read a column of a group of rows, by the headers of its pages. A page
/// that the reader would take much more for than is stated is an error.
pub(super) fn greatest(file: &File, chunk: &ColumnChunkMetaData) -> Result<u64, ParquetError> {
    let (start, length) = chunk.byte_range();
    let end = start.saturating_add(length);
    let each = if chunk.column_type() == Type::BYTE_ARRAY { TEXT } else { NUMBER };
    let (mut at, mut page, mut dictionary) = (start, 0, 0);
    while at < end {
        let header = Header::read(file.get_read(at)?.take(end - at))?;
        let sizes = [header.packed, header.unpacked, header.values, header.levels].map(u64::try_from);
        let [Ok(packed), Ok(unpacked), Ok(values), Ok(levels)] = sizes else {
            return Err(strange("a page has a size below zero").into());
        };
        at += header.length;
        if packed > end - at {
            return Err(strange("a page ends after its column").into());
        }
        if header.kind == DICTIONARY {
            if values > unpacked / LEAST {
                return Err(strange("a dictionary has more values than bytes for them").into());
            }
            let values = values.saturating_mul(each);
            dictionary = u64::max(dictionary, packed.saturating_add(unpacked).saturating_add(values));
        } else if header.kind != INDEX {
            if each == TEXT && COUNTED.contains(&header.encoding) {
                return Err(strange("text is in an encoding that is not read").into());
            }
            page = u64::max(page, packed.saturating_add(unpacked));
        }
        if matches!(chunk.compression(), Compression::GZIP(_)) && levels <= packed {
            let input = file.get_read(at + levels)?.take(packed - levels);
            check_gzip(input, unpacked.saturating_sub(levels))?;
        }
        at += packed;
    }
    Ok(u64::saturating_add(page, dictionary))
}

/// The reader unpacks gzip to its end, whatever a page states.
fn check_gzip(input: impl Read, unpacked: u64) -> io::Result<()> {
    let found = io::copy(&mut MultiGzDecoder::new(input).take(unpacked.saturating_add(1)), &mut io::sink());
    match found {
        // What is damaged the reader says.
        Ok(found) if found <= unpacked => Ok(()),
        Err(_) => Ok(()),
        Ok(_) => Err(strange("a page unpacks to more than it states")),
    }
}

fn strange(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use ::parquet::basic::GzipLevel;
    use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::data::DataError;
    use crate::data::sheet::Sheet;

    /// Zeros in one page of more than 1 MiB, so that its size is written in four bytes, and texts of a dictionary.
    fn written(compression: Compression) -> Vec<u8> {
        let schema = "message m { required double x; required binary label (UTF8); }";
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_column_dictionary_enabled("x".into(), false)
            .set_data_page_size_limit(8 << 20)
            .set_data_page_row_count_limit(200_000)
            .set_write_batch_size(200_000);
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).expect("a writer");
        let mut group = writer.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a column").expect("the first");
        column.typed::<DoubleType>().write_batch(&vec![0.0; 200_000], None, None).expect("written");
        column.close().expect("closed");
        let mut column = group.next_column().expect("a column").expect("the second");
        let texts = vec![ByteArray::from("jazz"); 200_000];
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).expect("written");
        column.close().expect("closed");
        group.close().expect("closed");
        writer.into_inner().expect("finished")
    }

    fn read(bytes: &[u8]) -> Result<usize, DataError> {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("table");
        fs::write(&path, bytes).expect("written");
        let mut rows = 0;
        Sheet::open(&path)?.for_each(&[0, 1], &mut |_| {
            rows += 1;
            Ok(())
        })?;
        Ok(rows)
    }

    /// The same with the size that the first page states replaced.
    fn stating(whole: &[u8], size: [u8; 4]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        assert_eq!(bytes[4..7], [0x15, 0, 0x15], "a data page, then what it unpacks to");
        bytes[7..11].copy_from_slice(&size);
        bytes
    }

    // The reader made room for whatever a page states, up to 2 GiB for each column.
    #[test]
    fn pages_that_state_more_than_a_file_has_a_right_to_are_refused() {
        for compression in [Compression::SNAPPY, Compression::LZ4_RAW, Compression::GZIP(GzipLevel::default())] {
            let whole = written(compression);
            assert_eq!(read(&whole).expect("whole"), 200_000);
            let error = read(&stating(&whole, [0xfe, 0xff, 0xff, 0x7f])).expect_err("128 MiB");
            assert!(
                matches!(&error, DataError::ParquetPages { bytes, limit, .. } if *bytes > 127 << 20 && *limit < 80 << 20),
                "{error:?}"
            );
            assert!(error.to_string().contains("row_group_size"), "{error}");
        }
    }

    // Gzip was unpacked to its end: a page of a megabyte could fill a gigabyte, whatever it stated.
    #[test]
    fn a_page_that_unpacks_to_more_than_it_states_is_refused() {
        let whole = written(Compression::GZIP(GzipLevel::default()));
        let error = read(&stating(&whole, [0x80, 0x80, 0x80, 0x01])).expect_err("1 MiB").to_string();
        assert!(error.contains("more than it states"), "{error}");
    }

    #[test]
    fn a_dictionary_of_more_values_than_bytes_is_refused() {
        let mut bytes = written(Compression::UNCOMPRESSED);
        // A dictionary's page: 8 bytes unpacked, 8 packed, and in its header one value.
        let page = [0x15, 4, 0x15, 16, 0x15, 16, 0x4c, 0x15, 2];
        let at = bytes.windows(page.len()).position(|window| window == page).expect("it has one");
        bytes[at + page.len() - 1] = 0x7e;
        let error = read(&bytes).expect_err("63 values").to_string();
        assert!(error.contains("more values than bytes"), "{error}");
    }

    #[test]
    fn a_schema_of_more_columns_than_it_has_is_refused() {
        let mut bytes = written(Compression::UNCOMPRESSED);
        // The root's name, and how many members it has.
        let root = [0x48, 1, b'm', 0x15, 4];
        let at = bytes.windows(root.len()).position(|window| window == root).expect("it has a root");
        bytes[at + root.len() - 1] = 0x7e;
        let error = read(&bytes).expect_err("63 columns").to_string();
        assert!(error.contains("more than it has"), "{error}");
    }
}
