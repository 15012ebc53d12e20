//! The range of a spectrogram's values.

use gliss_audio::decibel::{DbRef, amplitude_to_db, power_to_db};
use gliss_audio::features::musicnn::{self, Rounding};
use gliss_audio::spectrum::Spectrogram;
use gliss_types::recipe::{Compress, Reference};

/// Power below it counts as it, and magnitudes below its root as that: librosa's.
const AMIN_POWER: f32 = 1e-10;
const AMIN_MAGNITUDE: f32 = 1e-5;

/// Compresses values in place. `power` says that they are power, and not magnitudes.
pub(super) fn compress(spectrogram: &mut Spectrogram, how: &Compress, power: bool) {
    match how {
        Compress::None => {}
        Compress::Db { reference, top_db } => {
            let reference = match reference {
                Reference::One => DbRef::One,
                Reference::Max => DbRef::Max,
            };
            let top_db = (*top_db > 0.0).then_some(*top_db as f32);
            match power {
                true => power_to_db(spectrogram, reference, AMIN_POWER, top_db),
                false => amplitude_to_db(spectrogram, reference, AMIN_MAGNITUDE, top_db),
            }
        }
        Compress::Log1p => spectrogram.data.iter_mut().for_each(|value| *value = value.ln_1p()),
        Compress::Musicnn { half } => {
            let rounding = if *half { Rounding::Throughout } else { Rounding::None };
            spectrogram.data.iter_mut().for_each(|value| *value = musicnn::compress(*value, rounding));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    fn compressed(values: &[f32], how: &Compress, power: bool) -> Vec<f32> {
        let mut spectrogram = Spectrogram { bands: 1, frames: values.len(), data: values.to_vec() };
        compress(&mut spectrogram, how, power);
        spectrogram.data
    }

    #[test]
    fn each_way_is_its_definition() {
        let db = |reference, top_db| Compress::Db { reference, top_db };
        assert_eq!(compressed(&[1.0, 0.01, 0.0], &db(Reference::One, 80.0), true), [0.0, -20.0, -80.0]);
        assert_eq!(compressed(&[1.0, 0.01, 0.0], &db(Reference::One, 80.0), false), [0.0, -40.0, -80.0]);
        assert_eq!(compressed(&[10.0, 1.0, 0.0], &db(Reference::Max, 0.0), true), [0.0, -10.0, -110.0]);
        assert_eq!(compressed(&[0.5], &Compress::None, true), [0.5]);
        assert_eq!(compressed(&[0.0, 1.0], &Compress::Log1p, false), [0.0, 2f32.ln()]);
        let exact = compressed(&[0.0, 0.0999], &Compress::Musicnn { half: false }, true);
        assert!(exact[0] == 0.0 && (exact[1] - 3.0).abs() < 1e-6);
        let half = compressed(&[0.0999, 7.0, f32::MAX], &Compress::Musicnn { half: true }, true);
        let largest = f16::from_f32(65_504f32.log10()).to_f32();
        assert_eq!(half, [3.0, largest, largest]);
    }
}
