//! A data set in memory, as its features and before any split.

use gliss_types::recipe::Split;

use crate::data::{Column, Warning};
use crate::features::Skipped;
use crate::split::{Deal, SplitError, Subjects, deal};

/// The usable examples of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// Shape of one example: channels, rows, columns of a picture, or the columns of a table.
    pub shape: Vec<usize>,
    /// The classes in ascending order; a label is an index into it.
    pub classes: Vec<String>,
    /// The values of all examples, one after another.
    pub inputs: Inputs,
    /// The class of each example.
    pub labels: Vec<u32>,
    /// Clips that are listed but could not be used.
    pub skipped: Vec<Skipped>,
    /// What is odd about the data.
    pub warnings: Vec<Warning>,
    /// Of all listed examples, usable or not.
    pub(super) listed_labels: Vec<u32>,
    pub(super) groups: Column,
    pub(super) folds: Column,
    /// For each listed example its place among the usable ones.
    pub(super) places: Vec<Option<usize>>,
}

/// Values of examples.
#[derive(Debug, Clone, PartialEq)]
pub enum Inputs {
    /// Pictures, ready for a net: shared by all trials.
    Pictures(Vec<f32>),
    /// A table's columns, unscaled: scaling depends on a trial's split.
    Columns(Vec<f64>),
}

impl Examples {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Deals out the examples as `split` says; the positions are those of [`Examples::labels`]. All listed examples are
    /// dealt out, then the skipped ones taken away.
    ///
    /// # Errors
    /// See [`SplitError`].
    pub fn deal(&self, split: &Split) -> Result<Deal, SplitError> {
        let subjects =
            Subjects { classes: &self.classes, labels: &self.listed_labels, groups: &self.groups, folds: &self.folds };
        deal(split, &subjects)?.keep(&self.places)
    }

    /// Bytes of memory that the values take.
    pub(super) fn bytes(&self) -> usize {
        match &self.inputs {
            Inputs::Pictures(values) => size_of_val(values.as_slice()),
            Inputs::Columns(values) => size_of_val(values.as_slice()),
        }
    }
}
