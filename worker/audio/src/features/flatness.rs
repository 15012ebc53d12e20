//! How much like noise a frame is.

use crate::spectrum::Spectrogram;

/// Weaker bins count as this much power.
const AMIN: f32 = 1e-10;

/// The geometric mean of each frame's power over its arithmetic mean, from a spectrogram of magnitudes: 1 for a flat
/// spectrum (silence, where every bin is at the floor of 1e-10, among them), near 0 for a tone.
pub fn spectral_flatness(magnitude: &Spectrogram) -> Vec<f64> {
    let frames = magnitude.frames;
    let (mut sums, mut logs) = (vec![0f64; frames], vec![0f64; frames]);
    for bin in 0..magnitude.bands {
        for ((sum, log), value) in sums.iter_mut().zip(&mut logs).zip(magnitude.band(bin)) {
            let power = (value * value).max(AMIN);
            *sum += f64::from(power);
            *log += f64::from(power.ln());
        }
    }
    let bins = magnitude.bands.max(1) as f64;
    sums.iter().zip(logs).map(|(sum, log)| if *sum > 0.0 { (log / bins).exp() * bins / sum } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_silence_and_a_tone() {
        let mut magnitude = Spectrogram::zeros(64, 3);
        for bin in 0..64 {
            magnitude.data[bin * 3] = 0.25;
        }
        magnitude.data[5 * 3 + 2] = 10.0;
        let flatness = spectral_flatness(&magnitude);
        assert!((flatness[0] - 1.0).abs() < 1e-6);
        assert!((flatness[1] - 1.0).abs() < 1e-6);
        assert!(flatness[2] < 1e-8);
        assert!(spectral_flatness(&Spectrogram::default()).is_empty());
        assert_eq!(spectral_flatness(&Spectrogram::zeros(0, 1)), [0.0]);
    }
}
