//! Fourier transforms of two, four and eight values in natural order, in registers.

use super::complex::Complex;
use crate::lanes::Vector;

#[inline(always)]
pub(super) fn two<V: Vector>([a, b]: [Complex<V>; 2]) -> [Complex<V>; 2] {
    [a + b, a - b]
}

#[inline(always)]
pub(super) fn four<V: Vector>([a, b, c, d]: [Complex<V>; 4]) -> [Complex<V>; 4] {
    let (ac, ac_) = (a + c, a - c);
    let (bd, bd_) = (b + d, b - d);
    // `bd_` turned by a quarter: (re, im) becomes (im, -re).
    [
        ac + bd,
        Complex { re: ac_.re + bd_.im, im: ac_.im - bd_.re },
        ac - bd,
        Complex { re: ac_.re - bd_.im, im: ac_.im + bd_.re },
    ]
}

#[inline(always)]
pub(super) fn eight<V: Vector>([a, b, c, d, e, f, g, h]: [Complex<V>; 8]) -> [Complex<V>; 8] {
    let even = four([a, c, e, g]);
    let odd = four([b, d, f, h]);
    let half = V::splat(std::f32::consts::FRAC_1_SQRT_2);
    // Turned by an eighth, a quarter, three eighths.
    let one = Complex { re: (odd[1].re + odd[1].im) * half, im: (odd[1].im - odd[1].re) * half };
    let two = odd[2];
    let three = Complex { re: (odd[3].im - odd[3].re) * half, im: (odd[3].re + odd[3].im) * half };
    [
        even[0] + odd[0],
        even[1] + one,
        Complex { re: even[2].re + two.im, im: even[2].im - two.re },
        Complex { re: even[3].re + three.re, im: even[3].im - three.im },
        even[0] - odd[0],
        even[1] - one,
        Complex { re: even[2].re - two.im, im: even[2].im + two.re },
        Complex { re: even[3].re - three.re, im: even[3].im + three.im },
    ]
}
