//! Rows of a Parquet file of plain columns: numbers, truth values and text.
//!
//! The columns are read side by side, a stretch of rows at a time. Text is copied for nobody: a value that a small file
//! repeats a million times takes no more memory than once. The format's reader may panic on a damaged file; that counts
//! as damage here.

use std::fs::File;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::basic::{Compression, ConvertedType, LogicalType, Type};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use ::parquet::file::serialized_reader::ReadOptionsBuilder;
use ::parquet::schema::types::ColumnDescriptor;

use super::footer::schema;
use super::pages::{COUNTED, greatest, warranted};
use super::sheet::{Cell, Row};
use super::{DataError, Place};

/// Rows of one stretch.
const STRETCH: usize = 1024;

/// A Parquet file, opened and not yet read.
pub(super) struct ParquetRows {
    path: PathBuf,
    /// For a look at sizes.
    file: File,
    reader: SerializedFileReader<File>,
}

impl ParquetRows {
    /// Opens the file; yields the names of its columns, those of nested ones with dots.
    ///
    /// # Errors
    /// It is damaged.
    pub(super) fn open(file: File, path: &Path) -> Result<(Vec<String>, ParquetRows), DataError> {
        let second = file.try_clone().map_err(DataError::io("read", path))?;
        let reader = guarded(path, || {
            let options = ReadOptionsBuilder::new().with_parquet_schema(schema(&file)?).build();
            SerializedFileReader::new_with_options(second, options)
        })?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let headings = schema.columns().iter().map(|column| column.path().string()).collect();
        Ok((headings, ParquetRows { path: path.into(), file, reader }))
    }

    /// Visits all rows with the cells of the columns `wanted`.
    ///
    /// # Errors
    /// What `visit` says; a column of a type or compression that is not read; damage.
    pub(super) fn for_each(
        &self,
        wanted: &[usize],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let path = self.path.as_path();
        let mut number = 0;
        for group in 0..self.reader.num_row_groups() {
            let rows = self.reader.metadata().row_group(group).num_rows();
            let mut left = usize::try_from(rows).map_err(|_| damaged(path, format!("a group of {rows} rows")))?;
            let mut columns = guarded(path, || self.columns(group, wanted))??;
            while left > 0 {
                let stretch = left.min(STRETCH);
                for column in &mut columns {
                    guarded(path, || column.fill(stretch))?
                        .then_some(())
                        .ok_or_else(|| damaged(path, format!("column {:?} ends before the others", column.name)))?;
                }
                for at in 0..stretch {
                    number += 1;
                    let place = Place::Row(number);
                    let cells = columns.iter().map(|column| column.cell(at, path, place));
                    let cells = cells.collect::<Result<Vec<_>, _>>()?;
                    visit(&Row { place, cells: &cells })?;
                }
                left -= stretch;
            }
        }
        Ok(())
    }

    /// Readers of the columns `wanted` of one group of rows.
    fn columns(&self, group: usize, wanted: &[usize]) -> Result<Result<Vec<Column>, DataError>, ParquetError> {
        let rows = self.reader.get_row_group(group)?;
        let limit = warranted(self.file.metadata()?.len());
        let mut bytes = 0;
        let mut columns = Vec::with_capacity(wanted.len());
        for &index in wanted {
            let chunk = rows.metadata().column(index);
            let described = chunk.column_descr();
            if let Err(error) = self.readable(chunk) {
                return Ok(Err(error));
            }
            bytes = u64::saturating_add(bytes, greatest(&self.file, chunk, limit - bytes)?);
            if bytes > limit {
                return Ok(Err(DataError::ParquetPages { path: self.path.clone(), bytes, limit }));
            }
            columns.push(Column {
                name: described.path().string(),
                gaps: described.max_def_level() > 0,
                unsigned: is_unsigned(described),
                reader: rows.get_column_reader(index)?,
                levels: Vec::new(),
                cells: Vec::new(),
            });
        }
        Ok(Ok(columns))
    }

