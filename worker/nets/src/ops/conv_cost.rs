//! What the methods of convolution cost, as multiplications that a core does at full speed: a model, fitted to what
//! `examples/conv_speed` measures, to choose by.
//!
//! The shifted method computes some places that are no outputs, in tiles of one, two or four filters. The unrolled one copies every
//! number that it multiplies, which costs as much as so many filters more.

use super::conv_shape::{ConvShape, Wanted};
use super::shifted;

/// Filters that unrolling costs as much as, and unrolling with what the gradients need.
const UNROLLING: usize = 12;
const UNROLLING_BACK: usize = 17;
/// Weights whose gradients stay in a core's cache while they are added up.
const CACHED: usize = 1 << 18;

/// What tiles of that many filters cost, in filters.
fn tiled(filters: usize) -> usize {
    match filters % 4 {
        3 => filters + 1,
        _ => filters,
    }
}

/// Whether the shifted method computes outputs sooner, where it applies.
pub(super) fn shifted_is_quicker(shape: &ConvShape) -> bool {
    let (places, _) = shifted::places(shape);
    places * tiled(shape.filters) <= shape.outputs() * (shape.filters + UNROLLING)
}

/// Whether the shifted method computes gradients sooner, where it applies.
pub(super) fn shifted_is_quicker_back(shape: &ConvShape, wanted: Wanted) -> bool {
    let (places, input_places) = shifted::places(shape);
    let (taps, filters) = (shape.taps(), shape.filters);
    let weights = places * filters.next_multiple_of(4) * taps;
    // Sums are put away after every stretch of outputs, which of few takes as long as the sums.
    let all = (shape.batch * places).max(1);
    let weights = weights + weights / if filters * taps > CACHED { 7 } else { 16 } + weights * 160 / all;
    let inputs = input_places * tiled(shape.channels) * (taps / shape.channels) * filters;
    let unrolled = shape.outputs() * (filters + UNROLLING_BACK) * taps;
    match (wanted.w || wanted.b, wanted.x) {
        (true, true) => weights + inputs <= 2 * unrolled,
        (true, false) => weights <= unrolled,
        (false, _) => inputs <= unrolled,
    }
}
