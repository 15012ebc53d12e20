//! What may happen to a clip, and the drawing of what does.

use super::{Draws, Length, Transform};

/// Changes one after another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// In the order in which they are applied.
    pub steps: Vec<Step>,
}

/// One change and how likely it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The change.
    pub change: Change,
    /// The probability with which it happens, whatever else does: 0 to 1.
    pub chance: f64,
}

/// A change whose amount is still to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// See [`Transform::Noise`].
    Noise(Amount),
    /// See [`Transform::Roll`]; a range is of whole numbers, both ends included.
    Roll(Amount),
    /// See [`Transform::Stretch`].
    Stretch(Amount, Length),
    /// See [`Transform::Pitch`].
    Pitch(Amount),
    /// See [`Transform::Speed`].
    Speed(Amount, Length),
    /// See [`Transform::Percussive`].
    Percussive,
}

/// How much.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// Always the same.
    Fixed(f64),
    /// Uniform from the first to the second.
    Between(f64, f64),
    /// Each alike; none of them is 0.
    OneOf(Vec<f64>),
}

/// The words of a step's part of the draws.
const CHANCE: u64 = 0;
const AMOUNT: u64 = 1;
const NOISE: u64 = 2;

impl Chain {
    /// What happens at the place of `draws`: a pure function of the chain and the place. Step `i` draws from part `i`, so
    /// what one step does depends on no other.
    pub fn draw(&self, draws: Draws) -> Vec<Transform> {
        let steps = self.steps.iter().enumerate();
        steps.filter_map(|(index, step)| step.draw(draws.part(index as u64))).collect()
    }
}

impl Step {
    fn draw(&self, draws: Draws) -> Option<Transform> {
        if draws.unit(CHANCE) >= self.chance {
            return None;
        }
        Some(match &self.change {
            Change::Noise(level) => Transform::Noise { level: level.real(draws), seed: draws.word(NOISE) },
            Change::Roll(samples) => Transform::Roll { samples: samples.whole(draws) },
            Change::Stretch(rate, length) => Transform::Stretch { rate: rate.real(draws), length: *length },
            Change::Pitch(semitones) => Transform::Pitch { semitones: semitones.real(draws) },
            Change::Speed(rate, length) => Transform::Speed { rate: rate.real(draws), length: *length },
            Change::Percussive => Transform::Percussive,
        })
    }
}

impl Amount {
    fn real(&self, draws: Draws) -> f64 {
        match self {
            Amount::Fixed(value) => *value,
            Amount::Between(low, high) => low + (high - low) * draws.unit(AMOUNT),
            Amount::OneOf(values) => {
                let place = draws.below(AMOUNT, values.len() as u64) as usize;
                values.get(place).copied().unwrap_or_default()
            }
        }
    }

    fn whole(&self, draws: Draws) -> i64 {
        match self {
            Amount::Between(low, high) => {
                let (low, high) = (low.ceil() as i64, high.floor() as i64);
                let count = high.saturating_sub(low).saturating_add(1).max(0);
                low.saturating_add(draws.below(AMOUNT, count as u64) as i64)
            }
            other => other.real(draws).round() as i64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Purpose;

    fn step(change: Change, chance: f64) -> Step {
        Step { change, chance }
    }

    /// The chain of the first document (papers.md 1.4).
    fn first_document() -> Chain {
        let changes = [
            Change::Noise(Amount::Fixed(0.005)),
            Change::Stretch(Amount::Between(0.9, 1.1), Length::Kept),
            Change::Roll(Amount::Fixed(1600.0)),
            Change::Pitch(Amount::Between(0.0, 4.0)),
            Change::Percussive,
        ];
        Chain { steps: changes.into_iter().map(|change| step(change, 0.25)).collect() }
    }

    #[test]
    fn what_is_drawn_is_pinned() {
        let mut text = String::new();
        for epoch in 0..12 {
            let draws = Draws::new(Purpose::Online, 1, epoch, &[9; 32]);
            for transform in first_document().draw(draws) {
                text.push_str(&transform.identity());
                text.push('\n');
            }
            text.push_str("--\n");
        }
        assert_eq!(text.lines().collect::<Vec<_>>(), PINNED, "seeds mean what they meant");
    }

    /// From a second implementation of the definition.
    const PINNED: [&str; 23] = [
        "pitch 40061a7d2c27e712",
        "--",
        "pitch 40021de306ec98f2",
        "--",
        "roll 1600",
        "--",
        "--",
        "roll 1600",
        "pitch 3ff984befe15cb1a",
        "--",
        "stretch 3ff1516d25144246 kept",
        "--",
        "--",
        "--",
        "percussive",
        "--",
        "noise 3f747ae147ae147b d1885df3b7b72a63",
        "stretch 3ff0393975e95832 kept",
        "--",
        "noise 3f747ae147ae147b 138dc6a27e583126",
        "--",
        "noise 3f747ae147ae147b df66f1647e385c48",
        "--",
    ];

    #[test]
    fn steps_happen_as_often_as_they_should_and_independently() {
        let (chain, count) = (first_document(), 20_000);
        let mut alone = [0u32; 5];
        let mut together = 0;
        for epoch in 0..count {
            let drawn = chain.draw(Draws::new(Purpose::Online, 0, epoch, &[0; 32]));
            let place = |transform: &Transform| match transform {
                Transform::Noise { .. } => 0,
                Transform::Stretch { rate, .. } => {
                    assert!((0.9..1.1).contains(rate));
                    1
                }
                Transform::Roll { .. } => 2,
                Transform::Pitch { semitones } => {
                    assert!((0.0..4.0).contains(semitones));
                    3
                }
                _ => 4,
            };
            let places: Vec<usize> = drawn.iter().map(place).collect();
            assert!(places.is_sorted(), "in their order");
            places.iter().for_each(|place| alone[*place] += 1);
            together += u32::from(places.contains(&0) && places.contains(&4));
        }
        assert!(alone.iter().all(|times| (4_700..5_300).contains(times)), "{alone:?}");
        assert!((1_100..1_400).contains(&together), "{together} of 1250");
    }

    #[test]
    fn amounts_reach_all_their_values_and_no_others() {
        let draws = Draws::new(Purpose::Copy, 0, 0, &[0; 32]);
        let rolls = Amount::Between(-1.0, 2.0);
        let rates = Amount::OneOf(vec![0.8, 0.9, 1.0, 1.1]);
        let mut counts = [[0u32; 4]; 2];
        for index in 0..8_000 {
            counts[0][(rolls.whole(draws.part(index)) + 1) as usize] += 1;
            let rate = rates.real(draws.part(index));
            counts[1][((rate - 0.8) * 10.0).round() as usize] += 1;
        }
        assert!(counts.as_flattened().iter().all(|count| (1_800..2_200).contains(count)), "{counts:?}");
        assert_eq!(Amount::Fixed(-3.0).whole(draws), -3);
        assert_eq!(Amount::Between(5.0, 5.0).whole(draws), 5);
        assert_eq!(Amount::OneOf(Vec::new()).real(draws), 0.0);
    }
}
