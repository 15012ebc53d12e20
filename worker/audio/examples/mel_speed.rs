//! How fast a file is decoded and seen: `cargo run --release -p gliss-audio --example mel_speed -- CLIP...`
//!
//! Prints seconds of sound per second of one core, for decoding, resampling and a mel front end of 2048/512/128.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use gliss_audio::{
    decibel::{DbRef, power_to_db},
    decode::{DecodeLimits, decode_file},
    mel::{MelFrontEnd, MelSettings},
    resample::resample,
    spectrum::PadMode,
};
use std::{error::Error, hint::black_box, path::Path, time::Instant};

const RATE: u32 = 22_050;

/// Runs `work` for about a second; seconds of sound per second.
fn speed<E>(seconds: f64, mut work: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let start = Instant::now();
    let mut times = 0;
    while times == 0 || start.elapsed().as_secs_f64() < 1.0 {
        work()?;
        times += 1;
    }
    Ok(seconds * f64::from(times) / start.elapsed().as_secs_f64())
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:>10} {:>10} {:>10} {:>10}  seconds of sound per second of", "decode", "resample", "mel", "mel + dB");
    for path in std::env::args().skip(1) {
        let limits = DecodeLimits::default();
        let clip = decode_file(Path::new(&path), &limits)?;
        let samples = resample(&clip.samples, clip.rate, RATE)?;
        let other = if clip.rate == RATE { 16_000 } else { RATE };
        let mut front_end = MelFrontEnd::new(MelSettings::librosa(RATE, 2048, 512, 128, PadMode::Reflect))?;
        let seconds = clip.seconds();
        let decode = speed(seconds, || decode_file(Path::new(&path), &limits).map(|clip| drop(black_box(clip))))?;
        let resampled = speed(seconds, || resample(&clip.samples, clip.rate, other).map(|clip| drop(black_box(clip))))?;
        let mel = speed(seconds, || front_end.power(&samples).map(|seen| drop(black_box(seen))))?;
        let with_db = speed(seconds, || {
            front_end.power(&samples).map(|mut seen| {
                power_to_db(&mut seen, DbRef::Max, 1e-10, Some(80.0));
                drop(black_box(seen));
            })
        })?;
        println!(
            "{decode:>10.0} {resampled:>10.0} {mel:>10.0} {with_db:>10.0}  {path} ({seconds:.1} s at {} Hz)",
            clip.rate
        );
    }
    Ok(())
}
