//! The columns of a file that splits may go by, gathered row by row.

use super::marks::GroupNumbers;
use super::sheet::{Cell, Sheet, shown};
use super::{Column, Marks, Place, Side};

/// Gathers the columns of a file that splits may go by.
pub(super) struct MarkColumns {
    /// Those that are there: columns of the file.
    pub(super) indices: Vec<usize>,
    split: Gathered<Option<Side>>,
    group: Gathered<u32>,
    fold: Gathered<u32>,
    numbers: GroupNumbers,
}

/// A column on its way.
struct Gathered<T> {
    /// As the recipe names it, if it does.
    name: Option<String>,
    /// Its place among the cells that are visited; none if the file has it not.
    at: Option<usize>,
    values: Vec<T>,
    bad: Option<Column<T>>,
}

impl<T> Gathered<T> {
    fn new(name: Option<&str>, at: Option<usize>) -> Self {
        Gathered { name: name.map(str::to_owned), at, values: Vec::new(), bad: None }
    }

    fn visit(&mut self, place: Place, cells: &[Cell<'_>], read: impl FnOnce(&Cell<'_>) -> Option<T>) {
        let Some(cell) = self.at.and_then(|at| cells.get(at)) else { return };
        match read(cell) {
            Some(value) => self.values.push(value),
            None if self.bad.is_none() => {
                let name = self.name.clone().unwrap_or_default();
                self.bad = Some(Column::Bad { name, place, found: shown(&cell.text()) });
            }
            None => {}
        }
    }

    fn finish(self) -> Column<T> {
        match (self.at, self.bad) {
            (None, _) => Column::Absent { name: self.name },
            (Some(_), Some(bad)) => bad,
            (Some(_), None) => Column::Values(self.values),
        }
    }
}

impl MarkColumns {
    /// Columns by the names that the recipe gives them.
    pub(super) fn new(sheet: &Sheet, split: Option<&str>, group: Option<&str>, fold: Option<&str>) -> Self {
        let mut indices = Vec::new();
        let mut find = |name: Option<&str>| {
            indices.push(sheet.find(name?)?);
            Some(indices.len() - 1)
        };
        let (split_at, group_at, fold_at) = (find(split), find(group), find(fold));
        MarkColumns {
            split: Gathered::new(split, split_at),
            group: Gathered::new(group, group_at),
            fold: Gathered::new(fold, fold_at),
            indices,
            numbers: GroupNumbers::default(),
        }
    }

    /// `cells` are those of `indices`.
    pub(super) fn visit(&mut self, place: Place, cells: &[Cell<'_>]) {
        self.split.visit(place, cells, |cell| Side::parse(&cell.text()));
        self.group.visit(place, cells, |cell| Some(self.numbers.number(&cell.text())));
        self.fold.visit(place, cells, |cell| cell.whole());
    }

    pub(super) fn finish(self) -> Marks {
        let MarkColumns { split, group, fold, .. } = self;
        Marks { sides: split.finish(), groups: group.finish(), folds: fold.finish(), gtzan_rows: Vec::new() }
    }
}
