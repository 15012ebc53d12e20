//! The instruments: what each is made of, as numbers. How they sound is worked out in `voice`.

/// An instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timbre {
    Brass,
    Reed,
    Flute,
    Organ,
    Pad,
    Keys,
    Bell,
    Nylon,
    Steel,
    Saw,
    Square,
}

/// How an instrument makes its wave.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A sum of harmonics, faded from a bright wave to a dark one.
    Harmonics {
        /// The amplitude of a harmonic, 1 being the fundamental, in the bright wave.
        law: fn(u32) -> f64,
        /// Each harmonic of the dark wave is this share of the one below it, over and above the law.
        darken: f64,
        /// Seconds in which the bright wave fades by half.
        mellow: f64,
        /// A second, slightly higher oscillator beside the first.
        doubled: bool,
    },
    /// A sine whose phase a second sine moves.
    Modulated {
        /// Frequency of the second sine over that of the first.
        ratio: f64,
        /// Turns by which the phase moves at the start of a note.
        depth: f64,
        /// Seconds in which that falls by half.
        mellow: f64,
    },
    /// A plucked string: a burst of noise in a damped loop (Karplus and Strong, 1983).
    String {
        /// Low-pass frequency of the burst in hertz.
        brightness: f64,
        /// Seconds in which a middle C falls by half.
        ring: f64,
    },
}

/// How loud a note is over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    /// Seconds of linear rise.
    pub(super) attack: f64,
    /// Seconds in which the level falls half-way to `sustain`.
    pub(super) decay: f64,
    /// The level it falls to.
    pub(super) sustain: f64,
    /// Seconds in which the level halves after the note's end.
    pub(super) release: f64,
}

/// All there is to know of an instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sound {
    pub(super) source: Source,
    pub(super) envelope: Envelope,
    /// Level that makes the instruments about equally loud.
    pub(super) level: f32,
}

fn envelope(attack: f64, decay: f64, sustain: f64, release: f64) -> Envelope {
    Envelope { attack, decay, sustain, release }
}

fn harmonics(law: fn(u32) -> f64, darken: f64, mellow: f64, doubled: bool) -> Source {
    Source::Harmonics { law, darken, mellow, doubled }
}

impl Timbre {
    pub(super) fn sound(self) -> Sound {
        let (source, envelope, level) = match self {
            Self::Brass => {
                let law = |n: u32| 5.0 / f64::from(n.max(5)) / f64::from(n).sqrt();
                (harmonics(law, 0.62, 0.25, false), envelope(0.035, 0.3, 0.7, 0.05), 0.5)
            }
            Self::Reed => {
                let law = |n: u32| (0.35 + 0.65 * f64::from(n % 2)) / f64::from(n);
                (harmonics(law, 0.9, 1.0, false), envelope(0.03, 0.5, 0.85, 0.05), 0.7)
            }
            Self::Flute => {
                let law = |n: u32| [1.0, 0.4, 0.15, 0.06].get(n as usize - 1).copied().unwrap_or(0.0);
                (harmonics(law, 0.8, 0.8, false), envelope(0.05, 0.5, 0.9, 0.06), 0.9)
            }
            Self::Organ => {
                let law = |n: u32| match n {
                    1 | 2 => 0.8,
                    3 | 4 => 0.6,
                    6 | 8 => 0.4,
                    12 | 16 => 0.15,
                    _ => 0.0,
                };
                (harmonics(law, 0.95, 2.0, false), envelope(0.012, 1.0, 0.95, 0.04), 0.5)
            }
            Self::Pad => {
                let law = |n: u32| 1.0 / f64::from(n);
                (harmonics(law, 0.75, 1.5, true), envelope(0.12, 1.0, 0.85, 0.2), 0.35)
            }
            Self::Keys => {
                let source = Source::Modulated { ratio: 1.0, depth: 0.35, mellow: 0.18 };
                (source, envelope(0.004, 0.5, 0.1, 0.06), 1.0)
            }
            Self::Bell => {
                let source = Source::Modulated { ratio: 3.5, depth: 0.3, mellow: 0.3 };
                (source, envelope(0.003, 0.4, 0.0, 0.2), 0.8)
            }
            Self::Nylon => {
                let source = Source::String { brightness: 1800.0, ring: 0.35 };
                (source, envelope(0.002, 1.0, 1.0, 0.06), 1.6)
            }
            Self::Steel => {
                let source = Source::String { brightness: 6000.0, ring: 0.6 };
                (source, envelope(0.001, 1.0, 1.0, 0.08), 1.1)
            }
            Self::Saw => {
                let law = |n: u32| 1.0 / f64::from(n);
                (harmonics(law, 0.6, 0.12, true), envelope(0.004, 0.25, 0.5, 0.04), 0.4)
            }
            Self::Square => {
                let law = |n: u32| f64::from(n % 2) / f64::from(n);
                (harmonics(law, 0.7, 0.15, false), envelope(0.004, 0.3, 0.5, 0.04), 0.55)
            }
        };
        Sound { source, envelope, level }
    }
}
