//! The bytes of a file as the decoders see them: no more of them than there were when it was opened, and not read more
//! often than a sound file needs. Knows nothing of formats.

use super::DecodeError;
use std::{
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use symphonia::core::io::MediaSource;

/// Bytes read until the first sample is due, at most. What is read then is kept in memory in part: tables, tags, pictures.
pub(super) const MAX_OPENING_BYTES: u64 = 64 << 20;

/// How often a file's bytes may be read. Containers that interleave several tracks are read with some overlap; one whose
/// tables name the same bytes over and over would keep a decoder busy for ever.
const MAX_TIMES_READ: u64 = 4;

/// What decoders read from: a file, or bytes in memory.
pub trait ByteSource: Read + Seek + Send + Sync {}

impl<T: Read + Seek + Send + Sync> ByteSource for T {}

/// The bytes, ending where they ended when the source was opened.
pub(super) struct Source {
    inner: Box<dyn ByteSource>,
    length: u64,
    position: u64,
    allowance: Allowance,
}

/// A failure of the source itself: decoders report what a file lacks as errors of reading, too.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Failure(io::Error);

/// The source's own error, if `error` is one, and otherwise `error`.
pub(super) fn failure(error: io::Error) -> Result<io::Error, io::Error> {
    error.downcast().map(|Failure(source)| source)
}

fn failed(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Failure(error))
}

/// How many more bytes may be read. Copies share one count, so that it can be raised and looked at from outside.
#[derive(Clone)]
pub(super) struct Allowance {
    left: Arc<AtomicU64>,
    length: u64,
}

impl Source {
    /// Takes `inner` from its start; it holds `length` bytes.
    pub(super) fn new(inner: Box<dyn ByteSource>, length: u64) -> Self {
        let allowance = Allowance { left: Arc::new(AtomicU64::new(MAX_OPENING_BYTES)), length };
        Self { inner, length, position: 0, allowance }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }
}

impl Allowance {
    /// The file is open: from now on what may be read depends on its length.
    pub(super) fn opened(&self) {
        self.left
            .store(self.length.saturating_mul(MAX_TIMES_READ).saturating_add(MAX_OPENING_BYTES), Ordering::Relaxed);
    }

    /// `error`, unless it came of reading too much.
    pub(super) fn explain(&self, error: DecodeError) -> DecodeError {
        if self.left.load(Ordering::Relaxed) == 0 { DecodeError::ReadTooOften { bytes: self.length } } else { error }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.length.saturating_sub(self.position);
        let left = self.allowance.left.load(Ordering::Relaxed);
        if left == 0 && rest > 0 {
            return Err(failed(ErrorKind::QuotaExceeded.into()));
        }
        let most = buffer.len().min(usize::try_from(rest.min(left)).unwrap_or(usize::MAX));
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let count = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result.map_err(failed)?,
            }
        };
        self.position += count as u64;
        self.allowance.left.store(left - count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        // Before the start there is as little to read as beyond the end.
        let target = target.ok_or(ErrorKind::UnexpectedEof)?;
        // Systems refuse places that no file can reach, which would pass for a failing disk.
        self.inner.seek(SeekFrom::Start(target.min(self.length))).map_err(failed)?;
        self.position = target;
        Ok(target)
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn what_is_appended_later_is_not_seen() {
        let mut source = Source::new(Box::new(Cursor::new(vec![7u8; 100])), 10);
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).expect("readable");
        assert_eq!(bytes, [7; 10]);
        assert_eq!(source.seek(SeekFrom::End(-4)).expect("within"), 6);
        assert_eq!(source.read(&mut [0; 64]).expect("readable"), 4);
        assert_eq!(source.seek(SeekFrom::Start(u64::MAX)).expect("allowed, as for files"), u64::MAX);
        assert_eq!(source.read(&mut [0; 64]).expect("the end"), 0);
        assert_eq!(source.seek(SeekFrom::Start(50)).expect("allowed, as for files"), 50);
        assert_eq!(source.read(&mut [0; 64]).expect("the end"), 0);
        assert!(source.seek(SeekFrom::Current(-51)).is_err());
    }

    #[test]
    fn reading_the_same_again_and_again_ends() {
        let mut source = Source::new(Box::new(Cursor::new(vec![7u8; 1 << 20])), 1 << 20);
        let allowance = source.allowance();
        allowance.opened();
        let mut buffer = vec![0; 1 << 16];
        let mut read = 0;
        let error = loop {
            match source.read(&mut buffer) {
                Ok(0) => source.rewind().expect("seekable"),
                Ok(count) => read += count as u64,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
        assert_eq!(read, (4 << 20) + MAX_OPENING_BYTES);
        assert!(
            matches!(allowance.explain(DecodeError::Empty), DecodeError::ReadTooOften { bytes } if bytes == 1 << 20)
        );
    }
}
