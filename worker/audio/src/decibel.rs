//! Decibels, as librosa defines them. Changes spectrograms in place; knows nothing of where they come from.

use crate::{
    lanes::{Kernel, LANES, Machine, Vector},
    spectrum::Spectrogram,
};

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
    Machine::here().run(ToDb { values: &mut spectrogram.data, reference, amin, top_db, scale: factor / 10.0 });
}

struct ToDb<'a> {
    values: &'a mut [f32],
    reference: DbRef,
    /// A normal number above zero.
    amin: f32,
    top_db: Option<f32>,
    scale: f32,
}

impl Kernel for ToDb<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { values, reference, amin, top_db, scale } = self;
        let loudest = loudest::<V>(values, amin);
        let reference = match reference {
            DbRef::One => 1f32.max(amin),
            DbRef::Max => loudest,
        };
        let shift = scale * ten_log10(reference);
        let floor = top_db.map_or(f32::NEG_INFINITY, |range| scale * ten_log10(loudest) - shift - range.max(0.0));
        for value in values {
            // Comparisons rather than `max`, which has more to say of NaN: one is as quiet as `amin`.
            let size = value.abs();
            let db = scale * ten_log10(if size > amin { size } else { amin }) - shift;
            *value = if db > floor { db } else { floor };
        }
    }
}

/// The largest absolute value, or `least` if none is larger.
#[inline(always)]
fn loudest<V: Vector>(values: &[f32], least: f32) -> f32 {
    let (whole, rest) = values.as_chunks();
    let zero = V::splat(0.0);
    let mut largest = V::splat(least);
    for values in whole {
        let value = V::load(values);
        largest = value.max((zero - value).max(largest));
    }
    let mut lanes = [0.0; LANES];
    largest.store(&mut lanes);
    lanes.iter().chain(rest).fold(least, |largest, value| largest.max(value.abs()))
}

/// `10 log10(value)` of a normal number above zero, within 5e-6 of the truth, from additions, products and one
/// division alone: the same bits everywhere, and no branch. Infinity counts as `2^128`.
///
/// `value = 2^e m` with `m` between the roots of 1/2 and 2, and `ln m = 2 artanh(s)`, `s = (m - 1) / (m + 1)`, by its
/// series: what is left out is below 1e-9.
#[inline(always)]
fn ten_log10(value: f32) -> f32 {
    /// The root of 1/2, as bits.
    const ROOT_HALF: u32 = 0x3F35_04F3;
    /// `10 log10(2)` in 15 bits, so that its products with exponents are exact, and the rest of it.
    const OCTAVE: f32 = 24_660.0 / 8_192.0;
    const OCTAVE_REST: f32 = 4.605_039e-5;
    /// `20 / ln(10)`.
    const SCALE: f32 = 8.685_89;
    let bits = value.to_bits().wrapping_sub(ROOT_HALF);
    let octaves = (bits as i32 >> 23) as f32;
    let m = f32::from_bits((bits & 0x007F_FFFF).wrapping_add(ROOT_HALF));
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let series = 1.0 + square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0 + square * (1.0 / 9.0))));
    octaves * OCTAVE + (octaves * OCTAVE_REST + s * series * SCALE)
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
    fn logarithms_are_true() {
        let mut worst = 0f64;
        let mut bits = f32::MIN_POSITIVE.to_bits();
        while bits < f32::INFINITY.to_bits() {
            let value = f32::from_bits(bits);
            let truth = 10.0 * f64::from(value).log10();
            let error = (f64::from(ten_log10(value)) - truth).abs();
            // Half of what the last bit is worth, and a little more.
            let allowed = truth.abs() * 6.0e-8 + 5e-7;
            assert!(error <= allowed, "{value:e}: off by {error:e}, {allowed:e} allowed");
            worst = worst.max(if truth.abs() <= 128.0 { error } else { 0.0 });
            bits += 4999;
        }
        assert!(worst < 5e-6, "{worst}");
        for power in -10..=10 {
            let value = 10f64.powi(power) as f32;
            assert_eq!(ten_log10(value), 10.0 * power as f32, "{value:e}");
        }
    }

    #[test]
    fn every_machine_gives_the_same_bits() {
        let values: Vec<f32> = (0..1003).map(|i| (f64::from(i) * 0.37).sin().powi(9) as f32).collect();
        let decibels = |machine: Machine| {
            let mut values = values.clone();
            let top_db = Some(80.0);
            machine.run(ToDb { values: &mut values, reference: DbRef::Max, amin: 1e-10, top_db, scale: 1.0 });
            values
        };
        assert_eq!(decibels(Machine::here()), decibels(Machine::PLAIN));
    }

    #[test]
    fn what_is_no_number_is_quiet() {
        let mut odd = grid(&[f32::NAN, 1.0, 0.0, -1.0, f32::NAN, 0.5, 0.1, 1e-20, f32::NAN]);
        power_to_db(&mut odd, DbRef::Max, 1e-10, None);
        assert_eq!([odd.data[0], odd.data[4], odd.data[7], odd.data[8]], [-100.0; 4]);
        assert_eq!([odd.data[1], odd.data[3]], [0.0; 2]);
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
