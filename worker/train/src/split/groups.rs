//! The stratified split that keeps groups together.
//!
//! Greedy: first every class is given a group on every side, then the other groups go, largest first, to the side that
//! lacks most of their classes. Shares are met as nearly as the groups' sizes allow, which can be far off for few groups.

use std::collections::BTreeMap;

use super::order::shuffled;
use super::{Deal, SIDES, Side, SplitError, Subjects};
use crate::data::Column;

/// One group: its members and how many of them are of each class.
pub(super) struct Group {
    pub(super) members: Vec<usize>,
    pub(super) counts: BTreeMap<usize, usize>,
    side: Option<Side>,
}

/// `shares` are those of validation and test.
pub(super) fn deal(subjects: &Subjects<'_>, shares: [f64; 2], seed: u64) -> Result<Deal, SplitError> {
    let mut groups = gather(numbers(subjects)?, subjects.labels);
    let order = shuffled(&(0..groups.len()).collect::<Vec<_>>(), seed, usize::MAX);
    let mut need = Need::new(subjects, shares);
    claim(&mut groups, &order, &mut need, subjects)?;
    let mut rest: Vec<usize> = order.into_iter().filter(|group| groups[*group].side.is_none()).collect();
    // Stable, so that groups of one size stay in their seeded order.
    rest.sort_by_key(|group| std::cmp::Reverse(groups[*group].members.len()));
    for group in rest {
        let side = need.neediest(&groups[group].counts);
        need.give(&mut groups[group], side);
    }
    let mut sides = vec![Side::Train; subjects.labels.len()];
    for group in &groups {
        for member in &group.members {
            sides[*member] = group.side.unwrap_or(Side::Train);
        }
    }
    Deal::of(sides.into_iter().map(Some)).checked()
}

/// The group of each example.
///
/// # Errors
/// The data have none.
pub(super) fn numbers<'a>(subjects: &Subjects<'a>) -> Result<&'a [u32], SplitError> {
    match &subjects.marks.groups {
        Column::Values(numbers) => Ok(numbers),
        Column::Absent { name: Some(name) } => {
            Err(SplitError::NoColumn { column: name.clone(), setting: "data.group" })
        }
        Column::Absent { name: None } | Column::Bad { .. } => Err(SplitError::NoMarks { what: "groups" }),
    }
}

/// The groups in ascending order of their numbers.
pub(super) fn gather(numbers: &[u32], labels: &[u32]) -> Vec<Group> {
    let mut groups: BTreeMap<u32, Group> = BTreeMap::new();
    for (index, (number, label)) in numbers.iter().zip(labels).enumerate() {
        let empty = || Group { members: Vec::new(), counts: BTreeMap::new(), side: None };
        let group = groups.entry(*number).or_insert_with(empty);
        group.members.push(index);
        *group.counts.entry(*label as usize).or_default() += 1;
    }
    groups.into_values().collect()
}

/// Gives every class a group on every side, beginning with the class of the fewest groups.
fn claim(groups: &mut [Group], order: &[usize], need: &mut Need, subjects: &Subjects<'_>) -> Result<(), SplitError> {
    let occurrences = |class: usize| groups.iter().filter(|group| group.counts.contains_key(&class)).count();
    let mut classes: Vec<(usize, usize)> =
        (0..subjects.classes.len()).map(|class| (occurrences(class), class)).collect();
    classes.sort_unstable();
    for (occurrences, class) in classes {
        // Training last: it takes most of what is left anyway.
        for side in [Side::Test, Side::Valid, Side::Train] {
            if need.has(side, class) {
                continue;
            }
            let free = |group: &&usize| groups[**group].side.is_none() && groups[**group].counts.contains_key(&class);
            let size = |group: usize| groups[group].counts.get(&class).copied().unwrap_or(0);
            // The first in seeded order that fits the share; where none does, the smallest.
            let fits =
                order.iter().filter(free).find(|group| size(**group) as f64 <= need.target(side, class).max(1.0));
            let found = fits.or_else(|| order.iter().filter(free).min_by_key(|group| size(**group))).copied();
            let few = || SplitError::FewGroups { class: subjects.classes[class].clone(), groups: occurrences };
            need.give(&mut groups[found.ok_or_else(few)?], side);
        }
    }
    Ok(())
}

/// What each side should have and has of each class.
struct Need {
    /// Examples of each class.
    totals: Vec<f64>,
    /// By side: its share.
    shares: [f64; 3],
    /// By side, by class.
    given: [Vec<usize>; 3],
}

