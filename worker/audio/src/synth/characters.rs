//! What makes each style itself, as a table: tempo, meter, patterns, harmony, and the band that plays it.
//!
//! A pattern is one bar, a character a step: `.` is never, a digit `d` is struck with probability `d` in nine.
//! Where several patterns are given a clip keeps to one. Changing anything here changes the clips: raise
//! `marker::FORMAT` with it.

use super::Style;
use super::timbre::Timbre;

/// The instruments and registers of a style. Styles of a pair share one, so that neither gives the pair away.
#[derive(Debug)]
pub(super) struct Band {
    pub(super) lead: &'static [Timbre],
    pub(super) chords: &'static [Timbre],
    pub(super) bass: &'static [Timbre],
    /// MIDI pitches at the middle of the tune, the chords and the bass.
    pub(super) centres: [f64; 3],
}

/// How the bass finds its notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BassLine {
    /// The root of the chord, and its fifth every second time.
    RootFifth,
    /// Chord and scale notes in steps.
    Walking,
    /// The root, and its octave every second time.
    Octaves,
    /// The tonic, whatever the chord.
    Pedal,
}

/// One part's rhythm.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) patterns: &'static [&'static str],
    /// Longest note in steps; a note never outlasts the next.
    pub(super) hold: f64,
    /// Level in decibels.
    pub(super) level: f64,
}

/// Everything that tells a style from the others.
#[derive(Debug)]
pub(super) struct Character {
    /// Beats a minute, slowest and fastest.
    pub(super) tempo: (f64, f64),
    /// Steps in a beat and in a bar.
    pub(super) beat: u32,
    pub(super) bar: u32,
    pub(super) kick: &'static [&'static str],
    pub(super) snare: &'static [&'static str],
    pub(super) hat: &'static [&'static str],
    /// Probability that a clip has drums at all.
    pub(super) drums: f64,
    pub(super) bass: Part,
    pub(super) bass_line: BassLine,
    pub(super) chords: Part,
    /// Chords are played a note at a time.
    pub(super) broken: bool,
    pub(super) tune: Part,
    /// Semitones of the tune's scale above the tonic.
    pub(super) scale: &'static [i32],
    /// Probability of a grace note.
    pub(super) ornament: f64,
    /// Seven semitones above the tonic on which chords are built.
    pub(super) mode: &'static [i32; 7],
    /// Chord roots as degrees of the mode, 0 the tonic.
    pub(super) progressions: &'static [&'static [usize]],
    /// Steps for which a chord stays.
    pub(super) change: u32,
    /// Notes in a chord: 2 (open fifth), 3 or 4.
    pub(super) chord_size: usize,
    pub(super) band: &'static Band,
}

const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];
const DORIAN: [i32; 7] = [0, 2, 3, 5, 7, 9, 10];
const MIXOLYDIAN: [i32; 7] = [0, 2, 4, 5, 7, 9, 10];
const PHRYGIAN: [i32; 7] = [0, 1, 3, 5, 7, 8, 10];
const PENTATONIC: [i32; 5] = [0, 3, 5, 7, 10];

static WINDS: Band = Band {
    lead: &[Timbre::Brass, Timbre::Reed, Timbre::Flute],
    chords: &[Timbre::Brass, Timbre::Reed, Timbre::Organ],
    bass: &[Timbre::Brass, Timbre::Reed],
    centres: [72.0, 60.0, 43.0],
};
static STRINGS: Band = Band {
    lead: &[Timbre::Steel, Timbre::Nylon, Timbre::Flute],
    chords: &[Timbre::Nylon, Timbre::Steel],
    bass: &[Timbre::Nylon],
    centres: [74.0, 60.0, 46.0],
};
static COMBO: Band = Band {
    lead: &[Timbre::Keys, Timbre::Reed, Timbre::Organ],
    chords: &[Timbre::Keys, Timbre::Organ, Timbre::Steel],
    bass: &[Timbre::Nylon, Timbre::Square],
    centres: [70.0, 60.0, 40.0],
};
static CHOIR: Band = Band {
    lead: &[Timbre::Reed, Timbre::Flute, Timbre::Pad],
    chords: &[Timbre::Pad, Timbre::Organ, Timbre::Reed],
    bass: &[Timbre::Organ, Timbre::Pad],
    centres: [71.0, 59.0, 44.0],
};
static MACHINES: Band = Band {
    lead: &[Timbre::Square, Timbre::Saw, Timbre::Bell, Timbre::Keys],
    chords: &[Timbre::Pad, Timbre::Saw, Timbre::Keys],
    bass: &[Timbre::Saw, Timbre::Square],
    centres: [70.0, 60.0, 39.0],
};

