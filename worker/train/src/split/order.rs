//! The seeded orders that splits are made of.

use gliss_nets::draw::{Draw, Stream};

/// The stream of numbers that splits draw from. Part of what a seed means: never changed.
const SPLIT: u32 = 0x51;

/// `items` in the order that `seed` gives list number `list`. Lists are shorter than 2^32.
pub(super) fn shuffled<T: Copy>(items: &[T], seed: u64, list: usize) -> Vec<T> {
    let order = Draw::new(seed, Stream::Other(SPLIT), list as u64, 0).permutation(items.len() as u32);
    order.into_iter().filter_map(|place| items.get(place as usize).copied()).collect()
}