    /// Whether a column is of a kind that is read.
    fn readable(&self, chunk: &ColumnChunkMetaData) -> Result<(), DataError> {
        let column = chunk.column_descr();
        let compression = chunk.compression();
        let name = || column.path().string();
        match compression {
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::LZ4_RAW => {}
            // The old way of lz4 may unpack to more than a page states.
            Compression::LZ4 | Compression::ZSTD(_) | Compression::BROTLI(_) | Compression::LZO => {
                let codec = format!("{compression:?}");
                let mut codec = codec.split('(').next().unwrap_or_default().to_lowercase();
                if compression == Compression::LZ4 {
                    codec.push_str(" in its former way");
                }
                return Err(DataError::ParquetCodec { path: self.path.clone(), column: name(), codec });
            }
        }
        let flat = column.max_rep_level() == 0 && column.path().parts().len() == 1 && column.max_def_level() <= 1;
        if flat && is_plain(column) {
            let counted = chunk.encodings().find(|encoding| COUNTED.contains(encoding));
            let (Type::BYTE_ARRAY, Some(encoding)) = (column.physical_type(), counted) else { return Ok(()) };
            return Err(DataError::ParquetEncoding {
                path: self.path.clone(),
                column: name(),
                encoding: encoding.to_string(),
            });
        }
        let kind = match column.logical_type_ref() {
            _ if !flat => "a list or structure".to_owned(),
            Some(logical) => format!("{logical:?}"),
            None => format!("{:?} {:?}", column.physical_type(), column.converted_type()),
        };
        Err(DataError::ParquetType { path: self.path.clone(), column: name(), kind })
    }
}

/// Whether its values are numbers, truth values or text, and not dates, decimals or other things stored as such.
fn is_plain(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    let (logical, converted) = (column.logical_type_ref(), column.converted_type());
    match column.physical_type() {
        Type::BOOLEAN | Type::FLOAT | Type::DOUBLE => true,
        Type::INT32 | Type::INT64 => {
            // Unknown: a column of gaps alone.
            matches!(logical, None | Some(LogicalType::Integer(_) | LogicalType::Unknown))
                && matches!(
                    converted,
                    C::NONE
                        | C::INT_8
                        | C::INT_16
                        | C::INT_32
                        | C::INT_64
                        | C::UINT_8
                        | C::UINT_16
                        | C::UINT_32
                        | C::UINT_64
                )
        }
        Type::BYTE_ARRAY => {
            matches!(logical, None | Some(LogicalType::String | LogicalType::Enum | LogicalType::Unknown))
                && matches!(converted, C::NONE | C::UTF8 | C::ENUM)
        }
        Type::INT96 | Type::FIXED_LEN_BYTE_ARRAY => false,
    }
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
    matches!(column.logical_type_ref(), Some(LogicalType::Integer(kind)) if !kind.is_signed)
        || matches!(column.converted_type(), UINT_8 | UINT_16 | UINT_32 | UINT_64)
}

/// One column of a group of rows and its cells in the present stretch.
struct Column {
    name: String,
    /// Whether cells may be empty.
    gaps: bool,
    unsigned: bool,
    reader: ColumnReader,
    levels: Vec<i16>,
    cells: Vec<Held>,
}

#[derive(Clone)]
enum Held {
    Blank,
    Whole(i128),
    Number(f64),
    /// Shared with the page it stands on.
    Text(ByteArray),
}

impl Column {
    /// Reads the next `rows` cells; whether there were so many.
    fn fill(&mut self, rows: usize) -> Result<bool, ParquetError> {
        let (gaps, unsigned, levels) = (self.gaps, self.unsigned, &mut self.levels);
        self.cells = match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => {
                read(reader, rows, gaps, levels, |value| Held::Whole(i128::from(value)))?
            }
            ColumnReader::Int32ColumnReader(reader) => read(reader, rows, gaps, levels, |value| {
                Held::Whole(if unsigned { i128::from(value.cast_unsigned()) } else { i128::from(value) })
            })?,
            ColumnReader::Int64ColumnReader(reader) => read(reader, rows, gaps, levels, |value| {
                Held::Whole(if unsigned { i128::from(value.cast_unsigned()) } else { i128::from(value) })
            })?,
            ColumnReader::FloatColumnReader(reader) => {
                read(reader, rows, gaps, levels, |value| Held::Number(f64::from(value)))?
            }
            ColumnReader::DoubleColumnReader(reader) => read(reader, rows, gaps, levels, Held::Number)?,
            ColumnReader::ByteArrayColumnReader(reader) => read(reader, rows, gaps, levels, Held::Text)?,
            ColumnReader::Int96ColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => Vec::new(),
        };
        Ok(self.cells.len() == rows)
    }

    /// Cell number `at` of the stretch.
    fn cell(&self, at: usize, path: &Path, place: Place) -> Result<Cell<'_>, DataError> {
        Ok(match self.cells.get(at) {
            None | Some(Held::Blank) => Cell::Blank,
            Some(Held::Whole(number)) => Cell::Whole(*number),
            Some(Held::Number(number)) => Cell::Number(*number),
            Some(Held::Text(bytes)) => match str::from_utf8(bytes.data()) {
                Ok("") => Cell::Blank,
                // As the cells of a CSV file.
                Ok(text) => match text.trim() {
                    "" => Cell::Blank,
                    text => Cell::Text(text),
                },
                Err(_) => {
                    return Err(DataError::BadCell {
                        path: path.into(),
                        place,
                        column: self.name.clone(),
                        found: "bytes".into(),
                        wanted: "text in UTF-8",
                        remedy: "write the column as text",
                    });
                }
            },
        })
    }
}

