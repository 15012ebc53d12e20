//! The bytes of one cached view, format version 2.
//!
//! Little-endian: magic `GLFEAT\r\n`; version, precision (0: f32, 1: f16), rank, and length of the summary (u32 each); the
//! key (32 bytes); the dimensions (u64 each); the summary, a few words of UTF-8 on the front end for people; zeros up to a
//! multiple of 64; the values; BLAKE3 of all that. Readers of another version take it for absent.

use std::ops::Range;

use super::bytes::Bytes;
use super::key::Key;
use super::view::{Precision, View};

const MAGIC: [u8; 8] = *b"GLFEAT\r\n";
const VERSION: u32 = 2;
const CHECKSUM: usize = 32;
/// Magic, four numbers, key.
const FIXED: usize = MAGIC.len() + 4 * 4 + 32;
/// Values begin at a multiple of it.
const ALIGN: usize = 64;
/// Dimensions at most.
const RANK: usize = 8;
/// Bytes of a summary at most; longer ones are cut.
const SUMMARY: usize = 256;
/// No head is longer.
pub(super) const HEAD: usize = FIXED + 8 * RANK + SUMMARY;

/// What an entry says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) key: Key,
    pub(super) precision: Precision,
    pub(super) shape: Vec<usize>,
    pub(super) summary: String,
}

/// Whether to compute the checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verify {
    Yes,
    /// This process has just written it.
    No,
}

impl Head {
    fn encode(&self) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        let numbers = [VERSION, self.precision.code(), self.shape.len() as u32, self.summary.len() as u32];
        head.extend(numbers.map(u32::to_le_bytes).as_flattened());
        head.extend(self.key.0);
        head.extend(self.shape.iter().flat_map(|dimension| (*dimension as u64).to_le_bytes()));
        head.extend(self.summary.as_bytes());
        head
    }

    /// Reads the head that `bytes` begin with. None if it is not one of this version.
    pub(super) fn decode(bytes: &[u8]) -> Option<Head> {
        let mut rest = bytes.strip_prefix(&MAGIC)?;
        let mut number = || {
            let (number, after) = rest.split_first_chunk()?;
            rest = after;
            Some(u32::from_le_bytes(*number))
        };
        let version = number()?;
        let (precision, rank, summary) = (Precision::of_code(number()?)?, number()? as usize, number()? as usize);
        if version != VERSION || rank > RANK || summary > SUMMARY {
            return None;
        }
        let (key, rest) = rest.split_first_chunk()?;
        let (dimensions, rest) = rest.split_at_checked(8 * rank)?;
        let dimension = |bytes: &[u8; 8]| usize::try_from(u64::from_le_bytes(*bytes)).ok();
        let shape = dimensions.as_chunks().0.iter().map(dimension).collect::<Option<_>>()?;
        let summary = str::from_utf8(rest.get(..summary)?).ok()?.to_owned();
        Some(Head { key: Key(*key), precision, shape, summary })
    }

    /// Where the values are; none if no memory could hold them.
    fn place(&self) -> Option<Range<usize>> {
        let start = (FIXED + 8 * self.shape.len() + self.summary.len()).next_multiple_of(ALIGN);
        let count = self.shape.iter().try_fold(1usize, |product, dimension| product.checked_mul(*dimension))?;
        Some(start..count.checked_mul(self.precision.width())?.checked_add(start)?)
    }
}

