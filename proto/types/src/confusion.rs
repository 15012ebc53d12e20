//! Which class was taken for which: counts, and the precision, recall and F1 that follow from them.
//!
//! Definitions are those of scikit-learn: a class of which nothing is there, or that nothing was taken for, has 0 where
//! its precision, recall or F1 would be a division by 0.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What was counted of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassCounts {
    /// Examples that are of it.
    pub support: u64,
    /// Examples that were taken for it.
    pub predicted: u64,
    /// Examples that both are of it and were taken for it.
    pub right: u64,
}

impl ClassCounts {
    /// One for each of `classes`, out of pairs of classes: the true one, the predicted one, and how often they met. Pairs
    /// of another true class are passed over; a prediction that is no class at all is a miss.
    pub fn gather(classes: usize, pairs: impl IntoIterator<Item = (usize, usize, u64)>) -> Vec<ClassCounts> {
        let mut counts = vec![ClassCounts::default(); classes];
        for (truth, predicted, count) in pairs {
            let Some(of) = counts.get_mut(truth) else { continue };
            of.support += count;
            if let Some(taken_for) = counts.get_mut(predicted) {
                taken_for.predicted += count;
            }
            if truth == predicted {
                counts[truth].right += count;
            }
        }
        counts
    }

    /// The share of what was taken for the class that is of it.
    pub fn precision(&self) -> f64 {
        share(self.right, self.predicted)
    }

    /// The share of what is of the class that was taken for it.
    pub fn recall(&self) -> f64 {
        share(self.right, self.support)
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        share(2 * self.right, self.support + self.predicted)
    }

    /// Whether anything is of the class or was taken for it.
    pub fn occurs(&self) -> bool {
        self.support > 0 || self.predicted > 0
    }

    /// The mean F1 of some classes; 0 of none.
    pub fn macro_f1<'a>(classes: impl IntoIterator<Item = &'a ClassCounts>) -> f64 {
        let (sum, count) = classes.into_iter().fold((0.0, 0u32), |(sum, count), class| (sum + class.f1(), count + 1));
        if count == 0 { 0.0 } else { sum / f64::from(count) }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// How often examples of each class were taken for each class. Every value has at least one example, and as many counts
/// as it has pairs of classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Confusion {
    classes: Vec<String>,
    counts: Vec<u32>,
}

/// As it is stored.
#[derive(Deserialize)]
struct Unchecked {
    classes: Vec<String>,
    counts: Vec<u32>,
}

impl TryFrom<Unchecked> for Confusion {
    type Error = ConfusionError;

    fn try_from(Unchecked { classes, counts }: Unchecked) -> Result<Self, ConfusionError> {
        Confusion::new(classes, counts)
    }
}

/// Why classes and counts are no confusion matrix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfusionError {
    /// Fewer than two classes or too many.
    #[error("make a confusion matrix of {found} classes: it has 2 to {}", Confusion::CLASSES)]
    Classes {
        /// How many there are.
        found: usize,
    },
    /// A class with no name, or too long a one.
    #[error("name class {number} with {bytes} bytes: a class has 1 to {}", Confusion::NAME)]
    Name {
        /// The class, from 1.
        number: usize,
        /// The length of its name.
        bytes: usize,
    },
    /// Two classes of one name.
    #[error("tell the classes apart: class {number} has the name of another")]
    Twice {
        /// The later one, from 1.
        number: usize,
    },
    /// Not one count for each pair of classes.
    #[error("make a confusion matrix of {found} counts: {classes} classes have {}", classes * classes)]
    Counts {
        /// How many counts there are.
        found: usize,
        /// How many classes.
        classes: usize,
    },
    /// Nothing was counted, or more than can be.
    #[error("count {total} examples: a confusion matrix has 1 to {}", u32::MAX)]
    Total {
        /// The sum of all counts.
        total: u64,
    },
}

impl Confusion {
    /// The most classes that a matrix has.
    pub const CLASSES: usize = 256;
    /// The most bytes that the name of a class has: more than a folder's on any system.
    pub const NAME: usize = 1024;

    /// The matrix of these `classes` in their order. `counts` is row after row: how often examples of the first class
    /// were taken for the first, the second and so on, then those of the second.
    ///
    /// # Errors
    /// Not 2 to [`Confusion::CLASSES`] classes of different names, not their square of counts, or a sum that is 0 or
    /// does not fit into a count.
    pub fn new(classes: Vec<String>, counts: Vec<u32>) -> Result<Confusion, ConfusionError> {
        let found = classes.len();
        if !(2..=Confusion::CLASSES).contains(&found) {
            return Err(ConfusionError::Classes { found });
        }
        let mut seen = BTreeSet::new();
        for (number, name) in (1..).zip(&classes) {
            if !(1..=Confusion::NAME).contains(&name.len()) {
                return Err(ConfusionError::Name { number, bytes: name.len() });
            }
            if !seen.insert(name.as_str()) {
                return Err(ConfusionError::Twice { number });
            }
        }
        if counts.len() != found * found {
            return Err(ConfusionError::Counts { found: counts.len(), classes: found });
        }
        let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        if !(1..=u64::from(u32::MAX)).contains(&total) {
            return Err(ConfusionError::Total { total });
        }
        Ok(Confusion { classes, counts })
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// All counts, row after row.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// For each true class, how often its examples were taken for each class.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.counts.chunks_exact(self.classes.len())
    }

