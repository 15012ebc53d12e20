//! A part of a file is what the whole has at that place, and costs no more than its length.

use crate::{
    aac::{adts_of, agrees_but_for_made_up_noise},
    long_files::{Counting, MadeUp, adts, aiff_header, flac, made_up, mp3, ogg, wav_header},
    reference::goldens,
};
use gliss_audio::decode::{
    ByteSource, Clip, ClipReader, DecodeError, DecodeLimits, Flaws, decode_bytes, decode_file, probe_file,
};
use std::{fs, io::Cursor, sync::atomic::Ordering};

/// Decodes a part of `source`: the samples, their rate, the bytes read, and the longest block.
fn part(source: impl ByteSource + 'static, start: f64, seconds: f64) -> (Vec<f32>, u32, u64, usize) {
    let (source, read) = Counting::new(source);
    let limits = DecodeLimits::segment(start, seconds);
    let mut reader = ClipReader::from_source(source, &limits).expect("a sound file");
    let (mut samples, mut longest) = (Vec::new(), 0);
    while let Some(block) = reader.next_block().expect("a sound file") {
        samples.extend_from_slice(block);
        longest = longest.max(block.len());
    }
    assert_eq!(reader.flaws(), Flaws::default());
    (samples, reader.rate(), read.load(Ordering::Relaxed), longest)
}

/// Three hours of which half a minute is wanted: the rest is not read.
#[test]
fn half_a_minute_of_three_hours() {
    const RATE: u32 = 44_100;
    let frames = 3 * 3600 * u64::from(RATE);
    let au = [0x2E73_6E64, 24, u32::MAX, 3, RATE, 1].map(u32::to_be_bytes).concat();
    for (name, header, channels, big_endian) in [
        ("wav", wav_header(RATE, 2, (4 * frames) as u32), 2, false),
        ("aiff", aiff_header(2, frames as u32), 2, true),
        ("au", au, 1, true),
    ] {
        let source = MadeUp::new(header, channels * frames, big_endian);
        let start = 9_000.25;
        let (samples, rate, read, longest) = part(source, start, 30.0);
        let first = (start * f64::from(RATE)) as u64;
        let expected: Vec<f32> = (first..first + 30 * u64::from(RATE))
            .map(|frame| {
                let sum: f32 = (0..channels).map(|channel| f32::from(made_up(frame * channels + channel))).sum();
                sum / channels as f32 / 32768.0
            })
            .collect();
        assert_eq!(rate, RATE);
        assert!(samples == expected, "{name}");
        let wanted = 30 * u64::from(RATE) * 2 * channels;
        assert!(read < wanted + 200_000, "{name}: {read} bytes for {wanted}");
        assert!(longest <= 65_536, "{name}: {longest}");
    }
}

/// The parts of `bytes` at each of `starts` are those of the whole.
pub(crate) fn same_as_whole(name: &str, bytes: &[u8], starts: &[f64], seconds: f64) -> Clip {
    let whole = decode_bytes(bytes.to_vec(), &DecodeLimits::default()).expect("a sound file");
    for &start in starts {
        let first = (start * f64::from(whole.rate)) as usize;
        let length = (seconds * f64::from(whole.rate)).ceil() as usize;
        let (samples, ..) = part(Cursor::new(bytes.to_vec()), start, seconds);
        let expected = &whole.samples[first..whole.samples.len().min(first + length)];
        assert_eq!(samples.len(), expected.len(), "{name} from {start}");
        if name.ends_with("m4a") || name == "aac" {
            agrees_but_for_made_up_noise(&samples, expected, &format!("{name} from {start}"));
        } else {
            let differs = samples.iter().zip(expected).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{name} from {start}: the first frame that differs");
        }
    }
    whole
}

