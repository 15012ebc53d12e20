//! Medians of 31 in a row, sixteen neighbouring windows at a time, as many rows at once as there are lanes.
//!
//! Sixteen neighbouring windows share a core of sixteen numbers, which is sorted once. Their first and their last eight
//! share eight more each, these in halves four more, and so on down to the single window, like the branches of a tree.
//! What can no longer become the median is dropped on the way: where `r` numbers are still missing from a window, it has
//! rank `15 - r` to 15 of those that are there. So sixteen, eight, four, two and at last one candidate are left, all
//! found by comparisons without a branch: some 36 per median, for a whole vector of medians.
//!
//! Knows nothing of spectra. Medians are exact: always one of the numbers.

use super::lanes::{Lanes, WIDTH, greater, lesser};

/// Numbers in a window.
pub(super) const WINDOW: usize = 31;

/// Numbers of a window on either side of its middle.
pub(super) const REACH: usize = WINDOW / 2;

/// Windows that are computed together.
pub(super) const BLOCK: usize = 16;

/// Puts pairs of a vector in order, one after the other.
macro_rules! order {
    ($values:ident: $($low:literal $high:literal),+) => {
        $(
            let pair = ($values[$low], $values[$high]);
            $values[$low] = lesser(pair.0, pair.1);
            $values[$high] = greater(pair.0, pair.1);
        )+
    };
}

/// Lists of which some may be sorted in a known number of comparisons.
trait Sort {
    /// Sorts, the least first.
    fn sorted(self) -> Self;

    /// Sorts what rises and then falls, or would if its ends were joined to a ring and cut elsewhere.
    fn merged(self) -> Self;
}

impl Sort for [Lanes; 1] {
    #[inline(always)]
    fn sorted(self) -> Self {
        self
    }

    #[inline(always)]
    fn merged(self) -> Self {
        self
    }
}

impl Sort for [Lanes; 2] {
    #[inline(always)]
    fn sorted(mut self) -> Self {
        order!(self: 0 1);
        self
    }

    #[inline(always)]
    fn merged(self) -> Self {
        self.sorted()
    }
}

impl Sort for [Lanes; 4] {
    #[inline(always)]
    fn sorted(mut self) -> Self {
        order!(self: 0 2, 1 3, 0 1, 2 3, 1 2);
        self
    }

    #[inline(always)]
    fn merged(mut self) -> Self {
        order!(self: 0 2, 1 3, 0 1, 2 3);
        self
    }
}

impl Sort for [Lanes; 8] {
    #[inline(always)]
    fn sorted(mut self) -> Self {
        order!(self: 0 2, 1 3, 4 6, 5 7, 0 4, 1 5, 2 6, 3 7, 0 1, 2 3, 4 5, 6 7, 2 4, 3 5, 1 4, 3 6, 1 2, 3 4, 5 6);
        self
    }

    #[inline(always)]
    fn merged(mut self) -> Self {
        order!(self: 0 4, 1 5, 2 6, 3 7, 0 2, 1 3, 4 6, 5 7, 0 1, 2 3, 4 5, 6 7);
        self
    }
}

/// M. Green's network of 60 comparisons: the least known for sixteen numbers.
#[inline(always)]
fn sorted_core(mut core: [Lanes; 16]) -> [Lanes; 16] {
    order!(core: 0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15);
    order!(core: 0 2, 4 6, 8 10, 12 14, 1 3, 5 7, 9 11, 13 15);
    order!(core: 0 4, 8 12, 1 5, 9 13, 2 6, 10 14, 3 7, 11 15);
    order!(core: 0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15);
    order!(core: 5 10, 6 9, 3 12, 13 14, 4 8, 7 11, 1 2);
    order!(core: 1 4, 7 13, 2 8, 11 14, 2 4, 5 6, 9 10, 11 13, 3 8, 7 12);
    order!(core: 6 8, 10 12, 3 5, 7 9, 3 4, 5 6, 7 8, 9 10, 11 12, 6 7, 8 9);
    core
}

