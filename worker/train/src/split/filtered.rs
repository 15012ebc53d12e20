//! GTZAN without its faulty clips, by the lists of Kereliuk, Sturm and Larsen 2015 (papers.md 5.1).

use gliss_types::recipe::{FilteredLists, GTZAN_GENRES};

use super::filtered_lists::{Listed, listed};
use super::per_class::hold_out;
use super::{Deal, Side, SplitError, Subjects};

/// `each` clips of every genre go from training to validation, where the lists are used as in the course.
pub(super) fn deal(subjects: &Subjects<'_>, lists: FilteredLists, each: usize, seed: u64) -> Result<Deal, SplitError> {
    let rows = &subjects.marks.gtzan_rows;
    let named = rows.iter().flatten().count();
    if named == 0 || named < subjects.labels.len() {
        return Err(SplitError::NotGtzan { examples: subjects.labels.len(), named });
    }
    let side = |row: &Option<u16>| {
        let (genre, number) = (usize::from((*row)? / 100), (*row)? % 100);
        let list = listed(GTZAN_GENRES.get(genre)?, number as u8)?;
        Some(match (lists, list) {
            (FilteredLists::Published, Listed::Valid) => Side::Valid,
            (FilteredLists::Published, Listed::Test) | (FilteredLists::Course, Listed::Valid) => Side::Test,
            (FilteredLists::Course, Listed::Test) | (_, Listed::Train) => Side::Train,
        })
    };
    let deal = Deal::of(rows.iter().map(side));
    match lists {
        FilteredLists::Published => deal.checked(),
        FilteredLists::Course => hold_out(deal, subjects, each, seed)?.checked(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Marks;

    fn dealt(genres: &[usize], lists: FilteredLists) -> Vec<[usize; 3]> {
        let classes: Vec<String> = genres.iter().map(|genre| GTZAN_GENRES[*genre].to_owned()).collect();
        let labels: Vec<u32> = (0..genres.len() as u32).flat_map(|label| std::iter::repeat_n(label, 100)).collect();
        let rows = genres.iter().flat_map(|genre| (0..100).map(move |number| Some(100 * *genre as u16 + number)));
        let marks = Marks { gtzan_rows: rows.collect(), ..Marks::default() };
        let subjects = Subjects { classes: &classes, labels: &labels, marks: &marks };
        let deal = deal(&subjects, lists, 5, 1004).expect("all clips are there");
        deal.per_class(&labels, genres.len())
    }

    #[test]
    fn the_course_has_540_40_and_150_clips() {
        let counts = dealt(&[1, 2, 3, 4, 5, 6, 7, 8], FilteredLists::Course);
        let [train, valid, test] = [0, 1, 2].map(|side| counts.iter().map(|count| count[side]).collect::<Vec<_>>());
        assert_eq!(test, [20, 23, 22, 18, 17, 20, 13, 17]);
        assert_eq!(valid, [5; 8]);
        assert_eq!(train.iter().zip(&valid).map(|(a, b)| a + b).collect::<Vec<_>>(), [79, 75, 71, 74, 70, 71, 71, 69]);
        assert_eq!([train, valid, test].map(|side| side.iter().sum::<usize>()), [540, 40, 150]);
    }

    #[test]
    fn published_lists_have_443_197_and_290_clips() {
        let counts = dealt(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], FilteredLists::Published);
        assert_eq!([0, 1, 2].map(|side| counts.iter().map(|count| count[side]).sum::<usize>()), [443, 197, 290]);
        let counts = dealt(&[1, 2, 3, 4, 5, 6, 7, 8], FilteredLists::Published);
        assert_eq!([0, 1, 2].map(|side| counts.iter().map(|count| count[side]).sum::<usize>()), [353, 150, 227]);
    }

    #[test]
    fn other_data_are_refused() {
        let classes = ["jazz".to_owned(), "rock".to_owned()];
        let of = |rows: Vec<Option<u16>>| {
            let marks = Marks { gtzan_rows: rows, ..Marks::default() };
            deal(&Subjects { classes: &classes, labels: &[0, 1], marks: &marks }, FilteredLists::Published, 0, 0)
        };
        assert_eq!(of(vec![Some(500), None]), Err(SplitError::NotGtzan { examples: 2, named: 1 }));
        assert_eq!(of(Vec::new()), Err(SplitError::NotGtzan { examples: 2, named: 0 }));
    }
}
