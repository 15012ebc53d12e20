//! Timbre: mel-frequency cepstral coefficients.

use super::bank::Bank;
use crate::spectrum::Spectrogram;
use std::f64::consts::PI;

/// The first `count` coefficients of a mel spectrogram in decibels (usual: 0 dB at 1, at most 80 dB down): the orthonormal
/// cosine transform (DCT-II) over the bands of each frame. There are no more coefficients than bands.
pub fn mfcc(mel_db: &Spectrogram, count: usize) -> Spectrogram {
    let bands = mel_db.bands;
    let count = count.min(bands);
    let mut matrix = Vec::with_capacity(count * bands);
    for row in 0..count {
        let scale = (if row == 0 { 1.0 } else { 2.0 } / bands as f64).sqrt();
        let step = PI * row as f64 / bands as f64;
        matrix.extend((0..bands).map(|band| (scale * (step * (band as f64 + 0.5)).cos()) as f32));
    }
    Bank::new(count, &matrix).apply(mel_db)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orthonormal rows: as many coefficients as bands keep lengths and angles.
    #[test]
    fn all_coefficients_keep_the_energy() {
        let bands = 40;
        let mel_db = Spectrogram { bands, frames: 2, data: (0..80).map(|i| ((i * i) % 23) as f32 - 9.0).collect() };
        let all = mfcc(&mel_db, 100);
        assert_eq!((all.bands, all.frames), (bands, 2));
        let product = |of: &Spectrogram, a: usize, b: usize| -> f64 {
            of.data.chunks_exact(2).map(|row| f64::from(row[a]) * f64::from(row[b])).sum()
        };
        for (a, b) in [(0, 0), (0, 1), (1, 1)] {
            assert!((product(&all, a, b) - product(&mel_db, a, b)).abs() < 1e-2);
        }
    }

    #[test]
    fn silence_is_all_in_the_first() {
        let silence = Spectrogram { bands: 128, frames: 1, data: vec![-100.0; 128] };
        let seen = mfcc(&silence, 20);
        assert!((seen.data[0] + 100.0 * 128f32.sqrt()).abs() < 1e-2);
        assert!(seen.data[1..].iter().all(|value| value.abs() < 1e-3));
        assert!(mfcc(&Spectrogram::default(), 20).data.is_empty());
    }
}