#[test]
fn parts_of_every_format_are_exact() {
    let Some(goldens) = goldens() else { return };
    for name in [
        "mix22k.wav",
        "mix22k.f32.wav",
        "mix44k.s24.wav",
        "mix22k.au",
        "mix22k.flac",
        "mix44k.flac",
        "beat22k.flac",
        "mix22k.mp3",
        "mix44k.mp3",
        "mix22k.ogg",
        "mix44k.ogg",
        "mix44k.m4a",
    ] {
        let bytes = fs::read(goldens.join("audio").join(name)).expect("the reference is readable");
        let clip = same_as_whole(name, &bytes, &[0.0, 0.01, 0.5, 1.0, 2.345_678, 3.2, 3.9, 3.99], 0.75);
        // Beyond the end there is nothing.
        let limits = DecodeLimits::segment(clip.seconds(), 1.0);
        let nothing = decode_bytes(bytes, &limits);
        assert!(matches!(nothing, Err(DecodeError::PastTheEnd { .. })), "{name}: {nothing:?}");
    }
}

#[test]
fn aac_without_made_up_noise_is_exact() {
    let starts = [0.0, 0.01, 0.5, 1.0, 2.345_678, 30.1, 57.7];
    let clip = same_as_whole("adts", &adts_of(2500, false), &starts, 0.75);
    assert!(clip.seconds() > 58.0);
    // The same stream, but for the noise.
    same_as_whole("aac", &adts_of(2500, true), &starts, 0.75);
}

#[test]
fn long_files_are_not_read_through() {
    let Some(goldens) = goldens() else { return };
    let read = |name: &str| fs::read(goldens.join("audio").join(name)).expect("the reference is readable");
    let starts = [100.0, 123.456, 299.0];
    for (name, bytes, share) in [
        ("flac", flac(8000 * 600), 0.05),
        ("ogg", ogg(&read("mix44k.ogg"), 120), 0.25),
        ("aac", adts(&read("mix44k.m4a"), 80), 1.01),
        // Without an index, where a frame is follows from the sizes of those before it.
        ("mp3", mp3(&read("mix22k.mp3"), 64), 1.01),
    ] {
        let clip = same_as_whole(name, &bytes, &starts, 2.0);
        assert!(clip.seconds() > 300.0, "{name}: {}", clip.seconds());
        for start in starts {
            let length = bytes.len() as u64;
            let (_, _, read, longest) = part(Cursor::new(bytes.clone()), start, 2.0);
            assert!(read as f64 <= share * length as f64, "{name} from {start}: {read} of {length} bytes");
            assert!(longest <= 65_536, "{name}: {longest}");
        }
    }
}

#[test]
fn headers_tell_what_decoding_gives() {
    let Some(goldens) = goldens() else { return };
    let limits = DecodeLimits::default();
    for (name, format, codec, channels, bits) in [
        ("mix22k.wav", "wave", "pcm_s16le", 1, Some(16)),
        ("mix44k.s24.wav", "wave", "pcm_s24le", 2, Some(24)),
        ("mix22k.f32.wav", "wave", "pcm_f32le", 1, Some(32)),
        ("mix22k.au", "au", "pcm_s16be", 1, Some(16)),
        ("mix44k.flac", "flac", "flac", 2, Some(16)),
        ("mix44k.mp3", "mp3", "mp3", 2, None),
        ("mix44k.ogg", "ogg", "vorbis", 2, None),
        ("mix44k.m4a", "isomp4", "aac", 2, None),
    ] {
        let path = goldens.join("audio").join(name);
        let facts = probe_file(&path, &limits).expect("a sound file");
        let clip = decode_file(&path, &limits).expect("a sound file");
        assert_eq!((facts.format, facts.codec), (format, codec), "{name}");
        assert_eq!((facts.channels, facts.bits), (channels, bits), "{name}");
        assert!(facts.exact, "{name}");
        // Of aac the padding of the last packet is not taken off.
        let padding = if codec == "aac" { 1024 } else { 0 };
        let announced = facts.frames.expect("an exact length") as usize;
        assert!((announced..=announced + padding).contains(&clip.samples.len()), "{name}: {announced}");
        assert_eq!(facts.rate, clip.rate, "{name}");
        assert_eq!(facts.seconds(), Some(announced as f64 / f64::from(clip.rate)), "{name}");
        assert_eq!(facts.bytes, fs::metadata(&path).expect("the file is there").len(), "{name}");
    }
}
