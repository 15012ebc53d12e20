//! Broken files end in an error or in what could be saved; nothing ends the program.

use crate::reference::{goldens, json};
use gliss_audio::decode::{Clip, ClipReader, DecodeError, DecodeLimits, decode_bytes, decode_file};
use std::{
    fs,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

fn decode(path: &Path) -> Result<Clip, DecodeError> {
    decode_file(path, &DecodeLimits::default())
}

#[test]
fn broken_files_are_reported() {
    let Some(goldens) = goldens() else { return };
    let audio = goldens.join("audio");
    let listed = json(&goldens.join("audio.json"));
    for name in listed["bad"].as_object().expect("a list of files").keys() {
        let verdict = decode(&audio.join("bad").join(name));
        match name.as_str() {
            "truncated.mp3" => {
                let whole = decode(&audio.join("mix22k.mp3")).expect("sound").samples.len();
                let clip = verdict.expect("what is there can be read");
                let share = clip.samples.len() as f64 / whole as f64;
                assert!((0.55..0.62).contains(&share), "{share}");
                assert_eq!(clip.flaws.missing_frames, (whole - clip.samples.len()) as u64);
            }
            "truncated.wav" => {
                let whole = decode(&audio.join("mix22k.wav")).expect("sound").samples;
                let clip = verdict.expect("what is there can be read");
                assert_eq!(clip.samples, whole[..clip.samples.len()]);
                assert_eq!(clip.samples.len(), 40_001);
                assert_eq!(clip.flaws.missing_frames, (whole.len() - clip.samples.len()) as u64);
            }
            "header_only.wav" => assert!(matches!(verdict, Err(DecodeError::NoSamples { .. })), "{name}: {verdict:?}"),
            "empty.wav" => assert!(matches!(verdict, Err(DecodeError::Empty)), "{name}: {verdict:?}"),
            "text.mp3" | "noise.ogg" => assert!(matches!(verdict, Err(DecodeError::NotAudio)), "{name}: {verdict:?}"),
            other => panic!("nothing is said of {other}"),
        }
    }
}

/// A disk that gives some bytes and then an error without a number, as network file systems do.
struct Tired(Cursor<Vec<u8>>, u64);

impl Read for Tired {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.position() >= self.1 {
            return Err(io::Error::other("the disk is tired"));
        }
        let most = buffer.len().min(4096);
        self.0.read(&mut buffer[..most])
    }
}

impl Seek for Tired {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Found by fuzzing: an audio configuration that is cut off passed for a failing disk, which is tried again.
#[test]
fn a_failing_disk_and_a_damaged_file_are_told_apart() {
    let Some(goldens) = goldens() else { return };
    let mut bytes = fs::read(goldens.join("audio/mix44k.m4a")).expect("the reference is readable");
    let descriptor = [5, 0x80, 0x80, 0x80, 5];
    let at = bytes.windows(5).position(|window| window == descriptor).expect("an AudioSpecificConfig") + 5;
    bytes[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 7]);
    let verdict = decode_bytes(bytes, &DecodeLimits::default());
    assert!(matches!(verdict, Err(DecodeError::Malformed { .. })), "{verdict:?}");

    for name in ["mix22k.wav", "mix22k.au", "mix22k.flac", "mix22k.mp3", "mix22k.ogg", "mix44k.m4a"] {
        let bytes = fs::read(goldens.join("audio").join(name)).expect("the reference is readable");
        for share in [0, bytes.len() as u64 / 2] {
            let source = Tired(Cursor::new(bytes.clone()), share);
            let verdict = ClipReader::from_source(source, &DecodeLimits::default()).and_then(ClipReader::into_clip);
            assert!(matches!(verdict, Err(DecodeError::Read { .. })), "{name} from {share}: {verdict:?}");
        }
    }
}

/// Cuts and overwrites every kind of file in many places. What comes out is not judged: only that something does.
#[test]
fn damage_anywhere_is_survived() {
    let Some(goldens) = goldens() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged");
    let (mut read, mut refused) = (0, 0);
    for name in [
        "mix22k.wav",
        "mix22k.f32.wav",
        "mix44k.s24.wav",
        "mix22k.au",
        "mix22k.flac",
        "mix22k.mp3",
        "mix22k.ogg",
        "mix44k.m4a",
    ] {
        let sound = fs::read(goldens.join("audio").join(name)).expect("the reference is readable");
        let mut state = 1u64;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..40 {
            let mut damaged = sound.clone();
            // Headers decide most, so they are hit most.
            let reach = if round % 2 == 0 { 256 } else { damaged.len() };
            for _ in 0..1 + round % 8 {
                damaged[draw(reach)] = draw(256) as u8;
            }
            if round % 4 == 3 {
                damaged.truncate(draw(sound.len()));
            }
            fs::write(&path, &damaged).expect("written");
            match decode(&path) {
                Ok(clip) => {
                    assert!(!clip.samples.is_empty() && clip.samples.iter().all(|sample| sample.is_finite()));
                    read += 1;
                }
                Err(error) => {
                    assert!(
                        !matches!(error, DecodeError::DecoderPanic { .. } | DecodeError::Read { .. }),
                        "{name}: {error:?}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(read > 100 && refused > 20, "{read} read, {refused} refused");
}
