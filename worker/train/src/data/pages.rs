//! What a Parquet file states of its own sizes, looked at before the format's reader makes room for it.
//!
//! The reader takes a small file's word for pages of 2 GiB, and for as many values; memory that the system refuses ends the
//! process, which nothing can catch. So the pages that are to be read are walked first, header by header.

use std::fs::File;
use std::io::{self, Read};

use ::parquet::basic::{Compression, Encoding, Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::reader::ChunkReader as _;
use flate2::read::MultiGzDecoder;

use super::compact::{Compact, Kind};

/// What is read side by side takes at most so many bytes, and so many more for each byte of the file. Usual pages of a usual
/// table have 1 MiB; what other programs write in one page is little larger than the file.
const MEMORY: u64 = 64 << 20;
const MEMORY_PER_BYTE: u64 = 16;
/// Encodings of text that begin with a count, which the reader makes room for.
pub(super) const COUNTED: [Encoding; 2] = [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY];
/// Bytes of a text in a dictionary that was read, and of a number.
const TEXT: u64 = 40;
const NUMBER: u64 = 8;
/// No value in a dictionary takes less.
const LEAST: u64 = 4;

/// Bytes of memory that `length` bytes of a file may ask for.
pub(super) fn warranted(length: u64) -> u64 {
    length.saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY)
}

/// Kinds of pages. The fourth, an index, was never written; the reader may take its content for a header.
const DATA: i32 = 0;
const DICTIONARY: i32 = 2;
const DATA_2: i32 = 3;

/// The header of a page, as far as it says how much there is.
#[derive(Debug, Default, PartialEq)]
struct Header {
    kind: i32,
    unpacked: i32,
    packed: i32,
    /// Values of a dictionary.
    values: i32,
    encoding: i32,
    /// Bytes before what is packed: two lengths.
    levels: [i32; 2],
    /// Bytes of the header itself.
    length: u64,
}

impl Header {
    fn read(input: impl Read) -> io::Result<Header> {
        let mut header = Header::default();
        let mut details = Vec::new();
        let mut compact = Compact::new(input);
        compact.fields(&mut |compact, number, kind| {
            match number {
                1 => header.kind = compact.i32(kind)?,
                2 => header.unpacked = compact.i32(kind)?,
                3 => header.packed = compact.i32(kind)?,
                4 => drop(compact.i32(kind)?),
                5..=8 => {
                    kind.expect(Kind::STRUCT)?;
                    details.push(number);
                    compact.fields(&mut |compact, inner, kind| {
                        match (number, inner) {
                            (7, 1) => header.values = compact.i32(kind)?,
                            (5, 2) | (8, 4) => header.encoding = compact.i32(kind)?,
                            (8, 5) => header.levels[0] = compact.i32(kind)?,
                            (8, 6) => header.levels[1] = compact.i32(kind)?,
                            (5, 1 | 3 | 4) | (7, 2) | (8, 1..=3) => drop(compact.i32(kind)?),
                            _ => return Ok(Some(kind)),
                        }
                        Ok(None)
                    })?;
                }
                _ => return Ok(Some(kind)),
            }
            Ok(None)
        })?;
        header.length = compact.read();
        match (header.kind, details.as_slice()) {
            (DATA, [5]) | (DICTIONARY, [7]) | (DATA_2, [8]) => Ok(header),
            _ => Err(strange("a page is of another kind than its header")),
        }
    }
}