static MARCH: Character = Character {
    tempo: (90.0, 140.0),
    beat: 4,
    bar: 16,
    kick: &["9.......9.......", "9...2...9...2..."],
    snare: &["....8..3....8.33", "....9.......9.9."],
    hat: &["5...5...5...5..."],
    drums: 0.75,
    bass: Part { patterns: &["9.......9.......", "9.......9...4..."], hold: 3.0, level: -1.0 },
    bass_line: BassLine::RootFifth,
    chords: Part { patterns: &["....9.......9..."], hold: 2.0, level: -3.0 },
    broken: false,
    tune: Part { patterns: &["9..69..69...7...", "9...9..79..79..."], hold: 3.5, level: 0.0 },
    scale: &MAJOR,
    ornament: 0.05,
    mode: &MAJOR,
    progressions: &[&[0, 0, 4, 0], &[0, 3, 4, 0], &[0, 4, 0, 4]],
    change: 16,
    chord_size: 3,
    band: &WINDS,
};

static WALTZ: Character = Character {
    tempo: (100.0, 175.0),
    beat: 4,
    bar: 12,
    kick: &["9...........", "9.......2..."],
    snare: &["....7...7...", "....5...8..."],
    hat: &["5...5...5..."],
    drums: 0.75,
    bass: Part { patterns: &["9..........."], hold: 3.0, level: -1.0 },
    bass_line: BassLine::RootFifth,
    chords: Part { patterns: &["....9...9..."], hold: 2.0, level: -3.0 },
    broken: false,
    tune: Part { patterns: &["9...5...7...", "9.......8.6.", "9...6.6.6..."], hold: 7.0, level: 0.0 },
    scale: &MAJOR,
    ornament: 0.05,
    mode: &MAJOR,
    progressions: &[&[0, 0, 4, 0], &[0, 3, 4, 0], &[0, 5, 1, 4]],
    change: 12,
    chord_size: 3,
    band: &WINDS,
};

static JIG: Character = Character {
    tempo: (88.0, 132.0),
    beat: 3,
    bar: 6,
    kick: &["9..6..", "9....."],
    snare: &["...5..", "..3..5"],
    hat: &["424424"],
    drums: 0.5,
    bass: Part { patterns: &["9..9..", "9....."], hold: 2.5, level: -2.0 },
    bass_line: BassLine::RootFifth,
    chords: Part { patterns: &["9..9..", "9.59.5"], hold: 2.0, level: -4.0 },
    broken: false,
    tune: Part { patterns: &["979979", "999999", "9.9979"], hold: 1.2, level: 0.0 },
    scale: &MIXOLYDIAN,
    ornament: 0.12,
    mode: &MIXOLYDIAN,
    progressions: &[&[0, 0, 6, 0], &[0, 3, 0, 6], &[0, 6, 3, 4]],
    change: 6,
    chord_size: 3,
    band: &STRINGS,
};

static LULLABY: Character = Character {
    tempo: (72.0, 120.0),
    beat: 2,
    bar: 8,
    kick: &["6.......", "........"],
    snare: &["....4..."],
    hat: &["3.3.3.3."],
    drums: 0.4,
    bass: Part { patterns: &["9.......", "9...5..."], hold: 7.0, level: -2.0 },
    bass_line: BassLine::RootFifth,
    chords: Part { patterns: &["99999999", "98989898"], hold: 2.0, level: -2.0 },
    broken: true,
    tune: Part { patterns: &["9...5...", "9.....6.", "7...7.5."], hold: 6.0, level: 0.0 },
    scale: &MAJOR,
    ornament: 0.04,
    mode: &MAJOR,
    progressions: &[&[0, 5, 3, 4], &[0, 3, 0, 4], &[0, 2, 3, 3]],
    change: 8,
    chord_size: 3,
    band: &STRINGS,
};

