//! The window that every frame is weighted with.

/// A periodic Hann window of `length`, in the middle of `total` values; zeros around it. `length` must not exceed
/// `total`; where the rest is odd, the extra zero follows the window.
pub(super) fn hann(length: usize, total: usize) -> Vec<f32> {
    let mut window = vec![0.0; total];
    let start = (total - length) / 2;
    for (n, value) in window.iter_mut().skip(start).take(length).enumerate() {
        // A window of one value is one, as everywhere; the formula would make it zero.
        let phase = std::f64::consts::TAU * n as f64 / length as f64;
        *value = if length == 1 { 1.0 } else { (0.5 - 0.5 * phase.cos()) as f32 };
    }
    window
}

#[cfg(test)]
mod tests {
    use super::hann;

    #[test]
    fn periodic_and_centred() {
        assert_eq!(hann(4, 4), [0.0, 0.5, 1.0, 0.5]);
        assert_eq!(hann(4, 7), [0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0]);
        assert_eq!(hann(1, 2), [1.0, 0.0]);
    }
}