/// The middle third of two lists, sorted: of `2 N` candidates, which are sorted, and `N` numbers more.
#[inline(always)]
fn narrowed<const TWICE: usize, const N: usize>(candidates: &[Lanes; TWICE], more: [Lanes; N]) -> [Lanes; N]
where
    [Lanes; N]: Sort,
{
    const { assert!(TWICE == 2 * N) };
    let more = more.sorted();
    // The N least of all are among the N least candidates and the rest: these are dropped here.
    let mut high = more;
    for i in 0..N {
        high[i] = greater(candidates[i], more[N - 1 - i]);
    }
    let high = high.merged();
    // And the N greatest of what is left here.
    let mut middle = high;
    for i in 0..N {
        middle[i] = lesser(candidates[N + i], high[N - 1 - i]);
    }
    middle.merged()
}

/// The first of the numbers that the `width` windows from `start` on share, and that the `2 * width` of which they are
/// the earlier or later half do not.
#[inline(always)]
fn shared_from(start: usize, width: usize, later: bool) -> usize {
    if later { start - width + WINDOW } else { start + width - 1 }
}

/// The numbers from `from` on. A loop: compilers leave `array::from_fn` as a call here, compiled for any machine.
#[inline(always)]
fn numbers<const N: usize>(number: &impl Fn(usize) -> Lanes, from: usize) -> [Lanes; N] {
    let mut numbers = [[0.0; WIDTH]; N];
    for (i, lanes) in numbers.iter_mut().enumerate() {
        *lanes = number(from + i);
    }
    numbers
}

/// The medians of the windows `0..16`, of which window `i` holds the numbers `i..i + 31` of `number`; each is handed
/// to `put`, in order.
#[inline(always)]
pub(super) fn medians(number: impl Fn(usize) -> Lanes, mut put: impl FnMut(usize, Lanes)) {
    let candidates = sorted_core(numbers(&number, BLOCK - 1));
    for eighth in [false, true] {
        let start = if eighth { 8 } else { 0 };
        let from = shared_from(start, 8, eighth);
        let candidates: [Lanes; 8] = narrowed(&candidates, numbers(&number, from));
        for fourth in [false, true] {
            let start = if fourth { start + 4 } else { start };
            let from = shared_from(start, 4, fourth);
            let candidates: [Lanes; 4] = narrowed(&candidates, numbers(&number, from));
            for second in [false, true] {
                let start = if second { start + 2 } else { start };
                let from = shared_from(start, 2, second);
                let candidates: [Lanes; 2] = narrowed(&candidates, numbers(&number, from));
                for first in [false, true] {
                    let start = if first { start + 1 } else { start };
                    let [median] = narrowed(&candidates, [number(shared_from(start, 1, first))]);
                    put(start, median);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hpss::lanes::load;
    use std::array;

    /// A seeded hash; a few values only, when `kinds` is small, so that many are equal.
    fn draw(seed: u64, at: usize, kinds: u64) -> f32 {
        let mut z = (seed << 32).wrapping_add(at as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % kinds) as f32
    }

    #[test]
    fn medians_are_the_middle_of_the_sorted_window() {
        for seed in 0..400 {
            let kinds = [1, 2, 3, 10, 1 << 24][seed as usize % 5];
            let numbers: Vec<f32> = (0..(BLOCK + WINDOW - 1) * WIDTH).map(|at| draw(seed, at, kinds)).collect();
            let mut seen = [[f32::NAN; WIDTH]; BLOCK];
            medians(|i| load(&numbers[i * WIDTH..]), |i, median| seen[i] = median);
            for (window, lane) in (0..BLOCK).flat_map(|window| (0..WIDTH).map(move |lane| (window, lane))) {
                let mut sorted: Vec<f32> = (window..window + WINDOW).map(|i| numbers[i * WIDTH + lane]).collect();
                sorted.sort_by(f32::total_cmp);
                assert_eq!(seen[window][lane], sorted[REACH], "seed {seed}, window {window}, lane {lane}");
            }
        }
    }

    /// A network that sorts all zeros and ones sorts everything.
    #[test]
    fn the_core_is_sorted() {
        for bits in (0..1usize << 16).step_by(WIDTH) {
            let core = array::from_fn(|i| array::from_fn(|lane| ((bits + lane) >> i & 1) as f32));
            let sorted = sorted_core(core);
            for lane in 0..WIDTH {
                assert!(sorted.windows(2).all(|pair| pair[0][lane] <= pair[1][lane]), "{bits} + {lane}");
            }
        }
    }
}
