//! Vectors of the CPU at hand: AVX-512, AVX2 with FMA, or plain arrays, chosen at run time. Knows no operation.
//!
//! A kernel is written once over [`Lanes`] and compiled for each. f64 always takes the plain one: it serves tests, not
//! training.

mod curves;
mod passes;

use std::sync::OnceLock;

use curves::Scalar;
pub(crate) use curves::{sigmoids, tanhs};
pub(crate) use passes::{add_dots, add_scaled};

/// A vector register's worth of `T`.
///
/// # Safety
/// Methods may be called only where the CPU has the vector unit, which [`run`] and [`run_f32`] see to; pointers must be good
/// for `N` values.
#[expect(unsafe_code, reason = "vectors are sound only on a CPU that has them")]
pub(crate) trait Lanes<T>: Copy {
    /// Values in it.
    const N: usize;
    /// Whether there are 32 registers and not 16.
    const WIDE: bool;
    unsafe fn splat(v: T) -> Self;
    unsafe fn load(p: *const T) -> Self;
    unsafe fn store(self, p: *mut T);
    unsafe fn add(self, other: Self) -> Self;
    /// `self * b + c`
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// All values added up.
    unsafe fn sum(self) -> T;
    /// `1 / (1 + exp(-x))` of each value, to a few units in the last place; NaN stays.
    unsafe fn sigmoid(self) -> Self;
    /// The hyperbolic tangent of each value, to a few units in the last place; NaN stays.
    unsafe fn tanh(self) -> Self;
}

/// Work that runs on vectors. `run` must be `#[inline(always)]`, so that it is compiled with the vector unit's features.
pub(crate) trait Kernel<T> {
    fn run<V: Lanes<T>>(self);
}

/// Runs an f32 kernel on the best vectors that the CPU has.
pub(crate) fn run_f32<K: Kernel<f32>>(kernel: K) {
    run_f32_on(best(), kernel);
}

/// The vector units, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    /// Arrays of four, as the compiler makes of them.
    Plain,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512F, BW, DQ and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The best unit of this CPU.
pub(crate) fn best() -> Unit {
    static BEST: OnceLock<Unit> = OnceLock::new();
    *BEST.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
            if wide && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl") {
                return Unit::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Unit::Avx2;
            }
        }
        Unit::Plain
    })
}

