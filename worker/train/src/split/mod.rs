//! Who trains, who validates, who tests.
//!
//! A split is a function of the listed examples and the recipe's `split` alone. It deals out what is listed, readable or
//! not, so that neither a front end's settings nor one broken file moves any other example to another side.

mod error;
mod folds;
mod groups;
mod numpy;
mod order;
mod stratified;

use gliss_types::recipe::Split;

pub use error::SplitError;
pub use numpy::permutation as numpy_permutation;

use crate::data::Column;

/// What a split needs to know of the listed examples.
#[derive(Debug, Clone, Copy)]
pub struct Subjects<'a> {
    /// The classes.
    pub classes: &'a [String],
    /// The class of each example, each below `classes.len()`.
    pub labels: &'a [u32],
    /// The group of each example.
    pub groups: &'a Column,
    /// The fold of each example.
    pub folds: &'a Column,
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

/// Where an example goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Train,
    Valid,
    Test,
}

const SIDES: [Side; 3] = [Side::Train, Side::Valid, Side::Test];

impl Deal {
    /// Collects the sides of examples `0..sides.len()`, each side in ascending order.
    fn of(sides: &[Side]) -> Self {
        let mut deal = Deal::default();
        for (index, side) in sides.iter().enumerate() {
            match side {
                Side::Train => deal.train.push(index),
                Side::Valid => deal.valid.push(index),
                Side::Test => deal.test.push(index),
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
        Split::NumpyShuffle { seed } => numpy::deal(subjects.labels.len(), seed),
        Split::Folds { valid, test } => folds::deal(subjects, valid, test),
    }
}
