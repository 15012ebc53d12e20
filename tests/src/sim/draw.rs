//! Chance: a hash of the seed and of what it is for.

/// Draws of one seed. The same words give the same number, whatever else was drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// A number from all of u64.
    pub(crate) fn number(self, what: &str, of: [u64; 3]) -> u64 {
        let mut hash = self.0 ^ 0x9e37_79b9_7f4a_7c15;
        for word in what.bytes().map(u64::from).chain(of) {
            hash = mix(hash ^ word);
        }
        hash
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(self, what: &str, of: [u64; 3], [least, most]: [u64; 2]) -> u64 {
        least + self.number(what, of) % (most - least + 1)
    }

    /// Whether something that happens `in_thousand` times in a thousand happens.
    pub(crate) fn chance(self, what: &str, of: [u64; 3], in_thousand: u64) -> bool {
        self.number(what, of) % 1000 < in_thousand
    }
}

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014) after one of its steps.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
