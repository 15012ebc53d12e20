//! Vectors of one value of each lane. Every operation is one rounding of IEEE 754 in each
//! lane, never a fused one, so that all implementations give the same bits.

use super::Kernel;
use std::ops::{Add, Div, Mul, Sub};

/// Values of one vector.
pub(crate) const LANES: usize = 8;

/// One value of each lane, as it lies in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(32))]
pub(crate) struct Row(pub(crate) [f32; LANES]);

/// What kernels are written in: plain arrays, or registers of the machine. The methods are always inlined, so that they
/// are compiled for whatever the function around them is compiled for.
pub(crate) trait Vector:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn splat(value: f32) -> Self;
    fn load(from: &[f32; LANES]) -> Self;
    fn store(self, to: &mut [f32; LANES]);
    fn sqrt(self) -> Self;
    /// The larger of two values where the first is larger, otherwise the second: if one is NaN, the second.
    fn max(self, other: Self) -> Self;
    /// `yes` where this is below `limit`, `no` elsewhere, and where one of the two compared is NaN.
    fn below(self, limit: Self, yes: Self, no: Self) -> Self;

    /// Stores the first values, as many as `to` has room for.
    #[inline(always)]
    fn store_front(self, to: &mut [f32]) {
        if let Some(to) = to.first_chunk_mut() {
            self.store(to);
        } else {
            let mut values = [0.0; LANES];
            self.store(&mut values);
            for (to, value) in to.iter_mut().zip(values) {
                *to = value;
            }
        }
    }

    /// Runs a kernel with these vectors as a function of its own. Its code then exists once for each machine, however
    /// many kernels have it inside.
    fn apart(kernel: impl Kernel);

    /// Rows become columns.
    fn transpose(rows: [Self; LANES]) -> [Self; LANES];
}

/// The plain implementation, for every machine.
impl Vector for Row {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn max(mut self, other: Self) -> Self {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a = if *a > b { *a } else { b };
        }
        self
    }

    #[inline(always)]
    fn below(self, limit: Self, yes: Self, no: Self) -> Self {
        let mut chosen = no;
        for (at, to) in chosen.0.iter_mut().enumerate() {
            if self.0[at] < limit.0[at] {
                *to = yes.0[at];
            }
        }
        chosen
    }

    #[inline(never)]
    fn apart(kernel: impl Kernel) {
        kernel.run::<Self>();
    }

    #[inline(always)]
    fn transpose(rows: [Self; LANES]) -> [Self; LANES] {
        let mut columns = [Self::default(); LANES];
        for (at, row) in rows.iter().enumerate() {
            for (column, value) in columns.iter_mut().zip(row.0) {
                column.0[at] = value;
            }
        }
        columns
    }
}

macro_rules! lane_by_lane {
    ($trait:ident, $method:ident, $operator:tt) => {
        impl $trait for Row {
            type Output = Self;

            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for (a, b) in self.0.iter_mut().zip(other.0) {
                    *a $operator b;
                }
                self
            }
        }
    };
}

lane_by_lane!(Add, add, +=);
lane_by_lane!(Sub, sub, -=);
lane_by_lane!(Mul, mul, *=);
lane_by_lane!(Div, div, /=);