/// The bytes of an entry. `values` are as many as the product of `shape`, of at most eight dimensions.
pub(super) fn encode(key: Key, precision: Precision, summary: &str, shape: &[usize], values: &[f32]) -> Vec<u8> {
    assert!(shape.len() <= RANK && shape.iter().product::<usize>() == values.len(), "{shape:?}: {}", values.len());
    let end = summary.floor_char_boundary(SUMMARY);
    let head = Head { key, precision, shape: shape.to_vec(), summary: summary[..end].to_owned() };
    let place = head.place().expect("the values are in memory");
    let mut bytes = head.encode();
    bytes.reserve_exact(place.end + CHECKSUM - bytes.len());
    bytes.resize(place.start, 0);
    precision.encode(values, &mut bytes);
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

/// The view in `bytes`, if they are a whole entry of this version with that key and precision and a shape that is accepted.
pub(super) fn open(
    bytes: Bytes,
    key: &Key,
    precision: Precision,
    accepts: &dyn Fn(&[usize]) -> bool,
    verify: Verify,
) -> Option<View> {
    let head = Head::decode(&bytes)?;
    if head.key != *key || head.precision != precision || !accepts(&head.shape) {
        return None;
    }
    let place = head.place()?;
    if place.end.checked_add(CHECKSUM)? != bytes.len() {
        return None;
    }
    let (body, checksum) = bytes.split_at_checked(place.end)?;
    if verify == Verify::Yes && blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    Some(View { place, precision, shape: head.shape, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key([7; 32]);

    fn read(bytes: &[u8], key: &Key, precision: Precision) -> Option<View> {
        open(Bytes::Memory(bytes.to_vec()), key, precision, &|_| true, Verify::Yes)
    }

    #[test]
    fn what_is_written_reads_back_bit_for_bit() {
        let values = [0.0, -0.0, 1.5, f32::MIN_POSITIVE / 2.0, f32::MAX, f32::NEG_INFINITY];
        let bytes = encode(KEY, Precision::F32, "mel picture, 64 bands", &[2, 3], &values);
        let view = read(&bytes, &KEY, Precision::F32).expect("whole");
        assert!(view.to_vec().iter().map(|v| v.to_bits()).eq(values.iter().map(|v| v.to_bits())));
        assert_eq!((view.shape(), view.len(), view.place.start % ALIGN), ([2, 3].as_slice(), 6, 0));
        let mut part = vec![9.0];
        view.read(2..4, &mut part);
        view.read(5..100, &mut part);
        view.read(7..9, &mut part);
        assert_eq!(part, [9.0, 1.5, values[3], f32::NEG_INFINITY]);
        let head = Head::decode(&bytes[..HEAD.min(bytes.len())]).expect("a head");
        assert_eq!((head.summary.as_str(), head.shape.as_slice()), ("mel picture, 64 bands", [2, 3].as_slice()));
    }

    #[test]
    fn half_the_bytes_hold_eleven_bits() {
        let values: Vec<f32> = (0..1000).map(|i| (i as f32 - 500.0) * 0.37).collect();
        let bytes = encode(KEY, Precision::F16, "", &[1000], &values);
        let view = read(&bytes, &KEY, Precision::F16).expect("whole");
        assert_eq!(view.bytes(), 2000);
        let read_back = view.to_vec();
        for (value, read) in values.iter().zip(&read_back) {
            assert!((value - read).abs() <= value.abs() / 2048.0, "{value} became {read}");
        }
        // What is stored once is stored the same again.
        let again = encode(KEY, Precision::F16, "", &[1000], &read_back);
        assert_eq!(again, bytes);
        let edges = [1e9, -1e9, 65_504.0, f32::INFINITY, 0.0, -0.0, 6e-8];
        let view = read(&encode(KEY, Precision::F16, "", &[7], &edges), &KEY, Precision::F16).expect("whole").to_vec();
        assert_eq!(view[..5], [65_504.0, -65_504.0, 65_504.0, f32::INFINITY, 0.0]);
        assert!(view[5].is_sign_negative() && view[6] > 0.0);
        let nan = read(&encode(KEY, Precision::F16, "", &[1], &[f32::NAN]), &KEY, Precision::F16).expect("whole");
        assert!(nan.to_vec()[0].is_nan());
    }

    #[test]
    fn every_truncation_and_every_changed_byte_is_absent() {
        for precision in [Precision::F32, Precision::F16] {
            let bytes = encode(KEY, precision, "a front end", &[1, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
            for end in 0..bytes.len() {
                assert!(read(&bytes[..end], &KEY, precision).is_none(), "cut at {end}");
            }
            for place in 0..bytes.len() {
                for bit in [0x10, 0x01] {
                    let mut damaged = bytes.clone();
                    damaged[place] ^= bit;
                    assert!(read(&damaged, &KEY, precision).is_none(), "changed at {place}");
                }
            }
            let mut longer = bytes.clone();
            longer.push(0);
            assert!(read(&longer, &KEY, precision).is_none());
        }
    }

    #[test]
    fn another_key_shape_or_precision_is_absent() {
        let bytes = encode(KEY, Precision::F32, "", &[2, 3], &[0.0; 6]);
        assert!(read(&bytes, &Key([8; 32]), Precision::F32).is_none());
        assert!(read(&bytes, &KEY, Precision::F16).is_none());
        let of_rank_one = |shape: &[usize]| shape.len() == 1;
        assert!(open(Bytes::Memory(bytes), &KEY, Precision::F32, &of_rank_one, Verify::Yes).is_none());
    }

    #[test]
    fn absurd_heads_are_absent() {
        let head = Head { key: KEY, precision: Precision::F32, shape: vec![usize::MAX, 3], summary: String::new() };
        let mut bytes = head.encode();
        bytes.resize(256, 0);
        assert!(read(&bytes, &KEY, Precision::F32).is_none());
        for place in 8..24 {
            let mut bytes = encode(KEY, Precision::F32, "", &[1], &[0.0]);
            bytes[place] = 0xff;
            assert!(read(&bytes, &KEY, Precision::F32).is_none(), "{place}");
        }
        let long = "é".repeat(1000);
        let bytes = encode(KEY, Precision::F32, &long, &[0, 7], &[]);
        let view = read(&bytes, &KEY, Precision::F32).expect("a long summary is cut");
        assert!(view.is_empty() && Head::decode(&bytes).expect("a head").summary.len() == SUMMARY);
    }
}
