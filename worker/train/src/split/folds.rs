//! The split by a column of folds: one validates, one tests, the rest trains.

use std::collections::BTreeSet;

use super::{Deal, Side, SplitError, Subjects};
use crate::data::Column;

/// Folds named in an error.
const SHOWN: usize = 20;

pub(super) fn deal(subjects: &Subjects<'_>, valid: u32, test: u32) -> Result<Deal, SplitError> {
    let folds = match &subjects.marks.folds {
        Column::Values(folds) => folds,
        Column::Absent { name: Some(name) } => {
            return Err(SplitError::NoColumn { column: name.clone(), setting: "data.fold" });
        }
        Column::Absent { name: None } => return Err(SplitError::NoMarks { what: "folds" }),
        Column::Bad { name, place, found } => {
            return Err(SplitError::BadFold { column: name.clone(), place: *place, found: found.clone() });
        }
    };
    let present: BTreeSet<u32> = folds.iter().copied().collect();
    for (side, fold) in [("valid", valid), ("test", test)] {
        if !present.contains(&fold) {
            let present = present.into_iter().take(SHOWN).collect();
            return Err(SplitError::NoFold { side, fold, present });
        }
    }
    let side = |fold: &u32| match *fold {
        fold if fold == valid => Side::Valid,
        fold if fold == test => Side::Test,
        _ => Side::Train,
    };
    Deal::of(folds.iter().map(|fold| Some(side(fold)))).checked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Marks, Place};

    fn dealt(folds: &Column<u32>, valid: u32, test: u32) -> Result<Deal, SplitError> {
        let classes = ["a".to_owned(), "b".to_owned()];
        let marks = Marks { folds: folds.clone(), ..Marks::default() };
        deal(&Subjects { classes: &classes, labels: &[0, 1, 0, 1, 0], marks: &marks }, valid, test)
    }

    #[test]
    fn one_fold_validates_one_tests() {
        let folds = Column::Values(vec![2, 0, 1, 2, 9]);
        let deal = dealt(&folds, 2, 0).expect("all folds are there");
        assert_eq!(deal, Deal { train: vec![2, 4], valid: vec![0, 3], test: vec![1] });
    }

    #[test]
    fn what_is_missing_is_named() {
        let folds = Column::Values(vec![1, 0, 1, 0, 1]);
        assert_eq!(dealt(&folds, 1, 7), Err(SplitError::NoFold { side: "test", fold: 7, present: vec![0, 1] }));
        assert_eq!(dealt(&folds, 1, 0), Err(SplitError::EmptySide { side: "training" }));
        let absent = Column::Absent { name: Some("fold".into()) };
        assert_eq!(dealt(&absent, 1, 0), Err(SplitError::NoColumn { column: "fold".into(), setting: "data.fold" }));
        let table = Column::Absent { name: None };
        assert_eq!(dealt(&table, 1, 0), Err(SplitError::NoMarks { what: "folds" }));
        let bad = Column::Bad { name: "fold".into(), place: Place::Line(3), found: "x".into() };
        assert!(matches!(dealt(&bad, 1, 0), Err(SplitError::BadFold { place: Place::Line(3), .. })));
    }
}
