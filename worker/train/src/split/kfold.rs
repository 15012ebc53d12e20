//! Folds made from a seed, with the same shares of every class in each as nearly as can be.

use super::order::shuffled;
use super::{Deal, Side, SplitError, Subjects, groups};

/// Fold `fold` of `folds` tests, the next one validates, the rest trains.
pub(super) fn deal(
    subjects: &Subjects<'_>,
    folds: u32,
    fold: u32,
    seed: u64,
    by_group: bool,
) -> Result<Deal, SplitError> {
    let count = folds as usize;
    let of_example = if by_group { grouped(subjects, count, seed)? } else { single(subjects, count, seed)? };
    let (test, valid) = (fold as usize, (fold as usize + 1) % count.max(1));
    let side = |of: usize| match of {
        _ if of == test => Side::Test,
        _ if of == valid => Side::Valid,
        _ => Side::Train,
    };
    Deal::of(of_example.into_iter().map(|of| Some(side(of)))).checked()
}

/// The fold of each example. Classes go on where the one before ended, so that folds are equally large too.
fn single(subjects: &Subjects<'_>, folds: usize, seed: u64) -> Result<Vec<usize>, SplitError> {
    let mut of_example = vec![0; subjects.labels.len()];
    let mut next = 0;
    for (class, members) in subjects.by_class().iter().enumerate() {
        if members.len() < folds {
            let (class, examples) = (subjects.classes[class].clone(), members.len());
            return Err(SplitError::FewForFolds { class, examples, folds });
        }
        for index in shuffled(members, seed, class) {
            of_example[index] = next;
            next = (next + 1) % folds;
        }
    }
    Ok(of_example)
}

/// The fold of each example, the same for all of a group. Greedy: the largest groups first, in seeded order where they are
/// equally large, each to the fold where it lessens the spread of classes most.
fn grouped(subjects: &Subjects<'_>, folds: usize, seed: u64) -> Result<Vec<usize>, SplitError> {
    let groups = groups::gather(groups::numbers(subjects)?, subjects.labels);
    if groups.len() < folds {
        return Err(SplitError::FewGroupsForFolds { groups: groups.len(), folds });
    }
    let mut order = shuffled(&(0..groups.len()).collect::<Vec<_>>(), seed, usize::MAX);
    order.sort_by_key(|group| std::cmp::Reverse(groups[*group].members.len()));
    let totals: Vec<f64> = subjects.by_class().iter().map(|members| members.len().max(1) as f64).collect();
    let mut given = vec![vec![0usize; totals.len()]; folds];
    let mut of_example = vec![0; subjects.labels.len()];
    let mut sizes = vec![0usize; folds];
    for group in order {
        let group = &groups[group];
        // By how much the sum of squared shares grows, but for what is the same for all folds.
        let growth = |fold: usize| -> f64 {
            let of = |(class, count): (&usize, &usize)| {
                given[fold][*class] as f64 * *count as f64 / (totals[*class] * totals[*class])
            };
            group.counts.iter().map(of).sum()
        };
        let mut best = (0, growth(0));
        for fold in 1..folds {
            let growth = growth(fold);
            if growth < best.1 || (growth == best.1 && sizes[fold] < sizes[best.0]) {
                best = (fold, growth);
            }
        }
        let fold = best.0;
        for (class, count) in &group.counts {
            given[fold][*class] += count;
        }
        sizes[fold] += group.members.len();
        for member in &group.members {
            of_example[*member] = fold;
        }
    }
    Ok(of_example)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Marks};

    fn dealt(labels: &[u32], groups: Option<&[u32]>, folds: u32, fold: u32, seed: u64) -> Result<Deal, SplitError> {
        let classes: Vec<String> = (0..3).map(|class| format!("c{class}")).collect();
        let mut marks = Marks::default();
        if let Some(groups) = groups {
            marks.groups = Column::Values(groups.to_vec());
        }
        deal(&Subjects { classes: &classes, labels, marks: &marks }, folds, fold, seed, groups.is_some())
    }

    fn labels() -> Vec<u32> {
        (0..103).map(|index| if index < 40 { 0 } else { 1 + index % 2 }).collect()
    }

    #[test]
    fn every_example_tests_once_and_classes_are_spread_evenly() {
        let labels = labels();
        for seed in 0..20 {
            let mut tested = vec![0; labels.len()];
            for fold in 0..5 {
                let deal = dealt(&labels, None, 5, fold, seed).expect("enough");
                let next = dealt(&labels, None, 5, (fold + 1) % 5, seed).expect("enough");
                assert_eq!(deal.valid, next.test, "the next fold validates");
                deal.test.iter().for_each(|index| tested[*index] += 1);
                assert!((20..=21).contains(&deal.test.len()));
                for class in 0..3 {
                    let of = |label: &&u32| **label == class;
                    let share = labels.iter().filter(of).count() as f64 / 5.0;
                    let count = deal.test.iter().filter(|index| labels[**index] == class).count() as f64;
                    assert!((count - share).abs() < 1.0, "seed {seed} fold {fold} class {class}: {count} for {share}");
                }
            }
            assert!(tested.iter().all(|times| *times == 1));
        }
        assert_ne!(dealt(&labels, None, 5, 0, 0), dealt(&labels, None, 5, 0, 1));
    }

    #[test]
    fn groups_stay_in_one_fold_and_classes_are_spread() {
        let labels = labels();
        // Groups of three; some hold two classes.
        let groups: Vec<u32> = (0..labels.len() as u32).map(|index| index / 3).collect();
        let mut fold_of = vec![None; labels.len()];
        for fold in 0..5 {
            let deal = dealt(&labels, Some(&groups), 5, fold, 3).expect("enough");
            assert!((18..=24).contains(&deal.test.len()), "{}", deal.test.len());
            for index in &deal.test {
                let of_group = &mut fold_of[groups[*index] as usize];
                assert_eq!(*of_group.get_or_insert(fold), fold);
            }
            for class in 0..3 {
                let count = deal.test.iter().filter(|index| labels[**index] == class).count();
                assert!(count >= 3, "fold {fold} class {class}: {count}");
            }
        }
    }

    #[test]
    fn too_few_for_the_folds_is_an_error() {
        let few = dealt(&[0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2], None, 4, 0, 0);
        assert_eq!(few, Err(SplitError::FewForFolds { class: "c1".into(), examples: 3, folds: 4 }));
        let groups = dealt(&[0, 0, 1, 2], Some(&[0, 0, 1, 2]), 4, 0, 0);
        assert_eq!(groups, Err(SplitError::FewGroupsForFolds { groups: 3, folds: 4 }));
        let classes = ["a".to_owned()];
        let none = Marks::default();
        let error = deal(&Subjects { classes: &classes, labels: &[0], marks: &none }, 3, 0, 0, true);
        assert_eq!(error, Err(SplitError::NoMarks { what: "groups" }));
    }
}
