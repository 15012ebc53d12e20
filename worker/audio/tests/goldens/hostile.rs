//! Files made to cost more than they are worth: each ends in an error, after a bounded time and in bounded memory.

use crate::long_files::{Counting, MadeUp, flac_of_silence, wav_header};
use gliss_audio::decode::{ClipReader, DecodeError, DecodeLimits, decode_bytes, decode_file};
use std::{
    io::{Read, Result, Seek, SeekFrom, Write as _},
    sync::atomic::Ordering,
};

/// A start, and then the same bytes again and again.
struct Endless {
    start: Vec<u8>,
    period: Vec<u8>,
    length: u64,
    at: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = (self.length - self.at.min(self.length)).min(buffer.len() as u64) as usize;
        for byte in &mut buffer[..count] {
            let at = self.at as usize;
            *byte = match at.checked_sub(self.start.len()) {
                None => self.start[at],
                Some(at) => self.period[at % self.period.len()],
            };
            self.at += 1;
        }
        Ok(count)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(offset) => self.length.strict_add_signed(offset),
            SeekFrom::Current(offset) => self.at.strict_add_signed(offset),
        };
        Ok(self.at)
    }
}

#[test]
fn headers_of_gigabytes_are_given_up() {
    // STREAMINFO of flac, and behind it padding without end.
    let mut info = vec![0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    info.extend((8000u64 << 44 | 15 << 36).to_be_bytes());
    info.extend([0; 16]);
    let flac = [b"fLaC".as_slice(), &[0, 0, 0, 34], &info].concat();
    let padding = [&[1, 0, 0, 64][..], &[0; 64]].concat();
    // A tag of ID3 version 2 in front of the next.
    let tag = [b"ID3\x04\0\0\0\0\0\x20TXXX\0\0\0\x16\0\0\0".as_slice(), &[b'x'; 21]].concat();
    // A list within a wav file's chunks, each entry a comment.
    let riff = [b"RIFF\xFF\xFF\xFF\xFFWAVELIST\xF0\xFF\xFF\xFFINFO".as_slice()].concat();
    let comment = [b"ICMT\x40\0\0\0".as_slice(), &[b'x'; 64]].concat();
    // Boxes of mp4 that hold a table each.
    let mp4 = b"\0\0\0\x10ftypM4A \0\0\0\0".to_vec();
    let free = b"\0\0\0\x08free".to_vec();
    for (name, start, period) in [
        ("flac", flac, padding),
        ("id3", Vec::new(), tag),
        ("wav", riff, comment),
        ("mp4", mp4, free),
        ("nothing", Vec::new(), b"what is this? ".to_vec()),
    ] {
        let (source, read) = Counting::new(Endless { start, period, length: 4 << 30, at: 0 });
        let refused = ClipReader::from_source(source, &DecodeLimits::default());
        let read = read.load(Ordering::Relaxed);
        assert!(read <= 70 << 20, "{name}: {read} bytes");
        assert!(
            matches!(
                refused,
                Err(DecodeError::ReadTooOften { .. } | DecodeError::NotAudio | DecodeError::Malformed { .. })
            ),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn hours_of_silence_in_a_few_bytes_meet_the_limit() {
    let bytes = flac_of_silence(8000);
    assert!(bytes.len() < 120_000, "{}", bytes.len());
    let limits = DecodeLimits { max_seconds: 60.0, ..DecodeLimits::default() };
    let refused = decode_bytes(bytes.clone(), &limits);
    assert!(matches!(refused, Err(DecodeError::TooLong { limit_frames: 480_000, rate: 8000 })), "{refused:?}");
    let limits = DecodeLimits { max_frames: 1000, ..DecodeLimits::default() };
    assert!(matches!(decode_bytes(bytes.clone(), &limits), Err(DecodeError::TooLong { limit_frames: 1000, .. })));
    // What is wanted of it is there, far in too.
    let clip = decode_bytes(bytes, &DecodeLimits::segment(60_000.0, 10.0)).expect("a sound file");
    assert_eq!(clip.samples, vec![0.0; 80_000]);
}

#[test]
fn a_recording_without_end_meets_the_limit() {
    let source = MadeUp::new(wav_header(8000, 1, u32::MAX), 1 << 31, false);
    let (source, read) = Counting::new(source);
    let limits = DecodeLimits { max_seconds: 10.0, ..DecodeLimits::default() };
    let refused = ClipReader::from_source(source, &limits).expect("a sound file").into_clip();
    assert!(matches!(refused, Err(DecodeError::TooLong { limit_frames: 80_000, rate: 8000 })), "{refused:?}");
    assert!(read.load(Ordering::Relaxed) < 400_000);
}

#[test]
fn a_sample_that_is_no_number_is_found_where_it_is() {
    let mut bytes = wav_header(8000, 1, 4 * 3000);
    // Float samples, 32 bits wide.
    bytes[20] = 3;
    bytes[28..32].copy_from_slice(&32_000u32.to_le_bytes());
    bytes[32] = 4;
    bytes[34] = 32;
    for frame in 0..3000 {
        bytes.extend(if frame == 2500 { f32::NAN } else { 0.25f32 }.to_le_bytes());
    }
    let refused = decode_bytes(bytes.clone(), &DecodeLimits::default());
    assert!(matches!(refused, Err(DecodeError::BadSample { frame: 2500, .. })), "{refused:?}");
    let refused = decode_bytes(bytes.clone(), &DecodeLimits::segment(0.25, 1.0));
    assert!(matches!(refused, Err(DecodeError::BadSample { frame: 2500, .. })), "{refused:?}");
    let clip = decode_bytes(bytes, &DecodeLimits::segment(0.25, 0.0625)).expect("sound up to there");
    assert_eq!(clip.samples, [0.25; 500]);
}

#[test]
fn what_is_appended_while_reading_is_not_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clip.wav");
    let mut bytes = wav_header(8000, 1, u32::MAX);
    bytes.extend([0, 0x40].repeat(100_000));
    std::fs::write(&path, &bytes).expect("written");
    let mut reader = ClipReader::open(&path, &DecodeLimits::default()).expect("a sound file");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("there");
    file.write_all(&[0; 100_000]).expect("written");
    let mut frames = 0;
    while let Some(block) = reader.next_block().expect("a sound file") {
        frames += block.len();
    }
    assert_eq!(frames, 100_000);
    // And one that is cut while it is read ends there.
    let mut reader = ClipReader::open(&path, &DecodeLimits::default()).expect("a sound file");
    file.set_len(44 + 2 * 80_000).expect("cut");
    let mut frames = 0;
    while let Some(block) = reader.next_block().expect("a sound file") {
        frames += block.len();
    }
    assert_eq!(frames, 80_000);
    assert_eq!(decode_file(&path, &DecodeLimits::default()).expect("a sound file").samples.len(), 80_000);
}
