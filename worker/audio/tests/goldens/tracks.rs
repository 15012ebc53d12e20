//! Level, spectral shape, timbre, harmony and rhythm against librosa.

use crate::{
    reference::{Arrays, data, goldens, json, largest_difference},
    table::Table,
};
use gliss_audio::{
    decibel::{DbRef, power_to_db},
    decode::{DecodeLimits, decode_file},
    features::{
        Aggregate, ChromaFilters, SpectralShape, Tempogram, estimate_tuning, mfcc, onset_strength, rms,
        spectral_contrast, spectral_flatness, tempo, track_beats, zero_crossing_rate,
    },
    mel::{MelFrontEnd, MelScale, MelSettings},
    spectrum::{PadMode, Spectrogram, Stft, StftSettings},
};
use std::path::Path;

const RATE: u32 = 22_050;
const FRAME_RATE: f64 = 22_050.0 / 512.0;

/// Frames that onsets are moved by: half a transform.
const DELAY: usize = 2;

/// A clip and what its features are computed from.
struct Heard {
    samples: Vec<f32>,
    framing: StftSettings,
    magnitude: Spectrogram,
    power: Spectrogram,
    mel_db: Spectrogram,
}

impl Heard {
    fn new(path: &Path, pad: PadMode) -> Self {
        let clip = decode_file(path, &DecodeLimits::default()).expect("the reference clip is sound");
        assert_eq!(clip.rate, RATE);
        let settings = MelSettings::librosa(RATE, 2048, 512, 128, pad);
        let framing = settings.stft();
        let mut stft = Stft::new(framing.clone()).expect("legal settings");
        Self {
            magnitude: stft.magnitude(&clip.samples).expect("a legal clip"),
            power: stft.power(&clip.samples).expect("a legal clip"),
            mel_db: mel_db(settings, &clip.samples),
            samples: clip.samples,
            framing,
        }
    }

    fn onsets(&self, aggregate: Aggregate) -> Vec<f32> {
        onset_strength(&self.mel_db, aggregate, DELAY)
    }

    fn chroma(&self, tuning: f64) -> Spectrogram {
        ChromaFilters::new(RATE, 2048, tuning).apply(&self.power)
    }

    fn tempo(&self) -> f64 {
        tempo(&Tempogram::new(344).expect("legal").mean(&self.onsets(Aggregate::Median)), FRAME_RATE)
    }
}

fn mel_db(settings: MelSettings, samples: &[f32]) -> Spectrogram {
    let mut mel = MelFrontEnd::new(settings).expect("legal settings").power(samples).expect("a legal clip");
    power_to_db(&mut mel, DbRef::One, 1e-10, Some(80.0));
    mel
}

/// The largest difference of a track from a reference of one row.
fn off(track: &[f64], (shape, expected): (Vec<usize>, Vec<f32>)) -> f64 {
    assert_eq!(shape, [1, track.len()]);
    track.iter().zip(expected).map(|(seen, expected)| (seen - f64::from(expected)).abs()).fold(0.0, f64::max)
}

/// The largest difference of a matrix from a reference of its shape.
fn apart(seen: &Spectrogram, (shape, expected): (Vec<usize>, Vec<f32>)) -> f64 {
    assert_eq!(shape, [seen.bands, seen.frames]);
    largest_difference(&seen.data, &expected)
}

/// How many bins each frame's rolloff is off by at most, and the share of frames that are off at all.
fn rolloff(seen: &[f64], (_, expected): (Vec<usize>, Vec<f32>)) -> (f64, f64) {
    assert_eq!(seen.len(), expected.len());
    let bin = f64::from(RATE) / 2048.0;
    let bins: Vec<f64> = seen.iter().zip(expected).map(|(a, b)| ((a - f64::from(b)) / bin).abs().round()).collect();
    let wrong = bins.iter().filter(|bins| **bins > 0.0).count();
    (bins.iter().copied().fold(0.0, f64::max), wrong as f64 / bins.len() as f64)
}

