//! The schema of a Parquet file, looked at before the format's reader makes sense of it.
//!
//! The reader makes room for as many columns as a group states, calls itself for groups within groups, and gives every
//! column a copy of the names of all groups that it is in. A stack that is used up ends the process, which nothing can catch.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{FooterTail, ParquetMetaDataReader};
use ::parquet::file::reader::ChunkReader as _;
use ::parquet::schema::types::SchemaDescPtr;

use super::compact::{Compact, Kind};
use super::pages::warranted;

/// Structures within structures that a schema may have; only columns without any are read.
const DEPTH: usize = 64;
/// Bytes of memory that a name in the path of a column takes beside its text.
const NAME: u64 = 48;
/// The schema's number among the fields of the description at the end of the file.
const SCHEMA: i16 = 2;

/// Reads the schema. The reader has no need to read it a second time, so whatever follows it in the description cannot be
/// taken for another one.
///
/// # Errors
/// The file is cut off or encrypted, or its schema is none that the reader can follow.
pub(super) fn schema(mut file: &File) -> Result<SchemaDescPtr, ParquetError> {
    let cut = || strange("it is cut off");
    let mut tail = [0; 8];
    let end = file.metadata()?.len().checked_sub(tail.len() as u64).ok_or_else(cut)?;
    file.seek(SeekFrom::Start(end))?;
    file.read_exact(&mut tail)?;
    let tail = FooterTail::try_new(&tail)?;
    if tail.is_encrypted_footer() {
        return Err(strange("it is encrypted").into());
    }
    let length = tail.metadata_length();
    let start = end.checked_sub(length as u64).ok_or_else(cut)?;
    let bytes = file.get_bytes(start, length)?;
    check(&bytes)?;
    ParquetMetaDataReader::decode_schema(&bytes)
}

fn check(bytes: &[u8]) -> io::Result<()> {
    Compact::new(bytes).fields(&mut |compact, number, kind| {
        if number != SCHEMA {
            return Ok(Some(kind));
        }
        kind.expect(Kind::LIST)?;
        check_columns(compact, warranted(bytes.len() as u64))?;
        Ok(None)
    })
}

/// A group under way.
struct Group {
    /// Members that are still to come.
    left: u64,
    /// Bytes of the path of a column before its own name.
    path: u64,
}

/// Looks at the list of columns and groups; the paths of the columns take at most `limit` bytes.
fn check_columns(compact: &mut Compact<&[u8]>, limit: u64) -> io::Result<()> {
    let (of, count) = compact.list()?;
    of.expect(Kind::STRUCT)?;
    let mut open: Vec<Group> = Vec::new();
    let mut paths: u64 = 0;
    for _ in 0..count {
        let (mut name, mut members) = (0, 0);
        compact.fields(&mut |compact, number, kind| {
            match number {
                1..=3 | 6..=9 => drop(compact.i32(kind)?),
                4 => name = compact.text(kind)?,
                5 => members = compact.i32(kind)?,
                10 => {
                    kind.expect(Kind::STRUCT)?;
                    check_logical(compact)?;
                }
                _ => return Ok(Some(kind)),
            }
            Ok(None)
        })?;
        // The root's own name is in no path.
        let path = open.last().map_or(0, |group| group.path + name + NAME);
        if let Some(group) = open.last_mut() {
            group.left -= 1;
        }
        match u64::try_from(members) {
            Ok(0) => paths += path,
            Ok(left) if left < count && open.len() < DEPTH => open.push(Group { left, path }),
            _ => return Err(strange("its columns are nested too deep, or more than it has")),
        }
        if paths > limit {
            return Err(strange("the names of its nested columns take too much memory"));
        }
        while open.last().is_some_and(|group| group.left == 0) {
            open.pop();
        }
    }
    Ok(())
}

/// Looks at what a column's numbers or bytes mean: one structure of several that are possible.
fn check_logical(compact: &mut Compact<&[u8]>) -> io::Result<()> {
    compact.fields(&mut |compact, meaning, kind| {
        kind.expect(Kind::STRUCT)?;
        compact.fields(&mut |compact, number, kind| {
            match (meaning, number) {
                // A decimal number; what lies between two places on the Earth.
                (5, 1 | 2) | (18, 2) => drop(compact.i32(kind)?),
                // A time's unit, a structure without fields.
                (7 | 8, 2) => {
                    kind.expect(Kind::STRUCT)?;
                    compact.fields(&mut |_, _, kind| kind.expect(Kind::STRUCT).map(|()| Some(kind)))?;
                }
                // A number's bits; a version.
                (10 | 16, 1) => return kind.expect(Kind::BYTE).map(|()| Some(kind)),
                // Coordinates.
                (17 | 18, 1) => drop(compact.text(kind)?),
                _ => return Ok(Some(kind)),
            }
            Ok(None)
        })?;
        Ok(None)
    })
}

