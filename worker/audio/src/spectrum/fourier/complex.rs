//! Complex numbers, one a lane, and the turns they are multiplied with.

use crate::lanes::{Row, Vector};
use std::ops::{Add, Sub};

/// One complex value of each lane, as it lies in memory: a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Cell {
    pub(crate) re: Row,
    pub(crate) im: Row,
}

impl Cell {
    /// The squares of the moduli.
    #[inline(always)]
    pub(crate) fn power<V: Vector>(&self) -> V {
        let Complex { re, im } = Complex::<V>::load(self);
        re * re + im * im
    }
}

/// A factor of modulus one, the same for all lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    re: f32,
    im: f32,
}

impl Turn {
    /// `exp(-2 pi i index / of)`, rounded once.
    pub(super) fn new(index: usize, of: usize) -> Self {
        // Within the first turn, and within an eighth of it, so that what is exact comes out exact.
        let eighths = 8 * (index % of);
        let (octant, angle) = (eighths / of, (eighths % of) as f64 / of as f64);
        let (near, far) = if octant % 2 == 0 { (angle, false) } else { (1.0 - angle, true) };
        let (sin, cos) = (std::f64::consts::FRAC_PI_4 * near).sin_cos();
        let (cos, sin) = if far { (sin, cos) } else { (cos, sin) };
        let (cos, sin) = match octant / 2 {
            0 => (cos, sin),
            1 => (-sin, cos),
            2 => (-cos, -sin),
            _ => (sin, -cos),
        };
        Self { re: cos as f32, im: -sin as f32 }
    }
}

/// One complex number of each frame, in registers.
#[derive(Clone, Copy)]
pub(super) struct Complex<V> {
    pub(super) re: V,
    pub(super) im: V,
}

impl<V: Vector> Complex<V> {
    #[inline(always)]
    pub(super) fn load(from: &Cell) -> Self {
        Self { re: V::load(&from.re.0), im: V::load(&from.im.0) }
    }

    #[inline(always)]
    pub(super) fn store(self, to: &mut Cell) {
        self.re.store(&mut to.re.0);
        self.im.store(&mut to.im.0);
    }

    #[inline(always)]
    pub(super) fn times(self, turn: Turn) -> Self {
        let (re, im) = (V::splat(turn.re), V::splat(turn.im));
        Self { re: self.re * re - self.im * im, im: self.re * im + self.im * re }
    }

    #[inline(always)]
    pub(super) fn times_conjugate(self, turn: Turn) -> Self {
        let (re, im) = (V::splat(turn.re), V::splat(turn.im));
        Self { re: self.re * re + self.im * im, im: self.im * re - self.re * im }
    }
}

impl<V: Vector> Add for Complex<V> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

impl<V: Vector> Sub for Complex<V> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}
