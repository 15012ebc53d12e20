//! Stateless random numbers: every draw is a hash of where it is made.
//!
//! The generator is the one of the nets' draws. This crate knows no other of the project, and neither is the place for the
//! other's three lines of published arithmetic: so both have them, and tests with the same vectors hold them together.

/// Weyl's increment of SplitMix64: 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that spreads every bit.
#[inline(always)]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What numbers are drawn for. Two purposes never share numbers; the values are part of what a seed means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Changes that are drawn anew in each epoch.
    Online = 1,
    /// Copies that are drawn once.
    Copy = 2,
    /// Bars over spectrograms.
    Masks = 3,
}

/// The numbers of one place, addressed by index. All arithmetic is of whole numbers, or exact, or correctly rounded: the
/// same place has the same numbers on any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws {
    key: u64,
}

impl Draws {
    /// The numbers of a clip, which `clip` identifies by its content. `turn` is the epoch, or the number of the copy.
    pub fn new(purpose: Purpose, seed: u64, turn: u64, clip: &[u8; 32]) -> Self {
        let (words, _) = clip.as_chunks::<8>();
        let clip = words.iter().map(|word| u64::from_le_bytes(*word));
        let key = [purpose as u64, seed, turn].into_iter().chain(clip).fold(0, chained);
        Self { key }
    }

    /// The numbers of part `index` of this place.
    pub fn part(self, index: u64) -> Self {
        Self { key: chained(self.key, index) }
    }

    /// The numbers that a word of another such sequence stands for.
    pub(super) fn of_word(word: u64) -> Self {
        Self { key: word }
    }

    /// Word `index`: 64 random bits.
    #[inline(always)]
    pub fn word(self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// Uniform in [0, 1), from the upper 53 bits of word `index`.
    pub fn unit(self, index: u64) -> f64 {
        (self.word(index) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A whole number below `n`, from word `index`. Favours no number by more than `n / 2^64`. `n` of 0 gives 0.
    pub fn below(self, index: u64, n: u64) -> u64 {
        ((u128::from(self.word(index)) * u128::from(n)) >> 64) as u64
    }
}

fn chained(key: u64, word: u64) -> u64 {
    mix(key.wrapping_add(GOLDEN) ^ mix(word.wrapping_add(GOLDEN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The same vectors are in the tests of the nets' draws.
    #[test]
    fn the_generator_is_the_published_one_and_the_nets() {
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([0, 1, 2, 3, 4].map(|index| Draws::of_word(1_234_567).word(index)), published);
        assert_eq!([7, 2 << 32 | 2, 3, 41].into_iter().fold(0, chained), 0xCB08_9C60_D692_CCD5);
        let draws = Draws::new(Purpose::Masks, 5, 6, &std::array::from_fn(|byte| byte as u8));
        assert_eq!(draws.word(0), 0x4ED8_4BDE_A72E_995D);
    }

    #[test]
    fn every_coordinate_matters() {
        let clip = [7; 32];
        let base = Draws::new(Purpose::Online, 1, 0, &clip);
        let mut others = vec![
            Draws::new(Purpose::Copy, 1, 0, &clip),
            Draws::new(Purpose::Online, 2, 0, &clip),
            Draws::new(Purpose::Online, 0, 1, &clip),
            base.part(0),
            base.part(1),
            base.part(0).part(0),
        ];
        for byte in 0..32 {
            let mut other = clip;
            other[byte] ^= 0x80;
            others.push(Draws::new(Purpose::Online, 1, 0, &other));
        }
        for (i, other) in others.iter().enumerate() {
            assert_ne!(base.word(0), other.word(0), "{other:?}");
            assert!(others[..i].iter().all(|earlier| earlier != other));
        }
    }

    #[test]
    fn numbers_are_uniform_and_in_range() {
        let draws = Draws::new(Purpose::Masks, 0, 0, &[0; 32]);
        let mut counts = [0u32; 5];
        let mut sum = 0.0;
        for index in 0..50_000 {
            let unit = draws.unit(index);
            assert!((0.0..1.0).contains(&unit));
            sum += unit;
            counts[draws.below(index, 5) as usize] += 1;
        }
        assert!((sum / 50_000.0 - 0.5).abs() < 0.005, "{sum}");
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        assert_eq!(draws.below(3, 0), 0);
    }
}
