//! The split with the same shares of every class on each side.

use super::order::shuffled;
use super::{Deal, Side, SplitError, Subjects};

/// The fewest examples of a class: one for each side.
const FEWEST: usize = 3;

/// `shares` are those of validation and test.
pub(super) fn deal(subjects: &Subjects<'_>, shares: [f64; 2], seed: u64) -> Result<Deal, SplitError> {
    let mut sides = vec![Side::Train; subjects.labels.len()];
    for (class, members) in subjects.by_class().iter().enumerate() {
        if members.len() < FEWEST {
            return Err(SplitError::SmallClass { class: subjects.classes[class].clone(), examples: members.len() });
        }
        let [valid, test] = counts(members.len(), shares);
        for (place, index) in shuffled(members, seed, class).into_iter().enumerate() {
            if place < valid {
                sides[index] = Side::Valid;
            } else if place < valid + test {
                sides[index] = Side::Test;
            }
        }
    }
    Deal::of(sides.into_iter().map(Some)).checked()
}

/// How many of `count` (at least 3) validate and test: the shares rounded to the nearest, but one at least on every side.
fn counts(count: usize, shares: [f64; 2]) -> [usize; 2] {
    let mut counts = shares.map(|share| ((share * count as f64).round() as usize).max(1));
    while counts[0] + counts[1] >= count {
        let larger = usize::from(counts[1] > counts[0]);
        counts[larger] -= 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Marks;

    fn dealt(labels: &[u32], classes: usize, shares: [f64; 2], seed: u64) -> Result<Deal, SplitError> {
        let classes: Vec<String> = (0..classes).map(|class| format!("c{class}")).collect();
        deal(&Subjects { classes: &classes, labels, marks: &Marks::default() }, shares, seed)
    }

    #[test]
    fn shares_are_kept_in_every_class_and_nothing_is_lost_or_doubled() {
        for seed in 0..40 {
            let sizes = [3, 4, 10, 57 + seed as usize, 100];
            let labels: Vec<u32> = (0..5).flat_map(|c| std::iter::repeat_n(c, sizes[c as usize])).collect();
            let shares = [0.05 + 0.01 * seed as f64, 0.4 - 0.009 * seed as f64];
            let deal = dealt(&labels, 5, shares, seed).expect("three of each");
            let mut all: Vec<usize> = [&deal.train, &deal.valid, &deal.test].into_iter().flatten().copied().collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..labels.len()));
            for (side, share) in [(&deal.valid, shares[0]), (&deal.test, shares[1])] {
                for (class, size) in sizes.iter().enumerate() {
                    let count = side.iter().filter(|index| labels[**index] == class as u32).count();
                    let off = (count as f64 - share * *size as f64).abs();
                    assert!(count >= 1 && off <= 1.0, "seed {seed} class {class}: {count} of {size} at {share}");
                }
            }
        }
    }

    #[test]
    fn the_seed_alone_decides() {
        let labels: Vec<u32> = (0..60).map(|i| i % 3).collect();
        let first = dealt(&labels, 3, [0.2, 0.2], 1).expect("enough");
        assert_eq!(dealt(&labels, 3, [0.2, 0.2], 1).expect("enough"), first);
        assert_ne!(dealt(&labels, 3, [0.2, 0.2], 2).expect("enough"), first);
    }

    #[test]
    fn every_side_gets_one_of_the_smallest_class() {
        assert_eq!(counts(3, [0.45, 0.45]), [1, 1]);
        assert_eq!(counts(4, [0.45, 0.45]), [1, 2]);
        assert_eq!(counts(3, [0.001, 0.899]), [1, 1]);
        assert_eq!(counts(100, [0.15, 0.15]), [15, 15]);
        let error = dealt(&[0, 0, 0, 1, 1], 2, [0.2, 0.2], 0);
        assert_eq!(error, Err(SplitError::SmallClass { class: "c1".into(), examples: 2 }));
    }
}