/// The next `rows` cells of a column, fewer where it ends.
fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    gaps: bool,
    levels: &mut Vec<i16>,
    held: impl Fn(T::T) -> Held,
) -> Result<Vec<Held>, ParquetError> {
    let mut values = Vec::with_capacity(rows);
    levels.clear();
    let (records, ..) = reader.read_records(rows, gaps.then_some(levels), None, &mut values)?;
    if !gaps {
        return Ok(values.into_iter().map(held).collect());
    }
    let mut values = values.into_iter();
    let of_level = |level: &i16| if *level > 0 { values.next().map_or(Held::Blank, &held) } else { Held::Blank };
    Ok(mem::take(levels).iter().take(records).map(of_level).collect())
}

/// Runs a step of the format's reader; a panic in it is damage of the file.
fn guarded<T>(path: &Path, step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, DataError> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ParquetError::External(source))) => match source.downcast::<std::io::Error>() {
            // Decompressors call damage an I/O error too; only the system's have a number.
            Ok(source) if source.raw_os_error().is_some() => {
                Err(DataError::Io { action: "read", path: path.into(), source: *source })
            }
            Ok(other) => Err(damaged(path, other.to_string())),
            Err(other) => Err(damaged(path, other.to_string())),
        },
        Ok(Err(error)) => Err(damaged(path, error.to_string())),
        Err(_) => Err(damaged(path, "the reader gave up".into())),
    }
}

