//! Files that somebody damaged, by chance or on purpose: they give what is in them or an error, and never end the process or
//! fill its memory. `GLISS_TEST_MUTATIONS` names how many of each kind are tried.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use gliss_nets::draw::{Draw, Stream};
use gliss_train::data::{DataError, inspect, read_embedding};
use parquet::basic::{Compression, GzipLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;

use support::training;

/// Bytes of memory that all of it may take.
const MEMORY: u64 = 256 << 20;

fn tries(default: u64) -> u64 {
    std::env::var("GLISS_TEST_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(default)
}

/// The most memory that this process ever had, where the system says so.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// A file of two groups of 40 rows, of clips `0.wav`, `1.wav`, ...
fn written(compression: Compression, version: WriterVersion) -> Vec<u8> {
    let schema = "message m {
        required binary file (UTF8); optional binary label (UTF8); required int32 small; optional double x;
        required boolean flag;
    }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(compression).set_writer_version(version);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).expect("a writer");
    for first in [0, 40] {
        let mut group = writer.next_row_group().expect("a group");
        let levels = [1; 40];
        macro_rules! column {
            ($kind:ty, $values:expr, $levels:expr) => {{
                let mut column = group.next_column().expect("a column").expect("not the last");
                column.typed::<$kind>().write_batch(&$values, $levels, None).expect("written");
                column.close().expect("closed");
            }};
        }
        let text = |text: String| ByteArray::from(text.into_bytes());
        let files: Vec<ByteArray> = (0..40).map(|row| text(format!("{}.wav", first + row))).collect();
        column!(ByteArrayType, files, None);
        let labels: Vec<ByteArray> = (0..40).map(|row| text(format!("class {}", row % 3))).collect();
        column!(ByteArrayType, labels, Some(&levels));
        column!(Int32Type, (0..40).collect::<Vec<_>>(), None);
        column!(DoubleType, (0..40).map(f64::from).collect::<Vec<_>>(), Some(&levels));
        column!(BoolType, [true; 40], None);
        group.close().expect("closed");
    }
    writer.into_inner().expect("finished")
}

/// One to four changes at places and of kinds that `draw` chooses; half of them in the last `end` bytes.
fn mutated(whole: &[u8], end: usize, draw: Draw) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for change in 0..1 + draw.below(0, 4) {
        let number = |index, below: usize| draw.below(10 * change + index, below as u64) as usize;
        if bytes.is_empty() {
            break;
        }
        let from = if number(1, 2) == 0 { bytes.len().saturating_sub(end) } else { 0 };
        let at = from + number(2, bytes.len() - from);
        let until = (at + 1 + number(3, 12)).min(bytes.len());
        match number(4, 8) {
            0 => bytes[at] ^= 1 << number(5, 8),
            1 => bytes[at] = number(5, 256) as u8,
            2 => bytes[at..until].fill(0xff),
            3 => bytes[at..until].fill(0),
            4 => drop(bytes.drain(at..until)),
            5 => bytes.extend_from_within(at..until),
            6 => {
                let stretch = bytes[at..until].to_vec();
                let to = number(5, bytes.len());
                drop(bytes.splice(to..to, stretch));
            }
            _ if number(6, 4) == 0 => bytes.truncate(at),
            // A number that goes on, as sizes are written.
            _ => drop(bytes.splice(at..at + 1, [0xfe, 0xff, 0xff, 0xff, 0x0f])),
        }
    }
    bytes
}

/// Reads `path` as a table and as a manifest; yields whether both gave what is in it.
fn looked(path: &Path) -> bool {
    let read = |data| inspect(&training(json!({"data": data})).data, path.parent().expect("in a folder"));
    let told = |error: DataError| {
        let text = error.to_string();
        assert!(!text.is_empty() && text.len() < 4000 && !error.retry(), "{text}");
        false
    };
    let table = read(json!({"source": "table", "path": path, "file": "file", "drop": ["file"]}));
    let table = table.map_or_else(told, |table| table.examples > 0);
    let manifest = read(json!({"source": "manifest", "path": path}));
    manifest.map_or_else(told, |manifest| manifest.examples > 0) && table
}

/// Leaves untold what the format's reader panics over: it is caught, and would be told a thousand times.
fn hush() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.location().is_some_and(|place| place.file().ends_with("hostile.rs")) {
            tell(panic);
        }
    }));
}

#[test]
fn damaged_files_give_what_is_in_them_or_an_error() {
    hush();
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("sheet");
    let gzip = Compression::GZIP(GzipLevel::default());
    let codecs = [Compression::UNCOMPRESSED, Compression::SNAPPY, gzip, Compression::LZ4_RAW];
    let versions = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];
    let tables: Vec<Vec<u8>> =
        codecs.iter().flat_map(|codec| versions.map(|version| written(*codec, version))).collect();
    let row = |row| format!("{row}.wav,jazz,1,2.5\n\"b,\"\"{row}.wav\",rock,3,-4e2\n");
    let csv = format!("file,label,x,y\n{}", [0, 1, 2, 3].map(row).concat());
    // A manifest names files that are there.
    for clip in 0..80 {
        fs::write(root.path().join(format!("{clip}.wav")), "").expect("written");
        fs::write(root.path().join(format!("b,\"{clip}.wav")), "").expect("written");
    }
    for whole in tables.iter().map(Vec::as_slice).chain([csv.as_bytes()]) {
        fs::write(&path, whole).expect("written");
        assert!(looked(&path), "what is not damaged is read");
    }
    let before = peak();
    let count = tries(3000);
    // Of Parquet and CSV.
    let mut good = [0; 2];
    for number in 0..count {
        let draw = Draw::new(1, Stream::Other(0x50), number, 0);
        let table = &tables[number as usize % tables.len()];
        for (good, bytes) in good.iter_mut().zip([mutated(table, 800, draw), mutated(csv.as_bytes(), 60, draw)]) {
            fs::write(&path, bytes).expect("written");
            *good += u64::from(looked(&path));
        }
        let used = peak().saturating_sub(before);
        assert!(used < MEMORY, "file {number} took {used} bytes");
    }
    let some = 1..count;
    assert!(good.iter().all(|good| some.contains(good)), "{good:?} of {count}: the changes should matter to some");
}

#[test]
fn damaged_vectors_give_numbers_or_an_error() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("vector");
    let heading = "{'descr': '<f4', 'fortran_order': False, 'shape': (16,), }".to_owned();
    let heading = format!("{heading:117}\n");
    let numpy = [b"\x93NUMPY\x01\x00", &118u16.to_le_bytes()[..], heading.as_bytes(), &[0; 64]].concat();
    assert_eq!(
        read_embedding({
            fs::write(&path, &numpy).expect("written");
            &path
        })
        .expect("a vector")
        .len(),
        16
    );
    let mut good = 0;
    for number in 0..tries(3000) {
        let draw = Draw::new(2, Stream::Other(0x50), number, 0);
        for whole in [numpy.as_slice(), b"0.5,1e-3,2\n7,8;9\n"] {
            fs::write(&path, mutated(whole, 200, draw)).expect("written");
            match read_embedding(&path) {
                Ok(values) => {
                    assert!(!values.is_empty() && values.iter().all(|value| value.is_finite()));
                    good += 1;
                }
                Err(error) => assert!(error.to_string().len() < 4000, "{error}"),
            }
        }
    }
    assert!(good > 0);
}