static SHUFFLE: Character = Character {
    tempo: (84.0, 150.0),
    beat: 3,
    bar: 12,
    kick: &["9..3..9..3..", "9.....9.2..."],
    snare: &["...9.....9..", "...9.2...9.2"],
    hat: &["9.89.89.89.8", "9..9.89..9.8"],
    drums: 0.9,
    bass: Part { patterns: &["9..9..9..9..", "9..9..9..9.5"], hold: 2.7, level: 0.0 },
    bass_line: BassLine::Walking,
    chords: Part { patterns: &["..5....6.3..", "9....6......", "...5.....5.."], hold: 2.0, level: -3.0 },
    broken: false,
    tune: Part { patterns: &["5.45.46.45.4", "6..5.57.5..."], hold: 2.5, level: 0.0 },
    scale: &PENTATONIC,
    ornament: 0.12,
    mode: &MIXOLYDIAN,
    progressions: &[&[0, 0, 3, 0, 4, 0], &[0, 3, 0, 4]],
    change: 12,
    chord_size: 4,
    band: &COMBO,
};

static STRUT: Character = Character {
    tempo: (78.0, 124.0),
    beat: 4,
    bar: 16,
    kick: &["9..5..7...6.3...", "9.....9.2.7....."],
    snare: &["....9..3....9..4", "....9....3..9..."],
    hat: &["9.9.9.9.9.9.9.9.", "9383938393839383"],
    drums: 0.9,
    bass: Part { patterns: &["9..8..7...9.5...", "9.7....8..7..6.."], hold: 1.6, level: 0.0 },
    bass_line: BassLine::Octaves,
    chords: Part { patterns: &["..8..7....7..7..", "...8..8....8..7."], hold: 1.0, level: -3.0 },
    broken: false,
    tune: Part { patterns: &["..6..5....66..5.", "5..6..5.....6.6."], hold: 2.5, level: 0.0 },
    scale: &PENTATONIC,
    ornament: 0.06,
    mode: &DORIAN,
    progressions: &[&[0, 0, 0, 3], &[0, 3]],
    change: 16,
    chord_size: 4,
    band: &COMBO,
};

static DRONE: Character = Character {
    tempo: (64.0, 112.0),
    beat: 4,
    bar: 16,
    kick: &["9.........3....."],
    snare: &["................"],
    hat: &["................"],
    drums: 0.25,
    bass: Part { patterns: &["9.......5......."], hold: 16.0, level: -2.0 },
    bass_line: BassLine::Pedal,
    chords: Part { patterns: &["9...............", "9.......9......."], hold: 16.0, level: -2.0 },
    broken: false,
    tune: Part { patterns: &["9...6..4..6.4...", "8.....6.6.6....."], hold: 9.0, level: 0.0 },
    scale: &PHRYGIAN,
    ornament: 0.35,
    mode: &PHRYGIAN,
    progressions: &[&[0]],
    change: 16,
    chord_size: 2,
    band: &CHOIR,
};

static CHORALE: Character = Character {
    tempo: (60.0, 112.0),
    beat: 4,
    bar: 16,
    kick: &["9...............", "................"],
    snare: &["................"],
    hat: &["................"],
    drums: 0.2,
    bass: Part { patterns: &["9...9...9...9...", "9...9...9......."], hold: 4.0, level: -2.0 },
    bass_line: BassLine::RootFifth,
    chords: Part { patterns: &["9...9...9...9...", "9...9...9......."], hold: 4.0, level: -2.0 },
    broken: false,
    tune: Part { patterns: &["9...9.5.9...9.5.", "9...9...9......."], hold: 4.0, level: 0.0 },
    scale: &MINOR,
    ornament: 0.0,
    mode: &MINOR,
    progressions: &[&[0, 3, 4, 0, 5, 2, 6, 4], &[0, 6, 5, 4, 3, 0, 1, 4], &[0, 4, 5, 2, 3, 0, 3, 4]],
    change: 4,
    chord_size: 3,
    band: &CHOIR,
};

