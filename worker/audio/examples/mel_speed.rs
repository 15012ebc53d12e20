//! How fast a file is decoded and seen: `cargo run --release -p gliss-audio --example mel_speed -- CLIP...`
//!
//! Prints seconds of sound per second of processor: for decoding, for resampling, for four mel front ends with decibels
//! (a: 2048/512, 128 bands; b: the same at 16 kHz; c: 2048, window 1984, hop 992, 64 bands; d: 1024/512, 256 bands),
//! and for the short-time transform of 2048/512 and its inverse.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use gliss_audio::{
    decibel::{DbRef, power_to_db},
    decode::{DecodeLimits, decode_file},
    mel::{MelFrontEnd, MelSettings},
    resample::resample,
    spectrum::{Istft, PadMode, Stft},
};
use std::{error::Error, fs, hint::black_box, path::Path, time::Instant};

const RATE: u32 = 22_050;

/// Seconds of processor that this thread has used, where the system tells; otherwise seconds since `start`.
fn used(start: Instant) -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

/// Runs `work` for half a second three times; seconds of sound per second of the fastest.
fn speed<E>(seconds: f64, mut work: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let start = Instant::now();
    let mut best = 0f64;
    for _ in 0..3 {
        let begun = used(start);
        let mut times = 0;
        while times == 0 || used(start) - begun < 0.5 {
            work()?;
            times += 1;
        }
        best = best.max(seconds * f64::from(times) / (used(start) - begun));
    }
    Ok(best)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("seconds of sound per second of processor for");
    println!("  decode resample        a        b        c        d     stft    istft");
    for path in std::env::args().skip(1) {
        let limits = DecodeLimits::default();
        let clip = decode_file(Path::new(&path), &limits)?;
        let seconds = clip.seconds();
        let mut speeds = vec![
            speed(seconds, || decode_file(Path::new(&path), &limits).map(|clip| drop(black_box(clip))))?,
            speed(seconds, || resample(&clip.samples, clip.rate, clip.rate / 2).map(|clip| drop(black_box(clip))))?,
        ];
        let samples = resample(&clip.samples, clip.rate, RATE)?;
        let samples_16k = resample(&clip.samples, clip.rate, 16_000)?;
        let librosa = |rate, n_fft, hop, mels| MelSettings::librosa(rate, n_fft, hop, mels, PadMode::Zero);
        for (settings, samples) in [
            (librosa(RATE, 2048, 512, 128), &samples),
            (librosa(16_000, 2048, 512, 128), &samples_16k),
            (MelSettings { win_length: 1984, ..librosa(RATE, 2048, 992, 64) }, &samples),
            (librosa(RATE, 1024, 512, 256), &samples),
        ] {
            let mut front_end = MelFrontEnd::new(settings)?;
            speeds.push(speed(seconds, || {
                front_end.power(samples).map(|mut seen| {
                    power_to_db(&mut seen, DbRef::Max, 1e-10, Some(80.0));
                    drop(black_box(seen));
                })
            })?);
        }
        let settings = librosa(RATE, 2048, 512, 128).stft();
        let (mut stft, mut istft) = (Stft::new(settings.clone())?, Istft::new(settings)?);
        let spectra = stft.spectra(&samples)?;
        speeds.push(speed(seconds, || stft.spectra(&samples).map(|seen| drop(black_box(seen))))?);
        speeds.push(speed(seconds, || istft.samples(&spectra, samples.len()).map(|clip| drop(black_box(clip))))?);
        let speeds: String = speeds.iter().map(|speed| format!("{speed:>8.0} ")).collect();
        println!("{speeds} {path} ({seconds:.1} s at {} Hz)", clip.rate);
    }
    Ok(())
}
