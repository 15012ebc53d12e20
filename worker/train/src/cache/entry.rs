//! The bytes of one cached clip.
//!
//! Little-endian: magic `GLFEAT\r\n`, format version (u32), rank (u32), the key (32 bytes), the dimensions (u64 each), the
//! values (f32 each), and BLAKE3 of all that. Version 1 is the only one; readers of this version read it alone and take
//! another for absent, so that programs of different versions can share a folder.

use super::Key;

const MAGIC: [u8; 8] = *b"GLFEAT\r\n";
const VERSION: u32 = 1;
const CHECKSUM: usize = 32;
const VALUE: usize = size_of::<f32>();

/// The bytes of an entry.
pub(super) fn encode(key: &Key, shape: &[usize], values: &[f32]) -> Vec<u8> {
    let mut bytes = head(key, shape);
    bytes.reserve_exact(values.len() * VALUE + CHECKSUM);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

/// The length of an entry of `shape`; none if no memory could hold it.
pub(super) fn length(shape: &[usize]) -> Option<usize> {
    let values = shape.iter().try_fold(1usize, |product, dimension| product.checked_mul(*dimension))?;
    let head = MAGIC.len() + 8 + CHECKSUM + shape.len() * 8;
    values.checked_mul(VALUE)?.checked_add(head + CHECKSUM)
}

/// The values of an entry, if it is whole, of this version, and what was asked for.
pub(super) fn decode(bytes: &[u8], key: &Key, shape: &[usize]) -> Option<Vec<f32>> {
    if bytes.len() != length(shape)? {
        return None;
    }
    let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    let payload = body.strip_prefix(head(key, shape).as_slice())?;
    if blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    let (values, rest) = payload.as_chunks::<VALUE>();
    rest.is_empty().then(|| values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn head(key: &Key, shape: &[usize]) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend(VERSION.to_le_bytes());
    head.extend((shape.len() as u32).to_le_bytes());
    head.extend(key.0);
    head.extend(shape.iter().flat_map(|dimension| (*dimension as u64).to_le_bytes()));
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key([7; 32]);

    #[test]
    fn what_is_written_reads_back_bit_for_bit() {
        let values = [0.0, -0.0, 1.5, f32::MIN_POSITIVE / 2.0, f32::MAX, -3.25e-7];
        let bytes = encode(&KEY, &[2, 3], &values);
        assert_eq!(Some(bytes.len()), length(&[2, 3]));
        let read = decode(&bytes, &KEY, &[2, 3]).expect("whole");
        assert!(read.iter().map(|v| v.to_bits()).eq(values.iter().map(|v| v.to_bits())));
    }

    #[test]
    fn every_truncation_and_every_changed_byte_is_absent() {
        let bytes = encode(&KEY, &[1, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end], &KEY, &[1, 5]), None, "cut at {end}");
        }
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            assert_eq!(decode(&damaged, &KEY, &[1, 5]), None, "changed at {place}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(decode(&longer, &KEY, &[1, 5]), None);
    }

    #[test]
    fn another_key_or_shape_is_absent() {
        let bytes = encode(&KEY, &[2, 3], &[0.0; 6]);
        assert_eq!(decode(&bytes, &Key([8; 32]), &[2, 3]), None);
        assert_eq!(decode(&bytes, &KEY, &[3, 2]), None);
        assert_eq!(decode(&bytes, &KEY, &[6]), None);
        assert_eq!(decode(&bytes, &KEY, &[usize::MAX, usize::MAX]), None);
    }
}
