//! What of Vorbis is not left to symphonia: where packets belong, and a look through the setup before the decoder's, since
//! a few kilobytes of it can ask for gigabytes of tables.
//!
//! Layout: Vorbis I specification, sections 3.2.1 and 4.2. Bits count from the lowest of each byte.
//!
//! A packet gives a quarter of its own block and of the one before, the first none, and a page says where its last packet
//! ends (appendix A.2). What the first page says decides where the clip begins: a stream that begins before zero is cut to
//! zero. What the last says is its end. Any page but the last may be late by part of a block, as older ffmpeg writes them;
//! symphonia believes them all, and cuts off what lies beyond. So frames are counted, and only after a seek, of several pages,
//! the earliest is believed.

use super::DecodeError;
use std::ops::Range;
use symphonia::core::packet::Packet;

/// Where a stream can begin whose first page ends at zero or later. A page ends up to 255 packets of the longest blocks.
pub(super) const BEFORE_ZERO: Range<i64> = -255 * 4096..0;

/// Seconds of packets over which one page is not late: with ffmpeg's pages of one second, at most four in a row were.
pub(super) const SETTLE_SECONDS: u64 = 10;

/// How many frames before those wanted packets are decoded: as many as two can give.
pub(super) const WARM_FRAMES: i64 = 8192;

/// Frames that a page is late at most: 224 were seen. Further off, something is missing, such as a long block of 1024 frames.
const MAX_LATE: u64 = 511;

/// How many frames the packet gives to a decoder that has decoded the one before.
pub(super) fn frames(packet: &Packet) -> i64 {
    i64::try_from(packet.dur.get().saturating_add(packet.trim_end.get())).unwrap_or(i64::MAX)
}

/// The place of a packet that follows what ends at `counted`, and whose page says that it begins at `stamp`.
pub(super) fn place(counted: i64, stamp: i64) -> i64 {
    if counted.abs_diff(stamp) <= MAX_LATE { counted.min(stamp) } else { stamp }
}

/// Entries times dimensions of all codebooks: libvorbis' largest setup has some 100 thousand.
const MAX_VALUES: u64 = 1 << 22;

/// The identification header comes first, and has this many bytes.
const IDENTIFICATION_BYTES: usize = 30;

/// The packet's type and the word `vorbis`.
const PREFIX_BYTES: usize = 7;

/// Refuses codebooks that no encoder makes. What makes no sense otherwise is left to the decoder.
///
/// `headers` holds the identification header and then the setup header.
pub(super) fn check_setup(headers: &[u8]) -> Result<(), DecodeError> {
    let setup = headers.get(IDENTIFICATION_BYTES + PREFIX_BYTES..).unwrap_or_default();
    let mut bits = Bits { bytes: setup, at: 0 };
    let mut values = 0;
    let codebooks = bits.take(8).unwrap_or(0) + 1;
    for _ in 0..codebooks {
        let Some(size) = codebook(&mut bits) else { break };
        values += size;
        if values > MAX_VALUES {
            return Err(DecodeError::Unsupported { what: "vorbis: larger codebooks than any encoder makes" });
        }
    }
    Ok(())
}

/// Reads over a codebook and says how many values it unpacks to.
fn codebook(bits: &mut Bits<'_>) -> Option<u64> {
    const SYNC: u64 = 0x56_4342;
    if bits.take(24)? != SYNC {
        return None;
    }
    let (dimensions, entries) = (bits.take(16)?, bits.take(24)?);
    if bits.take(1)? == 1 {
        let mut entry = 0;
        bits.skip(5)?;
        while entry < entries {
            entry += bits.take(u64::BITS - (entries - entry).leading_zeros())?;
        }
    } else if bits.take(1)? == 1 {
        for _ in 0..entries {
            if bits.take(1)? == 1 {
                bits.skip(5)?;
            }
        }
    } else {
        bits.skip(5 * entries)?;
    }
    let lookup = bits.take(4)?;
    if lookup == 0 {
        return Some(entries);
    }
    bits.skip(64)?;
    let value_bits = bits.take(4)? + 1;
    bits.skip(1)?;
    let multiplicands = if lookup == 1 { root(entries, dimensions) } else { entries * dimensions };
    bits.skip(multiplicands * value_bits)?;
    Some(entries * dimensions)
}

/// The largest whole number whose power `exponent` is not above `value`.
fn root(value: u64, exponent: u64) -> u64 {
    let exponent = u32::try_from(exponent).unwrap_or(u32::MAX);
    let fits = |candidate: u64| candidate.checked_pow(exponent).is_some_and(|power| power <= value);
    // At most 24 bits wide: halving finds it.
    let (mut low, mut high) = (0, value + 1);
    while low + 1 < high {
        let middle = low.midpoint(high);
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    /// The next `count` bits, at most 32.
    fn take(&mut self, count: u32) -> Option<u64> {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.bytes.get(usize::try_from(self.at / 8).ok()?)?;
            value |= u64::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= 8 * self.bytes.len() as u64).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_whole() {
        for (value, exponent, expected) in
            [(81, 4, 3), (80, 4, 2), (1, 1, 1), (0, 3, 0), (6561, 8, 3), (131_072, 32, 1), (131_072, 1, 131_072)]
        {
            assert_eq!(root(value, exponent), expected, "{value} {exponent}");
        }
    }

    #[test]
    fn late_pages_are_not_believed() {
        assert_eq!(place(1000, 1224), 1000);
        assert_eq!(place(1224, 1000), 1000);
        assert_eq!(place(1000, 1000 + 4096), 1000 + 4096, "a page was lost");
        assert_eq!(place(i64::MAX, i64::MIN), i64::MIN);
    }

    /// Setup headers that hold `count` codebooks of `entries` by `dimensions`, in as few bytes as can be.
    fn headers(count: u8, entries: u32, dimensions: u32) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        let mut put = |value: u64, width: u32| bits.extend((0..width).map(|bit| value >> bit & 1 == 1));
        put(u64::from(count) - 1, 8);
        for _ in 0..count {
            put(0x56_4342, 24);
            put(dimensions.into(), 16);
            put(entries.into(), 24);
            put(1, 1);
            put(16, 5);
            put(entries.into(), u32::BITS - entries.leading_zeros());
            put(1, 4);
            put(0, 64);
            put(0, 4);
            put(0, 1);
            put(0, root(entries.into(), dimensions.into()) as u32);
        }
        let packed = bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, &bit| value << 1 | u8::from(bit)));
        [0; IDENTIFICATION_BYTES + PREFIX_BYTES].into_iter().chain(packed).collect()
    }

    #[test]
    fn gigabytes_of_tables_are_refused() {
        let bomb = headers(255, 1 << 17, 32);
        assert!(bomb.len() < 8192, "{}", bomb.len());
        assert!(matches!(check_setup(&bomb), Err(DecodeError::Unsupported { .. })));
        assert!(check_setup(&headers(255, 256, 8)).is_ok());
        assert!(check_setup(&[]).is_ok());
    }
}
