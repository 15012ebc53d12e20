//! The ten styles: their names, and a line on each. What they sound like is in `characters`.

use std::fmt;

/// A made-up style of music, the label of a synthetic clip.
///
/// Neighbours in [`STYLES`] (march and waltz, jig and lullaby, ...) share instruments and register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Style {
    /// Four beats, bass and chord in turn, dotted tunes.
    March,
    /// Three beats, one bass and two chords.
    Waltz,
    /// Six eighths in two groups, a running tune.
    Jig,
    /// Even broken chords under long notes.
    Lullaby,
    /// Triplet swing over a walking bass.
    Shuffle,
    /// Straight sixteenths, off the beat.
    Strut,
    /// One harmony held, ornaments above.
    Drone,
    /// Block chords that change with the beat.
    Chorale,
    /// A kick on every beat, bass between them.
    Pulse,
    /// Five beats, grouped three, three, two and two.
    Lope,
}

/// Every style, in the order of its class number. The order is part of the format: draws depend on it.
pub const STYLES: [Style; 10] = [
    Style::March,
    Style::Waltz,
    Style::Jig,
    Style::Lullaby,
    Style::Shuffle,
    Style::Strut,
    Style::Drone,
    Style::Chorale,
    Style::Pulse,
    Style::Lope,
];

impl Style {
    /// The name of the style: lower case, one word, fit for a folder and a class label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::March => "march",
            Self::Waltz => "waltz",
            Self::Jig => "jig",
            Self::Lullaby => "lullaby",
            Self::Shuffle => "shuffle",
            Self::Strut => "strut",
            Self::Drone => "drone",
            Self::Chorale => "chorale",
            Self::Pulse => "pulse",
            Self::Lope => "lope",
        }
    }

    /// One line on what the style sounds like.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::March => "4/4, bass and chord in turn, dotted tunes, winds and brass",
            Self::Waltz => "3/4, one bass note and two chords a bar, winds and brass",
            Self::Jig => "6/8, a running tune in groups of three, plucked strings",
            Self::Lullaby => "4/4, even broken chords under long notes, plucked strings",
            Self::Shuffle => "4/4 in triplets, a walking bass, electric keys and a drum kit",
            Self::Strut => "4/4 in straight sixteenths, off-beat bass and stabs, electric keys and a drum kit",
            Self::Drone => "one open harmony held throughout, an ornamented tune, pads and reeds",
            Self::Chorale => "4/4, block chords that change with the beat, pads and reeds",
            Self::Pulse => "4/4, a kick on every beat and the bass between, synthesisers",
            Self::Lope => "5/4 grouped 3+3+2+2, broken kick and bass, synthesisers",
        }
    }

    /// The class number of the style: its place in [`STYLES`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
