//! How much of an mp4 track comes before its sound: the encoder's delay, which symphonia does not take off.
//!
//! Two notes say it. The edit list of ISO/IEC 14496-12, section 8.6.6, names the place where presentation begins; iTunes
//! writes a comment, `iTunSMPB`, whose second number is the delay in frames.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use symphonia::core::{formats::FormatReader, meta::RawValue};

/// Boxes looked at, at most.
const MAX_BOXES: usize = 10_000;

/// Boxes within boxes gone into, at most: `moov`, `trak` and `edts` hold what is looked for.
const MAX_DEPTH: u32 = 3;

/// Entries of one edit list looked at: the first that is not empty decides.
const MAX_ENTRIES: u32 = 16;

/// Where one track's presentation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// The track's number.
    pub(super) track: u32,
    /// Where it begins, in the track's time stamps.
    pub(super) media_time: u64,
}

/// The edit lists in `source`; none if it is no mp4 file, or makes no sense.
pub(super) fn edit_lists(source: &mut (impl Read + Seek)) -> io::Result<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut walk = Walk { source, boxes_left: MAX_BOXES, track: 0, edits: &mut edits };
    match walk.file() {
        // What is cut off is for the decoder to report.
        Err(error) if !matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidInput) => Err(error),
        _ => Ok(edits),
    }
}

/// The delay that iTunes has noted, in frames.
pub(super) fn itunes_note(reader: &mut dyn FormatReader) -> Option<u64> {
    let mut metadata = reader.metadata();
    let tags = &metadata.skip_to_latest()?.media.tags;
    let note = tags.iter().find(|tag| tag.raw.key.ends_with("iTunSMPB"))?;
    let RawValue::String(text) = &note.raw.value else { return None };
    u64::from_str_radix(text.split_whitespace().nth(1)?, 16).ok()
}

struct Walk<'a, S> {
    source: &'a mut S,
    boxes_left: usize,
    /// The number of the track that is being walked through.
    track: u32,
    edits: &'a mut Vec<Edit>,
}

impl<S: Read + Seek> Walk<'_, S> {
    fn file(&mut self) -> io::Result<()> {
        let end = self.source.seek(SeekFrom::End(0))?;
        let mut start = [0; 8];
        self.source.rewind()?;
        self.source.read_exact(&mut start)?;
        if start.ends_with(b"ftyp") { self.boxes(0, end, MAX_DEPTH) } else { Ok(()) }
    }

    /// Walks through the boxes from `at` to `end`, and through `depth` levels of boxes within them.
    fn boxes(&mut self, mut at: u64, end: u64, depth: u32) -> io::Result<()> {
        while at.saturating_add(8) <= end && self.boxes_left > 0 {
            self.boxes_left -= 1;
            self.source.seek(SeekFrom::Start(at))?;
            let (size, kind) = (self.u32()?, self.u32()?);
            let (header, size) = match size {
                0 => (8, end - at),
                1 => (16, self.u64()?),
                size => (8, u64::from(size)),
            };
            if size < header {
                return Ok(());
            }
            let (inside, next) = (at + header, at.saturating_add(size).min(end));
            match &kind.to_be_bytes() {
                b"moov" | b"trak" | b"edts" if depth > 0 => self.boxes(inside, next, depth - 1)?,
                b"tkhd" => {
                    // Version 1 has times of 8 bytes before the track's number.
                    let wide = self.u32()? >> 24 == 1;
                    self.source.seek_relative(if wide { 16 } else { 8 })?;
                    self.track = self.u32()?;
                }
                b"elst" => self.edit_list()?,
                _ => {}
            }
            at = next;
        }
        Ok(())
    }

    fn edit_list(&mut self) -> io::Result<()> {
        let wide = self.u32()? >> 24 == 1;
        for _ in 0..self.u32()?.min(MAX_ENTRIES) {
            let media_time = if wide {
                self.u64()?;
                self.u64()? as i64
            } else {
                self.u32()?;
                i64::from(self.u32()? as i32)
            };
            self.u32()?;
            // An empty edit, -1, delays the track; the first real one says where it starts.
            if let Ok(media_time) = u64::try_from(media_time) {
                self.edits.push(Edit { track: self.track, media_time });
                break;
            }
        }
        Ok(())
    }

    fn u32(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.source.read_exact(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from(self.u32()?) << 32 | u64::from(self.u32()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn boxed(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        [&(inside.len() as u32 + 8).to_be_bytes(), kind.as_slice(), inside].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn track(number: u32, list: &[u32]) -> Vec<u8> {
        let header = boxed(b"tkhd", &words(&[0, 0, 0, number]));
        boxed(b"trak", &[header, boxed(b"edts", &boxed(b"elst", &words(list)))].concat())
    }

    fn file(moov: &[u8]) -> Vec<u8> {
        [boxed(b"ftyp", b"M4A "), boxed(b"free", &[0; 9]), boxed(b"moov", moov)].concat()
    }

    #[test]
    fn the_first_real_edit_of_each_track_counts() {
        let narrow = track(1, &[0, 2, 100, u32::MAX, 0x1_0000, 4000, 1024, 0x1_0000]);
        let wide = track(7, &[0x0100_0000, 1, 0, 4000, 0, 2112, 0x1_0000]);
        let bytes = file(&[narrow, wide].concat());
        let edits = edit_lists(&mut Cursor::new(&bytes)).expect("readable");
        assert_eq!(edits, [Edit { track: 1, media_time: 1024 }, Edit { track: 7, media_time: 2112 }]);
        // Cut anywhere, it gives what came before the cut, and no error.
        for length in 0..bytes.len() {
            let edits = edit_lists(&mut Cursor::new(&bytes[..length])).expect("readable");
            assert!(edits.len() < 2, "{length}");
        }
    }

    #[test]
    fn other_files_have_none_and_loops_end() {
        assert_eq!(edit_lists(&mut Cursor::new(b"RIFF....WAVE")).expect("readable"), []);
        // A box of size 0 reaches to the end, one of size 1 has its size behind, and a size below its header ends the walk.
        let nested = (0..300).fold(Vec::new(), |inside, _| boxed(b"moov", &inside));
        for moov in [words(&[0, 0, 0]), words(&[1, 0, 0, 0]), words(&[4; 64]), nested] {
            assert_eq!(edit_lists(&mut Cursor::new(file(&moov))).expect("readable"), []);
        }
    }
}
