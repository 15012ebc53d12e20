//! The split that the data state themselves.

use super::per_class::hold_out;
use super::{Deal, Side, SplitError, Subjects};
use crate::data::Column;

/// `each` examples of every class go from training to validation, where the data state no validation; 0 takes none.
pub(super) fn deal(subjects: &Subjects<'_>, each: usize, seed: u64) -> Result<Deal, SplitError> {
    let sides = match &subjects.marks.sides {
        Column::Values(sides) => sides,
        Column::Absent { name: Some(name) } => {
            return Err(SplitError::NoColumn { column: name.clone(), setting: "data.split" });
        }
        Column::Absent { name: None } => return Err(SplitError::NoMarks { what: "sides" }),
        Column::Bad { name, place, found } => {
            return Err(SplitError::BadSide { column: name.clone(), place: *place, found: found.clone() });
        }
    };
    let deal = Deal::of(sides.iter().copied());
    let stated = sides.iter().filter(|side| **side == Some(Side::Valid)).count();
    match (stated, each) {
        (0, 0) => Err(SplitError::NoValidation),
        (0, each) => hold_out(deal, subjects, each, seed)?.checked(),
        (_, 0) => deal.checked(),
        (stated, _) => Err(SplitError::ValidationStated { examples: stated }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Marks, Place};

    fn dealt(words: &str, each: usize) -> Result<Deal, SplitError> {
        let side = |word| match word {
            't' => Some(Side::Train),
            'v' => Some(Side::Valid),
            'x' => Some(Side::Test),
            _ => None,
        };
        let marks = Marks { sides: Column::Values(words.chars().map(side).collect()), ..Marks::default() };
        let labels: Vec<u32> = (0..words.len() as u32).map(|index| index % 2).collect();
        let classes = ["a".to_owned(), "b".to_owned()];
        deal(&Subjects { classes: &classes, labels: &labels, marks: &marks }, each, 1)
    }

    #[test]
    fn stated_sides_are_taken_as_they_are() {
        let deal = dealt("tvx-t", 0).expect("all sides");
        assert_eq!(deal, Deal { train: vec![0, 4], valid: vec![1], test: vec![2] });
        assert_eq!(dealt("tvtv", 0), Err(SplitError::EmptySide { side: "test" }));
    }

    #[test]
    fn a_validation_side_is_taken_from_training_where_none_is_stated() {
        let deal = dealt("ttttttttxx-t", 2).expect("enough of each class");
        assert_eq!((deal.train.len(), deal.valid.len(), deal.test), (5, 4, vec![8, 9]));
        assert_eq!(deal.valid.iter().filter(|index| **index % 2 == 0).count(), 2);
        assert!(deal.valid.is_sorted() && deal.train.iter().all(|index| !deal.valid.contains(index)));
        assert_eq!(dealt("ttttxx", 0), Err(SplitError::NoValidation));
        assert_eq!(dealt("tttvxx", 1), Err(SplitError::ValidationStated { examples: 1 }));
        let few = dealt("ttttxx", 2);
        assert_eq!(few, Err(SplitError::FewToHoldOut { class: "a".into(), examples: 2, each: 2 }));
    }

    #[test]
    fn what_is_missing_is_named() {
        let classes = ["a".to_owned(), "b".to_owned()];
        let of = |sides| {
            let marks = Marks { sides, ..Marks::default() };
            deal(&Subjects { classes: &classes, labels: &[0, 1], marks: &marks }, 0, 0)
        };
        let absent = of(Column::Absent { name: Some("split".into()) });
        assert_eq!(absent, Err(SplitError::NoColumn { column: "split".into(), setting: "data.split" }));
        assert_eq!(of(Column::Absent { name: None }), Err(SplitError::NoMarks { what: "sides" }));
        let bad = of(Column::Bad { name: "split".into(), place: Place::Row(7), found: "x".into() });
        assert!(bad.expect_err("a bad word").to_string().contains("row 7, column \"split\""));
    }
}
