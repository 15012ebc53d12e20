//! Random choices without state: each is a hash of where it is made.

use super::Style;

/// What a draw is for. Two streams never share numbers; the values are part of the format.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(super) enum Stream {
    Tempo = 1,
    Key,
    Phase,
    Progression,
    Instrument,
    Balance,
    Variant,
    Chords,
    Bass,
    Melody,
    MelodyRhythm,
    Ornament,
    Kick,
    Snare,
    Hat,
    Timing,
    Velocity,
    Kit,
    Recording,
    Hiss,
    String,
    DrumNoise,
}

/// The draws of one clip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    key: u64,
}

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014): a bijection that spreads every bit.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Draws {
    pub(super) fn new(seed: u64, style: Style, clip: u32) -> Self {
        let place = ((style.index() as u64) << 32) | u64::from(clip);
        Self { key: mix(mix(seed) ^ place) }
    }

    fn bits(self, stream: Stream, index: u64) -> u64 {
        mix(mix(self.key ^ stream as u64) ^ index)
    }

    /// Uniform in [0, 1), 53 bits.
    pub(super) fn unit(self, stream: Stream, index: u64) -> f64 {
        (self.bits(stream, index) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub(super) fn between(self, stream: Stream, index: u64, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit(stream, index)
    }

    /// True with the given probability.
    pub(super) fn chance(self, stream: Stream, index: u64, probability: f64) -> bool {
        self.unit(stream, index) < probability
    }

    /// One of `choices`, which is never empty: tables of this module alone are passed.
    pub(super) fn pick<T: Copy>(self, stream: Stream, index: u64, choices: &[T]) -> T {
        let place = (self.unit(stream, index) * choices.len() as f64) as usize;
        choices[place]
    }

    /// A run of white noise of its own.
    pub(super) fn noise(self, stream: Stream, index: u64) -> Noise {
        Noise { state: self.bits(stream, index) }
    }
}

/// White noise, uniform in [-1, 1).
#[derive(Clone, Debug)]
pub(super) struct Noise {
    state: u64,
}

impl Noise {
    #[inline]
    pub(super) fn next(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let high = (mix(self.state) >> 40) as i32;
        (high - (1 << 23)) as f32 / (1 << 23) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform_and_streams_differ() {
        let draws = Draws::new(7, Style::Jig, 3);
        let mut sum = 0.0;
        for index in 0..4096 {
            let x = draws.unit(Stream::Key, index);
            assert!((0.0..1.0).contains(&x));
            assert_ne!(x, draws.unit(Stream::Tempo, index));
            assert_ne!(x, Draws::new(7, Style::Jig, 4).unit(Stream::Key, index));
            assert_ne!(x, Draws::new(7, Style::Waltz, 3).unit(Stream::Key, index));
            assert_ne!(x, Draws::new(8, Style::Jig, 3).unit(Stream::Key, index));
            sum += x;
        }
        assert!((sum / 4096.0 - 0.5).abs() < 0.03);
    }

    #[test]
    fn noise_stays_in_range_and_has_no_offset() {
        let mut noise = Draws::new(0, Style::March, 0).noise(Stream::Hiss, 0);
        let mut sum = 0.0;
        for _ in 0..20_000 {
            let x = noise.next();
            assert!((-1.0..1.0).contains(&x));
            sum += f64::from(x);
        }
        assert!((sum / 20_000.0).abs() < 0.02);
    }
}
