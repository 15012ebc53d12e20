//! Beats per minute.

/// What is likeliest before anything is heard.
const START_BPM: f64 = 120.0;

/// No faster tempo is told.
const MAX_BPM: f64 = 320.0;

/// The tempo in beats per minute that a mean tempogram speaks for: the lag, below 320 a minute, that maximises
/// `ln(1 + 1e6 value) - 0.5 log2(bpm / 120)^2`, the shortest of equals. `frame_rate` is in frames per second. Tempi are
/// quantised: lag `n` is `60 * frame_rate / n`. A tempogram of one lag or none has 0; that of silence says what is nearest
/// 120.
pub fn tempo(mean_tempogram: &[f64], frame_rate: f64) -> f64 {
    let mut best: Option<(f64, f64)> = None;
    for (lag, value) in mean_tempogram.iter().enumerate().skip(1) {
        let bpm = 60.0 * frame_rate / lag as f64;
        let octaves = (bpm / START_BPM).log2();
        let score = (1e6 * value.max(0.0)).ln_1p() - 0.5 * octaves * octaves;
        if bpm < MAX_BPM && best.is_none_or(|(most, _)| score > most) {
            best = Some((score, bpm));
        }
    }
    best.map_or(0.0, |(_, bpm)| bpm)
}

#[cfg(test)]
mod tests {
    use super::tempo;

    const RATE: f64 = 22_050.0 / 512.0;

    #[test]
    fn a_peak_wins_over_the_guess() {
        let mut tempogram = vec![0.1; 344];
        tempogram[30] = 0.5;
        assert!((tempo(&tempogram, RATE) - 60.0 * RATE / 30.0).abs() < 1e-9);
        // Faster than is told.
        tempogram[5] = 1.0;
        tempogram[0] = 1.0;
        assert!((tempo(&tempogram, RATE) - 60.0 * RATE / 30.0).abs() < 1e-9);
    }

    #[test]
    fn without_evidence() {
        assert!((tempo(&[0.0; 344], RATE) - 60.0 * RATE / 22.0).abs() < 1e-9);
        assert_eq!(tempo(&[1.0], RATE), 0.0);
        assert_eq!(tempo(&[], RATE), 0.0);
        assert_eq!(tempo(&[1.0; 3], RATE), 0.0, "nothing below the limit");
    }
}
