//! e^x - 1, value by value, in a form that compilers turn into vectors.

/// ln 2 in two parts, the first with so few digits that small multiples of it are exact (Cody and Waite 1980).
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// 1.5 times 2^23: what is added to it loses its fraction.
const ROUNDING: f32 = 12_582_912.0;

/// e^x - 1 as `2^n - 1` and `2^n p`: p is e^r - 1 for the rest r of x over n times ln 2, within half of ln 2, by its Taylor
/// series to the eighth power (the ninth is below 2e-10).
#[inline(always)]
fn parts(x: f32) -> (f32, f32) {
    // Beyond these the result is infinite, or its distance to -1 is lost.
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUNDING) - ROUNDING;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.0 / 40_320.0;
    let p = p * r + 1.0 / 5_040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r * r + r;
    let scale = f32::from_bits(((n as i32 + 127) as u32) << 23);
    (scale - 1.0, scale * p)
}

/// e^x - 1 in f32, within 3 units in the last place of the larger of result and 2^-24; NaN stays.
#[inline(always)]
pub(super) fn exp_m1_f32(x: f32) -> f32 {
    let (whole, rest) = parts(x);
    let y = whole + rest;
    if x.is_nan() { x } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]
    fn it_is_as_close_as_its_numbers_allow() {
        let mut worst = 0f64;
        for i in -200_000..=200_000 {
            let x = i as f32 * 4.4e-4;
            let expected = f64::from(x).exp_m1();
            worst = worst.max((f64::from(exp_m1_f32(x)) - expected).abs() / expected.abs().max(1e-30));
        }
        println!("exp - 1: relative {worst:.1e}");
        assert!(worst < 3.0 * f64::from(f32::EPSILON), "{worst}");
        assert_eq!((exp_m1_f32(0.0), exp_m1_f32(-1e9)), (0.0, -1.0));
        assert!(exp_m1_f32(f32::NAN).is_nan());
    }
}
