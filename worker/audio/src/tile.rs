//! Small squares of a matrix, turned around their diagonal: how a kernel comes from rows to columns and back without
//! leaving the nearest cache.

use crate::lanes::{LANES, Vector};

/// Numbers along a side of a [`Tile`].
pub(crate) const SIDE: usize = 16;

/// A square of numbers, row by row.
pub(crate) type Tile = [[f32; SIDE]; SIDE];

/// `tile` with rows for columns.
#[inline(always)]
pub(crate) fn turned<V: Vector>(tile: &Tile) -> Tile {
    const { assert!(SIDE.is_multiple_of(LANES)) };
    let mut turned = Tile::default();
    for row in (0..SIDE).step_by(LANES) {
        for column in (0..SIDE).step_by(LANES) {
            let mut square = [V::splat(0.0); LANES];
            for (vector, line) in square.iter_mut().zip(&tile[row..]) {
                *vector = V::load(line[column..].first_chunk().expect("a tile is squares"));
            }
            for (vector, line) in V::transpose(square).into_iter().zip(&mut turned[column..]) {
                vector.store(line[row..].first_chunk_mut().expect("a tile is squares"));
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Row;

    #[test]
    fn rows_become_columns() {
        let tile = std::array::from_fn(|row| std::array::from_fn(|column| (row * SIDE + column) as f32));
        for (row, line) in turned::<Row>(&tile).iter().enumerate() {
            for (column, value) in line.iter().enumerate() {
                assert_eq!(*value, (column * SIDE + row) as f32);
            }
        }
    }
}
