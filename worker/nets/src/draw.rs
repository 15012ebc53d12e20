//! Stateless random numbers: every draw is a pure function of (seed, stream, epoch, step, index).
//!
//! The generator is SplitMix64 (Steele, Lea, Flood 2014) used by counter: word `i` of a sequence is
//! `mix(key + (i + 1) * 0x9E3779B97F4A7C15)`, and the key is a chain of the same `mix` over seed, stream, epoch and step.
//! So a resumed trial restores no generator, and draws the same numbers alone or beside others. The numbers are part of
//! what a recipe means: changing anything here changes every result.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's finaliser.
#[inline(always)]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What numbers are drawn for. Two purposes never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Initial values of parameter i.
    Init(u32),
    /// The mask of dropout layer i.
    Dropout(u32),
    /// The order of the training examples.
    Shuffle,
    /// Augmentation i.
    Augment(u32),
    /// Which examples of a step are mixed, and by which shares.
    Mixup,
    /// Anything else, by the caller's number.
    Other(u32),
}

impl Stream {
    fn word(self) -> u64 {
        let (purpose, i) = match self {
            Stream::Init(i) => (1, i),
            Stream::Dropout(i) => (2, i),
            Stream::Shuffle => (3, 0),
            Stream::Augment(i) => (4, i),
            Stream::Other(i) => (5, i),
            Stream::Mixup => (6, 0),
        };
        purpose << 32 | u64::from(i)
    }
}

/// A sequence of random words, addressed by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    key: u64,
}

impl Draw {
    /// The sequence of one place: `epoch` and `step` are 0 where they mean nothing.
    pub fn new(seed: u64, stream: Stream, epoch: u64, step: u64) -> Draw {
        let key = [seed, stream.word(), epoch, step]
            .into_iter()
            .fold(0u64, |key, word| mix(key.wrapping_add(GOLDEN) ^ mix(word.wrapping_add(GOLDEN))));
        Draw { key }
    }

    /// What the words are functions of, for code that makes them elsewhere.
    #[cfg(feature = "cuda")]
    pub(crate) fn key(self) -> u64 {
        self.key
    }

    /// Word `index`: 64 random bits.
    #[inline(always)]
    pub fn word(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Uniform in [0, 1), from the upper 53 bits of word `index`.
    #[inline]
    pub fn uniform(self, index: u64) -> f64 {
        (self.word(index) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [0, 1), from the upper 24 bits of word `index`.
    #[inline]
    pub fn uniform_f32(self, index: u64) -> f32 {
        (self.word(index) >> 40) as f32 * (1.0 / (1u32 << 24) as f32)
    }

    /// Standard normal, from words `2 * index` and `2 * index + 1` (Box and Muller 1958, the cosine one).
    pub fn normal(self, index: u64) -> f64 {
        let index = index.wrapping_mul(2);
        let radius = (-2.0 * (1.0 - self.uniform(index)).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform(index.wrapping_add(1))).cos()
    }

    /// A whole number below `n`, from word `index`. Favours no number by more than `n / 2^64`. `n` of 0 gives 0.
    #[inline]
    pub fn below(self, index: u64, n: u64) -> u64 {
        ((u128::from(self.word(index)) * u128::from(n)) >> 64) as u64
    }

    /// The numbers below `n` in random order (Fisher and Yates, from the end).
    pub fn permutation(self, n: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n).collect();
        for i in (1..n).rev() {
            let j = self.below(u64::from(i), u64::from(i) + 1);
            order.swap(i as usize, j as usize);
        }
        order
    }
}

/// The order in which an epoch visits `n` training examples.
pub fn permutation(seed: u64, epoch: u64, n: u32) -> Vec<u32> {
    Draw::new(seed, Stream::Shuffle, epoch, 0).permutation(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_pinned() {
        let draw = Draw::new(7, Stream::Dropout(2), 3, 41);
        let words: Vec<u64> = (0..3).map(|i| draw.word(i)).collect();
        assert_eq!(words, PINNED_WORDS);
        assert_eq!(permutation(7, 3, 12), PINNED_ORDER);
        assert_eq!(draw.uniform(0), (PINNED_WORDS[0] >> 11) as f64 / 9_007_199_254_740_992.0);
        assert_eq!(draw.uniform_f32(0), (PINNED_WORDS[0] >> 40) as f32 / 16_777_216.0);
    }

    // The same vectors are in the tests of `gliss-audio`'s draws, which has the same generator and knows no other crate.
    #[test]
    fn the_generator_is_the_published_one_and_that_of_sounds() {
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([0, 1, 2, 3, 4].map(|index| Draw { key: 1_234_567 }.word(index)), published);
        assert_eq!(Draw::new(7, Stream::Dropout(2), 3, 41).key, 0xCB08_9C60_D692_CCD5);
    }

    const PINNED_WORDS: [u64; 3] = [0x8CDD_65D3_8318_AB75, 0x026E_8364_72EF_E580, 0x53D9_8550_3EB8_D377];
    const PINNED_ORDER: [u32; 12] = [1, 11, 2, 5, 7, 10, 3, 9, 8, 0, 6, 4];

    #[test]
    fn every_coordinate_matters() {
        let base = Draw::new(1, Stream::Init(0), 0, 0);
        let others = [
            Draw::new(2, Stream::Init(0), 0, 0),
            Draw::new(1, Stream::Init(1), 0, 0),
            Draw::new(1, Stream::Dropout(0), 0, 0),
            Draw::new(1, Stream::Init(0), 1, 0),
            Draw::new(1, Stream::Init(0), 0, 1),
            Draw::new(0, Stream::Init(1), 0, 0),
        ];
        for other in others {
            assert_ne!(base.word(0), other.word(0), "{other:?}");
        }
        assert_ne!(Draw::new(0, Stream::Shuffle, 1, 0), Draw::new(0, Stream::Shuffle, 0, 1));
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let draw = Draw::new(0, Stream::Other(9), 0, 0);
        let n = 200_000;
        let moments = |f: &dyn Fn(u64) -> f64| {
            let mean = (0..n).map(f).sum::<f64>() / n as f64;
            let variance = (0..n).map(|i| (f(i) - mean).powi(2)).sum::<f64>() / n as f64;
            (mean, variance)
        };
        let (mean, variance) = moments(&|i| draw.uniform(i));
        assert!((mean - 0.5).abs() < 0.003 && (variance - 1.0 / 12.0).abs() < 0.001, "{mean} {variance}");
        let (mean, variance) = moments(&|i| draw.normal(i));
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        assert!((0..n).all(|i| (0.0..1.0).contains(&draw.uniform(i)) && (0.0..1.0).contains(&draw.uniform_f32(i))));
    }

    #[test]
    fn permutations_hold_every_number_once_and_reach_every_place() {
        for n in [0u32, 1, 2, 97] {
            let mut order = permutation(5, 0, n);
            order.sort_unstable();
            assert_eq!(order, (0..n).collect::<Vec<_>>());
        }
        let mut counts = [[0u32; 4]; 4];
        for epoch in 0..24_000 {
            for (place, &value) in permutation(0, epoch, 4).iter().enumerate() {
                counts[place][value as usize] += 1;
            }
        }
        assert!(counts.iter().flatten().all(|&c| (5700..6300).contains(&c)), "{counts:?}");
    }
}
