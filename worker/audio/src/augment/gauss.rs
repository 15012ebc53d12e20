//! Gaussian noise with the same bits on every machine: no function of a system's mathematics library is used, whose last
//! bits differ.

use super::Draws;

/// The natural logarithm of a positive, normal `x`, to about one unit in the last place: `x = m 2^e` with `m` near 1, and
/// `ln m = 2 artanh((m - 1) / (m + 1))` by its series. Only the four operations and the bits of the number are used.
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut m = f64::from_bits((bits & MANTISSA) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let z = (m - 1.0) / (m + 1.0);
    let square = z * z;
    // |z| is below 0.172: the first term left out is below 2^-53 of the sum.
    let mut series = 0.0;
    for odd in (1..=21).rev().step_by(2) {
        series = series * square + 1.0 / f64::from(odd);
    }
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * z * series
}

/// Two independent standard normal numbers, number `pair` of the sequence (Marsaglia's polar method, 1964, drawing again
/// from the pair's own words until a point falls into the circle).
fn pair(draws: Draws, pair: u64) -> [f64; 2] {
    let own = draws.part(pair);
    for attempt in 0.. {
        let word = own.word(attempt);
        let axis = |bits: u32| (f64::from(bits) + 0.5) * (2.0 / (1u64 << 32) as f64) - 1.0;
        let (u, v) = (axis(word as u32), axis((word >> 32) as u32));
        let s = u * u + v * v;
        if s < 1.0 {
            let scale = (-2.0 * ln(s) / s).sqrt();
            return [u * scale, v * scale];
        }
    }
    unreachable!("a point falls into the circle after a few attempts: four in five do")
}

/// Adds `level` times a standard normal number to every sample.
pub(super) fn add_noise(samples: &mut [f32], level: f64, draws: Draws) {
    for (index, samples) in samples.chunks_mut(2).enumerate() {
        for (sample, noise) in samples.iter_mut().zip(pair(draws, index as u64)) {
            *sample = (f64::from(*sample) + level * noise) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Purpose;

    #[test]
    fn the_logarithm_is_one() {
        let draws = Draws::new(Purpose::Online, 0, 0, &[1; 32]);
        let mut worst = 0f64;
        for index in 0..20_000 {
            let x = draws.unit(index).powi(1 + (index % 7) as i32).max(1e-300);
            worst = worst.max((ln(x) - x.ln()).abs() / x.ln().abs().max(1e-3));
        }
        assert!(worst < 1e-14, "{worst}");
        assert_eq!(ln(1.0), 0.0);
        assert!((ln(0.5) + std::f64::consts::LN_2).abs() < 1e-16);
    }

    #[test]
    fn moments_and_tails_are_those_of_the_normal_distribution() {
        let draws = Draws::new(Purpose::Online, 3, 1, &[2; 32]);
        let count = 1_000_000usize;
        let values: Vec<f64> = (0..count as u64 / 2).flat_map(|index| pair(draws, index)).collect();
        let moment = |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / count as f64;
        for (power, expected, tolerance) in [(1, 0.0, 0.005), (2, 1.0, 0.007), (3, 0.0, 0.02), (4, 3.0, 0.05)] {
            assert!((moment(power) - expected).abs() < tolerance, "moment {power}: {}", moment(power));
        }
        // Two-sided tails, with five standard errors of their counts.
        for (beyond, share) in [(1.0, 0.317_310_5), (2.0, 0.045_500_3), (3.0, 0.002_699_8), (4.0, 6.334e-5)] {
            let seen = values.iter().filter(|value| value.abs() > beyond).count() as f64 / count as f64;
            let error = (share * (1.0 - share) / count as f64).sqrt();
            assert!((seen - share).abs() < 5.0 * error, "beyond {beyond}: {seen}");
        }
        let lag = values.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count as f64;
        assert!(lag.abs() < 0.005, "neighbours are independent: {lag}");
        assert!(values.iter().all(|value| value.abs() < 7.0));
    }
}
