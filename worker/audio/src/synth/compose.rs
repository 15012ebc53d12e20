//! Composes one clip: from a style and its draws to notes and drum strokes in time.

use super::Style;
use super::characters::{self, BassLine, Character, Part};
use super::draws::{Draws, Stream};
use super::drums::{Drum, Hit};
use super::melody::{Walk, chord, near};
use super::numbers::decibels;
use super::timbre::Timbre;
use super::voice::Note;

/// The music of one clip.
#[derive(Debug)]
pub(super) struct Score {
    pub(super) notes: Vec<Note>,
    pub(super) hits: Vec<Hit>,
}

/// Composes at least `seconds` of music. It starts anywhere in a bar, as an excerpt does.
pub(super) fn compose(style: Style, draws: Draws, seconds: f64) -> Score {
    let character = characters::of(style);
    let sheet = Sheet::new(character, draws, seconds);
    let mut notes = Vec::new();
    sheet.bass(&mut notes);
    sheet.chords(&mut notes);
    sheet.tune(&mut notes);
    let mut hits = Vec::new();
    if draws.chance(Stream::Variant, 9, character.drums) {
        sheet.drums(&mut hits);
    }
    Score { notes, hits }
}

/// What all parts of a clip agree on.
struct Sheet {
    character: &'static Character,
    draws: Draws,
    /// Seconds per step, and the time of step 0, at or before the start of the clip.
    step: f64,
    origin: f64,
    steps: u64,
    tonic: f64,
    progression: &'static [usize],
    /// Bars after which a motif comes back.
    motif: u64,
}

/// A place in the music at which a part plays.
#[derive(Clone, Copy)]
struct Onset {
    step: u64,
    /// The same for places that a motif makes alike.
    motif: u64,
    accent: bool,
}

impl Sheet {
    fn new(character: &'static Character, draws: Draws, seconds: f64) -> Self {
        let (slow, fast) = character.tempo;
        let tempo = draws.between(Stream::Tempo, 0, slow, fast);
        let step = 60.0 / tempo / f64::from(character.beat);
        let bar = step * f64::from(character.bar);
        Self {
            character,
            draws,
            step,
            origin: -bar * draws.unit(Stream::Phase, 0),
            steps: ((seconds / bar) as u64 + 2) * u64::from(character.bar),
            // Any key, and up to a third of a semitone out of concert pitch.
            tonic: (57.0 + draws.between(Stream::Key, 0, 0.0, 12.0).trunc())
                + draws.between(Stream::Key, 1, -0.33, 0.33),
            progression: draws.pick(Stream::Progression, 0, character.progressions),
            motif: draws.pick(Stream::Variant, 0, &[1, 2, 2, 4]),
        }
    }

    fn time(&self, step: u64) -> f64 {
        self.origin + self.step * step as f64
    }

    /// The chord that sounds at a step.
    fn harmony(&self, step: u64) -> Vec<i32> {
        let turn = step / u64::from(self.character.change) + self.draws.pick(Stream::Phase, 1, &[0u64, 1, 2, 3]);
        let degree = self.progression[(turn % self.progression.len() as u64) as usize];
        chord(self.character.mode, degree, self.character.chord_size)
    }

