//! Thrift's compact protocol, in which a Parquet file writes of itself: as far as sizes that it states have to be looked at
//! before the format's reader believes them.

use std::io::{self, Read};

/// Values within values are followed so far; the format's own are nested half as deep.
const DEPTH: u32 = 16;

/// What a value is: the protocol's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(u8);

impl Kind {
    pub(super) const BYTE: Kind = Kind(3);
    pub(super) const I32: Kind = Kind(5);
    pub(super) const BINARY: Kind = Kind(8);
    pub(super) const LIST: Kind = Kind(9);
    pub(super) const STRUCT: Kind = Kind(12);

    /// The format's reader reads a field that it knows as what it knows, whatever kind is stated.
    ///
    /// # Errors
    /// It is not of the kind that the format says.
    pub(super) fn expect(self, kind: Kind) -> io::Result<()> {
        if self == kind { Ok(()) } else { Err(strange()) }
    }
}

/// Takes a field of a structure by its number and kind, and gives back the kind of what it did not read.
type Visit<'a, R> = dyn FnMut(&mut Compact<R>, i16, Kind) -> io::Result<Option<Kind>> + 'a;

/// Values one after another.
#[derive(Debug)]
pub(super) struct Compact<R> {
    input: R,
    read: u64,
}

impl<R: Read> Compact<R> {
    pub(super) fn new(input: R) -> Self {
        Compact { input, read: 0 }
    }

    /// Bytes that were read so far.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Visits the fields of a structure with their numbers, which ascend: of a field that comes twice it depends on the reader
    /// which it takes. `visit` gives back what it did not read itself.
    ///
    /// # Errors
    /// The input ends; it is nothing of the kind, or a number is out of its turn or range; what `visit` says.
    pub(super) fn fields(&mut self, visit: &mut Visit<'_, R>) -> io::Result<()> {
        let mut number = 0;
        loop {
            let byte = self.byte()?;
            let kind = Kind(byte & 0x0f);
            let next = match (kind.0, byte >> 4) {
                (0, _) => return Ok(()),
                (_, 0) => self.zigzag()?,
                (_, more) => i64::from(number) + i64::from(more),
            };
            number = i16::try_from(next).ok().filter(|next| *next > number).ok_or_else(strange)?;
            if let Some(unread) = visit(self, number, kind)? {
                self.skip(unread, DEPTH)?;
            }
        }
    }

    /// A whole number, of which the format's reader would cut off what is more than 32 bits.
    ///
    /// # Errors
    /// The input ends; `kind` is another; it has more bits.
    pub(super) fn i32(&mut self, kind: Kind) -> io::Result<i32> {
        kind.expect(Kind::I32)?;
        i32::try_from(self.zigzag()?).map_err(|_| strange())
    }

    /// Passes over text or bytes; yields how many they are.
    ///
    /// # Errors
    /// The input ends, or `kind` is another.
    pub(super) fn text(&mut self, kind: Kind) -> io::Result<u64> {
        kind.expect(Kind::BINARY)?;
        let length = self.varint()?;
        self.bytes(length)?;
        Ok(length)
    }

