//! Spectra, filters, mel spectrograms and decibels against librosa.

use crate::{
    reference::{Arrays, data, goldens, largest, largest_difference},
    table::Table,
};
use gliss_audio::{
    decibel::{DbRef, amplitude_to_db, power_to_db},
    decode::{DecodeLimits, decode_file},
    mel::{MelFilters, MelFrontEnd, MelScale, MelSettings},
    spectrum::{Istft, PadMode, Spectrogram, Stft, StftSettings},
};
use std::path::Path;

fn samples(path: &Path) -> Vec<f32> {
    decode_file(path, &DecodeLimits::default()).expect("the reference clip is sound").samples
}

fn mel(settings: MelSettings, samples: &[f32]) -> Spectrogram {
    MelFrontEnd::new(settings).expect("legal settings").power(samples).expect("a legal clip")
}

fn db(power: &Spectrogram, reference: DbRef, top_db: Option<f32>) -> Spectrogram {
    let mut db = power.clone();
    power_to_db(&mut db, reference, 1e-10, top_db);
    db
}

/// librosa 0.11 pads with zeros.
fn zero_padded(rate: u32, n_fft: usize, hop: usize, mels: usize) -> MelSettings {
    MelSettings::librosa(rate, n_fft, hop, mels, PadMode::Zero)
}

fn htk(settings: MelSettings) -> MelSettings {
    MelSettings { scale: MelScale::Htk, norm: false, ..settings }
}

#[test]
fn filters_agree() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let mut table = Table::new("mel filters, of the largest value");
    for (name, settings) in [
        ("mel_fb_slaney_22050_2048_128", zero_padded(22_050, 2048, 512, 128)),
        ("mel_fb_htk_nonorm_22050_2048_128", htk(zero_padded(22_050, 2048, 512, 128))),
        ("mel_fb_slaney_16000_2048_128", zero_padded(16_000, 2048, 512, 128)),
        ("mel_fb_slaney_22050_2048_64", zero_padded(22_050, 2048, 512, 64)),
        ("mel_fb_slaney_22050_1024_256", zero_padded(22_050, 1024, 512, 256)),
    ] {
        let (shape, expected) = arrays.get(name);
        let bank = MelFilters::new(&settings).expect("legal settings");
        assert_eq!(shape, [bank.bands(), settings.n_fft / 2 + 1], "{name}");
        table.at_most(name, largest_difference(&bank.dense(), &expected) / largest(&expected), 1e-6);
    }
}

#[test]
fn magnitudes_agree() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let clip = samples(&goldens.join("audio/mix22k.wav"));
    let mut table = Table::new("stft magnitudes, absolute");
    for (name, win_length, hop) in [("stft_mag", 2048, 512), ("stft_mag_win1984_hop992", 1984, 992)] {
        let (shape, expected) = arrays.get(name);
        let settings = StftSettings { n_fft: 2048, win_length, hop, pad: PadMode::Zero };
        let seen = Stft::new(settings).expect("legal settings").magnitude(&clip).expect("a legal clip");
        assert_eq!(seen.bands, shape[0]);
        let first: Vec<f32> = (0..seen.bands).flat_map(|bin| seen.band(bin)[..shape[1]].to_vec()).collect();
        table.at_most(name, largest_difference(&first, &expected), 1e-4);
    }
}

#[test]
fn spectra_come_back() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let clip = samples(&goldens.join("audio/mix22k.wav"));
    let (shape, expected) = arrays.get("istft");
    assert_eq!(shape, [clip.len()]);
    let mut table = Table::new("istft of stft, absolute");
    for (n_fft, win_length, hop) in [(2048, 2048, 512), (2048, 1984, 992), (1024, 1024, 256), (2000, 2000, 500)] {
        let settings = StftSettings { n_fft, win_length, hop, pad: PadMode::Zero };
        let spectra = Stft::new(settings.clone()).expect("legal settings").spectra(&clip).expect("a legal clip");
        let back = Istft::new(settings).expect("legal settings").samples(&spectra, clip.len()).expect("its spectra");
        let difference = largest_difference(&back, &expected);
        table.at_most(format!("istft {n_fft}/{win_length}/{hop}"), difference, 1e-5);
    }
}

