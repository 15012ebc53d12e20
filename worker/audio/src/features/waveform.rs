//! What is read off the samples themselves, in the frames that the transform uses.

use crate::spectrum::{StftError, StftSettings};

/// Quieter samples count as zero, and zero as positive: librosa's threshold.
const CROSSING_FLOOR: f32 = 1e-10;

/// The root mean square of each frame of `framing.n_fft` samples, every `framing.hop`, centred as the frames of the
/// transform are, beyond the ends of the clip what `framing.pad` says: `1 + floor(n / hop)` values. The window plays no part.
///
/// # Errors
///
/// What [`StftSettings::check`] says, and [`StftError::NoSamples`] for an empty clip.
pub fn rms(samples: &[f32], framing: &StftSettings) -> Result<Vec<f64>, StftError> {
    let blocks = Blocks::of(samples, framing)?;
    let mut block = vec![0.0; blocks.length];
    let energies: Vec<f64> = blocks
        .starts()
        .map(|start| {
            framing.pad.fill(&mut block, samples, start);
            energy(&block)
        })
        .collect();
    let length = framing.n_fft as f64;
    let frames = blocks.frames(&energies);
    Ok(frames.map(|(_, frame)| (frame.iter().sum::<f64>() / length).sqrt()).collect())
}

/// The share of samples of each frame that have another sign than the sample before them; frames as in [`rms`], except that
/// the clip's first and last samples go on beyond its ends, whatever `framing.pad` says. Zero counts as positive.
///
/// # Errors
///
/// What [`StftSettings::check`] says, and [`StftError::NoSamples`] for an empty clip.
pub fn zero_crossing_rate(samples: &[f32], framing: &StftSettings) -> Result<Vec<f64>, StftError> {
    let blocks = Blocks::of(samples, framing)?;
    let counts: Vec<usize> =
        blocks.starts().map(|start| crossings(samples, start, start + blocks.length as isize)).collect();
    let length = framing.n_fft as f64;
    let rates = blocks.frames(&counts).map(|(start, frame)| {
        // The first sample of a frame is not compared to the one before the frame.
        let first = crossings(samples, start, start + 1);
        (frame.iter().sum::<usize>() - first) as f64 / length
    });
    Ok(rates.collect())
}

/// A clip and its surroundings in blocks that frames are made of: frames overlap, blocks do not.
struct Blocks {
    /// Samples of a block: the longest that hop and half a frame are made of.
    length: usize,
    /// Blocks from one frame to the next, and of a frame.
    hop: usize,
    frame: usize,
    frames: usize,
}

impl Blocks {
    fn of(samples: &[f32], framing: &StftSettings) -> Result<Self, StftError> {
        framing.check()?;
        if samples.is_empty() {
            return Err(StftError::NoSamples);
        }
        let (mut length, mut rest) = (framing.n_fft / 2, framing.hop);
        while rest > 0 {
            (length, rest) = (rest, length % rest);
        }
        Ok(Self {
            length,
            hop: framing.hop / length,
            frame: framing.n_fft / length,
            frames: framing.frames(samples.len()),
        })
    }

    /// The sample that each block starts with; the first lie before the clip.
    fn starts(&self) -> impl Iterator<Item = isize> {
        let blocks = (self.frames - 1) * self.hop + self.frame;
        let (length, half) = (self.length as isize, (self.frame / 2) as isize);
        (0..blocks as isize).map(move |block| (block - half) * length)
    }

    /// The start of each frame, and its part of `values`, of which each block has one.
    fn frames<'a, T>(&self, values: &'a [T]) -> impl Iterator<Item = (isize, &'a [T])> {
        self.starts().step_by(self.hop).zip(values.windows(self.frame).step_by(self.hop))
    }
}

/// The sum of squares, in f64, in lanes.
fn energy(samples: &[f32]) -> f64 {
    const LANES: usize = 8;
    let square = |sample: f32| f64::from(sample) * f64::from(sample);
    let (full, rest) = samples.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in full {
        for (lane, sample) in lanes.iter_mut().zip(chunk) {
            *lane += square(*sample);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|sample| square(*sample)).sum::<f64>()
}

/// How many of the samples from `start` to before `end` differ in sign from the one before them.
fn crossings(samples: &[f32], start: isize, end: isize) -> usize {
    let start = usize::try_from(start).unwrap_or(0).max(1);
    let end = usize::try_from(end).unwrap_or(0).min(samples.len());
    let before = samples.get(start - 1..end.saturating_sub(1)).unwrap_or_default();
    let these = samples.get(start..end).unwrap_or_default();
    let changes = before
        .iter()
        .zip(these)
        .map(|(before, this)| u32::from((*before < -CROSSING_FLOOR) != (*this < -CROSSING_FLOOR)));
    changes.sum::<u32>() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::PadMode;

    fn framing(n_fft: usize, hop: usize, pad: PadMode) -> StftSettings {
        StftSettings { n_fft, win_length: n_fft, hop, pad }
    }

    fn clip(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * i) as f32 * 0.37).sin() - 0.1).collect()
    }

    /// Frame by frame, sample by sample.
    #[test]
    fn equal_to_their_definitions() {
        for count in [1, 2, 7, 8, 9, 64, 301] {
            let samples = clip(count);
            for (n_fft, hop) in [(8, 4), (8, 2), (8, 3), (12, 8), (2, 5), (16, 7)] {
                for pad in [PadMode::Zero, PadMode::Reflect] {
                    let framing = framing(n_fft, hop, pad);
                    let levels = rms(&samples, &framing).expect("legal");
                    let rates = zero_crossing_rate(&samples, &framing).expect("legal");
                    assert_eq!((levels.len(), rates.len()), (1 + count / hop, 1 + count / hop));
                    for (frame, (level, rate)) in levels.iter().zip(&rates).enumerate() {
                        let start = (frame * hop) as isize - (n_fft / 2) as isize;
                        let mut seen = vec![0.0; n_fft];
                        pad.fill(&mut seen, &samples, start);
                        let power: f64 = seen.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / n_fft as f64;
                        assert!((level - power.sqrt()).abs() < 1e-12, "{count} {n_fft} {hop} {pad:?}");
                        let held: Vec<f32> = (start..start + n_fft as isize)
                            .map(|at| samples[at.clamp(0, count as isize - 1) as usize])
                            .collect();
                        let changes = held.windows(2).filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0)).count();
                        assert_eq!(*rate, changes as f64 / n_fft as f64, "{count} {n_fft} {hop}");
                    }
                }
            }
        }
    }

    #[test]
    fn silence_crosses_nothing() {
        let framing = framing(8, 4, PadMode::Zero);
        let faint = [0.0, -1e-11, 0.0, -0.0, 1e-11, -1e-11];
        assert_eq!(zero_crossing_rate(&faint, &framing).expect("legal"), [0.0; 2]);
        assert_eq!(rms(&[0.0; 9], &framing).expect("legal"), [0.0; 3]);
    }

    #[test]
    fn empty_clips_and_odd_frames_are_errors() {
        assert_eq!(rms(&[], &framing(8, 4, PadMode::Zero)), Err(StftError::NoSamples));
        assert_eq!(zero_crossing_rate(&[1.0], &framing(8, 0, PadMode::Zero)), Err(StftError::Hop));
        assert!(matches!(rms(&[1.0], &framing(7, 4, PadMode::Zero)), Err(StftError::NFft { .. })));
    }
}
