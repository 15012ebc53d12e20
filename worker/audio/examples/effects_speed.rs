//! How fast a clip is taken apart, stretched and shifted:
//! `cargo run --release -p gliss-audio --example effects_speed -- CLIP...`
//!
//! Prints seconds of sound per second of processor time of the one thread that works, the best of some rounds.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use gliss_audio::{
    decode::{DecodeLimits, decode_file},
    hpss::Separation,
    resample::resample_by,
    spectrum::{Istft, PadMode, Stft, StftSettings},
    vocoder::Vocoder,
};
use std::{error::Error, fs, hint::black_box, path::Path, time::Instant};

/// Seconds that this thread has worked: of its processor time where Linux says so, else of the clock.
fn worked(start: Instant) -> f64 {
    let nanoseconds = fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next().and_then(|first| first.parse::<u64>().ok()));
    nanoseconds.map_or(start.elapsed().as_secs_f64(), |count| count as f64 * 1e-9)
}

/// Runs `work` for half a second, five times; the most seconds of sound per second.
fn speed<E>(seconds: f64, mut work: impl FnMut() -> Result<Vec<f32>, E>) -> Result<f64, E> {
    let start = Instant::now();
    let mut best = 0.0f64;
    for _ in 0..5 {
        let before = worked(start);
        let mut times = 0;
        while times == 0 || worked(start) - before < 0.5 {
            drop(black_box(work()?));
            times += 1;
        }
        best = best.max(seconds * f64::from(times) / (worked(start) - before));
    }
    Ok(best)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("seconds of sound per second of processor time");
    for path in std::env::args().skip(1) {
        let clip = decode_file(Path::new(&path), &DecodeLimits::default())?;
        let (samples, seconds) = (&clip.samples, clip.seconds());
        let mut separation = Separation::new(PadMode::Zero);
        let mut vocoder = Vocoder::new(PadMode::Zero);
        let settings = StftSettings { n_fft: 2048, win_length: 2048, hop: 512, pad: PadMode::Zero };
        let (mut stft, mut istft) = (Stft::new(settings.clone())?, Istft::new(settings)?);
        let spectra = stft.spectra(samples)?;
        let row = |what: &str, speed: f64| println!("{speed:>10.0}  {what}");
        println!("{path} ({seconds:.1} s at {} Hz)", clip.rate);
        row("transform", speed(seconds, || stft.spectra(samples).map(|spectra| spectra.re))?);
        row("transform back", speed(seconds, || istft.samples(&spectra, samples.len()))?);
        row("both parts", speed(seconds, || separation.parts(samples).map(|parts| parts.harmonic))?);
        row("percussive part", speed(seconds, || separation.percussive(samples))?);
        for rate in [0.93, 1.07] {
            row(&format!("stretch at {rate}"), speed(seconds, || vocoder.stretch(samples, rate))?);
        }
        for semitones in [1.0, -1.0] {
            row(&format!("shift by {semitones}"), speed(seconds, || vocoder.shift(samples, semitones))?);
            let ratio = f64::exp2(-semitones / 12.0);
            let stretched = vocoder.stretch(samples, ratio)?;
            row("  of which resampling", speed(seconds, || resample_by(&stretched, ratio))?);
        }
    }
    Ok(())
}
