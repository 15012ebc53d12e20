//! Where something starts: the growth of a mel spectrogram from frame to frame.

use super::tuning::median;
use crate::spectrum::Spectrogram;

/// Frames that are worked on together.
const BLOCK: usize = 16;

/// How the growth of all bands becomes one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Their mean: librosa's default for the curve.
    Mean,
    /// Their median: what librosa's beat tracker uses. A click in a few bands does not move it.
    Median,
}

/// The onset strength of each frame of a mel spectrogram in decibels: how much its bands have grown since the frame before,
/// those that have not counting 0, moved `delay` frames later. A centred frame sees what is to come: `n_fft / (2 * hop)`
/// makes up for that. The first `1 + delay` values are 0.
pub fn onset_strength(mel_db: &Spectrogram, aggregate: Aggregate, delay: usize) -> Vec<f32> {
    let frames = mel_db.frames;
    let mut strengths = vec![0.0; frames];
    // Growth of a block's frames, each frame's bands side by side.
    let mut growth = vec![0.0; BLOCK * mel_db.bands];
    let last = frames.saturating_sub(delay);
    for first in (1..last).step_by(BLOCK) {
        let count = BLOCK.min(last - first);
        for band in 0..mel_db.bands {
            let row = mel_db.band(band).get(first - 1..first + count).unwrap_or_default();
            let column = growth.iter_mut().skip(band).step_by(mel_db.bands);
            for (growth, pair) in column.zip(row.windows(2)) {
                *growth = (pair[1] - pair[0]).max(0.0);
            }
        }
        let blocks = growth.chunks_exact_mut(mel_db.bands.max(1));
        for (strength, bands) in strengths.iter_mut().skip(first + delay).take(count).zip(blocks) {
            *strength = match aggregate {
                Aggregate::Mean => {
                    (bands.iter().map(|value| f64::from(*value)).sum::<f64>() / bands.len() as f64) as f32
                }
                Aggregate::Median => median_growth(bands),
            };
        }
    }
    strengths
}

/// The median of values of which none is negative. In most frames most bands do not grow: that is seen without sorting.
fn median_growth(bands: &mut [f32]) -> f32 {
    let zeros = bands.iter().map(|value| u32::from(*value == 0.0)).sum::<u32>() as usize;
    if 2 * zeros > bands.len() + 1 { 0.0 } else { median(bands).unwrap_or(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Spectrogram {
        let (bands, frames) = (7, 3 * BLOCK + 5);
        Spectrogram { bands, frames, data: (0..bands * frames).map(|i| ((i * i) % 37) as f32).collect() }
    }

    #[test]
    fn equal_to_the_definition() {
        let mel_db = grid();
        for delay in [0, 2, 40] {
            let mean = onset_strength(&mel_db, Aggregate::Mean, delay);
            let median = onset_strength(&mel_db, Aggregate::Median, delay);
            for frame in 0..mel_db.frames {
                let mut growth = vec![0.0; mel_db.bands];
                if frame > delay {
                    for (band, growth) in growth.iter_mut().enumerate() {
                        let row = mel_db.band(band);
                        *growth = (row[frame - delay] - row[frame - delay - 1]).max(0.0);
                    }
                }
                let expected: f32 = growth.iter().sum::<f32>() / 7.0;
                assert!((mean[frame] - expected).abs() < 1e-4);
                growth.sort_by(f32::total_cmp);
                assert_eq!(median[frame], growth[3]);
            }
        }
    }

    #[test]
    fn an_even_count_has_two_middles() {
        assert_eq!(median_growth(&mut [0.0, 0.0, 3.0, 4.0]), 1.5);
        assert_eq!(median_growth(&mut [0.0, 0.0, 0.0, 4.0]), 0.0);
        assert_eq!(median_growth(&mut []), 0.0);
    }

    #[test]
    fn short_clips_have_no_onsets() {
        for frames in 0..3 {
            let mel_db = Spectrogram { bands: 2, frames, data: (0..2 * frames).map(|i| i as f32).collect() };
            assert_eq!(onset_strength(&mel_db, Aggregate::Mean, 2), vec![0.0; frames]);
        }
        assert_eq!(onset_strength(&Spectrogram::zeros(0, 5), Aggregate::Median, 0), [0.0; 5]);
    }
}