    /// The beginning of a list: what it holds, and how many.
    ///
    /// # Errors
    /// The input ends.
    pub(super) fn list(&mut self) -> io::Result<(Kind, u64)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.varint()?,
            few => u64::from(few),
        };
        Ok((Kind(byte & 0x0f), count))
    }

    fn skip(&mut self, kind: Kind, depth: u32) -> io::Result<()> {
        let deeper = depth.checked_sub(1).ok_or_else(strange)?;
        match kind.0 {
            // A field's truth is in its kind.
            1 | 2 => Ok(()),
            3 => self.bytes(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.bytes(8),
            8 => self.text(kind).map(|_| ()),
            9 | 10 => {
                let (of, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_element(of, deeper))
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                (0..count).try_for_each(|_| {
                    self.skip_element(Kind(kinds >> 4), deeper)?;
                    self.skip_element(Kind(kinds & 0x0f), deeper)
                })
            }
            12 => loop {
                let byte = self.byte()?;
                match (byte & 0x0f, byte >> 4) {
                    (0, _) => return Ok(()),
                    (_, 0) => drop(self.varint()?),
                    _ => {}
                }
                self.skip(Kind(byte & 0x0f), deeper)?;
            },
            13 => self.bytes(16),
            _ => Err(strange()),
        }
    }

    /// Truth values have a byte each in lists and maps, which the format's reader forgets when it skips them. What is read
    /// here has none.
    fn skip_element(&mut self, kind: Kind, depth: u32) -> io::Result<()> {
        if matches!(kind.0, 1 | 2) { Err(strange()) } else { self.skip(kind, depth) }
    }

    fn bytes(&mut self, count: u64) -> io::Result<()> {
        let copied = io::copy(&mut self.input.by_ref().take(count), &mut io::sink())?;
        self.read += copied;
        if copied < count { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn zigzag(&mut self) -> io::Result<i64> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(strange())
    }
}

fn strange() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its description of itself is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_visited_and_what_is_not_wanted_is_skipped() {
        // 1: i32 -3; 2: true; 4: "ab"; 5: [7, 8] of i64; 6: {1: 1.0}; 7: map of one byte to a set; 40: i32 300.
        let bytes = [
            &[0x15, 5][..],
            &[0x11],
            &[0x28, 2, b'a', b'b'],
            &[0x19, 0x26, 14, 16],
            &[0x1c, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x1b, 1, 0x3a, 9, 0x13, 1],
            &[0x05, 80, 0xd8, 0x04],
            &[0, 99],
        ]
        .concat();
        let mut compact = Compact::new(bytes.as_slice());
        let mut found = Vec::new();
        compact
            .fields(&mut |compact, number, kind| {
                if matches!(number, 1 | 40) {
                    found.push((number, compact.i32(kind)?));
                    return Ok(None);
                }
                Ok(Some(kind))
            })
            .expect("whole");
        assert_eq!(found, [(1, -3), (40, 300)]);
        assert_eq!(compact.read(), bytes.len() as u64 - 1);
        for length in 0..bytes.len() - 1 {
            let cut = Compact::new(&bytes[..length]).fields(&mut |_, _, kind| Ok(Some(kind)));
            assert!(cut.is_err(), "{length}");
        }
    }

    #[test]
    fn what_has_no_end_is_an_error() {
        let deep = vec![0x1c; 100_000];
        assert!(Compact::new(deep.as_slice()).fields(&mut |_, _, kind| Ok(Some(kind))).is_err());
        let long = [&[0x19, 0xf5][..], &[0xff; 9], &[1]].concat();
        assert!(Compact::new(long.as_slice()).fields(&mut |_, _, kind| Ok(Some(kind))).is_err());
        assert!(Compact::new(&[0x15, 0xff, 0xff][..]).fields(&mut |c, _, kind| c.i32(kind).map(|_| None)).is_err());
    }

    // The format's reader took 65543 for 7 and 2^32 for 0, and the last of fields with one number.
    #[test]
    fn what_another_reader_may_read_otherwise_is_an_error() {
        let read = |bytes: &[u8]| {
            Compact::new(bytes).fields(&mut |compact, number, kind| {
                if number == 1 { compact.i32(kind).map(|_| None) } else { Ok(Some(kind)) }
            })
        };
        read(&[0x15, 2, 0x25, 2, 0x05, 8, 2, 0]).expect("1, 3 and 4");
        for bytes in [
            // 65543; -32768; 32768.
            &[0x05, 0x8e, 0x80, 0x08, 2, 0][..],
            &[0x05, 0xff, 0xff, 0x03, 2, 0],
            &[0x05, 0x80, 0x80, 0x04, 2, 0],
            // 2 twice; 3, then 2; 32767, then 15 more.
            &[0x25, 2, 0x05, 4, 2, 0],
            &[0x35, 2, 0x05, 4, 2, 0],
            &[0x05, 0xfe, 0xff, 0x03, 2, 0xf5, 2, 0],
            // 1 as i64; as truth; as 2^31.
            &[0x16, 2, 0],
            &[0x11, 0],
            &[0x15, 0x80, 0x80, 0x80, 0x80, 0x10, 0],
            // A list, a set and a map of truth values.
            &[0x29, 0x11, 1, 0],
            &[0x2a, 0x12, 1, 0],
            &[0x2b, 1, 0x11, 1, 1, 0],
        ] {
            assert!(read(bytes).is_err(), "{bytes:x?}");
        }
    }
}