#[test]
fn front_ends_agree() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let mix22k = samples(&goldens.join("audio/mix22k.wav"));
    let mix16k = samples(&goldens.join("audio/mix16k.wav"));
    let mut powers = Table::new("mel power, of the largest value");
    let mut decibels = Table::new("decibels, dB");
    let front_ends = [
        ("mel_a", zero_padded(22_050, 2048, 512, 128), &mix22k),
        ("mel_b", zero_padded(16_000, 2048, 512, 128), &mix16k),
        ("mel_c", MelSettings { win_length: 1984, ..zero_padded(22_050, 2048, 992, 64) }, &mix22k),
        ("mel_d", zero_padded(22_050, 1024, 512, 256), &mix22k),
        ("mel_a_htk", htk(zero_padded(22_050, 2048, 512, 128)), &mix22k),
    ];
    for (name, settings, clip) in front_ends {
        let (shape, expected) = arrays.get(&format!("{name}_power"));
        let seen = mel(settings, clip);
        assert_eq!(shape, [seen.bands, seen.frames], "{name}");
        powers.at_most(name, largest_difference(&seen.data, &expected) / largest(&expected), 1e-5);
        if name != "mel_a_htk" {
            let (_, expected) = arrays.get(&format!("{name}_db_max80"));
            let seen = db(&seen, DbRef::Max, Some(80.0));
            decibels.at_most(format!("{name}_db_max80"), largest_difference(&seen.data, &expected), 0.01);
        }
        if name == "mel_a" {
            let (_, expected) = arrays.get("mel_a_db_ref1_top80");
            let top80 = db(&seen, DbRef::One, Some(80.0));
            decibels.at_most("mel_a_db_ref1_top80", largest_difference(&top80.data, &expected), 0.01);
            let (_, expected) = arrays.get("mel_a_db_ref1_notop");
            let all = db(&seen, DbRef::One, None);
            let difference = |quiet: bool| {
                let pairs = all.data.iter().zip(&expected).filter(|(_, expected)| (**expected < -60.0) == quiet);
                let (seen, expected): (Vec<f32>, Vec<f32>) = pairs.map(|(seen, expected)| (*seen, *expected)).unzip();
                largest_difference(&seen, &expected)
            };
            decibels.at_most("mel_a_db_ref1_notop, from -60 dB", difference(false), 0.01);
            decibels.at_most("mel_a_db_ref1_notop, below", difference(true), 0.05);
        }
    }
}

#[test]
fn amplitudes_in_decibels_are_powers_in_decibels() {
    let Some(goldens) = goldens() else { return };
    let clip = samples(&goldens.join("audio/mix22k.wav"));
    let settings = StftSettings { n_fft: 2048, win_length: 2048, hop: 512, pad: PadMode::Zero };
    let mut magnitude = Stft::new(settings).expect("legal settings").magnitude(&clip).expect("a legal clip");
    let mut power = magnitude.clone();
    power.data.iter_mut().for_each(|value| *value *= *value);
    power_to_db(&mut power, DbRef::Max, 1e-10, Some(80.0));
    amplitude_to_db(&mut magnitude, DbRef::Max, 1e-5, Some(80.0));
    let mut table = Table::new("amplitude_to_db against power_to_db, dB");
    table.at_most("stft of mix22k", largest_difference(&magnitude.data, &power.data), 1e-4);
}

/// Recorded music, with both ways to pad.
#[test]
fn both_kinds_of_padding_agree_on_music() {
    let Some(data) = data() else { return };
    let folder = data.join("librosa_golden");
    let arrays = Arrays::open(&folder.join("golden_brahms_22k.safetensors"));
    let clip = samples(&folder.join("brahms_22k.wav"));
    let mut table = Table::new("Brahms");
    for (prefix, pad) in [("reflect", PadMode::Reflect), ("constant", PadMode::Zero)] {
        let (shape, expected) = arrays.get(&format!("{prefix}.stft_mag"));
        let settings = StftSettings { n_fft: 2048, win_length: 2048, hop: 512, pad };
        let seen = Stft::new(settings).expect("legal settings").magnitude(&clip).expect("a legal clip");
        let first: Vec<f32> = (0..seen.bands).flat_map(|bin| seen.band(bin)[..shape[1]].to_vec()).collect();
        table.at_most(
            format!("{prefix} stft, of the largest value"),
            largest_difference(&first, &expected) / largest(&expected),
            1e-6,
        );

        let (shape, expected) = arrays.get(&format!("{prefix}.mel128"));
        let seen = mel(MelSettings::librosa(22_050, 2048, 512, 128, pad), &clip);
        assert_eq!(shape, [seen.bands, seen.frames], "{prefix}");
        table.at_most(
            format!("{prefix} mel, of the largest value"),
            largest_difference(&seen.data, &expected) / largest(&expected),
            1e-5,
        );
        for (name, reference) in [("max", DbRef::Max), ("1", DbRef::One)] {
            let (_, expected) =
                arrays.get(&format!("{prefix}.mel128_db_ref{}{name}", if name == "max" { "_" } else { "" }));
            let seen = db(&seen, reference, Some(80.0));
            table.at_most(format!("{prefix} dB ref {name}, dB"), largest_difference(&seen.data, &expected), 0.01);
        }
    }
}
