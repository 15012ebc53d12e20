//! Thrift's compact protocol, in which a Parquet file writes of itself: as far as sizes that it states have to be looked at
//! before the format's reader believes them.

use std::io::{self, Read};

/// Values within values are followed so far; the format's own are nested half as deep.
const DEPTH: u32 = 16;

/// What a value is: the protocol's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(u8);

impl Kind {
    pub(super) const LIST: Kind = Kind(9);
    pub(super) const STRUCT: Kind = Kind(12);

    fn is_int(self) -> bool {
        matches!(self.0, 4..=6)
    }
}

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

    /// Visits the fields of a structure with their numbers. `visit` gives back what it did not read itself.
    ///
    /// # Errors
    /// The input ends; it is nothing of the kind; what `visit` says.
    pub(super) fn fields(
        &mut self,
        visit: &mut dyn FnMut(&mut Self, i64, Kind) -> io::Result<Option<Kind>>,
    ) -> io::Result<()> {
        let mut number = 0;
        loop {
            let byte = self.byte()?;
            let kind = Kind(byte & 0x0f);
            match (kind.0, byte >> 4) {
                (0, _) => return Ok(()),
                (_, 0) => number = self.int(Kind(6))?,
                (_, more) => number = i64::saturating_add(number, i64::from(more)),
            }
            if let Some(unread) = visit(self, number, kind)? {
                self.skip(unread, DEPTH, false)?;
            }
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// The input ends, or `kind` is another.
    pub(super) fn int(&mut self, kind: Kind) -> io::Result<i64> {
        if !kind.is_int() {
            return Err(strange());
        }
        let zigzag = self.varint()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
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

    fn skip(&mut self, kind: Kind, depth: u32, in_list: bool) -> io::Result<()> {
        let deeper = depth.checked_sub(1).ok_or_else(strange)?;
        match kind.0 {
            // A field's truth is in its kind.
            1 | 2 if !in_list => Ok(()),
            1..=3 => self.bytes(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.bytes(8),
            8 => {
                let length = self.varint()?;
                self.bytes(length)
            }
            9 | 10 => {
                let (of, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip(of, deeper, true))
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                (0..count).try_for_each(|_| {
                    self.skip(Kind(kinds >> 4), deeper, true)?;
                    self.skip(Kind(kinds & 0x0f), deeper, true)
                })
            }
            12 => loop {
                let byte = self.byte()?;
                match (byte & 0x0f, byte >> 4) {
                    (0, _) => return Ok(()),
                    (_, 0) => drop(self.varint()?),
                    _ => {}
                }
                self.skip(Kind(byte & 0x0f), deeper, false)?;
            },
            13 => self.bytes(16),
            _ => Err(strange()),
        }
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
        // 1: i32 -3; 2: true; 4: "ab"; 5: [7, 8] of i64; 6: {1: 1.0}; 7: map of one byte to a set; 40: i16 300.
        let bytes = [
            &[0x15, 5][..],
            &[0x11],
            &[0x28, 2, b'a', b'b'],
            &[0x19, 0x26, 14, 16],
            &[0x1c, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x1b, 1, 0x3a, 9, 0x11, 1],
            &[0x04, 80, 0xd8, 0x04],
            &[0, 99],
        ]
        .concat();
        let mut compact = Compact::new(bytes.as_slice());
        let mut found = Vec::new();
        compact
            .fields(&mut |compact, number, kind| {
                if matches!(number, 1 | 40) {
                    found.push((number, compact.int(kind)?));
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
        assert!(Compact::new(&[0x15, 0xff, 0xff][..]).fields(&mut |c, _, kind| c.int(kind).map(|_| None)).is_err());
    }
}