fn strange(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::data::sheet::Sheet;

    /// An element of a schema.
    fn element(name: &str, members: u8) -> Vec<u8> {
        let length = [name.len() as u8 & 0x7f | 0x80, (name.len() >> 7) as u8];
        [&[0x48][..], &length, name.as_bytes(), &[0x15, (2 * members) | 0x80, members >> 6, 0]].concat()
    }

    /// A description of version 1 with a schema of these elements.
    fn described(elements: &[Vec<u8>]) -> Vec<u8> {
        let count = [elements.len() as u8 & 0x7f | 0x80, (elements.len() >> 7) as u8];
        [&[0x15, 2, 0x19, 0xfc][..], &count, &elements.concat(), &[0]].concat()
    }

    #[test]
    fn groups_are_followed_as_far_as_the_reader_can() {
        let nested = |depth: usize| {
            let mut elements = vec![element("g", 1); depth];
            elements.push(element("x", 0));
            described(&elements)
        };
        check(&nested(64)).expect("deep enough for anybody");
        assert!(check(&nested(65)).is_err());
        check(&described(&[element("m", 2), element("x", 0), element("y", 0)])).expect("two columns");
        for members in [3, 63] {
            let error = check(&described(&[element("m", members), element("x", 0), element("y", 0)]));
            assert!(error.expect_err("too few").to_string().contains("more than it has"));
        }
    }

    // A file of 2 MB gave its 100,000 columns a copy each of the name of their group, which took 1 MB.
    #[test]
    fn long_names_of_groups_around_many_columns_are_refused() {
        let mut elements = vec![element("m", 1)];
        elements.extend(vec![element(&"g".repeat(16_000), 1); 60]);
        elements.push(element("g", 120));
        elements.extend(vec![element("x", 0); 120]);
        let error = check(&described(&elements)).expect_err("120 times 960 kB").to_string();
        assert!(error.contains("names of its nested columns"), "{error}");
        elements.drain(2..60);
        check(&described(&elements)).expect("120 times 16 kB");
    }

    // The reader takes fields that it knows for what it knows, of whatever kind they say they are.
    #[test]
    fn a_schema_that_the_reader_may_read_otherwise_is_refused() {
        let columns = |column: &[u8]| check(&described(&[element("m", 1), column.to_vec()]));
        let logical = |content: &[u8]| columns(&[&[0x48, 1, b'x', 0x6c][..], content, &[0, 0]].concat());
        columns(&[0x15, 2, 0x25, 0, 0x18, 1, b'x', 0x25, 44, 0]).expect("an int32 (INT_16)");
        logical(&[0xac, 0x13, 16, 0x11, 0]).expect("an integer");
        logical(&[0x8c, 0x11, 0x1c, 0x1c, 0, 0, 0]).expect("a moment in milliseconds");
        logical(&[0x5c, 0x15, 4, 0x15, 8, 0]).expect("a decimal");
        logical(&[0x1c, 0]).expect("text");
        for wrong in [&[0xac, 0x15, 16, 0x11, 0][..], &[0x8c, 0x11, 0x15, 2, 0], &[0x5c, 0x11, 0x15, 8, 0], &[0x15, 2]]
        {
            assert!(logical(wrong).is_err(), "{wrong:x?}");
        }
        // A type, a name and a number of members of other kinds; more members than 32 bits hold.
        for wrong in [
            &[0x12, 0x38, 1, b'x', 0][..],
            &[0x48, 1, b'x', 0x16, 0, 0],
            &[0x49, 0x13, b'x', 0],
            &[0x48, 1, b'x', 0x15, 0x80, 0x80, 0x80, 0x80, 0x20, 0],
        ] {
            assert!(columns(wrong).is_err(), "{wrong:x?}");
        }
        let twice = [&described(&[element("m", 0)])[1..], &[0x09, 4, 0x0c]].concat();
        assert!(check(&twice).is_err(), "a second one");
    }

    // As a set, the schema was passed over here and followed by the reader.
    #[test]
    fn a_schema_that_is_a_set_is_refused() {
        let schema = Arc::new(parse_message_type("message m { required double x; }").expect("a schema"));
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).expect("a writer");
        let mut bytes = writer.into_inner().expect("finished");
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("table");
        fs::write(&path, &bytes).expect("written");
        assert_eq!(Sheet::open(&path).map_err(|error| error.to_string()).expect("a table").headings(), ["x"]);
        let at = bytes.windows(3).position(|window| window == [0x19, 0x2c, 0x48]).expect("a list of two");
        bytes[at] = 0x1a;
        fs::write(&path, &bytes).expect("written");
        assert!(Sheet::open(&path).is_err());
    }
}
