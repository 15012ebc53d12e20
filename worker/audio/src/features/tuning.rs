//! How far the music's A lies from 440 Hz.

use super::{
    chroma::{CHROMAS, LOWEST_A},
    shape::bin_hertz,
};
use crate::spectrum::Spectrogram;

/// Peaks are looked for from here to there, in Hz.
const FMIN: f64 = 150.0;
const FMAX: f64 = 4000.0;

/// Peaks lower than this share of their frame's largest value do not count.
const THRESHOLD: f32 = 0.1;

/// Steps of the histogram in a semitone.
const STEPS: usize = 100;

/// The tuning of a clip in semitones, -0.5 to below 0.5 in steps of 0.01, from its spectrogram: of power for a chromagram
/// as librosa makes it, of magnitudes for what its `estimate_tuning` says of samples (more peaks count then). Spectral peaks are placed between bins by a
/// parabola; those at least as high as the median one vote for their distance from the nearest semitone, and the most
/// frequent distance wins, the lower of equals. A clip without peaks has 0.
pub fn estimate_tuning(spectrogram: &Spectrogram, sample_rate: u32) -> f64 {
    let peaks = peaks(spectrogram, sample_rate);
    let mut heights: Vec<f32> = peaks.iter().map(|peak| peak.height).collect();
    let Some(median) = median(&mut heights) else { return 0.0 };
    let mut votes = [0u32; STEPS];
    for peak in peaks.iter().filter(|peak| peak.height >= median) {
        if let Some(vote) = votes.get_mut(step(peak.hertz)) {
            *vote += 1;
        }
    }
    let (mut best, mut most) = (0, 0);
    for (step, vote) in votes.into_iter().enumerate() {
        if vote > most {
            (best, most) = (step, vote);
        }
    }
    edge(best)
}

/// A local maximum of a frame.
struct Peak {
    hertz: f32,
    height: f32,
}

fn peaks(spectrogram: &Spectrogram, sample_rate: u32) -> Vec<Peak> {
    let mut thresholds = vec![0f32; spectrogram.frames];
    for bin in 0..spectrogram.bands {
        for (threshold, value) in thresholds.iter_mut().zip(spectrogram.band(bin)) {
            *threshold = threshold.max(*value);
        }
    }
    thresholds.iter_mut().for_each(|threshold| *threshold *= THRESHOLD);

    let bin_hertz = bin_hertz(spectrogram, sample_rate);
    let fmax = FMAX.min(f64::from(sample_rate) / 2.0);
    let mut peaks = Vec::new();
    for bin in 1..spectrogram.bands.saturating_sub(1) {
        let hertz = bin_hertz * bin as f64;
        if !(FMIN..fmax).contains(&hertz) {
            continue;
        }
        let rows =
            spectrogram.band(bin - 1).iter().zip(spectrogram.band(bin)).zip(spectrogram.band(bin + 1)).zip(&thresholds);
        for (((&below, &here), &above), &threshold) in rows {
            if here > threshold && here > below && here >= above {
                let shift = vertex(below.into(), here.into(), above.into()) as f32;
                let slope = (above - below) / 2.0;
                peaks.push(Peak {
                    hertz: ((bin as f64 + f64::from(shift)) * bin_hertz) as f32,
                    height: here + 0.5 * slope * shift,
                });
            }
        }
    }
    peaks.retain(|peak| peak.hertz > 0.0);
    peaks
}

/// Where the parabola through three neighbours has its vertex, in bins from the middle one; 0 if that is not between them.
fn vertex(below: f64, here: f64, above: f64) -> f64 {
    let curvature = above + below - 2.0 * here;
    let slope = (above - below) / 2.0;
    if slope.abs() >= curvature.abs() { 0.0 } else { -slope / curvature }
}

/// The step of the histogram that a frequency falls into: its distance from the nearest semitone.
fn step(hertz: f32) -> usize {
    // In f32, as librosa has it: distances near an edge fall on its side of the edge.
    let pitch = CHROMAS as f32 * (hertz / LOWEST_A as f32).log2();
    let distance = pitch.rem_euclid(1.0);
    let distance = f64::from(if distance >= 0.5 { distance - 1.0 } else { distance });
    let guess = ((distance + 0.5) * STEPS as f64).max(0.0) as usize;
    // The guess is rounded, edges are exact.
    let step = if distance < edge(guess) { guess.saturating_sub(1) } else { guess };
    if distance >= edge(step + 1) { step + 1 } else { step }.min(STEPS - 1)
}

/// The lower edge of a step.
fn edge(step: usize) -> f64 {
    step as f64 * (1.0 / STEPS as f64) - 0.5
}

/// The median, which for an even count is the mean of the middle two; reorders the values.
pub(super) fn median(values: &mut [f32]) -> Option<f32> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (lower, upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    if !even {
        return Some(*upper);
    }
    let below = lower.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    Some((below + *upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [2.0]), Some(2.0));
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn steps_start_at_their_edges() {
        assert_eq!(step(440.0), 50);
        assert_eq!(step(440.0 * 2f32.powf(0.123 / 12.0)), 62);
        assert_eq!(step(440.0 * 2f32.powf(-0.123 / 12.0)), 37);
        for hertz in [27.5f32, 1e-30, 4000.0, f32::MAX, f32::MIN_POSITIVE] {
            assert!(step(hertz) < STEPS);
        }
    }

    /// Parabolas with their vertices a third of a semitone above two notes.
    #[test]
    fn peaks_between_bins_are_found() {
        let (rate, bands) = (16_000, 4001);
        let mut power = Spectrogram::zeros(bands, 1);
        for note in [12.0, 19.0] {
            let bin = 440.0 * 2f64.powf((note + 0.333) / 12.0) / 2.0;
            for (at, value) in power.data.iter_mut().enumerate() {
                *value += (9.0 - (at as f64 - bin).powi(2)).max(0.0) as f32;
            }
        }
        assert!((estimate_tuning(&power, rate) - 0.33).abs() < 0.0101, "{}", estimate_tuning(&power, rate));
    }

    #[test]
    fn silence_is_in_tune() {
        assert_eq!(estimate_tuning(&Spectrogram::zeros(1025, 4), 22_050), 0.0);
        assert_eq!(estimate_tuning(&Spectrogram::default(), 0), 0.0);
    }
}