    /// Where a pattern plays. The clip keeps to one of `patterns`; `stream` decides the steps left to chance.
    fn onsets(&self, patterns: &'static [&'static str], stream: Stream) -> Vec<Onset> {
        let pattern = self.draws.pick(stream, u64::MAX, patterns).as_bytes();
        let bar = u64::from(self.character.bar);
        (0..self.steps)
            .map(|step| {
                let within = step % bar;
                let motif = step / bar % self.motif * bar + within;
                Onset { step, motif, accent: within.is_multiple_of(u64::from(self.character.beat)) }
            })
            .filter(|onset| {
                let odds = match pattern[(onset.step % bar) as usize] {
                    digit @ b'1'..=b'9' => f64::from(digit - b'0') / 9.0,
                    _ => 0.0,
                };
                self.draws.chance(stream, onset.motif, odds)
            })
            .collect()
    }

    /// Seconds each onset of a part may last: to the next, and no longer than the part holds.
    fn lengths(&self, part: &Part, onsets: &[Onset]) -> Vec<f64> {
        let next = onsets.iter().skip(1).map(|onset| onset.step).chain([self.steps]);
        let steps = onsets.iter().zip(next).map(|(onset, next)| (next - onset.step) as f64);
        steps.map(|steps| steps.min(part.hold) * self.step * 0.94).collect()
    }

    /// Level of one stroke: the accents, and a player's unevenness.
    fn touch(&self, onset: Onset, number: u64) -> f32 {
        let accent = if onset.accent { 1.0 } else { 0.75 };
        (accent * self.draws.between(Stream::Velocity, onset.step * 16 + number, 0.8, 1.0)) as f32
    }

    /// The level of a part in this clip.
    fn balance(&self, part: u64, level: f64) -> f32 {
        decibels(level + self.draws.between(Stream::Balance, part, -4.0, 3.0)) as f32
    }

    /// Adds a note; what begins before the clip keeps what lies within it.
    fn add(&self, notes: &mut Vec<Note>, mut note: Note, onset: Onset, number: u64) {
        note.start += self.draws.between(Stream::Timing, onset.step * 16 + number, -0.006, 0.006);
        if note.start < 0.0 {
            note.length += note.start;
            note.start = 0.0;
        }
        if note.length > 0.02 {
            notes.push(note);
        }
    }

    fn bass(&self, notes: &mut Vec<Note>) {
        let part = &self.character.bass;
        let timbre = self.draws.pick(Stream::Instrument, 0, self.character.band.bass);
        let level = self.balance(0, part.level);
        let centre = self.character.band.centres[2];
        let onsets = self.onsets(part.patterns, Stream::Bass);
        let mut walk = Walk::new(self.character.mode, self.tonic, centre, 8.0);
        for ((count, onset), length) in onsets.iter().enumerate().zip(self.lengths(part, &onsets)) {
            let harmony = self.harmony(onset.step);
            let root = near(self.tonic, harmony[0], centre);
            let second = count % 2 == 1;
            let pitch = match self.character.bass_line {
                BassLine::Pedal => near(self.tonic, 0, centre),
                BassLine::RootFifth if second => near(self.tonic, harmony[0] + 7, centre),
                BassLine::Octaves if second => root + 12.0,
                BassLine::RootFifth | BassLine::Octaves => root,
                BassLine::Walking => {
                    let place = 1 << 40 | onset.step;
                    let new_bar = onset.step.is_multiple_of(u64::from(self.character.bar));
                    let chord = if new_bar { &harmony[..1] } else { &harmony[..] };
                    let above = walk.next(self.draws, Stream::Bass, place, onset.accent, chord);
                    self.tonic + f64::from(above)
                }
            };
            let level = level * self.touch(*onset, 0);
            self.add(notes, Note { start: self.time(onset.step), length, pitch, level, timbre }, *onset, 0);
        }
    }

    fn chords(&self, notes: &mut Vec<Note>) {
        let part = &self.character.chords;
        let timbre = self.draws.pick(Stream::Instrument, 1, self.character.band.chords);
        let level = self.balance(1, part.level);
        let centre = self.character.band.centres[1];
        let onsets = self.onsets(part.patterns, Stream::Chords);
        for (onset, length) in onsets.iter().zip(self.lengths(part, &onsets)) {
            let harmony = self.harmony(onset.step);
            let voicing = |above: &i32| near(self.tonic, *above, centre);
            let start = self.time(onset.step);
            let level = level * self.touch(*onset, 1);
            if self.character.broken {
                // Up and down: root, third, fifth, octave, fifth, third.
                let turn = (onset.step % u64::from(self.character.change) % 6) as usize;
                let mut rungs: Vec<f64> = harmony.iter().map(voicing).collect();
                rungs.sort_by(f64::total_cmp);
                rungs.push(rungs[0] + 12.0);
                let pitch = rungs[turn.min(6 - turn).min(rungs.len() - 1)];
                self.add(notes, Note { start, length, pitch, level, timbre }, *onset, 1);
                continue;
            }
            let share = level / (harmony.len() as f32).sqrt();
            for (voice, above) in harmony.iter().enumerate() {
                let note = Note { start, length, pitch: voicing(above), level: share, timbre };
                self.add(notes, note, *onset, 2 + voice as u64);
            }
        }
    }

    fn tune(&self, notes: &mut Vec<Note>) {
        let part = &self.character.tune;
        let timbre: Timbre = self.draws.pick(Stream::Instrument, 2, self.character.band.lead);
        let level = self.balance(2, part.level);
        let centre = self.character.band.centres[0] + self.draws.between(Stream::Variant, 1, -4.0, 4.0);
        let onsets = self.onsets(part.patterns, Stream::MelodyRhythm);
        let mut walk = Walk::new(self.character.scale, self.tonic, centre, 9.0);
        for (onset, mut length) in onsets.iter().zip(self.lengths(part, &onsets)) {
            let harmony = self.harmony(onset.step);
            let above = walk.next(self.draws, Stream::Melody, onset.motif, onset.accent, &harmony);
            let pitch = self.tonic + f64::from(above);
            let mut start = self.time(onset.step);
            let level = level * self.touch(*onset, 8);
            if self.draws.chance(Stream::Ornament, onset.motif, self.character.ornament) {
                let grace = Note { start, length: 0.05, pitch: pitch + 2.0, level: 0.8 * level, timbre };
                self.add(notes, grace, *onset, 9);
                start += 0.06;
                length -= 0.06;
            }
            self.add(notes, Note { start, length, pitch, level, timbre }, *onset, 8);
        }
    }

    fn drums(&self, hits: &mut Vec<Hit>) {
        let parts = [
            (Drum::Kick, self.character.kick, Stream::Kick, 1.0),
            (Drum::Snare, self.character.snare, Stream::Snare, -2.0),
            (Drum::Hat, self.character.hat, Stream::Hat, -9.0),
        ];
        let all = self.balance(3, -1.0);
        for (number, (drum, patterns, stream, level)) in (0u64..).zip(parts) {
            let level = all * self.balance(4 + number, level);
            for onset in self.onsets(patterns, stream) {
                let start = self.time(onset.step)
                    + self.draws.between(Stream::Timing, onset.step * 16 + 12 + number, -0.006, 0.006);
                if start >= 0.0 {
                    hits.push(Hit { start, level: level * self.touch(onset, 12 + number), drum });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::STYLES;

    #[test]
    fn every_clip_has_notes_within_it_at_any_length() {
        for style in STYLES {
            for clip in 0..50 {
                for seconds in [1.0, 6.0] {
                    let score = compose(style, Draws::new(0, style, clip), seconds);
                    let heard = score.notes.iter().filter(|note| note.start < seconds - 0.1).count();
                    assert!(heard > 0, "{style} {clip} of {seconds} s");
                    assert!(score.notes.iter().all(|note| note.start >= 0.0 && note.length > 0.0));
                    assert!(score.notes.iter().all(|note| (20.0..108.0).contains(&note.pitch)));
                    let end = score.notes.iter().map(|note| note.start + note.length).fold(0.0, f64::max);
                    assert!(end > seconds - 1.5, "{style} {clip} stops at {end} of {seconds} s");
                }
            }
        }
    }
}
