//! The gradient of the weights and biases in the shifted method.

use super::{FILTERS, NARROW, STRETCH, WIDE};
use crate::ops::Element;
use crate::ops::conv_shape::Wanted;
use crate::ops::lanes::Lanes;

/// Numbers that may be spent on keeping lanes apart; beyond, each tile adds its lanes up at once.
const KEPT_APART: usize = 1 << 18;

/// Sums over outputs of gradient times input, kept as vectors whose lanes are added up at the end, where there is room.
pub(super) struct WeightSums<'a, T> {
    offsets: &'a [usize],
    filters: usize,
    plane_step: usize,
    /// Lanes kept apart: a vector's, or 1.
    lanes: usize,
    /// `[filter][tap][lane]`, filters filled up to whole blocks.
    taps: Vec<T>,
    /// `[filter][lane]`
    bias: Vec<T>,
}

impl<'a, T: Element> WeightSums<'a, T> {
    /// Sums of nothing yet. `plane_step` is from one filter's gradients to the next's.
    #[inline(always)]
    pub(super) fn new<V: Lanes<T>>(offsets: &'a [usize], filters: usize, plane_step: usize) -> Self {
        let (padded, zero) = (filters.next_multiple_of(FILTERS), T::zero());
        let lanes = if padded * offsets.len() * V::N > KEPT_APART { 1 } else { V::N };
        let (taps, bias) = (vec![zero; padded * offsets.len() * lanes], vec![zero; padded * V::N]);
        WeightSums { offsets, filters, plane_step, lanes, taps, bias }
    }

    /// Vectors of outputs that go over the taps together.
    pub(super) fn stretch(&self) -> usize {
        if self.lanes == 1 { 4 * STRETCH } else { STRETCH }
    }

    /// The sums, filter by filter.
    #[inline(always)]
    pub(super) fn finish<V: Lanes<T>>(&self, w: &mut [T], b: &mut [T]) {
        lane_sums(&self.taps, self.lanes, w);
        lane_sums(&self.bias, V::N, b);
    }

    /// Adds `points`: where a vector of inputs and the vector of gradients of the same outputs begin; to those sums only
    /// that are wanted.
    #[inline(always)]
    pub(super) fn add<V: Lanes<T>>(&mut self, x: &[T], dy: &[T], points: &[(usize, usize)], wanted: Wanted) {
        let farthest = self.offsets.iter().copied().max().unwrap_or(0);
        let planes = self.filters.next_multiple_of(FILTERS) - 1;
        for &(at_x, at_dy) in points {
            assert!(at_x + farthest + V::N <= x.len(), "every vector lies in the padded images");
            assert!(at_dy + planes * self.plane_step + V::N <= dy.len(), "every vector lies in the gradients");
        }
        let most = if V::WIDE { WIDE } else { NARROW };
        for stretch in points.chunks(self.stretch()) {
            for filter in (0..self.filters).step_by(FILTERS) {
                if wanted.b {
                    self.add_bias::<V>(dy, stretch, filter);
                }
                let mut tap = if wanted.w { 0 } else { self.offsets.len() };
                while tap < self.offsets.len() {
                    match (self.offsets.len() - tap).min(most) {
                        6 => self.tile::<V, 6>(x, dy, stretch, filter, tap),
                        5 => self.tile::<V, 5>(x, dy, stretch, filter, tap),
                        4 => self.tile::<V, 4>(x, dy, stretch, filter, tap),
                        3 => self.tile::<V, 3>(x, dy, stretch, filter, tap),
                        2 => self.tile::<V, 2>(x, dy, stretch, filter, tap),
                        _ => self.tile::<V, 1>(x, dy, stretch, filter, tap),
                    }
                    tap += most;
                }
            }
        }
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "the inner loop of the weights' gradient, bounds checked by `add`")]
    fn tile<V: Lanes<T>, const W: usize>(
        &mut self,
        x: &[T],
        dy: &[T],
        points: &[(usize, usize)],
        filter: usize,
        tap: usize,
    ) {
        let taps = self.offsets.len();
        let offsets: [usize; W] = std::array::from_fn(|j| self.offsets[tap + j]);
        let lanes = self.lanes;
        let totals = &mut self.taps[filter * taps * lanes..(filter + FILTERS) * taps * lanes];
        // SAFETY: `add` has checked every point with the farthest offset and the last plane; `totals` holds FILTERS times
        // `taps` vectors or their sums, of which `tap + W` at most are touched in each row.
        unsafe {
            let (x, dy) = (x.as_ptr(), dy.as_ptr().add(filter * self.plane_step));
            let mut sums: [[V; W]; FILTERS] = [[V::splat(T::zero()); W]; FILTERS];
            for &(at_x, at_dy) in points {
                let values: [V; W] = std::array::from_fn(|j| V::load(x.add(at_x + offsets[j])));
                for (i, sums) in sums.iter_mut().enumerate() {
                    let gradient = V::load(dy.add(at_dy + i * self.plane_step));
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = gradient.mul_add(value, *sum);
                    }
                }
            }
            for (i, sums) in sums.into_iter().enumerate() {
                for (j, sum) in sums.into_iter().enumerate() {
                    let total = totals.as_mut_ptr().add((i * taps + tap + j) * lanes);
                    if lanes == 1 {
                        *total += sum.sum();
                    } else {
                        sum.add(V::load(total)).store(total);
                    }
                }
            }
        }
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "vectors through pointers, bounds checked by `add`")]
    fn add_bias<V: Lanes<T>>(&mut self, dy: &[T], points: &[(usize, usize)], filter: usize) {
        for i in filter..filter + FILTERS {
            let total = self.bias[i * V::N..(i + 1) * V::N].as_mut_ptr();
            // SAFETY: `add` has checked every point with the last plane; `total` is one vector.
            unsafe {
                let dy = dy.as_ptr().add(i * self.plane_step);
                let sum = points.iter().fold(V::load(total), |sum, &(_, at)| sum.add(V::load(dy.add(at))));
                sum.store(total);
            }
        }
    }
}

/// The lanes of each vector, added up.
fn lane_sums<T: Element>(vectors: &[T], lanes: usize, into: &mut [T]) {
    for (sum, vector) in into.iter_mut().zip(vectors.chunks_exact(lanes)) {
        *sum = vector.iter().fold(T::zero(), |sum, &v| sum + v);
    }
}
