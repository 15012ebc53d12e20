//! Vectors in the registers of x86-64: pairs of 128 bits, which every such processor has, and 256 bits, which is for the
//! caller to find out.
#![expect(unsafe_code, reason = "the machine's vector instructions; each type says when it may be used")]

use super::{
    Kernel,
    vector::{LANES, Vector},
};
use std::{
    arch::x86_64::{
        __m128, __m256, _CMP_LT_OQ, _mm_add_ps, _mm_and_ps, _mm_andnot_ps, _mm_cmplt_ps, _mm_div_ps, _mm_loadu_ps,
        _mm_max_ps, _mm_mul_ps, _mm_or_ps, _mm_set1_ps, _mm_sqrt_ps, _mm_storeu_ps, _mm_sub_ps, _mm_unpackhi_ps,
        _mm_unpacklo_ps, _mm256_add_ps, _mm256_blendv_ps, _mm256_cmp_ps, _mm256_div_ps, _mm256_loadu_ps, _mm256_max_ps,
        _mm256_mul_ps, _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_shuffle_ps, _mm256_sqrt_ps, _mm256_storeu_ps,
        _mm256_sub_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    },
    ops::{Add, Div, Mul, Sub},
};

/// Eight values in two registers.
#[derive(Clone, Copy)]
pub(super) struct Sse(__m128, __m128);