impl Need {
    fn new(subjects: &Subjects<'_>, [valid, test]: [f64; 2]) -> Self {
        let mut totals = vec![0.0; subjects.classes.len()];
        for label in subjects.labels {
            totals[*label as usize] += 1.0;
        }
        let none = vec![0; totals.len()];
        Need { totals, shares: [1.0 - valid - test, valid, test], given: [none.clone(), none.clone(), none] }
    }

    fn target(&self, side: Side, class: usize) -> f64 {
        self.shares[side as usize] * self.totals[class]
    }

    fn has(&self, side: Side, class: usize) -> bool {
        self.given[side as usize][class] > 0
    }

    fn give(&mut self, group: &mut Group, side: Side) {
        group.side = Some(side);
        for (class, count) in &group.counts {
            self.given[side as usize][*class] += count;
        }
    }

    /// The side where a group with `counts` lessens the squared deviations from the targets most; earlier sides first.
    fn neediest(&self, counts: &BTreeMap<usize, usize>) -> Side {
        let surplus = |side: Side| -> f64 {
            let of = |(class, count): (&usize, &usize)| {
                let surplus = self.given[side as usize][*class] as f64 - self.target(side, *class);
                *count as f64 * surplus / (self.totals[*class] * self.totals[*class])
            };
            counts.iter().map(of).sum()
        };
        let mut best = (Side::Train, surplus(Side::Train));
        for side in SIDES {
            let surplus = surplus(side);
            if surplus < best.1 {
                best = (side, surplus);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Marks;
    use gliss_nets::draw::{Draw, Stream};

    fn dealt(labels: &[u32], groups: &[u32], classes: usize, seed: u64) -> Result<Deal, SplitError> {
        let classes: Vec<String> = (0..classes).map(|class| format!("c{class}")).collect();
        let marks = Marks { groups: Column::Values(groups.to_vec()), ..Marks::default() };
        deal(&Subjects { classes: &classes, labels, marks: &marks }, [0.2, 0.2], seed)
    }

    #[test]
    fn groups_stay_together_and_classes_are_everywhere() {
        for seed in 0..60 {
            let draw = Draw::new(seed, Stream::Other(1), 0, 0);
            let (mut labels, mut groups) = (Vec::new(), Vec::new());
            for group in 0..120 {
                // Every tenth group is of two classes.
                for member in 0..1 + draw.below(group, 5) {
                    labels.push(((group + u64::from(group % 10 == 0 && member == 1)) % 4) as u32);
                    groups.push(group as u32);
                }
            }
            let deal = dealt(&labels, &groups, 4, seed).expect("enough groups");
            let mut side_of = BTreeMap::new();
            let mut count = 0;
            for (side, members) in [&deal.train, &deal.valid, &deal.test].into_iter().enumerate() {
                for member in members {
                    count += 1;
                    assert_eq!(*side_of.entry(groups[*member]).or_insert(side), side, "seed {seed}");
                }
                for class in 0..4 {
                    let of_class = members.iter().filter(|member| labels[**member] == class).count() as f64;
                    let total = labels.iter().filter(|label| **label == class).count() as f64;
                    let share = [0.6, 0.2, 0.2][side];
                    assert!((of_class / total - share).abs() < 0.05, "seed {seed} side {side}: {of_class} of {total}");
                }
            }
            assert_eq!(count, labels.len());
        }
    }

    #[test]
    fn a_class_of_two_groups_cannot_be_split() {
        let error = dealt(&[0, 0, 0, 0, 1, 1, 1], &[0, 0, 0, 1, 2, 3, 4], 2, 0);
        assert_eq!(error, Err(SplitError::FewGroups { class: "c0".into(), groups: 2 }));
    }

    #[test]
    fn data_without_groups_is_refused() {
        let classes = ["a".to_owned()];
        let of = |groups| {
            let marks = Marks { groups, ..Marks::default() };
            deal(&Subjects { classes: &classes, labels: &[0], marks: &marks }, [0.2, 0.2], 0)
        };
        assert_eq!(of(Column::Absent { name: None }), Err(SplitError::NoMarks { what: "groups" }));
        let error = of(Column::Absent { name: Some("album".into()) });
        assert_eq!(error, Err(SplitError::NoColumn { column: "album".into(), setting: "data.group" }));
    }
}
