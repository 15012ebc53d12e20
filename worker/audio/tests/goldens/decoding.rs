//! Every sound file of the references decodes to the samples listed.

use crate::{
    reference::{Arrays, goldens, json, noise_db},
    sha256,
    table::Table,
};
use gliss_audio::decode::{Clip, DecodeError, DecodeLimits, decode_file};
use std::{fs, path::Path};

fn decode(path: &Path) -> Clip {
    let clip =
        decode_file(path, &DecodeLimits::default()).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
    assert!(!clip.flaws.any(), "{}: {:?}", path.display(), clip.flaws);
    clip
}

/// The 16-bit samples of a plain wav file, interleaved, read by hand: 44 bytes of header, then data.
fn raw_wav(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("the reference is readable");
    assert_eq!(&bytes[36..40], b"data");
    bytes[44..].to_vec()
}

#[test]
fn lossless_files_are_exact() {
    let Some(goldens) = goldens() else { return };
    let folder = goldens.join("audio");
    let listed = json(&goldens.join("audio.json"));
    let mut seen = 0;
    for (name, facts) in listed["files"].as_object().expect("a list of files") {
        if facts["lossless"] != true {
            continue;
        }
        let clip = decode(&folder.join(name));
        assert_eq!(u64::from(clip.rate), facts["sample_rate"], "{name}");
        assert_eq!(clip.samples.len() as u64, facts["frames"], "{name}");
        let digest = facts["sha256_s16le_interleaved"].as_str().expect("a digest");
        if facts["channels"] == 1 {
            let back: Vec<u8> =
                clip.samples.iter().flat_map(|sample| ((sample * 32768.0) as i16).to_le_bytes()).collect();
            assert_eq!(sha256::hex(&back), digest, "{name}");
            assert!(clip.samples.iter().all(|sample| (sample * 32768.0).fract() == 0.0), "{name}");
        } else {
            let stem = name.split('.').next().expect("a stem");
            let raw = raw_wav(&folder.join(format!("{stem}.wav")));
            assert_eq!(sha256::hex(&raw), digest, "{name}");
            let mean = |frame: &[u8; 4]| {
                let [a, b, c, d] = *frame;
                f32::midpoint(f32::from(i16::from_le_bytes([a, b])), f32::from(i16::from_le_bytes([c, d]))) / 32768.0
            };
            let expected: Vec<f32> = raw.as_chunks::<4>().0.iter().map(mean).collect();
            assert_eq!(clip.samples, expected, "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn lossy_files_agree_with_other_decoders() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let listed = json(&goldens.join("audio.json"));
    let mut table = Table::new("noise against other decoders, dB");
    for (name, facts) in listed["files"].as_object().expect("a list of files") {
        let Some(decoders) = facts["decoders"].as_object() else { continue };
        let clip = decode(&goldens.join("audio").join(name));
        assert_eq!(u64::from(clip.rate), facts["sample_rate"], "{name}");
        for (decoder, theirs) in decoders {
            assert_eq!(clip.samples.len() as u64, theirs["frames"], "{name} as {decoder} reads it");
            let (_, expected) = arrays.get(&format!("{name}.{decoder}.mono_1s"));
            let start = clip.rate as usize;
            let seen = &clip.samples[start..start + expected.len()];
            table.at_most(format!("{name}, {decoder}"), noise_db(seen, &expected), -60.0);
        }
    }
}

#[test]
fn the_name_of_a_file_does_not_matter() {
    let Some(goldens) = goldens() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let misnamed = folder.path().join("clip.mp3");
    for name in ["mix22k.flac", "mix22k.ogg", "mix22k.au", "mix44k.m4a"] {
        let original = goldens.join("audio").join(name);
        fs::copy(&original, &misnamed).expect("copied");
        assert_eq!(decode(&misnamed), decode(&original), "{name}");
        fs::remove_file(&misnamed).expect("removed");
    }
}

#[test]
fn only_what_is_wanted_is_decoded() {
    let Some(goldens) = goldens() else { return };
    for name in ["mix22k.wav", "mix22k.au", "mix22k.mp3", "mix22k.ogg", "mix22k.flac"] {
        let path = goldens.join("audio").join(name);
        let whole = decode(&path);
        let limits = DecodeLimits { max_seconds: 4.0, ..DecodeLimits::first_seconds(3.0) };
        let start = decode_file(&path, &limits).expect("within the limit");
        assert_eq!(start.samples, whole.samples[..3 * 22_050], "{name}");
        assert!(!start.flaws.any());
        let refused = decode_file(&path, &DecodeLimits { max_seconds: 4.0, ..DecodeLimits::default() });
        assert!(matches!(refused, Err(DecodeError::TooLong { limit_frames: 88_200, .. })), "{name}: {refused:?}");
    }
}
