//! Vectors of numbers that are compared lane by lane: plain arrays, which compilers turn into registers.

/// Eight numbers, none of them NaN.
pub(super) type Lanes = [f32; 8];

/// Numbers in [`Lanes`].
pub(super) const WIDTH: usize = 8;

/// The first [`WIDTH`] numbers of `from`.
#[inline(always)]
pub(super) fn load(from: &[f32]) -> Lanes {
    *from.first_chunk().expect("a row is as wide as its lanes")
}

/// The smaller number of each lane. A bare comparison is one instruction; `f32::min` looks for NaNs as well.
#[inline(always)]
pub(super) fn lesser(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
}

/// The larger number of each lane.
#[inline(always)]
pub(super) fn greater(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
}
