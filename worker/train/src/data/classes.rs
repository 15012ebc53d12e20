//! Numbers for classes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::DataError;

/// Nets have at most so many outputs.
const CLASS_LIMIT: usize = 10_000;

/// Gathers the class of one example after another.
#[derive(Debug, Default)]
pub(super) struct ClassNumbers {
    /// In the order in which classes come.
    numbers: HashMap<String, u32>,
    labels: Vec<u32>,
}

impl ClassNumbers {
    /// The next example is of class `name`.
    pub(super) fn push(&mut self, name: &str) {
        let label = match self.numbers.get(name) {
            Some(label) => *label,
            None => {
                let label = self.numbers.len() as u32;
                self.numbers.insert(name.to_owned(), label);
                label
            }
        };
        self.labels.push(label);
    }

    /// The classes in ascending order of their names, and for each example its class as an index into them.
    ///
    /// # Errors
    /// No example, fewer than two classes, or more than a net can have. `path` is what the recipe names.
    pub(super) fn finish(self, path: &Path) -> Result<(Vec<String>, Vec<u32>), DataError> {
        let ClassNumbers { numbers, mut labels } = self;
        if numbers.len() > CLASS_LIMIT {
            return Err(DataError::TooManyClasses { path: path.into(), found: numbers.len(), limit: CLASS_LIMIT });
        }
        let sorted: BTreeMap<String, u32> = numbers.into_iter().collect();
        let mut places = vec![0; sorted.len()];
        for (place, came) in sorted.values().enumerate() {
            places[*came as usize] = place as u32;
        }
        for label in &mut labels {
            *label = places[*label as usize];
        }
        let classes: Vec<String> = sorted.into_keys().collect();
        match classes.as_slice() {
            [] => Err(DataError::NoRows { path: path.into() }),
            [class] => Err(DataError::OneClass { path: path.into(), class: class.clone(), examples: labels.len() }),
            _ => Ok((classes, labels)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(names: &[&str]) -> Result<(Vec<String>, Vec<u32>), DataError> {
        let mut numbers = ClassNumbers::default();
        names.iter().for_each(|name| numbers.push(name));
        numbers.finish(Path::new("set"))
    }

    #[test]
    fn classes_are_sorted_whatever_the_order_of_examples() {
        let (classes, labels) = numbered(&["rock", "blues", "rock", "jazz"]).expect("three classes");
        assert_eq!(classes, ["blues", "jazz", "rock"]);
        assert_eq!(labels, [2, 0, 2, 1]);
    }

    #[test]
    fn too_few_and_too_many_classes_are_refused() {
        assert!(matches!(numbered(&[]), Err(DataError::NoRows { .. })));
        assert!(matches!(numbered(&["a", "a"]), Err(DataError::OneClass { examples: 2, .. })));
        let many: Vec<String> = (0..=CLASS_LIMIT).map(|class| class.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(matches!(numbered(&many), Err(DataError::TooManyClasses { found: 10_001, .. })));
    }
}
