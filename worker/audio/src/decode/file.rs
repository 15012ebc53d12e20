//! The way in: opens a file, sees what it is, and stands between the program and a decoder that panics.

use super::{
    Clip, ClipReader, DecodeError, DecodeLimits, FileFacts,
    au::{self, Au},
    backend::Backend,
    source::{ByteSource, Source},
    stream::Stream,
};
use std::{
    any::Any,
    fs::File,
    io::{Cursor, Read as _, Seek as _, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Decodes the file at `path` into one channel, the mean of its channels.
///
/// Reads wav, aiff, au, flac, mp3, ogg vorbis, and aac in adts or mp4, told apart by content. The encoder's delay is taken
/// off where the file says how much it is (mp3 with a LAME header, vorbis, mp4 with an edit list or iTunes' note); so is
/// its padding at the end, but for mp4. Without such a note mp3 is late by the encoder's delay, commonly 1105 frames, and
/// aac by 1024 or 2112. A truncated file gives what it holds, with [`Clip::flaws`] set. The same file always gives the
/// same bits.
///
/// A part of the file ([`DecodeLimits::segment`]) costs about as much as a file of that length: what comes before is
/// passed over. Of mp3 and adts, which have no table of contents to rely on, the frames' headers are read; of Vorbis, for
/// their time stamps, the packets of the file's first ten seconds and of the ten before the part. Of a Vorbis file that is
/// short, or where the part begins within 20 seconds, all packets before the part are read. But for the last few, none of
/// these are decoded.
///
/// A part's samples are those of the whole file's decoding, bit for bit, but for noise that aac has its decoder make up: that
/// is drawn anew, as loud as before. Where packets are broken, a part that was gone to keeps to the file's time stamps, while
/// the whole closes the gap, and so does a part of Vorbis for which all was read.
///
/// # Errors
///
/// See [`DecodeError`]. A panic inside a decoder is one of them; the panic hook still runs, so a line about it may appear
/// on stderr.
pub fn decode_file(path: &Path, limits: &DecodeLimits) -> Result<Clip, DecodeError> {
    ClipReader::open(path, limits)?.into_clip()
}

/// Like [`decode_file`], for a file's bytes.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode_bytes(bytes: Vec<u8>, limits: &DecodeLimits) -> Result<Clip, DecodeError> {
    ClipReader::from_source(Cursor::new(bytes), limits)?.into_clip()
}

/// What the headers of the file at `path` say: nothing is decoded, and little is read.
///
/// # Errors
///
/// See [`DecodeError`]. A file whose headers are sound may still fail to decode, and may hold no sample at all.
pub fn probe_file(path: &Path, limits: &DecodeLimits) -> Result<FileFacts, DecodeError> {
    Ok(open_path(path, limits)?.facts())
}

pub(super) fn open_path(path: &Path, limits: &DecodeLimits) -> Result<Box<dyn Backend>, DecodeError> {
    // Asked before opening: to open a pipe can take for ever.
    let facts = std::fs::metadata(path).map_err(|source| DecodeError::Open { source })?;
    if !facts.is_file() {
        return Err(DecodeError::NotAFile);
    }
    open_source(Box::new(File::open(path).map_err(|source| DecodeError::Open { source })?), limits)
}

pub(super) fn open_source(
    mut source: Box<dyn ByteSource>,
    limits: &DecodeLimits,
) -> Result<Box<dyn Backend>, DecodeError> {
    let read = |source| DecodeError::Read { source };
    let bytes = source.seek(SeekFrom::End(0)).map_err(read)?;
    if bytes == 0 {
        return Err(DecodeError::Empty);
    }
    if bytes > limits.max_bytes {
        return Err(DecodeError::TooLarge { bytes, limit: limits.max_bytes });
    }
    let mut source = Source::new(source, bytes);
    source.rewind().map_err(read)?;
    let mut magic = Vec::with_capacity(au::MAGIC.len());
    source.by_ref().take(au::MAGIC.len() as u64).read_to_end(&mut magic).map_err(read)?;
    source.rewind().map_err(read)?;
    guarded(|| -> Result<Box<dyn Backend>, DecodeError> {
        if magic == au::MAGIC { Ok(Box::new(Au::open(source)?)) } else { Ok(Box::new(Stream::open(source)?)) }
    })
}

/// Turns a panic of `work` into an error. The caller must not use anything again that `work` could have left half-changed.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(DecodeError::DecoderPanic { message: panic_message(panic.as_ref()) }))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_the_decoder_is_an_error() {
        let index = usize::MAX;
        let verdict: Result<(), _> = guarded(|| panic!("index {index} out of range"));
        assert!(
            matches!(&verdict, Err(DecodeError::DecoderPanic { message }) if message.starts_with("index ")),
            "{verdict:?}"
        );
    }

    #[test]
    fn folders_and_absent_files_are_errors() {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = DecodeLimits::default();
        assert!(matches!(decode_file(folder.path(), &limits), Err(DecodeError::NotAFile)));
        assert!(matches!(decode_file(&folder.path().join("none.wav"), &limits), Err(DecodeError::Open { .. })));
    }

    #[test]
    fn a_file_over_the_byte_limit_is_refused_unread() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large.wav");
        std::fs::write(&path, [0; 65]).expect("written");
        let limits = DecodeLimits { max_bytes: 64, ..DecodeLimits::default() };
        assert!(matches!(decode_file(&path, &limits), Err(DecodeError::TooLarge { bytes: 65, limit: 64 })));
    }
}
