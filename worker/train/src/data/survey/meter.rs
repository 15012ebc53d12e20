//! Levels of a sound, block by block: what it is like, and a hash by which the same sound is known in another file.

/// Below it a stretch of sound counts as silent: -60 dB of full scale, as power.
const SILENT_POWER: f64 = 1e-6;
/// Stretches a second that are silent or not.
const STRETCHES: u32 = 20;
/// At or above it a sample is at full scale: the largest positive 16-bit sample.
const FULL_SCALE: f32 = 32_767.0 / 32_768.0;
/// So many samples at full scale in a row are a clipped wave and no peak.
const RUN: u64 = 3;

/// What a sound is like: of the mean of its channels, which is what nets are given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// The largest magnitude of a sample; full scale is 1, which lossy codecs may overshoot.
    pub peak: f32,
    /// The mean square of all samples.
    pub power: f64,
    /// The mean of all samples: far from 0 where a recorder was out of order.
    pub offset: f64,
    /// The share of stretches of 50 ms whose level is below -60 dBFS, from 0 to 1.
    pub silent: f64,
    /// The share of samples that are at full scale or beyond, from 0 to 1.
    pub full_scale: f64,
    /// Places where three or more samples in a row are at full scale: cut-off waves.
    pub clipped_runs: u64,
}

impl Levels {
    /// The peak in dB of full scale; minus infinity for digital silence.
    pub fn peak_db(&self) -> f64 {
        20.0 * f64::from(self.peak).log10()
    }

    /// The level in dB of full scale, over the whole sound; minus infinity for digital silence.
    pub fn rms_db(&self) -> f64 {
        10.0 * self.power.log10()
    }
}

/// Takes in a sound and forgets it, so that its length costs no memory.
pub(super) struct Meter {
    stretch: u64,
    frames: u64,
    peak: f32,
    squares: f64,
    sum: f64,
    at_full_scale: u64,
    clipped_runs: u64,
    run: u64,
    stretch_squares: f64,
    stretch_frames: u64,
    stretches: u64,
    silent_stretches: u64,
    hasher: blake3::Hasher,
    bytes: Vec<u8>,
}

impl Meter {
    /// For a sound of `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&rate.to_le_bytes());
        Meter {
            stretch: u64::from(rate.div_ceil(STRETCHES)).max(1),
            frames: 0,
            peak: 0.0,
            squares: 0.0,
            sum: 0.0,
            at_full_scale: 0,
            clipped_runs: 0,
            run: 0,
            stretch_squares: 0.0,
            stretch_frames: 0,
            stretches: 0,
            silent_stretches: 0,
            hasher,
            bytes: Vec::new(),
        }
    }

    /// Takes in the next samples.
    pub(super) fn push(&mut self, samples: &[f32]) {
        self.bytes.clear();
        for sample in samples {
            let (magnitude, value) = (sample.abs(), f64::from(*sample));
            self.peak = self.peak.max(magnitude);
            self.stretch_squares += value * value;
            self.sum += value;
            if magnitude >= FULL_SCALE {
                self.at_full_scale += 1;
                self.run += 1;
                self.clipped_runs += u64::from(self.run == RUN);
            } else {
                self.run = 0;
            }
            // Adding zero makes one zero of the two.
            self.bytes.extend((sample + 0.0).to_le_bytes());
            self.frames += 1;
            self.stretch_frames += 1;
            if self.stretch_frames == self.stretch {
                self.end_stretch();
            }
        }
        self.hasher.update(&self.bytes);
    }

    fn end_stretch(&mut self) {
        if self.stretch_frames == 0 {
            return;
        }
        let power = self.stretch_squares / self.stretch_frames as f64;
        self.stretches += 1;
        self.silent_stretches += u64::from(power < SILENT_POWER);
        self.squares += self.stretch_squares;
        (self.stretch_squares, self.stretch_frames) = (0.0, 0);
    }

    /// Frames so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The levels, and the hash of rate and samples. A sound without samples is silent.
    pub(super) fn end(mut self) -> (Levels, blake3::Hash) {
        self.end_stretch();
        let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        let frames = self.frames.max(1) as f64;
        let levels = Levels {
            peak: self.peak,
            power: self.squares / frames,
            offset: self.sum / frames,
            silent: if self.stretches == 0 { 1.0 } else { share(self.silent_stretches, self.stretches) },
            full_scale: share(self.at_full_scale, self.frames),
            clipped_runs: self.clipped_runs,
        };
        (levels, self.hasher.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(samples: &[f32], block: usize) -> (Levels, blake3::Hash) {
        let mut meter = Meter::new(1000);
        samples.chunks(block).for_each(|block| meter.push(block));
        assert_eq!(meter.frames() as usize, samples.len());
        meter.end()
    }

    #[test]
    fn levels_are_what_they_are_called() {
        // A square wave of a half for a second, then a second of silence.
        let samples: Vec<f32> = (0..2000).map(|i| if i >= 1000 { 0.0 } else { [0.5, -0.5][i % 2] }).collect();
        let (levels, _) = measured(&samples, 300);
        assert_eq!((levels.peak, levels.power, levels.offset, levels.silent), (0.5, 0.125, 0.0, 0.5));
        assert!((levels.peak_db() + 6.0206).abs() < 1e-3 && (levels.rms_db() + 9.0309).abs() < 1e-3);
        assert_eq!((levels.full_scale, levels.clipped_runs), (0.0, 0));
        let (none, _) = measured(&[], 1);
        assert_eq!((none.silent, none.rms_db()), (1.0, f64::NEG_INFINITY));
        // -61 dBFS is silent, -59 is not.
        for (level, silent) in [(10f32.powf(-61.0 / 20.0), 1.0), (10f32.powf(-59.0 / 20.0), 0.0)] {
            assert_eq!(measured(&vec![level; 520], 7).0.silent, silent);
        }
    }

    #[test]
    fn waves_that_are_cut_off_are_counted() {
        // A run of four, a single peak, a run of two, a run of three.
        let samples = [1.0, -1.0, 1.2, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, -1.0, -1.0, -1.0, 0.0, 0.5, 0.5];
        for block in [1, 3, 7, 16] {
            let (levels, _) = measured(&samples, block);
            assert_eq!((levels.clipped_runs, levels.full_scale), (2, 10.0 / 16.0), "blocks of {block}");
            assert_eq!(levels.peak, 1.2);
        }
    }

    #[test]
    fn the_same_sound_has_one_hash() {
        let sound = [0.5, -0.25, 0.0, 0.75];
        let hash = measured(&sound, 4).1;
        assert_eq!(hash, measured(&sound, 1).1);
        assert_eq!(hash, measured(&[0.5, -0.25, -0.0, 0.75], 4).1);
        assert_ne!(hash, measured(&[0.5, -0.25, 0.0], 4).1);
        let mut faster = Meter::new(2000);
        faster.push(&sound);
        assert_ne!(hash, faster.end().1);
    }
}
