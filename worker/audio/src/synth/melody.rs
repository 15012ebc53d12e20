//! Finds pitches: the notes of a chord, and the next note of a tune or a walking bass.

use super::draws::{Draws, Stream};

/// The chord on a degree of a mode, as semitones above the tonic, 0 to 11: root, third, fifth and seventh, or root
/// and fifth alone for two.
pub(super) fn chord(mode: &[i32; 7], degree: usize, size: usize) -> Vec<i32> {
    let stack: &[usize] = if size == 2 { &[0, 4] } else { &[0, 2, 4, 6] };
    stack.iter().take(size).map(|above| mode[(degree + above) % 7]).collect()
}

/// The pitch nearest to `centre` that lies `semitones` above some octave of `tonic`.
pub(super) fn near(tonic: f64, semitones: i32, centre: f64) -> f64 {
    let pitch = tonic + f64::from(semitones);
    pitch + 12.0 * ((centre - pitch) / 12.0).round()
}

/// A walk over the notes of a scale around a register.
#[derive(Debug)]
pub(super) struct Walk {
    /// Semitones above the tonic of every allowed note, rising.
    ladder: Vec<i32>,
    place: usize,
}

impl Walk {
    /// Over the notes of `scale` within `reach` semitones of `centre`, starting in the middle.
    pub(super) fn new(scale: &[i32], tonic: f64, centre: f64, reach: f64) -> Self {
        let ladder: Vec<i32> = (-60..96i32)
            .filter(|above| scale.contains(&above.rem_euclid(12)))
            .filter(|above| (tonic + f64::from(*above) - centre).abs() <= reach)
            .collect();
        let place = ladder.len() / 2;
        Self { ladder, place }
    }

    /// The next note: mostly a step, at times a leap; on an accent the nearest note of the chord. The same `index`
    /// makes the same move, which is how a motif comes back.
    pub(super) fn next(&mut self, draws: Draws, stream: Stream, index: u64, accent: bool, chord: &[i32]) -> i32 {
        let moves: [isize; 12] = [-1, 1, -1, 1, -2, 2, -1, 1, 0, -3, 4, 2];
        let last = self.ladder.len() as isize - 1;
        let mut place = self.place as isize + draws.pick(stream, index, &moves);
        if place < 0 {
            place = -place;
        }
        if place > last {
            place = 2 * last - place;
        }
        let place = place.clamp(0, last.max(0)) as usize;
        self.place = place;
        if accent {
            let nearest = (0..self.ladder.len())
                .filter(|at| chord.contains(&self.ladder[*at].rem_euclid(12)))
                .min_by_key(|at| at.abs_diff(place));
            self.place = nearest.unwrap_or(place);
        }
        self.ladder.get(self.place).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Style;

    const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];

    #[test]
    fn chords_stack_thirds() {
        assert_eq!(chord(&MAJOR, 0, 3), [0, 4, 7]);
        assert_eq!(chord(&MAJOR, 4, 4), [7, 11, 2, 5]);
        assert_eq!(chord(&MAJOR, 1, 2), [2, 9]);
    }

    #[test]
    fn a_walk_stays_in_scale_and_register_and_accents_the_chord() {
        let draws = Draws::new(0, Style::March, 0);
        let mut walk = Walk::new(&MAJOR, 62.3, 72.0, 9.0);
        for index in 0..500 {
            let accent = index % 4 == 0;
            let above = walk.next(draws, Stream::Melody, index, accent, &[0, 4, 7]);
            assert!(MAJOR.contains(&above.rem_euclid(12)));
            assert!((62.3 + f64::from(above) - 72.0).abs() <= 9.0);
            assert!(!accent || [0, 4, 7].contains(&above.rem_euclid(12)));
        }
    }

    #[test]
    fn near_keeps_the_pitch_class() {
        assert_eq!(near(60.0, 7, 43.0), 43.0);
        assert!((near(60.25, 4, 73.0) - 76.25).abs() < 1e-9);
    }
}
