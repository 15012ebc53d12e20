//! One change of a waveform with all its numbers.

/// A change of a waveform in which nothing is left to chance: the same samples always come out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transform {
    /// `level` times Gaussian noise is added, the noise that `seed` stands for.
    Noise {
        /// Standard deviation; full scale is 1.
        level: f64,
        /// Another seed is other noise.
        seed: u64,
    },
    /// A circular shift to the right: the last so many samples become the first. Below 0 to the left.
    Roll {
        /// Any number; whole turns change nothing.
        samples: i64,
    },
    /// The phase vocoder changes the tempo and keeps the pitch.
    Stretch {
        /// Above 1 is faster: `round(n / rate)` samples.
        rate: f64,
        /// Of what length the result is.
        length: Length,
    },
    /// The pitch changes and the length stays.
    Pitch {
        /// Upwards; twelve are an octave.
        semitones: f64,
    },
    /// Resampling changes tempo and pitch together.
    Speed {
        /// Above 1 is faster and higher.
        rate: f64,
        /// Of what length the result is.
        length: Length,
    },
    /// What is percussive of the sound is kept, what is harmonic goes.
    Percussive,
}

/// Of what length a clip is whose tempo was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As before: cut, or filled up with silence.
    Kept,
    /// As it comes.
    Free,
}

impl Transform {
    /// A text that differs between any two transforms that give different sound.
    pub fn identity(&self) -> String {
        let length = |length: Length| match length {
            Length::Kept => "kept",
            Length::Free => "free",
        };
        match *self {
            Transform::Noise { level, seed } => format!("noise {:016x} {seed:016x}", level.to_bits()),
            Transform::Roll { samples } => format!("roll {samples}"),
            Transform::Stretch { rate, length: kept } => format!("stretch {:016x} {}", rate.to_bits(), length(kept)),
            Transform::Pitch { semitones } => format!("pitch {:016x}", semitones.to_bits()),
            Transform::Speed { rate, length: kept } => format!("speed {:016x} {}", rate.to_bits(), length(kept)),
            Transform::Percussive => "percussive".to_owned(),
        }
    }
}
