//! Decibels, as librosa defines them. Changes spectrograms in place; knows nothing of where they come from.

use crate::spectrum::Spectrogram;

/// What counts as 0 dB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DbRef {
    /// The value 1.
    One,
    /// The largest value of the spectrogram: nothing is above 0 dB.
    Max,
}

/// Turns power into decibels: `10 log10(max(value, amin) / max(reference, amin))`, then nothing lower than `top_db` below
/// the loudest value. Usual are `amin` 1e-10 and `top_db` 80. An `amin` that is not above zero counts as the smallest
/// positive number, a negative `top_db` as 0.
pub fn power_to_db(spectrogram: &mut Spectrogram, reference: DbRef, amin: f32, top_db: Option<f32>) {
    to_db(spectrogram, reference, amin, top_db, 10.0);
}

/// Turns magnitudes into decibels: `20 log10(max(|value|, amin) / max(reference, amin))`, then as [`power_to_db`]. Usual is
/// an `amin` of 1e-5.
pub fn amplitude_to_db(spectrogram: &mut Spectrogram, reference: DbRef, amin: f32, top_db: Option<f32>) {
    to_db(spectrogram, reference, amin, top_db, 20.0);
}

fn to_db(spectrogram: &mut Spectrogram, reference: DbRef, amin: f32, top_db: Option<f32>, factor: f32) {
    let amin = amin.max(f32::MIN_POSITIVE);
    let values = &mut spectrogram.data;
    let loudest = values.iter().fold(amin, |loudest, value| loudest.max(value.abs()));
    let reference = match reference {
        DbRef::One => 1f32.max(amin),
        DbRef::Max => loudest,
    };
    let shift = factor * reference.log10();
    let db = |value: f32| factor * value.log10() - shift;
    let floor = top_db.map_or(f32::NEG_INFINITY, |range| db(loudest) - range.max(0.0));
    for value in values {
        *value = db(value.abs().max(amin)).max(floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(data: &[f32]) -> Spectrogram {
        Spectrogram { bands: 1, frames: data.len(), data: data.to_vec() }
    }

    #[test]
    fn known_values() {
        let mut power = grid(&[1.0, 100.0, 0.0, 1e-4]);
        power_to_db(&mut power, DbRef::One, 1e-10, None);
        assert_eq!(power.data, [0.0, 20.0, -100.0, -40.0]);
        let mut power = grid(&[1.0, 100.0, 0.0, 1e-4]);
        power_to_db(&mut power, DbRef::Max, 1e-10, Some(50.0));
        assert_eq!(power.data, [-20.0, 0.0, -50.0, -50.0]);
        let mut magnitude = grid(&[1.0, -10.0, 0.0]);
        amplitude_to_db(&mut magnitude, DbRef::One, 1e-5, Some(80.0));
        assert_eq!(magnitude.data, [0.0, 20.0, -60.0]);
    }

    #[test]
    fn silence_and_nothing_at_all() {
        let mut silence = grid(&[0.0; 3]);
        power_to_db(&mut silence, DbRef::Max, 1e-10, Some(80.0));
        assert_eq!(silence.data, [0.0; 3]);
        let mut nothing = grid(&[]);
        power_to_db(&mut nothing, DbRef::Max, 1e-10, Some(80.0));
        assert!(nothing.data.is_empty());
        let mut odd = grid(&[0.0, 1.0]);
        power_to_db(&mut odd, DbRef::One, -1.0, Some(-3.0));
        assert_eq!(odd.data, [0.0, 0.0]);
    }
}