impl Vector for Sse {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        let half = unsafe { _mm_set1_ps(value) };
        Self(half, half)
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        let at = from.as_ptr();
        // SAFETY: SSE2 is part of x86-64; the reference covers the eight values that are read.
        unsafe { Self(_mm_loadu_ps(at), _mm_loadu_ps(at.add(4))) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        let at = to.as_mut_ptr();
        // SAFETY: SSE2 is part of x86-64; the reference covers the eight values that are written.
        unsafe {
            _mm_storeu_ps(at, self.0);
            _mm_storeu_ps(at.add(4), self.1);
        }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { Self(_mm_sqrt_ps(self.0), _mm_sqrt_ps(self.1)) }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { Self(_mm_max_ps(self.0, other.0), _mm_max_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn below(self, limit: Self, yes: Self, no: Self) -> Self {
        Self(four_below(self.0, limit.0, yes.0, no.0), four_below(self.1, limit.1, yes.1, no.1))
    }

    #[inline(never)]
    fn apart(kernel: impl Kernel) {
        kernel.run::<Self>();
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let [a, b, c, d, e, f, g, h] = rows;
        let (left, left_below) = (four_by_four([a.0, b.0, c.0, d.0]), four_by_four([e.0, f.0, g.0, h.0]));
        let (right, right_below) = (four_by_four([a.1, b.1, c.1, d.1]), four_by_four([e.1, f.1, g.1, h.1]));
        [
            Self(left[0], left_below[0]),
            Self(left[1], left_below[1]),
            Self(left[2], left_below[2]),
            Self(left[3], left_below[3]),
            Self(right[0], right_below[0]),
            Self(right[1], right_below[1]),
            Self(right[2], right_below[2]),
            Self(right[3], right_below[3]),
        ]
    }
}

/// `yes` where `values` are below `limit`, `no` elsewhere.
#[inline(always)]
fn four_below(values: __m128, limit: __m128, yes: __m128, no: __m128) -> __m128 {
    // SAFETY: SSE2 is part of x86-64.
    unsafe {
        let below = _mm_cmplt_ps(values, limit);
        _mm_or_ps(_mm_and_ps(below, yes), _mm_andnot_ps(below, no))
    }
}

#[inline(always)]
fn four_by_four([a, b, c, d]: [__m128; 4]) -> [__m128; 4] {
    // SAFETY: SSE2 is part of x86-64.
    unsafe {
        let (ac, ac_) = (_mm_unpacklo_ps(a, c), _mm_unpackhi_ps(a, c));
        let (bd, bd_) = (_mm_unpacklo_ps(b, d), _mm_unpackhi_ps(b, d));
        [_mm_unpacklo_ps(ac, bd), _mm_unpackhi_ps(ac, bd), _mm_unpacklo_ps(ac_, bd_), _mm_unpackhi_ps(ac_, bd_)]
    }
}

/// Eight values in a register. Only functions compiled with AVX2, and called after it was detected, may use it; that is
/// what every `SAFETY` below rests on, and so nothing outside this file can name it.
#[derive(Clone, Copy)]
struct Avx(__m256);

/// Runs a kernel compiled for AVX2.
#[inline(never)]
#[target_feature(enable = "avx2")]
pub(super) fn with_avx2(kernel: impl Kernel) {
    kernel.run::<Avx>();
}

impl Vector for Avx {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: the machine has AVX2, as the type demands.
        Self(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: the machine has AVX2, as the type demands; the reference covers the eight values that are read.
        Self(unsafe { _mm256_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: the machine has AVX2, as the type demands; the reference covers the eight values that are written.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: the machine has AVX2, as the type demands.
        Self(unsafe { _mm256_sqrt_ps(self.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: the machine has AVX2, as the type demands.
        Self(unsafe { _mm256_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn below(self, limit: Self, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has AVX2, as the type demands.
        Self(unsafe { _mm256_blendv_ps(no.0, yes.0, _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, limit.0)) })
    }

    #[inline(always)]
    fn apart(kernel: impl Kernel) {
        // SAFETY: the machine has AVX2, as the type demands.
        unsafe { with_avx2(kernel) }
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let [a, b, c, d, e, f, g, h] = rows;
        let (low, high) = (halves([a.0, b.0, c.0, d.0]), halves([e.0, f.0, g.0, h.0]));
        // SAFETY: the machine has AVX2, as the type demands.
        unsafe {
            [
                Self(_mm256_permute2f128_ps::<0x20>(low[0], high[0])),
                Self(_mm256_permute2f128_ps::<0x20>(low[1], high[1])),
                Self(_mm256_permute2f128_ps::<0x20>(low[2], high[2])),
                Self(_mm256_permute2f128_ps::<0x20>(low[3], high[3])),
                Self(_mm256_permute2f128_ps::<0x31>(low[0], high[0])),
                Self(_mm256_permute2f128_ps::<0x31>(low[1], high[1])),
                Self(_mm256_permute2f128_ps::<0x31>(low[2], high[2])),
                Self(_mm256_permute2f128_ps::<0x31>(low[3], high[3])),
            ]
        }
    }
}

/// Transposes the lower and the upper four columns of four rows.
#[inline(always)]
fn halves([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    // SAFETY: the machine has AVX2, as the type that calls this demands.
    unsafe {
        let (ab, ab_) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (cd, cd_) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        [
            _mm256_shuffle_ps::<0x44>(ab, cd),
            _mm256_shuffle_ps::<0xEE>(ab, cd),
            _mm256_shuffle_ps::<0x44>(ab_, cd_),
            _mm256_shuffle_ps::<0xEE>(ab_, cd_),
        ]
    }
}

macro_rules! one_instruction {
    ($trait:ident, $method:ident, $narrow:ident, $wide:ident) => {
        impl $trait for Sse {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: SSE2 is part of x86-64.
                unsafe { Self($narrow(self.0, other.0), $narrow(self.1, other.1)) }
            }
        }

        impl $trait for Avx {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: the machine has AVX2, as the type demands.
                Self(unsafe { $wide(self.0, other.0) })
            }
        }
    };
}

one_instruction!(Add, add, _mm_add_ps, _mm256_add_ps);
one_instruction!(Sub, sub, _mm_sub_ps, _mm256_sub_ps);
one_instruction!(Mul, mul, _mm_mul_ps, _mm256_mul_ps);
one_instruction!(Div, div, _mm_div_ps, _mm256_div_ps);