/// Runs a kernel on a unit, or on the best one if the CPU lacks it.
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code compiled for a vector unit is called after asking")
)]
pub(crate) fn run_f32_on<K: Kernel<f32>>(unit: Unit, kernel: K) {
    match unit.min(best()) {
        Unit::Plain => kernel.run::<Plain<f32>>(),
        // SAFETY: `best` found the features that these functions are compiled with.
        #[cfg(target_arch = "x86_64")]
        Unit::Avx2 => unsafe { x86::run_avx2(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Unit::Avx512 => unsafe { x86::run_avx512(kernel) },
    }
}

/// Runs an f64 kernel.
pub(crate) fn run_f64<K: Kernel<f64>>(kernel: K) {
    kernel.run::<Plain<f64>>();
}

/// Four values in an array.
#[derive(Clone, Copy)]
pub(crate) struct Plain<T>([T; 4]);

#[expect(unsafe_code, reason = "loads and stores through pointers, as the trait has it")]
impl<T: Scalar> Lanes<T> for Plain<T> {
    const N: usize = 4;
    const WIDE: bool = false;
    #[inline(always)]
    unsafe fn splat(v: T) -> Self {
        Plain([v; 4])
    }
    #[inline(always)]
    unsafe fn load(p: *const T) -> Self {
        // SAFETY: good for four values by the trait's contract; alignment is not asked for.
        Plain(unsafe { p.cast::<[T; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut T) {
        // SAFETY: as for `load`.
        unsafe { p.cast::<[T; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, o: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] + o.0[i]))
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] * b.0[i] + c.0[i]))
    }
    #[inline(always)]
    unsafe fn sum(self) -> T {
        let [a, b, c, d] = self.0;
        (a + b) + (c + d)
    }
    #[inline(always)]
    unsafe fn sigmoid(self) -> Self {
        T::sigmoid(self)
    }
    #[inline(always)]
    unsafe fn tanh(self) -> Self {
        T::tanh(self)
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector instructions")]
mod x86 {
    //! The vector units of x86-64.

    use std::arch::x86_64::{
        __m256, __m512, _mm256_add_epi32, _mm256_add_ps, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_div_ps,
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_set1_epi32, _mm256_set1_ps,
        _mm256_slli_epi32, _mm256_storeu_ps, _mm512_add_epi32, _mm512_add_ps, _mm512_castps_si512, _mm512_castsi512_ps,
        _mm512_div_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_reduce_add_ps,
        _mm512_set1_epi32, _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps,
    };

    use super::curves::{self, Curved};
    use super::{Kernel, Lanes};

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn run_avx2<K: Kernel<f32>>(kernel: K) {
        kernel.run::<__m256>();
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    pub(super) unsafe fn run_avx512<K: Kernel<f32>>(kernel: K) {
        kernel.run::<__m512>();
    }

    #[inline(always)]
    unsafe fn sum_256(v: __m256) -> f32 {
        let mut parts = [0.0; 8];
        // SAFETY: the array holds a vector; the caller has the unit.
        unsafe { _mm256_storeu_ps(parts.as_mut_ptr(), v) };
        let [a, b, c, d, e, f, g, h] = parts;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }

    macro_rules! lanes {
        ($v:ty, $n:literal, $wide:literal, $set:ident, $load:ident, $store:ident, $add:ident, $fma:ident, $sum:path) => {
            // SAFETY of all: the trait's contract says that the CPU has the unit and that pointers are good.
            impl Lanes<f32> for $v {
                const N: usize = $n;
                const WIDE: bool = $wide;
                #[inline(always)]
                unsafe fn splat(v: f32) -> Self {
                    unsafe { $set(v) }
                }
                #[inline(always)]
                unsafe fn load(p: *const f32) -> Self {
                    unsafe { $load(p) }
                }
                #[inline(always)]
                unsafe fn store(self, p: *mut f32) {
                    unsafe { $store(p, self) }
                }
                #[inline(always)]
                unsafe fn add(self, o: Self) -> Self {
                    unsafe { $add(self, o) }
                }
                #[inline(always)]
                unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                    unsafe { $fma(self, b, c) }
                }
                #[inline(always)]
                unsafe fn sum(self) -> f32 {
                    unsafe { $sum(self) }
                }
                #[inline(always)]
                unsafe fn sigmoid(self) -> Self {
                    unsafe { curves::sigmoid(self) }
                }
                #[inline(always)]
                unsafe fn tanh(self) -> Self {
                    unsafe { curves::tanh(self) }
                }
            }
        };
    }
    lanes!(
        __m256,
        8,
        false,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_fmadd_ps,
        sum_256
    );
    lanes!(
        __m512,
        16,
        true,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_fmadd_ps,
        _mm512_reduce_add_ps
    );

    macro_rules! curved {
        ($v:ty, $div:ident, $min:ident, $max:ident, $bits:ident, $float:ident, $shift:ident, $set:ident, $add:ident) => {
            // SAFETY of all: the trait's contract says that the CPU has the unit.
            impl Curved for $v {
                #[inline(always)]
                unsafe fn over(self, o: Self) -> Self {
                    unsafe { $div(self, o) }
                }
                #[inline(always)]
                unsafe fn within(self, low: Self, high: Self) -> Self {
                    // Of two operands of which one is NaN, these instructions give the second.
                    unsafe { $min(high, $max(low, self)) }
                }
                #[inline(always)]
                unsafe fn power_of_two(self) -> Self {
                    unsafe { $float($add($shift::<23>($bits(self)), $set(127 << 23))) }
                }
            }
        };
    }
    curved!(
        __m256,
        _mm256_div_ps,
        _mm256_min_ps,
        _mm256_max_ps,
        _mm256_castps_si256,
        _mm256_castsi256_ps,
        _mm256_slli_epi32,
        _mm256_set1_epi32,
        _mm256_add_epi32
    );
    curved!(
        __m512,
        _mm512_div_ps,
        _mm512_min_ps,
        _mm512_max_ps,
        _mm512_castps_si512,
        _mm512_castsi512_ps,
        _mm512_slli_epi32,
        _mm512_set1_epi32,
        _mm512_add_epi32
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `out[i] = a[i] * b[i] + out[i]`, in whole vectors.
    struct MulAdd<'a> {
        a: &'a [f32],
        b: &'a [f32],
        out: &'a mut [f32],
        total: &'a mut f32,
    }

    impl Kernel<f32> for MulAdd<'_> {
        #[inline(always)]
        #[expect(unsafe_code, reason = "vectors through pointers")]
        fn run<V: Lanes<f32>>(self) {
            for i in (0..self.out.len()).step_by(V::N) {
                assert!(i + V::N <= self.out.len().min(self.a.len()).min(self.b.len()));
                // SAFETY: asserted; the CPU has the vectors, or this were not compiled for them.
                unsafe {
                    let (a, b) = (V::load(self.a.as_ptr().add(i)), V::load(self.b.as_ptr().add(i)));
                    let sum = a.mul_add(b, V::load(self.out.as_ptr().add(i))).add(V::splat(1.0));
                    sum.store(self.out.as_mut_ptr().add(i));
                    *self.total += sum.sum();
                }
            }
        }
    }

    #[test]
    fn every_unit_computes_the_same() {
        // Whole numbers: no unit rounds them.
        let a: Vec<f32> = (0..64).map(|i| i as f32).collect();
        let b: Vec<f32> = (0..64).map(|i| (i % 7) as f32).collect();
        let expected: Vec<f32> = (0..64).map(|i| (i * (i % 7) + 2 * i + 1) as f32).collect();
        #[cfg(target_arch = "x86_64")]
        let units = [Unit::Plain, Unit::Avx2, Unit::Avx512];
        #[cfg(not(target_arch = "x86_64"))]
        let units = [Unit::Plain];
        for unit in units {
            let mut out: Vec<f32> = (0..64).map(|i| 2.0 * i as f32).collect();
            let mut total = 0.0;
            run_f32_on(unit, MulAdd { a: &a, b: &b, out: &mut out, total: &mut total });
            assert_eq!(total, expected.iter().sum::<f32>(), "{unit:?}");
            assert_eq!(out, expected, "{unit:?}");
        }
    }
}
