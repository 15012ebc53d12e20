//! The room and the recording: what blurs the average spectrum of a clip and has nothing to do with its style.

use super::draws::{Draws, Stream};
use super::numbers::{LowPass, decibels};

/// Puts a dry clip in a room, records it and sets its peak; in place.
///
/// The peak of the result is between 0.12 and 0.95.
pub(super) fn record(samples: &mut [f32], rate: f64, draws: Draws) {
    let between = |index, low, high| draws.between(Stream::Recording, index, low, high);
    normalise(samples, 1.0);
    reverberate(samples, rate, between(0, 0.1, 0.9), between(1, 0.0, 0.4) as f32);
    // A narrow band in some recordings, an open one in most.
    let ceiling = if draws.chance(Stream::Recording, 2, 0.12) { between(3, 2500.0, 6000.0) } else { 16_000.0 };
    let mut band = LowPass::new(ceiling, rate);
    let mut low = LowPass::new(between(4, 150.0, 400.0), rate);
    let mut high = LowPass::new(between(5, 1500.0, 4000.0), rate);
    let low_gain = decibels(between(6, -5.0, 4.0)) as f32 - 1.0;
    let high_gain = decibels(between(7, -6.0, 5.0)) as f32 - 1.0;
    for sample in samples.iter_mut() {
        let x = band.next(*sample);
        *sample = x + low_gain * low.next(x) + high_gain * (x - high.next(x));
    }
    normalise(samples, 1.0);
    hiss(samples, rate, draws);
    normalise(samples, decibels(between(10, -18.0, -0.5)) as f32);
}

/// A background of noise, between white and dull, 36 to 65 dB below the peak.
fn hiss(samples: &mut [f32], rate: f64, draws: Draws) {
    let between = |index, low, high| draws.between(Stream::Hiss, index, low, high);
    let mut noise = draws.noise(Stream::Hiss, 0);
    let mut dull = LowPass::new(between(1, 200.0, 1500.0), rate);
    let level = decibels(between(2, -65.0, -36.0)) as f32;
    let white = between(3, 0.05, 1.0) as f32;
    for sample in samples.iter_mut() {
        let x = noise.next();
        *sample += level * (white * x + (1.0 - white) * 3.0 * dull.next(x));
    }
}

/// Four feedback combs side by side (Schroeder, 1962), each damped; `size` 0 to 1, `share` of the echo.
fn reverberate(samples: &mut [f32], rate: f64, size: f64, share: f32) {
    let feedback = (0.55 + 0.3 * size) as f32;
    let mut echo = vec![0.0f32; samples.len()];
    for seconds in [0.0297, 0.0371, 0.0411, 0.0437] {
        let mut line = vec![0.0f32; ((seconds * (0.6 + 0.6 * size) * rate) as usize).max(1)];
        let mut damping = LowPass::new(3000.0, rate);
        let mut place = 0;
        for (dry, wet) in samples.iter().zip(echo.iter_mut()) {
            let Some(cell) = line.get_mut(place) else { return };
            let back = *cell;
            *cell = *dry + feedback * damping.next(back);
            *wet += back;
            place += 1;
            if place == line.len() {
                place = 0;
            }
        }
    }
    for (sample, echo) in samples.iter_mut().zip(echo) {
        *sample += share * 0.35 * echo;
    }
}

/// Scales to a peak; silence stays silence.
fn normalise(samples: &mut [f32], peak: f32) {
    let now = samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    if now > 0.0 {
        let scale = peak / now;
        samples.iter_mut().for_each(|x| *x *= scale);
    }
}