    /// Examples in all.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// What was counted of each class, in their order.
    pub fn of_classes(&self) -> Vec<ClassCounts> {
        let pairs = self.rows().enumerate().flat_map(|(truth, row)| {
            row.iter().enumerate().map(move |(predicted, count)| (truth, predicted, u64::from(*count)))
        });
        ClassCounts::gather(self.classes.len(), pairs)
    }

    /// The share of examples that were taken for what they are.
    pub fn accuracy(&self) -> f64 {
        let right = self.counts.iter().step_by(self.classes.len() + 1).map(|count| u64::from(*count)).sum();
        share(right, self.total())
    }

    /// The mean F1 of all classes.
    pub fn macro_f1(&self) -> f64 {
        ClassCounts::macro_f1(&self.of_classes())
    }

    /// The mean F1 of the classes that occur, be it in the truth or among the answers: scikit-learn's default.
    pub fn macro_f1_of_occurring(&self) -> f64 {
        ClassCounts::macro_f1(self.of_classes().iter().filter(|class| class.occurs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_matrix_by_hand() {
        // Nothing is of the third class, and nothing was taken for the fourth; the fifth occurs nowhere.
        let counts = [3, 1, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let matrix = Confusion::new(named(&["a", "b", "c", "d", "e"]), counts.to_vec()).expect("a matrix");
        let classes = matrix.of_classes();
        let counted = classes.iter().map(|class| (class.support, class.predicted, class.right)).collect::<Vec<_>>();
        assert_eq!(counted, [(4, 6, 3), (4, 3, 2), (0, 1, 0), (2, 0, 0), (0, 0, 0)]);
        assert_eq!((classes[0].precision(), classes[0].recall(), classes[0].f1()), (0.5, 0.75, 0.6));
        for class in &classes[2..] {
            assert_eq!((class.precision(), class.recall(), class.f1()), (0.0, 0.0, 0.0));
        }
        assert_eq!((matrix.total(), matrix.accuracy()), (10, 0.5));
        let sum = 0.6 + 4.0 / 7.0;
        assert_eq!((matrix.macro_f1(), matrix.macro_f1_of_occurring()), (sum / 5.0, sum / 4.0));
        assert_eq!(ClassCounts::macro_f1(&[]), 0.0);
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        let two = || named(&["a", "b"]);
        let many = |count: usize| (0..count).map(|class| class.to_string()).collect::<Vec<_>>();
        let refused = |classes, counts: &[u32]| Confusion::new(classes, counts.to_vec()).expect_err("refused");
        assert_eq!(refused(named(&["a"]), &[1]), ConfusionError::Classes { found: 1 });
        assert_eq!(refused(many(257), &[1]), ConfusionError::Classes { found: 257 });
        assert!(Confusion::new(many(256), vec![1; 65_536]).is_ok());
        assert_eq!(refused(named(&["a", ""]), &[1; 4]), ConfusionError::Name { number: 2, bytes: 0 });
        let long = named(&["a", &"b".repeat(1025)]);
        assert_eq!(refused(long, &[1; 4]), ConfusionError::Name { number: 2, bytes: 1025 });
        assert_eq!(refused(named(&["a", "b", "a"]), &[1; 9]), ConfusionError::Twice { number: 3 });
        for found in [0, 3, 5] {
            assert_eq!(refused(two(), &vec![1; found]), ConfusionError::Counts { found, classes: 2 });
        }
        assert_eq!(refused(two(), &[0; 4]), ConfusionError::Total { total: 0 });
        assert_eq!(refused(two(), &[u32::MAX, 0, 0, 1]), ConfusionError::Total { total: 1 << 32 });
        assert!(Confusion::new(two(), vec![u32::MAX, 0, 0, 0]).is_ok());
    }

    #[test]
    fn what_is_stored_is_checked_when_it_is_read() {
        let matrix = Confusion::new(named(&["a", "b"]), vec![1, 0, 2, 3]).expect("a matrix");
        let text = serde_json::to_string(&matrix).expect("plain data");
        assert_eq!(text, r#"{"classes":["a","b"],"counts":[1,0,2,3]}"#);
        assert_eq!(serde_json::from_str::<Confusion>(&text).expect("its own form"), matrix);
        let short = text.replace("[1,0,2,3]", "[1,0,2]");
        assert!(serde_json::from_str::<Confusion>(&short).is_err());
    }
}