#[test]
fn waveform_and_shape_agree() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let heard = Heard::new(&goldens.join("audio/mix22k.wav"), PadMode::Zero);
    let mut table = Table::new("tracks of mix22k");
    table.at_most("rms", off(&rms(&heard.samples, &heard.framing).expect("legal"), arrays.get("rms")), 1e-6);
    let crossings = zero_crossing_rate(&heard.samples, &heard.framing).expect("legal");
    table.at_most("zero_crossing_rate, exact", off(&crossings, arrays.get("zero_crossing_rate")), 0.0);
    let shape = SpectralShape::of(&heard.magnitude, RATE);
    table.at_most("spectral_centroid, Hz", off(&shape.centroid, arrays.get("spectral_centroid")), 0.05);
    table.at_most("spectral_bandwidth, Hz", off(&shape.bandwidth, arrays.get("spectral_bandwidth")), 0.05);
    let (bins, share) = rolloff(&shape.rolloff, arrays.get("spectral_rolloff"));
    table.at_most("spectral_rolloff, bins", bins, 1.0);
    table.at_most("spectral_rolloff, share of frames off", share, 0.01);
    let flatness = spectral_flatness(&heard.magnitude);
    table.at_most("spectral_flatness", off(&flatness, arrays.get("spectral_flatness")), 1e-3);
    let contrast = spectral_contrast(&heard.magnitude, RATE).expect("every band has bins");
    table.at_most("spectral_contrast", apart(&contrast, arrays.get("spectral_contrast")), 1e-3);
}

#[test]
fn timbre_and_harmony_agree() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let heard = Heard::new(&goldens.join("audio/mix22k.wav"), PadMode::Zero);
    let mut table = Table::new("timbre and harmony of mix22k");
    table.at_most("mfcc20", apart(&mfcc(&heard.mel_db, 20), arrays.get("mfcc20")), 0.01);
    let htk = MelSettings { scale: MelScale::Htk, ..MelSettings::librosa(RATE, 2048, 512, 128, PadMode::Zero) };
    let htk = mel_db(htk, &heard.samples);
    table.at_most("mfcc13_htk", apart(&mfcc(&htk, 13), arrays.get("mfcc13_htk")), 0.01);

    let filters = ChromaFilters::new(RATE, 2048, 0.0);
    let (shape, expected) = arrays.get("chroma_fb_tuning0");
    assert_eq!(shape, [12, 1025]);
    table.at_most("chroma_fb_tuning0", largest_difference(filters.dense(), &expected), 1e-4);
    table.at_most("chroma_stft_tuning0", apart(&heard.chroma(0.0), arrays.get("chroma_stft_tuning0")), 1e-4);
    // librosa's own estimate sees magnitudes; its chroma gives it power.
    let tuning = estimate_tuning(&heard.magnitude, RATE);
    let expected = json(&goldens.join("features.json"))["scalars"]["estimated_tuning"].as_f64().expect("a number");
    table.at_most("estimated_tuning", (tuning - expected).abs(), 0.0);
    let tuning = estimate_tuning(&heard.power, RATE);
    table.at_most("chroma_stft", apart(&heard.chroma(tuning), arrays.get("chroma_stft")), 1e-3);
}

