//! The forward pass of the shifted method, and the gradient of its input, which is of the same form.

use super::{FILTERS, NARROW, WIDE};
use crate::ops::Element;
use crate::ops::lanes::Lanes;

/// Weights that are read anew for every tile without loss; of more, each block stays for [`TILES`] tiles.
const HELD: usize = 1 << 20;
const TILES: usize = 4;

/// Weights in the order in which tiles read them: for each block of filters, for each tap, the block's weights.
pub(super) fn packed<T: Element>(filters: usize, taps: usize, weight: impl Fn(usize, usize) -> T) -> Vec<T> {
    let mut packed = Vec::with_capacity(filters.next_multiple_of(FILTERS) * taps);
    for block in (0..filters).step_by(FILTERS) {
        for tap in 0..taps {
            packed.extend((block..block + FILTERS).map(|f| if f < filters { weight(f, tap) } else { T::zero() }));
        }
    }
    packed
}

/// `out[f][to] = bias[f] + sum over taps of w[f][tap] * x[from + offset[tap]]` for all filters and points, in vectors.
pub(super) struct Correlation<'a, T> {
    pub(super) offsets: &'a [usize],
    /// From [`packed`].
    pub(super) weights: &'a [T],
    pub(super) filters: usize,
    /// One per filter, filled up to whole blocks.
    pub(super) bias: &'a [T],
    pub(super) plane_step: usize,
}

impl<T: Element> Correlation<'_, T> {
    /// Computes `points`: where a vector of inputs of the first tap begins, and where the vector of outputs.
    #[inline(always)]
    pub(super) fn run<V: Lanes<T>>(&self, points: &[(usize, usize)], x: &[T], out: &mut [T]) {
        let blocks = self.bias.len() / FILTERS;
        let from = points.iter().map(|p| p.0).max().unwrap_or(0) + self.offsets.iter().max().unwrap_or(&0);
        let to = points.iter().map(|p| p.1).max().unwrap_or(0) + (blocks * FILTERS - 1) * self.plane_step;
        assert!(from + V::N <= x.len(), "every vector lies in the padded images");
        assert!(to + V::N <= out.len(), "every vector lies in the outputs");
        assert_eq!(self.weights.len(), blocks * FILTERS * self.offsets.len(), "every tap has its weights");
        assert_eq!(blocks, self.filters.div_ceil(FILTERS), "every filter has its bias");
        let most = if V::WIDE { WIDE } else { NARROW };
        let stretch = if self.weights.len() > HELD { TILES * most } else { most };
        for stretch in points.chunks(stretch) {
            for block in 0..blocks {
                match self.filters - block * FILTERS {
                    1 => self.tiles::<V, 1>(x, stretch, block, out),
                    2 => self.tiles::<V, 2>(x, stretch, block, out),
                    _ => self.tiles::<V, FILTERS>(x, stretch, block, out),
                }
            }
        }
    }

    /// The first `F` filters of a block for the points of a stretch.
    #[inline(always)]
    fn tiles<V: Lanes<T>, const F: usize>(&self, x: &[T], stretch: &[(usize, usize)], block: usize, out: &mut [T]) {
        for tile in stretch.chunks(if V::WIDE { WIDE } else { NARROW }) {
            match tile.len() {
                6 => self.tile::<V, F, 6>(x, tile, block, out),
                5 => self.tile::<V, F, 5>(x, tile, block, out),
                4 => self.tile::<V, F, 4>(x, tile, block, out),
                3 => self.tile::<V, F, 3>(x, tile, block, out),
                2 => self.tile::<V, F, 2>(x, tile, block, out),
                _ => self.tile::<V, F, 1>(x, tile, block, out),
            }
        }
    }

    #[inline(always)]
    #[expect(
        unsafe_code,
        reason = "the inner loop of a convolution: vectors through pointers, bounds checked by `run`"
    )]
    fn tile<V: Lanes<T>, const F: usize, const W: usize>(
        &self,
        x: &[T],
        points: &[(usize, usize)],
        block: usize,
        out: &mut [T],
    ) {
        let taps = self.offsets.len();
        let (x, out) = (x.as_ptr(), out.as_mut_ptr());
        // SAFETY: `run` has checked the farthest points and offset against both slices and the number of weights; the CPU has
        // the vectors, or `run` would not have been compiled for them.
        unsafe {
            let starts: [*const T; W] = std::array::from_fn(|j| x.add(points[j].0));
            let bias = self.bias.as_ptr().add(block * FILTERS);
            let mut sums: [[V; W]; F] = std::array::from_fn(|i| [V::splat(*bias.add(i)); W]);
            let mut weights = self.weights.as_ptr().add(block * FILTERS * taps);
            for &offset in self.offsets {
                let values: [V; W] = std::array::from_fn(|j| V::load(starts[j].add(offset)));
                for (i, sums) in sums.iter_mut().enumerate() {
                    let weight = V::splat(*weights.add(i));
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = weight.mul_add(value, *sum);
                    }
                }
                weights = weights.add(FILTERS);
            }
            for (i, sums) in sums.into_iter().enumerate() {
                let plane = out.add((block * FILTERS + i) * self.plane_step);
                for (j, sum) in sums.into_iter().enumerate() {
                    sum.store(plane.add(points[j].1));
                }
            }
        }
    }
}