static PULSE: Character = Character {
    tempo: (108.0, 140.0),
    beat: 4,
    bar: 16,
    kick: &["9...9...9...9..."],
    snare: &["....7.......7...", "................", "....5..2....5..."],
    hat: &["..9...9...9...9.", "9.9.9.9.9.9.9.9."],
    drums: 1.0,
    bass: Part { patterns: &["..9...9...9...9.", ".7.7.7.7.7.7.7.7", "..97..97..97..97"], hold: 1.6, level: 0.0 },
    bass_line: BassLine::Octaves,
    chords: Part { patterns: &["9...............", "..9...9...9...9.", "9..9..9.9..9..9."], hold: 12.0, level: -3.0 },
    broken: false,
    tune: Part { patterns: &["9..7..7.9..7..7.", "7.7.7.7.7.7.7.7."], hold: 2.0, level: -2.0 },
    scale: &MINOR,
    ornament: 0.0,
    mode: &MINOR,
    progressions: &[&[0, 5, 2, 6], &[0, 0, 5, 6]],
    change: 16,
    chord_size: 3,
    band: &MACHINES,
};

static LOPE: Character = Character {
    tempo: (96.0, 150.0),
    beat: 2,
    bar: 10,
    kick: &["9..9......", "9..7..9...", "9.....8..."],
    snare: &["......9.5.", "...4....9.", "..5...8..."],
    hat: &["9.8.8.8.8.", "9999999999"],
    drums: 1.0,
    bass: Part { patterns: &["9..9..9.7.", "9..9......"], hold: 1.6, level: 0.0 },
    bass_line: BassLine::Octaves,
    chords: Part { patterns: &["9..9..9.9.", "9.....9..."], hold: 8.0, level: -3.0 },
    broken: false,
    tune: Part { patterns: &["9.79.77.7.", "9..7..7.7."], hold: 2.0, level: -2.0 },
    scale: &DORIAN,
    ornament: 0.0,
    mode: &DORIAN,
    progressions: &[&[0, 3, 0, 6], &[0, 6, 5, 6]],
    change: 10,
    chord_size: 3,
    band: &MACHINES,
};

/// The character of a style.
pub(super) fn of(style: Style) -> &'static Character {
    match style {
        Style::March => &MARCH,
        Style::Waltz => &WALTZ,
        Style::Jig => &JIG,
        Style::Lullaby => &LULLABY,
        Style::Shuffle => &SHUFFLE,
        Style::Strut => &STRUT,
        Style::Drone => &DRONE,
        Style::Chorale => &CHORALE,
        Style::Pulse => &PULSE,
        Style::Lope => &LOPE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::STYLES;

    #[test]
    fn every_pattern_is_one_bar_of_dots_and_digits() {
        for style in STYLES {
            let c = of(style);
            let parts = [c.bass.patterns, c.chords.patterns, c.tune.patterns];
            for pattern in [c.kick, c.snare, c.hat].iter().chain(&parts).flat_map(|p| p.iter()) {
                assert_eq!(pattern.len(), c.bar as usize, "{style}: {pattern}");
                assert!(pattern.bytes().all(|b| matches!(b, b'.' | b'1'..=b'9')), "{style}: {pattern}");
            }
            assert_eq!(c.bar % c.beat, 0, "{style}: a bar is whole beats");
            assert!(c.progressions.iter().all(|p| p.iter().all(|degree| *degree < 7)), "{style}");
            assert!(c.band.lead.len() * c.band.chords.len() * c.band.bass.len() > 0, "{style}");
        }
    }

    #[test]
    fn pairs_share_a_band_and_nothing_else_tells_them_apart_in_register() {
        for pair in STYLES.chunks(2) {
            let [a, b] = pair else { panic!("styles come in pairs") };
            assert!(std::ptr::eq(of(*a).band, of(*b).band), "{a} and {b}");
            assert_ne!(of(*a).tune.patterns, of(*b).tune.patterns, "{a} and {b}");
        }
    }
}
