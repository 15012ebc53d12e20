//! How a split deals out a data set.

use std::collections::BTreeMap;

use gliss_types::recipe::Split;

use crate::data::Column;
use crate::split::{Deal, Side, Subjects, deal};

/// The sides of a split in the order in which they are shown, with their names.
pub const SIDES: [(Side, &str); 3] = [(Side::Train, "train"), (Side::Valid, "valid"), (Side::Test, "test")];

/// The name of a side.
pub fn side_name(side: Side) -> &'static str {
    match side {
        Side::Train => "train",
        Side::Valid => "valid",
        Side::Test => "test",
    }
}

/// How many examples of each class are on each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// By class: examples that train, validate and test. Those that cannot be used are not counted.
    pub counts: Vec<[usize; 3]>,
    /// The groups, where the data have any.
    pub groups: Option<Groups>,
}

/// Groups of a data set, such as artists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups {
    /// How many there are.
    pub count: usize,
    /// How many have examples on more than one side.
    pub crossing: usize,
}

impl Balance {
    /// Examples on each side.
    pub fn totals(&self) -> [usize; 3] {
        let mut totals = [0; 3];
        for counts in &self.counts {
            for (total, count) in totals.iter_mut().zip(counts) {
                *total += count;
            }
        }
        totals
    }
}

/// Deals `subjects` out. Yields the side of each example, or in words why it cannot be done.
pub(super) fn sides(split: &Split, subjects: &Subjects<'_>) -> Result<Vec<Option<Side>>, String> {
    let Deal { train, valid, test } = deal(split, subjects).map_err(|error| format!("failed to {error}"))?;
    let mut sides = vec![None; subjects.labels.len()];
    for (side, members) in [Side::Train, Side::Valid, Side::Test].into_iter().zip([train, valid, test]) {
        members.into_iter().for_each(|member| sides[member] = Some(side));
    }
    Ok(sides)
}

/// Counts the examples for which `usable` says so.
pub(super) fn balance(sides: &[Option<Side>], subjects: &Subjects<'_>, usable: impl Fn(usize) -> bool) -> Balance {
    let mut counts = vec![[0; 3]; subjects.classes.len()];
    for (index, (label, side)) in subjects.labels.iter().zip(sides).enumerate() {
        if let Some(side) = side.filter(|_| usable(index)) {
            counts[*label as usize][side as usize] += 1;
        }
    }
    let groups = match &subjects.marks.groups {
        Column::Values(numbers) => {
            let mut on: BTreeMap<u32, [bool; 3]> = BTreeMap::new();
            for (number, side) in numbers.iter().zip(sides) {
                let on = on.entry(*number).or_default();
                side.iter().for_each(|side| on[*side as usize] = true);
            }
            let crossing = on.values().filter(|on| on.iter().filter(|on| **on).count() > 1).count();
            Some(Groups { count: on.len(), crossing })
        }
        Column::Absent { .. } | Column::Bad { .. } => None,
    };
    Balance { counts, groups }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Marks;

    #[test]
    fn groups_on_two_sides_are_counted() {
        let classes = ["a".to_owned(), "b".to_owned()];
        let labels: Vec<u32> = (0..40).map(|index| index % 2).collect();
        let marks = Marks { groups: Column::Values((0..40).map(|index| index / 4).collect()), ..Marks::default() };
        let subjects = Subjects { classes: &classes, labels: &labels, marks: &marks };
        for (by_group, crossing) in [(true, 0..1), (false, 1..11)] {
            let split = Split::Stratified { valid: 0.2, test: 0.2, seed: 0, by_group };
            let sides = sides(&split, &subjects).expect("it can be dealt");
            let balance = balance(&sides, &subjects, |index| index != 0);
            assert_eq!(balance.totals().iter().sum::<usize>(), 39);
            let groups = balance.groups.expect("it has groups");
            assert!(groups.count == 10 && crossing.contains(&groups.crossing), "{groups:?}");
        }
        let folds = Split::Folds { valid: 0, test: 1 };
        assert!(sides(&folds, &subjects).expect_err("no folds").starts_with("failed to find"));
    }
}
