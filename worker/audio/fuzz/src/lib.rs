//! What the targets do with their bytes, and what they hold against the crate.

use gliss_audio::{
    decode::{ClipReader, DecodeError, DecodeLimits, decode_bytes},
    picture::png,
    resample::{Resampler, resample},
};
use std::{
    collections::BTreeSet,
    io::Cursor,
    panic,
    sync::{Mutex, Once},
};

/// The kinds of file that a target keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Any,
    Wav,
    Aiff,
    Au,
    Flac,
    Ogg,
    Mp4,
    /// Whatever has none of the others' marks: mp3 and adts begin anywhere.
    Mpeg,
}

impl Kind {
    fn takes(self, bytes: &[u8]) -> bool {
        let kind = match bytes {
            [b'R', b'I', b'F', b'F', ..] => Self::Wav,
            [b'F', b'O', b'R', b'M', ..] => Self::Aiff,
            [b'.', b's', b'n', b'd', ..] => Self::Au,
            [b'f', b'L', b'a', b'C', ..] => Self::Flac,
            [b'O', b'g', b'g', b'S', ..] => Self::Ogg,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::Mp4,
            _ => Self::Mpeg,
        };
        self == Self::Any || self == kind
    }
}

/// Enough for every path, little enough for many runs a second.
fn limits() -> DecodeLimits {
    DecodeLimits { max_seconds: 20.0, max_frames: 1 << 20, ..DecodeLimits::default() }
}

/// Decodes `bytes`, if they are of this kind, and checks what comes out. True: worth keeping.
pub fn decode(kind: Kind, bytes: &[u8]) -> bool {
    watch_panics();
    if !kind.takes(bytes) {
        return false;
    }
    if let Some(clip) = judged(decode_bytes(bytes.to_vec(), &limits()), bytes) {
        assert!(!clip.samples.is_empty() && clip.samples.len() <= 1 << 20);
        assert!(clip.samples.iter().all(|sample| sample.abs() <= 1e10));
        assert!((100..=1_000_000).contains(&clip.rate));
    }
    true
}

/// Decodes a part of `bytes`, whose last two say where it starts and how long it is, in 64ths of a second.
pub fn segment(bytes: &[u8]) {
    watch_panics();
    let Some((file, &[start, length])) = bytes.split_last_chunk::<2>() else { return };
    let (start, length) = (f64::from(start) / 64.0, f64::from(length) / 64.0);
    let limits = DecodeLimits { start_seconds: start, max_seconds_wanted: Some(length), ..limits() };
    let Some(mut reader) = judged(ClipReader::from_source(Cursor::new(file.to_vec()), &limits), bytes) else { return };
    let mut frames = 0;
    while let Some(Some(block)) = judged(reader.next_block().map(|block| block.map(<[f32]>::len)), bytes) {
        assert!(block > 0);
        frames += block;
    }
    assert!(frames <= (length * f64::from(reader.rate())).ceil() as usize);
}

/// Decodes `bytes` as a picture.
pub fn picture(bytes: &[u8]) {
    if let Ok(pixels) = png::decode(Cursor::new(bytes)) {
        assert!(pixels.height > 0 && pixels.rgb.len() == 3 * pixels.height * pixels.width);
    }
}

/// Resamples what `bytes` say, whole and in pieces.
pub fn resampler(bytes: &[u8]) {
    let Some((&[a, b, c, d, piece], rest)) = bytes.split_first_chunk::<5>() else { return };
    // Rates whose filters take milliseconds; others are slow, not different.
    let (from, to) = (u32::from(u16::from_be_bytes([a, b])), u32::from(u16::from_be_bytes([c, d])));
    if from.max(to) > 12_000 {
        return;
    }
    let samples: Vec<f32> = rest.iter().map(|&byte| f32::from(byte as i8) / 128.0).collect();
    let Ok(whole) = resample(&samples, from, to) else {
        let apart = from.max(to) > 1024 * from.min(to);
        assert!(from == 0 || to == 0 || apart || samples.len() as u64 * u64::from(to) / u64::from(from) >= 1 << 31);
        return;
    };
    assert_eq!(whole.len(), (samples.len() * to as usize).div_ceil(from as usize));
    assert!(whole.iter().all(|sample| sample.abs() < 8.0));
    let mut pieces = Vec::new();
    let mut resampler = Resampler::new(from, to).expect("the rates were accepted");
    for samples in samples.chunks(usize::from(piece).max(1)) {
        resampler.push(samples, &mut pieces).expect("the clip was accepted");
    }
    resampler.finish(&mut pieces).expect("the clip was accepted");
    assert!(pieces == whole, "in pieces of {piece} it is another clip");
}

fn judged<T>(result: Result<T, DecodeError>, bytes: &[u8]) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        // No disk is read here, so none can fail.
        Err(DecodeError::Read { source }) => panic!("reading memory failed: {source}"),
        Err(DecodeError::DecoderPanic { .. }) => {
            note_panic(bytes);
            None
        }
        Err(_) => None,
    }
}

/// Where the last panic within a decoder came from.
static LAST: Mutex<String> = Mutex::new(String::new());

/// Lets panics of the decoders pass, which the crate turns into errors; any other ends the process, as libFuzzer wants it.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let deadly = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map_or(String::new(), ToString::to_string);
            if place.contains("/symphonia-") {
                *LAST.lock().expect("no panic while it is held") = place;
            } else {
                deadly(info);
            }
        }));
    });
}

/// Says once for each place that a decoder panicked there, and keeps the bytes in `GLISS_FUZZ_PANICS`, a folder.
fn note_panic(bytes: &[u8]) {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let place = LAST.lock().expect("no panic while it is held").clone();
    let short = place.rsplit("/symphonia-").next().unwrap_or(&place).replace(['/', ':'], "_");
    if SEEN.lock().expect("no panic while it is held").insert(short.clone()) {
        eprintln!("a decoder panicked at {place}");
        if let Ok(folder) = std::env::var("GLISS_FUZZ_PANICS") {
            let path = std::path::Path::new(&folder).join(short);
            // The smallest example found so far is the one to look at.
            if std::fs::metadata(&path).map_or(true, |old| old.len() > bytes.len() as u64) {
                std::fs::write(&path, bytes).expect("the folder can be written to");
            }
        }
    }
}