/// Bytes of memory that it takes at most at a time to read a column of a group of rows, by the headers of its pages; once
/// they are more than `limit`, further pages are not looked at. A page that the reader would take much more for than is
/// stated is an error.
pub(super) fn greatest(file: &File, chunk: &ColumnChunkMetaData, limit: u64) -> Result<u64, ParquetError> {
    let (start, length) = chunk.byte_range();
    let end = start.saturating_add(length);
    let each = if chunk.column_type() == Type::BYTE_ARRAY { TEXT } else { NUMBER };
    let (mut at, mut page, mut dictionary) = (start, 0, 0);
    while at < end {
        let header = Header::read(file.get_read(at)?.take(end - at))?;
        let [first, second] = header.levels;
        let sizes = [header.packed, header.unpacked, header.values, first, second].map(u64::try_from);
        let [Ok(packed), Ok(unpacked), Ok(values), Ok(first), Ok(second)] = sizes else {
            return Err(strange("a page has a size below zero").into());
        };
        at += header.length;
        if packed > end - at {
            return Err(strange("a page ends after its column").into());
        }
        let levels = first + second;
        if levels > packed {
            return Err(strange("a page ends before its values").into());
        }
        if header.kind == DICTIONARY {
            if values > unpacked / LEAST {
                return Err(strange("a dictionary has more values than bytes for them").into());
            }
            let values = values.saturating_mul(each);
            dictionary = u64::max(dictionary, packed.saturating_add(unpacked).saturating_add(values));
        } else {
            if each == TEXT && COUNTED.iter().any(|counted| *counted as i32 == header.encoding) {
                return Err(strange("a page is in an encoding that its column does not state").into());
            }
            page = u64::max(page, packed.saturating_add(unpacked));
        }
        if u64::saturating_add(page, dictionary) > limit {
            break;
        }
        if matches!(chunk.compression(), Compression::GZIP(_)) {
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
    use ::parquet::file::properties::{WriterProperties, WriterVersion};
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::data::DataError;
    use crate::data::sheet::Sheet;

    /// Zeros in one page of more than 1 MiB, so that its size is written in four bytes, and texts of a dictionary.
    fn written(compression: Compression) -> Vec<u8> {
        written_in(compression, WriterVersion::PARQUET_1_0)
    }

    fn written_in(compression: Compression, version: WriterVersion) -> Vec<u8> {
        let schema = "message m { required double x; required binary label (UTF8); }";
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_writer_version(version)
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

    // Gzip was unpacked before the size that the page states was held against the limit.
    #[test]
    fn pages_that_state_too_much_are_not_unpacked() {
        let mut bytes = stating(&written(Compression::GZIP(GzipLevel::default())), [0xfe, 0xff, 0xff, 0x7f]);
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("table");
        let mut look = |limit| {
            fs::write(&path, &bytes).expect("written");
            let file = File::open(&path).expect("there");
            let reader = SerializedFileReader::new(file.try_clone().expect("twice")).expect("a table");
            let column = reader.metadata().row_group(0).column(0).clone();
            let found = greatest(&file, &column, limit);
            // From now on the page unpacks to more than it states, if it is unpacked.
            bytes = stating(&bytes, [0x80, 0x80, 0x80, 0x01]);
            found
        };
        assert!(look(1 << 20).expect("stated") > 127 << 20);
        assert!(look(1 << 20).expect("stated") > 1 << 20, "not unpacked");
        assert!(look(2 << 20).expect_err("unpacked").to_string().contains("more than it states"));
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

    // Each of them was walked over as another header than the one that the reader saw.
    #[test]
    fn headers_that_another_reader_may_read_otherwise_are_refused() {
        // A kind, 16 bytes unpacked and packed.
        let page = |kind: u8, rest: &[u8]| {
            let bytes = [&[0x15, kind, 0x15, 32, 0x15, 32][..], rest, &[0]].concat();
            Header::read(bytes.as_slice())
        };
        let first = [0x2c, 0x15, 2, 0x15, 12, 0x15, 6, 0x15, 6, 0];
        let second = |levels: &[u8]| {
            let values = [0x5c, 0x15, 2, 0x15, 0, 0x15, 2, 0x15, 0, 0x15];
            [&values[..], levels, &[0x15, 0, 0x11, 0]].concat()
        };
        let header = page(0, &first).expect("of the first way");
        assert_eq!((header.encoding, header.unpacked, header.length), (6, 16, 17));
        assert_eq!(page(6, &second(&[8])).expect("of the second way").levels, [4, 0]);
        assert_eq!(page(4, &[0x4c, 0x15, 40, 0x15, 0, 0]).expect("a dictionary").values, 20);
        let others: [(u8, &[u8]); 8] = [
            // A dictionary as field 65543.
            (4, &[0x0c, 0x8e, 0x80, 0x08, 0x15, 40, 0x15, 0, 0]),
            // Both ways of headers; that of another page; none.
            (0, &[&first[..], &[0x3c], &second(&[8])[1..]].concat()),
            (4, &first),
            (0, &[]),
            // An index, which has a structure without fields.
            (2, &[0x3c, 0]),
            // An encoding of 2^32 + 6; levels of 2^32 bytes; an encoding that states to be a truth.
            (0, &[0x2c, 0x15, 2, 0x15, 0x8c, 0x80, 0x80, 0x80, 0x20, 0x15, 6, 0x15, 6, 0]),
            (6, &second(&[0x80, 0x80, 0x80, 0x80, 0x20])),
            (0, &[0x2c, 0x15, 2, 0x11, 0x15, 6, 0x15, 6, 0]),
        ];
        for (kind, rest) in others {
            let read = page(kind, rest);
            assert!(read.is_err(), "{rest:x?}: {read:?}");
        }
    }

    #[test]
    fn a_page_of_more_levels_than_bytes_is_refused() {
        let gzip = Compression::GZIP(GzipLevel::default());
        let mut bytes = written_in(gzip, WriterVersion::PARQUET_2_0);
        // Of 200,000 values in so many rows, of a dictionary, without levels.
        let count = [0x15, 0x80, 0xb5, 0x18];
        let page = [&[0x5c], &count[..], &[0x15, 0], &count, &[0x15, 16, 0x15, 0]].concat();
        let at = bytes.windows(page.len()).position(|window| window == page).expect("it has one");
        bytes[at + page.len() - 1] = 0x7e;
        let error = read(&bytes).expect_err("63 bytes of levels").to_string();
        assert!(error.contains("before its values"), "{error}");
    }
}