#[test]
fn rhythm_agrees() {
    let Some(goldens) = goldens() else { return };
    let arrays = Arrays::open(&goldens.join("features.safetensors"));
    let scalars = json(&goldens.join("features.json"))["scalars"].clone();
    let mut table = Table::new("rhythm");
    for (stem, file) in [("mix22k", "mix22k.wav"), ("beat22k", "beat22k.flac")] {
        let heard = Heard::new(&goldens.join("audio").join(file), PadMode::Zero);
        let tempo = heard.tempo();
        let expected = scalars[format!("tempo_{stem}")].as_f64().expect("a number");
        // The lag is exact; the reference was rounded to f32.
        table.at_most(format!("tempo_{stem}"), (tempo - expected).abs(), 1e-5);
        let beats = track_beats(&heard.onsets(Aggregate::Median), tempo, FRAME_RATE);
        let expected: Vec<u64> = scalars[format!("beat_frames_{stem}")]
            .as_array()
            .expect("a list")
            .iter()
            .map(|frame| frame.as_u64().expect("a frame"))
            .collect();
        let found = |frame: &&u64| beats.iter().any(|beat| (*beat as u64).abs_diff(**frame) <= 1);
        let missed = expected.len() - expected.iter().filter(found).count();
        let count = expected.len() as f64;
        table.at_most(format!("beat_frames_{stem}, share missed"), missed as f64 / count, 0.1);
        table.at_most(format!("beat_frames_{stem}, too many"), beats.len() as f64 - count, 0.1 * count);
        if stem == "mix22k" {
            let onsets = heard.onsets(Aggregate::Mean);
            let (_, expected) = arrays.get("onset_strength");
            table.at_most("onset_strength", largest_difference(&onsets, &expected), 1e-3);
            let (_, expected) = arrays.get("tempogram_mean");
            let mut plan = Tempogram::new(384).expect("legal");
            let mean: Vec<f32> = plan.mean(&onsets).into_iter().map(|value| value as f32).collect();
            table.at_most("tempogram_mean", largest_difference(&mean, &expected), 1e-3);
            let all = plan.of(&onsets);
            let means = (0..384).map(|lag| all.band(lag).iter().sum::<f32>() / all.frames as f32);
            let means: Vec<f32> = means.collect();
            table.at_most("tempogram, its mean", largest_difference(&means, &expected), 1e-3);
        }
    }
}

/// Recorded music, with both ways to pad.
#[test]
fn music_agrees() {
    let Some(data) = data() else { return };
    let folder = data.join("librosa_golden");
    let arrays = Arrays::open(&folder.join("golden_brahms_22k.safetensors"));
    let mut table = Table::new("Brahms");
    for (prefix, pad) in [("reflect", PadMode::Reflect), ("constant", PadMode::Zero)] {
        let heard = Heard::new(&folder.join("brahms_22k.wav"), pad);
        let get = |name: &str| arrays.get(&format!("{prefix}.{name}"));
        let mut at_most =
            |name: &str, seen: f64, allowed: f64| table.at_most(format!("{prefix} {name}"), seen, allowed);
        at_most("rms", off(&rms(&heard.samples, &heard.framing).expect("legal"), get("rms")), 1e-6);
        at_most("zcr", off(&zero_crossing_rate(&heard.samples, &heard.framing).expect("legal"), get("zcr")), 0.0);
        let shape = SpectralShape::of(&heard.magnitude, RATE);
        at_most("centroid, Hz", off(&shape.centroid, get("centroid")), 0.05);
        at_most("bandwidth, Hz", off(&shape.bandwidth, get("bandwidth")), 0.05);
        let (bins, share) = rolloff(&shape.rolloff, get("rolloff"));
        at_most("rolloff, bins", bins, 1.0);
        at_most("rolloff, share of frames off", share, 0.01);
        at_most("mfcc20", apart(&mfcc(&heard.mel_db, 20), get("mfcc20")), 0.01);
        let tuning = estimate_tuning(&heard.power, RATE);
        at_most("tuning", (tuning - f64::from(get("tuning").1[0])).abs(), 1e-7);
        at_most("chroma_stft", apart(&heard.chroma(tuning), get("chroma_stft")), 1e-3);
        // The reference padded its onsets with zeros in both cases.
        if pad == PadMode::Zero {
            let onsets = heard.onsets(Aggregate::Mean);
            at_most("onset_strength", largest_difference(&onsets, &get("onset_strength").1), 1e-3);
        }
        at_most("tempo", (heard.tempo() - f64::from(get("tempo").1[0])).abs(), 1e-5);
    }
}
