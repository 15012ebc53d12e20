//! The way in: opens a file, sees what it is, and stands between the program and a decoder that panics.

use super::{Clip, DecodeError, DecodeLimits, au, stream};
use std::{
    any::Any,
    fs::File,
    io::{Read as _, Seek as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Decodes the file at `path` into one channel, the mean of its channels.
///
/// Reads wav, aiff, au, flac, mp3, ogg vorbis, and aac in adts or mp4, told apart by content. The encoder's delay and
/// padding are taken off where the format says how much they are (mp3 with a LAME header, Vorbis); aac keeps its delay.
/// A truncated file gives what it holds, with [`Clip::flaws`] set. The same file always gives the same bits.
///
/// # Errors
///
/// See [`DecodeError`]. A panic inside a decoder is one of them; the panic hook still runs, so a line about it may appear
/// on stderr.
pub fn decode_file(path: &Path, limits: &DecodeLimits) -> Result<Clip, DecodeError> {
    let facts = std::fs::metadata(path).map_err(|source| DecodeError::Open { source })?;
    if !facts.is_file() {
        return Err(DecodeError::NotAFile);
    }
    if facts.len() == 0 {
        return Err(DecodeError::Empty);
    }
    if facts.len() > limits.max_bytes {
        return Err(DecodeError::TooLarge { bytes: facts.len(), limit: limits.max_bytes });
    }
    let mut file = File::open(path).map_err(|source| DecodeError::Open { source })?;
    let mut magic = Vec::with_capacity(4);
    let read = |source| DecodeError::Read { source };
    file.by_ref().take(4).read_to_end(&mut magic).map_err(read)?;
    file.rewind().map_err(read)?;
    guarded(|| if magic == au::MAGIC { au::decode(file, limits) } else { stream::decode(file, limits) })
}

/// Turns a panic of `decode` into an error. Nothing `decode` touched is used afterwards, so nothing half-changed is seen.
fn guarded(decode: impl FnOnce() -> Result<Clip, DecodeError>) -> Result<Clip, DecodeError> {
    catch_unwind(AssertUnwindSafe(decode))
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
        let verdict = guarded(|| panic!("index {index} out of range"));
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
