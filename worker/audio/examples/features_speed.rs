//! How fast the 57 features are, and where the time goes:
//! `cargo run --release -p gliss-audio --example features_speed -- [--values reflect|zero] CLIP...`
//!
//! Prints seconds of sound per second of processor time of one thread, and each family's share of the whole. With
//! `--values` it prints the features themselves instead, a line a clip, to be held against another program's.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use gliss_audio::{
    decibel::{DbRef, power_to_db},
    decode::{DecodeLimits, decode_file},
    features::{
        Aggregate, ChromaFilters, Moments, SpectralShape, Tempogram, estimate_tuning,
        gtzan::{GtzanFeatures, SAMPLE_RATE},
        mfcc, onset_strength, rms, spectral_contrast, spectral_flatness, zero_crossing_rate,
    },
    hpss::{Part, Separation},
    mel::{MelFrontEnd, MelSettings},
    resample::resample,
    spectrum::{Istft, PadMode, Spectrogram, Stft},
};
use std::{error::Error, fs, hint::black_box, path::Path, time::Instant};

/// Seconds that this thread has been on a processor; where the system does not tell, seconds of the clock.
fn processor_seconds(start: Instant) -> f64 {
    let of_thread = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = of_thread.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

/// Seconds of processor time that one run of `work` takes, from as many runs as fill half a second: systems count a
/// thread's time in steps of milliseconds.
fn seconds<T>(mut work: impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    let before = processor_seconds(start);
    let (mut runs, mut spent) = (0, 0.0);
    while spent < 0.5 {
        for _ in 0..=runs / 2 {
            black_box(work());
            runs += 1;
        }
        spent = processor_seconds(start) - before;
    }
    spent / f64::from(runs)
}

fn shares(samples: &[f32], pad: PadMode) -> Result<(), Box<dyn Error>> {
    let mel = MelSettings::librosa(SAMPLE_RATE, 2048, 512, 128, pad);
    let framing = mel.stft();
    let mut stft = Stft::new(framing.clone())?;
    let mut istft = Istft::new(framing.clone())?;
    let mut separation = Separation::new(pad);
    let mut plan = GtzanFeatures::new(pad)?;
    let mut tempogram = Tempogram::new(344)?;
    let spectra = stft.spectra(samples)?;
    let (power, magnitude) = (spectra.power(), spectra.magnitude());
    let mut front_end = MelFrontEnd::new(mel)?;
    let mel_power = front_end.power(samples)?;
    let db = |power: &Spectrogram| {
        let mut db = power.clone();
        power_to_db(&mut db, DbRef::One, 1e-10, Some(80.0));
        db
    };
    let mel_db = db(&mel_power);
    let onsets = onset_strength(&mel_db, Aggregate::Median, 2);
    let filters = ChromaFilters::new(SAMPLE_RATE, 2048, 0.0);

    let whole = seconds(|| plan.of(samples));
    let length = samples.len() as f64 / f64::from(SAMPLE_RATE);
    println!("{length:.1} s of sound in {:.2} ms: {:.0} s a second", whole * 1e3, length / whole);
    let mut known = 0.0;
    let mut row = |name: &str, seconds: f64| {
        known += seconds;
        println!("  {name:<28} {:>8.3} ms {:>5.1} %", seconds * 1e3, 100.0 * seconds / whole);
    };
    row("transform", seconds(|| stft.spectra(samples)));
    row("power", seconds(|| spectra.power()));
    row("tuning", seconds(|| estimate_tuning(&power, SAMPLE_RATE)));
    row("chroma filters", seconds(|| ChromaFilters::new(SAMPLE_RATE, 2048, 0.1)));
    row("chroma", seconds(|| filters.apply(&power)));
    row("decibels", seconds(|| db(&mel_power)));
    row("mfcc", seconds(|| mfcc(&mel_db, 20)));
    row("centroid, bandwidth, rolloff", seconds(|| SpectralShape::of(&magnitude, SAMPLE_RATE)));
    row("rms", seconds(|| rms(samples, &framing)));
    row("zero crossings", seconds(|| zero_crossing_rate(samples, &framing)));
    row("onset strength", seconds(|| onset_strength(&mel_db, Aggregate::Median, 2)));
    row("tempogram", seconds(|| tempogram.mean(&onsets)));
    row("moments of two waveforms", seconds(|| (Moments::of(samples), Moments::of(samples))));
    let copying = seconds(|| spectra.clone());
    let separating = seconds(|| {
        let mut spectra = spectra.clone();
        separation.keep(&mut spectra, Part::Harmonic).map(|()| spectra)
    });
    row("separation", separating - copying);
    row("inverse transform", seconds(|| istft.samples(&spectra, samples.len())));
    let rest = whole - known;
    println!("  {:<28} {:>8.3} ms {:>5.1} %", "mel, roots, the rest", rest * 1e3, 100.0 * rest / whole);
    let row = |name: &str, seconds: f64| println!("  {name:<28} {:>8.3} ms, not among the 57", seconds * 1e3);
    row("flatness", seconds(|| spectral_flatness(&magnitude)));
    row("contrast", seconds(|| spectral_contrast(&magnitude, SAMPLE_RATE)));
    row("whole tempogram", seconds(|| tempogram.of(&onsets)));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut values = None;
    if arguments.next_if(|argument| argument == "--values").is_some() {
        values = Some(if arguments.next().as_deref() == Some("zero") { PadMode::Zero } else { PadMode::Reflect });
    }
    for path in arguments {
        let clip = decode_file(Path::new(&path), &DecodeLimits::default())?;
        let samples = resample(&clip.samples, clip.rate, SAMPLE_RATE)?;
        if let Some(pad) = values {
            let row = GtzanFeatures::new(pad)?.of(&samples)?;
            let row: Vec<String> = row.iter().map(|value| format!("{value:e}")).collect();
            println!("{path},{}", row.join(","));
        } else {
            shares(&samples, PadMode::Reflect)?;
        }
    }
    Ok(())
}