fn damaged(path: &Path, reason: String) -> DataError {
    DataError::Parquet { path: path.into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::Arc;

    use ::parquet::basic::Encoding;
    use ::parquet::data_type::{BoolType, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use crate::data::sheet::Sheet;

    const SCHEMA: &str = "message m {
        required binary file (UTF8);
        optional binary label (UTF8);
        required int32 small;
        optional int64 big;
        required int64 huge (UINT_64);
        required double x;
        optional float y;
        required boolean flag;
    }";

    /// A file of two groups of `rows` rows each, as other programs write it.
    fn written(compression: Compression, rows: usize) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
        let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).expect("a writer");
        for _ in 0..2 {
            let mut group = writer.next_row_group().expect("a group");
            // Every third cell of an optional column is empty.
            let levels: Vec<i16> = (0..rows).map(|row| i16::from(row % 3 != 0)).collect();
            let given = levels.iter().filter(|level| **level == 1).count();
            macro_rules! column {
                ($kind:ty, $values:expr, $levels:expr) => {{
                    let mut column = group.next_column().expect("a column").expect("not the last");
                    column.typed::<$kind>().write_batch(&$values, $levels, None).expect("written");
                    column.close().expect("closed");
                }};
            }
            let name = |row: usize| ByteArray::from(format!("a/{row}.wav").into_bytes());
            column!(ByteArrayType, (0..rows).map(name).collect::<Vec<_>>(), None);
            column!(ByteArrayType, vec![ByteArray::from("jazz"); given], Some(&levels));
            column!(Int32Type, (0..rows as i32).map(|row| -row).collect::<Vec<_>>(), None);
            column!(Int64Type, vec![1 << 40; given], Some(&levels));
            column!(Int64Type, vec![-1; rows], None);
            column!(DoubleType, (0..rows).map(|row| row as f64 / 8.0).collect::<Vec<_>>(), None);
            column!(FloatType, vec![0.5; given], Some(&levels));
            column!(BoolType, (0..rows).map(|row| row % 2 == 0).collect::<Vec<_>>(), None);
            group.close().expect("closed");
        }
        writer.into_inner().expect("finished")
    }

    /// Reads all columns; each row as one text.
    fn read(bytes: &[u8]) -> Result<Vec<String>, DataError> {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("table");
        fs::write(&path, bytes).expect("written");
        let sheet = Sheet::open(&path)?;
        let wanted: Vec<usize> = (0..sheet.headings().len()).collect();
        let mut rows = Vec::new();
        sheet.for_each(&wanted, &mut |row| {
            let cells: Vec<String> = row.cells.iter().map(|cell| cell.text().into_owned()).collect();
            rows.push(format!("{}: {}", row.place, cells.join(" ")));
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn every_plain_kind_is_read_over_stretches_and_groups() {
        let gzip = Compression::GZIP(::parquet::basic::GzipLevel::default());
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, gzip, Compression::LZ4_RAW] {
            let rows = read(&written(compression, 1500)).expect("a good file");
            assert_eq!(rows.len(), 3000);
            assert_eq!(rows[0], "row 1: a/0.wav  0  18446744073709551615 0  1");
            assert_eq!(rows[1], "row 2: a/1.wav jazz -1 1099511627776 18446744073709551615 0.125 0.5 0");
            assert_eq!(rows[1499], "row 1500: a/1499.wav jazz -1499 1099511627776 18446744073709551615 187.375 0.5 0");
            assert_eq!(rows[1500], "row 1501: a/0.wav  0  18446744073709551615 0  1");
        }
    }

    #[test]
    fn a_codec_that_is_not_read_is_named_with_a_remedy() {
        let mut file = written(Compression::UNCOMPRESSED, 4);
        // Writing with zstd needs what this program is built without: put its number in the metadata, where the columns
        // have their codec in field 4 after their paths.
        let mut changed = 0;
        let footer = file.len() - 8 - u32::from_le_bytes(*file[file.len() - 8..].first_chunk().expect("four")) as usize;
        for name in ["file", "label", "small", "big", "huge", "x", "y", "flag"] {
            let path = [&[0x18, name.len() as u8], name.as_bytes(), &[0x15, 0]].concat();
            for at in footer..file.len() - path.len() {
                if file[at..].starts_with(&path) {
                    file[at + path.len() - 1] = 2 * 6;
                    changed += 1;
                }
            }
        }
        assert!(changed >= 8, "{changed}");
        let error = read(&file).expect_err("zstd");
        assert!(matches!(&error, DataError::ParquetCodec { codec, .. } if codec == "zstd"), "{error:?}");
        assert!(error.to_string().contains("compression=\"snappy\""), "{error}");
    }

    #[test]
    fn text_in_an_encoding_that_is_not_read_is_named_with_a_remedy() {
        for encoding in [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
            let schema = parse_message_type("message m { required binary label (UTF8); }").expect("a schema");
            let properties = WriterProperties::builder().set_dictionary_enabled(false).set_encoding(encoding);
            let properties = Arc::new(properties.build());
            let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).expect("a writer");
            let mut group = writer.next_row_group().expect("a group");
            let mut column = group.next_column().expect("a column").expect("one");
            column.typed::<ByteArrayType>().write_batch(&[ByteArray::from("jazz")], None, None).expect("written");
            column.close().expect("closed");
            group.close().expect("closed");
            let error = read(&writer.into_inner().expect("finished")).expect_err("not read");
            assert!(matches!(&error, DataError::ParquetEncoding { column, .. } if column == "label"), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(&encoding.to_string()) && text.contains("use_dictionary=True"), "{text}");
        }
    }

    #[test]
    fn lists_dates_and_raw_bytes_are_refused_by_name() {
        for (column, kind) in [
            ("required int32 x (DATE);", "Date"),
            ("required int64 x (TIMESTAMP(MILLIS,true));", "Timestamp"),
            ("required fixed_len_byte_array(4) x;", "FIXED_LEN"),
            ("repeated int32 x;", "a list"),
            ("required group g { required int32 x; }", "a list or structure"),
        ] {
            let schema = parse_message_type(&format!("message m {{ {column} }}")).expect("a schema");
            let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).expect("a writer");
            let mut group = writer.next_row_group().expect("a group");
            let open = group.next_column().expect("a column").expect("one");
            open.close().expect("closed");
            group.close().expect("closed");
            let error = read(&writer.into_inner().expect("finished")).expect_err(column).to_string();
            assert!(error.contains(kind) && error.contains("data.drop"), "{column}: {error}");
        }
    }

    #[test]
    fn a_file_cut_or_damaged_anywhere_is_an_error_or_other_values_and_no_panic() {
        let whole = written(Compression::SNAPPY, 20);
        for length in (4..whole.len()).step_by(7) {
            let error = read(&whole[..length]).expect_err("cut");
            assert!(matches!(error, DataError::Parquet { .. }), "{length}: {error:?}");
        }
        for at in 4..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= [0x01, 0x80, 0xff][at % 3];
            if let Ok(rows) = read(&damaged) {
                assert!(rows.len() <= 40, "{at}: {} rows", rows.len());
            }
        }
    }
}
