//! Harmonic-percussive separation, time stretch and pitch shift against librosa.

use crate::{
    reference::{Arrays, goldens, noise_db},
    table::Table,
};
use gliss_audio::{
    decode::{DecodeLimits, decode_file},
    hpss::{Part, Parts, Separation},
    spectrum::{PadMode, Stft, StftSettings},
    vocoder::Vocoder,
};
use std::path::Path;

fn samples(goldens: &Path) -> Vec<f32> {
    let path = goldens.join("audio/mix22k.wav");
    decode_file(&path, &DecodeLimits::default()).expect("the reference clip is sound").samples
}

#[test]
fn separation_agrees() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let clip = samples(&goldens);
    let mut plan = Separation::new(PadMode::Zero);
    let mut table = Table::new("harmonic and percussive, noise in dB");
    let Parts { harmonic, percussive } = plan.parts(&clip).expect("a legal clip");
    let (_, expected) = arrays.get("hpss_harmonic");
    table.at_most("harmonic", noise_db(&harmonic, &expected), -80.0);
    let (_, expected) = arrays.get("hpss_percussive");
    table.at_most("percussive, as the rest", noise_db(&percussive, &expected), -80.0);
    let alone = plan.percussive(&clip).expect("a legal clip");
    table.at_most("percussive, alone", noise_db(&alone, &expected), -80.0);

    let settings = StftSettings { n_fft: 2048, win_length: 2048, hop: 512, pad: PadMode::Zero };
    let spectra = Stft::new(settings).expect("legal settings").spectra(&clip).expect("a legal clip");
    for (name, part) in
        [("hpss_mag_harmonic_frame100", Part::Harmonic), ("hpss_mag_percussive_frame100", Part::Percussive)]
    {
        let mut kept = spectra.clone();
        plan.keep(&mut kept, part).expect("of one size");
        let magnitude = kept.magnitude();
        let seen: Vec<f32> = (0..magnitude.bands).map(|bin| magnitude.band(bin)[100]).collect();
        let (_, expected) = arrays.get(name);
        table.at_most(name, noise_db(&seen, &expected), -80.0);
    }
}

/// librosa's phases at the very end hang on the rounding errors of silent bins.
const TAIL: usize = 4096;

#[test]
fn stretching_agrees() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let clip = samples(&goldens);
    let mut plan = Vocoder::new(PadMode::Zero);
    let mut table = Table::new("time stretch and pitch shift, noise in dB");
    for (name, rate) in [("time_stretch_0.93", 0.93), ("time_stretch_1.07", 1.07)] {
        let (_, expected) = arrays.get(name);
        let seen = plan.stretch(&clip, rate).expect("a legal rate");
        assert_eq!(seen.len(), expected.len(), "{name}");
        let inner = ..seen.len() - TAIL;
        table.at_most(name, noise_db(&seen[inner], &expected[inner]), -40.0);
    }
    for (name, semitones) in [("pitch_shift_+1", 1.0), ("pitch_shift_-1", -1.0)] {
        let (_, expected) = arrays.get(name);
        let seen = plan.shift(&clip, semitones).expect("a legal shift");
        assert_eq!(seen.len(), expected.len(), "{name}");
        let inner = ..seen.len() - TAIL;
        table.at_most(name, noise_db(&seen[inner], &expected[inner]), -30.0);
    }
}
