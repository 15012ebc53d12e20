//! What decoding costs: `cargo run --release -p gliss-audio --example decode_speed -- FILE...`
//!
//! Prints seconds of sound per second of processor time of one thread, for decoding to one channel, for resampling what
//! came out to 22050 Hz, and for both; and what the first clip at a new rate pays for designing its filter.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use gliss_audio::{
    decode::{DecodeLimits, decode_file},
    resample::resample,
};
use std::{error::Error, fs, hint::black_box, path::Path, time::Instant};

const RATE: u32 = 22_050;

/// Seconds that this thread has been running on a processor; elsewhere than on Linux, by the clock.
fn processor_seconds(since: Instant) -> f64 {
    let line = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
    nanoseconds.map_or_else(|| since.elapsed().as_secs_f64(), |nanoseconds| nanoseconds as f64 * 1e-9)
}

/// Runs `work` for a second, five times over; the best seconds of sound per second.
fn speed<E>(seconds: f64, mut work: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let began = Instant::now();
    let mut best = 0.0f64;
    for _ in 0..5 {
        let start = processor_seconds(began);
        let (mut times, mut spent) = (0, 0.0);
        while spent < 0.4 {
            work()?;
            times += 1;
            spent = processor_seconds(began) - start;
        }
        best = best.max(seconds * f64::from(times) / spent);
    }
    Ok(best)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:>9} {:>9} {:>9} {:>12}", "decode", "resample", "both", "filter, ms");
    for path in std::env::args().skip(1) {
        let (path, limits) = (Path::new(&path), DecodeLimits::default());
        let clip = decode_file(path, &limits)?;
        let (seconds, rate) = (clip.seconds(), clip.rate);
        let decode = speed(seconds, || decode_file(path, &limits).map(|clip| drop(black_box(clip))))?;
        let resampled = speed(seconds, || resample(&clip.samples, rate, RATE).map(|clip| drop(black_box(clip))))?;
        let both = speed(seconds, || {
            let clip = decode_file(path, &limits)?;
            resample(&clip.samples, clip.rate, RATE).map(|clip| drop(black_box(clip)))?;
            Ok::<(), Box<dyn Error>>(())
        })?;
        // Two pairs of rates in turn: each finds the other's filter in place of its own.
        let design = speed(1.0, || resample(&[0.0], rate, RATE).and(resample(&[0.0], rate, 16_000)).map(drop))?;
        println!(
            "{decode:>9.0} {resampled:>9.0} {both:>9.0} {:>12.2}  {} ({seconds:.1} s at {rate} Hz)",
            500.0 / design,
            path.display()
        );
    }
    Ok(())
}
