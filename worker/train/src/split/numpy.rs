//! numpy's legacy shuffle: MT19937 and the split that the first document made with it (papers: 000).

use super::{Deal, SplitError};

/// Words of state, and the distance of the word that is mixed in (Matsumoto and Nishimura 1998).
const WORDS: usize = 624;
const DISTANCE: usize = 397;

/// The Mersenne Twister as numpy's `RandomState` seeds it from one number.
struct Twister {
    words: [u32; WORDS],
    next: usize,
}

impl Twister {
    fn new(seed: u32) -> Self {
        let mut words = [seed; WORDS];
        for i in 1..WORDS {
            let last = words[i - 1];
            words[i] = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Twister { words, next: WORDS }
    }

    fn draw(&mut self) -> u32 {
        if self.next == WORDS {
            self.refill();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for i in 0..WORDS {
            let mixed = (self.words[i] & 0x8000_0000) | (self.words[(i + 1) % WORDS] & 0x7fff_ffff);
            let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + DISTANCE) % WORDS] ^ (mixed >> 1) ^ odd;
        }
        self.next = 0;
    }

    /// A number from 0 to `max`: words cut to the bits of `max`, drawn again while too large.
    fn up_to(&mut self, max: u32) -> u32 {
        let mask = u32::MAX.checked_shr(max.leading_zeros()).unwrap_or(0);
        loop {
            let drawn = self.draw() & mask;
            if drawn <= max {
                return drawn;
            }
        }
    }
}

/// The order in which `numpy.random.seed(seed); numpy.random.shuffle` leaves `0..count`. Count at most 2^32.
pub fn permutation(count: usize, seed: u32) -> Vec<usize> {
    let mut twister = Twister::new(seed);
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        order.swap(i, twister.up_to(i as u32) as usize);
    }
    order
}

/// The last fifth of the order tests, the fifth before it validates.
pub(super) fn deal(count: usize, seed: u32) -> Result<Deal, SplitError> {
    let mut train = permutation(count, seed);
    let fifth = count / 5;
    let test = train.split_off(count - fifth);
    let valid = train.split_off(count - 2 * fifth);
    Deal { train, valid, test }.checked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_numpys() {
        let order = permutation(1000, 0);
        assert_eq!(order[..5], [993, 859, 298, 553, 672]);
        assert_eq!(order[600..605], [651, 669, 504, 900, 649]);
        assert_eq!(order[800..805], [152, 528, 696, 621, 461]);
        assert_eq!(order[995..], [835, 192, 629, 559, 684]);
        let order = permutation(999, 0);
        assert_eq!(order[..5], [722, 77, 877, 613, 903]);
        assert_eq!(order[994..], [835, 192, 629, 559, 684]);
    }

    #[test]
    fn any_count_is_a_permutation() {
        for count in [0, 1, 2, 3, 63, 64, 65, 1025] {
            let mut order = permutation(count, 7);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count));
        }
    }

    #[test]
    fn too_few_for_fifths_is_an_error() {
        assert_eq!(deal(4, 0), Err(SplitError::EmptySide { side: "validation" }));
        let deal = deal(999, 0).expect("enough");
        assert_eq!((deal.train.len(), deal.valid.len(), deal.test.len()), (601, 199, 199));
    }
}
