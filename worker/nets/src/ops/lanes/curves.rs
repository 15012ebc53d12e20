//! Sigmoid and hyperbolic tangent on vectors, and over slices of any length.
//!
//! Both rest on `exp(x) - 1 = 2^n p + (2^n - 1)` with `x = n ln 2 + r`, n whole and `p = exp(r) - 1` by its Taylor series:
//! with |r| at most `ln(2) / 2` what seven terms leave out is below a tenth of a unit in the last place. f64 takes the
//! standard library's.

#![expect(unsafe_code, reason = "arithmetic on vectors, which the CPU must have")]

use super::{Lanes, Plain};

/// What the curves need of f32 vectors beside [`Lanes`].
///
/// # Safety
/// As for [`Lanes`].
pub(super) trait Curved: Lanes<f32> {
    /// `self / other`
    unsafe fn over(self, other: Self) -> Self;
    /// Each value brought to between `low` and `high`; NaN stays.
    unsafe fn within(self, low: Self, high: Self) -> Self;
    /// `2^n` of [`MAGIC`]` + n`, n whole and within -126 and 127.
    unsafe fn power_of_two(self) -> Self;
}

/// 1.5 times 2^23: added to a number below 2^22 it leaves the nearest whole one, n, in the lowest bits. The bits above are
/// shifted out of a word together with all but n's lowest nine.
const MAGIC: f32 = 12_582_912.0;

/// ln 2 in two parts, the first of so few bits that its products with n are exact.
const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];

/// 1 / k! from k = 7 down to 2.
const SERIES: [f32; 6] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5];

/// `(p, 2^n)` with `exp(x) = 2^n (1 + p)`, for x within -87 and 88.
///
/// # Safety
/// As for [`Lanes`].
#[inline(always)]
unsafe fn exp_parts<V: Curved>(x: V) -> (V, V) {
    // SAFETY: the caller's promise; no memory is touched.
    unsafe {
        let shifted = x.mul_add(V::splat(std::f32::consts::LOG2_E), V::splat(MAGIC));
        let minus_n = V::splat(-1.0).mul_add(shifted, V::splat(MAGIC));
        let r = minus_n.mul_add(V::splat(LN_2[1]), minus_n.mul_add(V::splat(LN_2[0]), x));
        let mut series = V::splat(SERIES[0]);
        for coefficient in &SERIES[1..] {
            series = series.mul_add(r, V::splat(*coefficient));
        }
        let square = r.mul_add(r, V::splat(0.0));
        (square.mul_add(series, r), shifted.power_of_two())
    }
}

/// # Safety
/// As for [`Lanes`].
#[inline(always)]
pub(super) unsafe fn sigmoid<V: Curved>(x: V) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        let (one, minus) = (V::splat(1.0), V::splat(-1.0));
        // Beyond these ends the curve is within 1.3e-38 of 0 and rounds to 1.
        let (p, power) = exp_parts(minus.mul_add(x, V::splat(0.0)).within(V::splat(-87.0), V::splat(87.0)));
        one.over(power.mul_add(p, power).add(one))
    }
}

/// # Safety
/// As for [`Lanes`].
#[inline(always)]
pub(super) unsafe fn tanh<V: Curved>(x: V) -> V {
    // SAFETY: the caller's promise.
    unsafe {
        // tanh(x) = (e - 1) / (e + 1) with e = exp(2x); beyond 10 it rounds to 1.
        let (p, power) = exp_parts(x.add(x).within(V::splat(-20.0), V::splat(20.0)));
        let less_one = power.mul_add(p, power.add(V::splat(-1.0)));
        less_one.over(less_one.add(V::splat(2.0)))
    }
}

/// A number type that has [`Plain`] vectors.
pub(crate) trait Scalar: Copy + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self> {
    fn sigmoid(of: Plain<Self>) -> Plain<Self>;
    fn tanh(of: Plain<Self>) -> Plain<Self>;
}

impl Scalar for f32 {
    #[inline(always)]
    fn sigmoid(of: Plain<f32>) -> Plain<f32> {
        // SAFETY: every CPU has plain arrays.
        unsafe { sigmoid(of) }
    }
    #[inline(always)]
    fn tanh(of: Plain<f32>) -> Plain<f32> {
        // SAFETY: as above.
        unsafe { tanh(of) }
    }
}

impl Scalar for f64 {
    #[inline(always)]
    fn sigmoid(of: Plain<f64>) -> Plain<f64> {
        Plain(of.0.map(|x| 1.0 / (1.0 + (-x).exp())))
    }
    #[inline(always)]
    fn tanh(of: Plain<f64>) -> Plain<f64> {
        Plain(of.0.map(f64::tanh))
    }
}

impl Curved for Plain<f32> {
    #[inline(always)]
    unsafe fn over(self, o: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] / o.0[i]))
    }
    #[inline(always)]
    unsafe fn within(self, low: Self, high: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i].clamp(low.0[i], high.0[i])))
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        Plain(self.0.map(|v| f32::from_bits((v.to_bits() << 23).wrapping_add(127 << 23))))
    }
}

/// Replaces each value by its sigmoid. To be called from a [`super::Kernel`] that runs on `V`.
#[inline(always)]
pub(crate) fn sigmoids<T: Copy, V: Lanes<T>>(values: &mut [T]) {
    each::<T, V, Sigmoid>(values);
}

