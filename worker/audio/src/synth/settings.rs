//! What a synthetic set is made from, and the limits it must keep to.

use super::SynthError;

/// Everything that decides the content of a synthetic set. Equal settings give equal bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SynthSettings {
    /// Clips of each style, 1 to 1000.
    pub clips_per_style: u32,
    /// Length of a clip in seconds, 1 to 60.
    pub seconds: f32,
    /// Samples per second, 8000 to 48000.
    pub sample_rate: u32,
    /// The seed of every random choice.
    pub seed: u64,
}

impl Default for SynthSettings {
    fn default() -> Self {
        Self { clips_per_style: 40, seconds: 6.0, sample_rate: 22_050, seed: 0 }
    }
}

impl SynthSettings {
    /// Checks that every setting is within its limits.
    ///
    /// # Errors
    /// The first setting out of its range, with its value and the range.
    pub fn check(&self) -> Result<(), SynthError> {
        if !(1..=1000).contains(&self.clips_per_style) {
            return Err(SynthError::ClipsPerStyle { value: self.clips_per_style });
        }
        if !(1.0..=60.0).contains(&self.seconds) {
            return Err(SynthError::Seconds { value: self.seconds });
        }
        if !(8_000..=48_000).contains(&self.sample_rate) {
            return Err(SynthError::SampleRate { value: self.sample_rate });
        }
        Ok(())
    }

    /// Samples in one clip: seconds times rate, rounded to the nearest.
    #[must_use]
    pub fn samples_per_clip(&self) -> usize {
        (f64::from(self.seconds) * f64::from(self.sample_rate)).round() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_inclusive_and_nan_is_out() {
        let good = SynthSettings::default();
        assert!(good.check().is_ok());
        for seconds in [1.0, 60.0] {
            assert!(SynthSettings { seconds, ..good }.check().is_ok());
        }
        for seconds in [0.99, 60.1, f32::NAN, f32::INFINITY, -1.0] {
            assert!(matches!(SynthSettings { seconds, ..good }.check(), Err(SynthError::Seconds { .. })));
        }
        for clips_per_style in [0, 1001] {
            let bad = SynthSettings { clips_per_style, ..good };
            assert!(matches!(bad.check(), Err(SynthError::ClipsPerStyle { .. })));
        }
        for sample_rate in [7_999, 48_001] {
            assert!(matches!(SynthSettings { sample_rate, ..good }.check(), Err(SynthError::SampleRate { .. })));
        }
    }
}
