//! What musicnn hears: the log-mel patches of its published networks.

use super::FeatureError;
use crate::{
    mel::{MelFrontEnd, MelSettings},
    spectrum::PadMode,
};
use half::f16;

/// The rate that clips must have, in Hz.
pub const SAMPLE_RATE: u32 = 16_000;

/// Bands of a frame.
pub const MELS: usize = 96;

/// Frames of a patch: 3 s.
pub const PATCH_FRAMES: usize = 187;

const N_FFT: usize = 512;
const HOP: usize = 256;

/// Mel power is multiplied by this before the logarithm.
const GAIN: f32 = 10_000.0;

/// How much is rounded to f16. Values beyond its range count as its largest, 65504.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Nothing.
    None,
    /// The mel power; the logarithm is taken in f32. What the published networks were trained on, as far as it stays in
    /// range.
    Mel,
    /// Every step, the multiplication before the logarithm too, which mel powers above 6.55 overflow.
    Throughout,
}

/// The plan of the front end: give each thread its own.
#[derive(Clone, Debug)]
pub struct LogMel {
    mel: MelFrontEnd,
}

impl LogMel {
    /// Makes the plan. The networks were trained with [`PadMode::Reflect`].
    ///
    /// # Errors
    ///
    /// None that the fixed settings can cause; those of [`MelFrontEnd::new`].
    pub fn new(pad: PadMode) -> Result<Self, FeatureError> {
        Ok(Self { mel: MelFrontEnd::new(MelSettings::librosa(SAMPLE_RATE, N_FFT, HOP, MELS, pad))? })
    }

    /// `log10(10000 x + 1)` of the mel power `x` of a clip at 16000 Hz: `1 + floor(n / 256)` frames of 96 bands, frame by
    /// frame (the bands of one frame lie side by side), as the network takes them.
    ///
    /// # Errors
    ///
    /// [`StftError`](crate::spectrum::StftError) for an empty clip and for one too long to hold.
    pub fn of(&mut self, samples: &[f32], rounding: Rounding) -> Result<Vec<f32>, FeatureError> {
        let power = self.mel.power(samples)?;
        let mut frames = vec![0.0; power.data.len()];
        for band in 0..power.bands {
            let column = frames.iter_mut().skip(band).step_by(power.bands);
            for (value, power) in column.zip(power.band(band)) {
                *value = compress(*power, rounding);
            }
        }
        Ok(frames)
    }
}

/// The patches of a log-mel: each 187 frames of 96 bands, one every `step` frames; what is left over is dropped. Usual is a
/// step of 187. A step of 0 counts as 1.
pub fn patches(log_mel: &[f32], step: usize) -> impl Iterator<Item = &[f32]> {
    log_mel.windows(PATCH_FRAMES * MELS).step_by(step.max(1) * MELS)
}

/// The logarithm of a mel power, `log10(10000 power + 1)`.
pub fn compress(power: f32, rounding: Rounding) -> f32 {
    let round = |value: f32| f16::from_f32(value.min(f16::MAX.to_f32())).to_f32();
    match rounding {
        Rounding::None => (GAIN * power + 1.0).log10(),
        Rounding::Mel => (GAIN * round(power) + 1.0).log10(),
        Rounding::Throughout => round(round(round(GAIN * round(power)) + 1.0).log10()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mel::MelError, spectrum::StftError};

    #[test]
    fn logarithms_and_their_roundings() {
        for rounding in [Rounding::None, Rounding::Mel, Rounding::Throughout] {
            assert_eq!(compress(0.0, rounding), 0.0);
            assert!(compress(f32::MAX / 1e5, rounding).is_finite());
        }
        assert!((compress(0.0999, Rounding::None) - 3.0).abs() < 1e-6);
        // The nearest f16 to 0.0999 is 0.09991455.
        assert!((compress(0.0999, Rounding::Mel) - 1000.1455f32.log10()).abs() < 1e-6);
        assert_eq!(compress(0.0999, Rounding::Throughout), 3.0);
        assert_eq!(compress(7.0, Rounding::Throughout), f16::from_f32(65504f32.log10()).to_f32());
        assert!((compress(1e6, Rounding::Mel) - 655_040_001f32.log10()).abs() < 1e-6);
    }

    #[test]
    fn patches_are_whole() {
        let frames: Vec<f32> = (0..400 * MELS).map(|i| i as f32).collect();
        let starts = |step| -> Vec<usize> { patches(&frames, step).map(|patch| patch[0] as usize / MELS).collect() };
        assert_eq!(starts(187), [0, 187]);
        assert_eq!(starts(61), [0, 61, 122, 183]);
        assert_eq!(starts(0).len(), 214);
        assert!(patches(&frames, 187).all(|patch| patch.len() == PATCH_FRAMES * MELS));
        assert_eq!(patches(&frames[..PATCH_FRAMES * MELS - 1], 187).count(), 0);
    }

    #[test]
    fn silence_is_zero_and_nothing_an_error() {
        let mut plan = LogMel::new(PadMode::Reflect).expect("legal");
        let silence = plan.of(&[0.0; 1000], Rounding::None).expect("legal");
        assert_eq!(silence, vec![0.0; 4 * MELS]);
        let nothing = plan.of(&[], Rounding::None);
        assert_eq!(nothing, Err(FeatureError::Mel(MelError::Stft(StftError::NoSamples))));
    }
}