/// Replaces each value by its hyperbolic tangent. To be called from a [`super::Kernel`] that runs on `V`.
#[inline(always)]
pub(crate) fn tanhs<T: Copy, V: Lanes<T>>(values: &mut [T]) {
    each::<T, V, Tanh>(values);
}

/// A function of one value. A type and no closure: a closure would not be compiled for the vector unit.
trait Curve {
    /// # Safety
    /// As for [`Lanes`].
    unsafe fn of<T, V: Lanes<T>>(v: V) -> V;
}

struct Sigmoid;
struct Tanh;

impl Curve for Sigmoid {
    #[inline(always)]
    unsafe fn of<T, V: Lanes<T>>(v: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { v.sigmoid() }
    }
}

impl Curve for Tanh {
    #[inline(always)]
    unsafe fn of<T, V: Lanes<T>>(v: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { v.tanh() }
    }
}

#[inline(always)]
fn each<T: Copy, V: Lanes<T>, C: Curve>(values: &mut [T]) {
    let mut whole = values.chunks_exact_mut(V::N);
    for vector in &mut whole {
        // SAFETY: a vector's worth of values; the CPU has the vectors, or the caller were not compiled for them.
        unsafe { C::of(V::load(vector.as_ptr())).store(vector.as_mut_ptr()) };
    }
    let rest = whole.into_remainder();
    if !rest.is_empty() {
        let mut vector = [rest[0]; 16];
        const { assert!(V::N <= 16) };
        vector[..rest.len()].copy_from_slice(rest);
        // SAFETY: sixteen places hold a vector.
        unsafe { C::of(V::load(vector.as_ptr())).store(vector.as_mut_ptr()) };
        rest.copy_from_slice(&vector[..rest.len()]);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Kernel, Unit, run_f32_on, run_f64};
    use super::*;

    struct Both<'a, T> {
        sigmoid: &'a mut [T],
        tanh: &'a mut [T],
    }

    impl<T: Copy> Kernel<T> for Both<'_, T> {
        #[inline(always)]
        fn run<V: Lanes<T>>(self) {
            sigmoids::<T, V>(self.sigmoid);
            tanhs::<T, V>(self.tanh);
        }
    }

    #[cfg(target_arch = "x86_64")]
    pub(in super::super) const UNITS: &[Unit] = &[Unit::Plain, Unit::Avx2, Unit::Avx512];
    #[cfg(not(target_arch = "x86_64"))]
    pub(in super::super) const UNITS: &[Unit] = &[Unit::Plain];

    /// How many units in the last place of an f32 lie between.
    fn units(got: f32, expected: f64) -> f64 {
        let unit = f64::from((expected.abs() as f32).next_up()) - f64::from(expected.abs() as f32);
        (f64::from(got) - expected).abs() / unit
    }

    #[test]
    fn curves_are_close_to_f64() {
        // All of the range where they bend, finely, and small numbers of every size.
        let mut points: Vec<f32> = (-300_000..300_000).map(|i| i as f32 * 3.1e-4).collect();
        points.extend((1..400).flat_map(|i| [1.19f32.powi(-i), -(1.19f32.powi(-i))]));
        points.extend([-87.0, 87.0, 9.02, -9.02]);
        for &unit in UNITS {
            let (mut sigmoid, mut tanh) = (points.clone(), points.clone());
            run_f32_on(unit, Both { sigmoid: &mut sigmoid, tanh: &mut tanh });
            let (mut worst_sigmoid, mut worst_tanh) = (0.0f64, 0.0f64);
            for (i, &x) in points.iter().enumerate() {
                let x = f64::from(x);
                if x.abs() <= 87.0 {
                    worst_sigmoid = worst_sigmoid.max(units(sigmoid[i], 1.0 / (1.0 + (-x).exp())));
                }
                worst_tanh = worst_tanh.max(units(tanh[i], x.tanh()));
            }
            assert!(worst_sigmoid < 2.5 && worst_tanh < 3.0, "{unit:?}: {worst_sigmoid} and {worst_tanh} units");
        }
    }

    #[test]
    fn ends_and_nan() {
        for &unit in UNITS {
            // Also a length that is no whole number of vectors.
            let points = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, 1e30, -1e30, 200.0];
            let (mut sigmoid, mut tanh) = (points, points);
            run_f32_on(unit, Both { sigmoid: &mut sigmoid, tanh: &mut tanh });
            assert!(sigmoid[2].is_nan() && tanh[2].is_nan(), "{unit:?}");
            for (i, expected) in [(0, 1.0), (4, 1.0), (6, 1.0), (1, 0.0), (5, 0.0), (3, 0.5)] {
                assert!((sigmoid[i] - expected).abs() < 1e-37, "{unit:?}: sigmoid of {} is {}", points[i], sigmoid[i]);
            }
            assert_eq!([0, 1, 3, 4, 5, 6].map(|i| tanh[i]), [1.0, -1.0, 0.0, 1.0, -1.0, 1.0], "{unit:?}");
        }
    }

    #[test]
    fn f64_is_the_standard_library_s() {
        let points = [-3.0, -0.25, 0.0, 0.5, 30.0];
        let (mut sigmoid, mut tanh) = (points, points);
        run_f64(Both { sigmoid: &mut sigmoid, tanh: &mut tanh });
        assert_eq!(tanh, points.map(f64::tanh));
        assert_eq!(sigmoid, points.map(|x| 1.0 / (1.0 + (-x).exp())));
    }
}
