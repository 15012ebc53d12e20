//! The complex transform of `rows` times `columns` values, as a matrix: by columns, then by rows (Gentleman and Sande
//! 1966). Each column and row is small enough for the nearest cache; only the matrix between the steps lies further off.
//!
//! Value `n` stands in row `n / columns` and column `n % columns`; result `k` comes out of row `k % rows` as number
//! `k / rows`.

use super::{
    complex::{Cell, Complex, Turn},
    small::{LONGEST, Line, SHORTEST, Sink, Small, Source},
};
use crate::lanes::Vector;

/// The plan and its buffers.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    by_column: Small,
    by_row: Small,
    /// The turn of each value between the steps, column by column.
    between: Vec<Turn>,
    /// Row by row, one unused cell after each row: a column then does not fall into few sets of the cache.
    work: Vec<Cell>,
    local: [Cell; LONGEST],
    /// A column of results.
    line: [Cell; LONGEST],
}

impl Matrix {
    /// A plan for so many values; none if they are not a power of two from 64 to 4096.
    pub(super) fn new(values: usize) -> Option<Self> {
        if !(SHORTEST * SHORTEST..=LONGEST * LONGEST).contains(&values) || !values.is_power_of_two() {
            return None;
        }
        let bits = values.ilog2();
        let (rows, columns) = (1 << (bits / 2), 1 << bits.div_ceil(2));
        let turns = |column: usize| (0..rows).map(move |row| Turn::new(row * column, values));
        Some(Self {
            by_column: Small::new(rows),
            by_row: Small::new(columns),
            between: (0..columns).flat_map(turns).collect(),
            work: vec![Cell::default(); rows * (columns + 1)],
            local: [Cell::default(); LONGEST],
            line: [Cell::default(); LONGEST],
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.by_column.length()
    }

    pub(super) fn columns(&self) -> usize {
        self.by_row.length()
    }

    /// First step: takes in a column, top to bottom.
    #[inline(always)]
    pub(super) fn take_column<V: Vector>(&mut self, column: usize, source: &impl Source<V>) {
        let (rows, stride) = (self.rows(), self.columns() + 1);
        let turns = self.between.get(column * rows..(column + 1) * rows).unwrap_or_default();
        let work = self.work.get_mut(column..).unwrap_or_default();
        self.by_column.run::<V>(&mut self.local, source, &mut Turned { work, stride, turns });
    }

    /// First step, with a column that lies in memory.
    #[inline(always)]
    pub(super) fn take_line<V: Vector>(&mut self, column: usize, from: &[Cell; LONGEST]) {
        let (rows, stride) = (self.rows(), self.columns() + 1);
        let Self { by_column: small, between, work, local, line, .. } = self;
        V::apart(Line { small, local, from, to: line });
        let turns = between.get(column * rows..(column + 1) * rows).unwrap_or_default();
        let mut sink = Turned { work: work.get_mut(column..).unwrap_or_default(), stride, turns };
        for (index, value) in line.iter().enumerate().take(rows) {
            sink.put(index, Complex::<V>::load(value));
        }
    }

    /// Second step, when all columns are in: gives out the results of a row.
    #[inline(always)]
    pub(super) fn give_row<V: Vector>(&mut self, row: usize, to: &mut [Cell; LONGEST]) {
        let columns = self.columns();
        let Self { by_row: small, work, local, .. } = self;
        let from = work.get(row * (columns + 1)..).and_then(|rest| rest.get(..columns)).unwrap_or_default();
        V::apart(Line { small, local, from, to });
    }
}

/// A column of results, turned on their way.
struct Turned<'a> {
    work: &'a mut [Cell],
    stride: usize,
    turns: &'a [Turn],
}

impl<V: Vector> Sink<V> for Turned<'_> {
    #[inline(always)]
    fn put(&mut self, index: usize, value: Complex<V>) {
        value.times(self.turns[index]).store(&mut self.work[index * self.stride]);
    }
}
