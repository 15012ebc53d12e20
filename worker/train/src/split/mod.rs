//! Who trains, who validates, who tests.
//!
//! A split is a function of the listed examples and the recipe's `split` alone. It deals out what is listed, readable or
//! not, so that neither a front end's settings nor one broken file moves any other example to another side.

mod error;
mod filtered;
mod filtered_lists;
mod folds;
mod groups;
mod kfold;
mod numpy;
mod order;
mod per_class;
mod predefined;
mod ratio;
mod stratified;

use gliss_types::recipe::Split;

pub use crate::data::Side;
pub use error::SplitError;
pub use numpy::permutation as numpy_permutation;

use crate::data::Marks;

/// What a split needs to know of the listed examples.
#[derive(Debug, Clone, Copy)]
pub struct Subjects<'a> {
    /// The classes.
    pub classes: &'a [String],
    /// The class of each example, each below `classes.len()`.
    pub labels: &'a [u32],
    /// What else the listing says of the examples.
    pub marks: &'a Marks,
}

impl Subjects<'_> {
    /// The members of each class, in ascending order.
    fn by_class(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.classes.len()];
        for (index, label) in self.labels.iter().enumerate() {
            members[*label as usize].push(index);
        }
        members
    }
}

/// Positions in the list of examples, each on at most one side, each side without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deal {
    /// These train.
    pub train: Vec<usize>,
    /// These validate.
    pub valid: Vec<usize>,
    /// These test.
    pub test: Vec<usize>,
}

const SIDES: [Side; 3] = [Side::Train, Side::Valid, Side::Test];

impl Deal {
    /// Collects the sides of examples `0..`, each side in ascending order; examples on no side are left out.
    fn of(sides: impl IntoIterator<Item = Option<Side>>) -> Self {
        let mut deal = Deal::default();
        for (index, side) in sides.into_iter().enumerate() {
            match side {
                Some(Side::Train) => deal.train.push(index),
                Some(Side::Valid) => deal.valid.push(index),
                Some(Side::Test) => deal.test.push(index),
                None => {}
            }
        }
        deal
    }

    /// The same deal without the examples whose place in `places` is none, the others renumbered to their place.
    ///
    /// # Errors
    /// A side is left without an example.
    pub fn keep(&self, places: &[Option<usize>]) -> Result<Deal, SplitError> {
        let place = |index: &usize| places.get(*index).copied().flatten();
        let side = |side: &[usize]| side.iter().filter_map(place).collect();
        Deal { train: side(&self.train), valid: side(&self.valid), test: side(&self.test) }.checked()
    }

    /// How many examples of each of `classes` classes train, validate and test; `labels` are those of the list that was
    /// dealt out.
    pub fn per_class(&self, labels: &[u32], classes: usize) -> Vec<[usize; 3]> {
        let mut counts = vec![[0; 3]; classes];
        for (side, members) in [&self.train, &self.valid, &self.test].into_iter().enumerate() {
            for label in members.iter().filter_map(|member| labels.get(*member)) {
                if let Some(counts) = counts.get_mut(*label as usize) {
                    counts[side] += 1;
                }
            }
        }
        counts
    }

    /// # Errors
    /// A side has no example.
    fn checked(self) -> Result<Deal, SplitError> {
        for (name, side) in [("training", &self.train), ("validation", &self.valid), ("test", &self.test)] {
            if side.is_empty() {
                return Err(SplitError::EmptySide { side: name });
            }
        }
        Ok(self)
    }
}

/// Deals out `subjects` as `split` says. Every side gets at least one example.
///
/// # Errors
/// See [`SplitError`].
pub fn deal(split: &Split, subjects: &Subjects<'_>) -> Result<Deal, SplitError> {
    match *split {
        Split::Stratified { valid, test, seed, by_group: false } => stratified::deal(subjects, [valid, test], seed),
        Split::Stratified { valid, test, seed, by_group: true } => groups::deal(subjects, [valid, test], seed),
        Split::Ratio { valid, test, seed } => ratio::deal(subjects.labels.len(), [valid, test], seed),
        Split::Kfold { folds, fold, seed, by_group } => kfold::deal(subjects, folds, fold, seed, by_group),
        Split::Folds { valid, test } => folds::deal(subjects, valid, test),
        Split::Predefined { valid_per_class, seed } => predefined::deal(subjects, valid_per_class as usize, seed),
        Split::GtzanFiltered { lists, valid_per_class, seed } => {
            filtered::deal(subjects, lists, valid_per_class as usize, seed)
        }
        Split::NumpyShuffle { seed } => numpy::deal(subjects.labels.len(), seed),
    }
}
