//! Which points are read: all of a small sweep, a spread of a large one.

use gliss_types::Space;

/// One point as the choices that make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Combo {
    pub(super) row: usize,
    /// One index for each dimension.
    pub(super) picks: Vec<usize>,
}

impl Combo {
    /// The choices of point `index`, in the order of [`Space::point`].
    pub(super) fn of(index: u64, lens: &[usize]) -> Combo {
        let mut rest = index;
        let mut picks = vec![0; lens.len()];
        for (pick, len) in picks.iter_mut().zip(lens).rev() {
            let len = (*len).max(1) as u64;
            *pick = usize::try_from(rest % len).unwrap_or(0);
            rest /= len;
        }
        Combo { row: usize::try_from(rest).unwrap_or(0), picks }
    }
}

/// The points to read, and whether they are all there are.
pub(super) struct Walk {
    pub(super) combos: Box<dyn Iterator<Item = Combo>>,
    pub(super) complete: bool,
}

/// Random points beside those that show every value.
const SAMPLE: u64 = 5000;
/// Numbers of a range that are looked at one by one in a large sweep, beside its ends. Listed values all are.
const OF_A_RANGE: usize = 1000;

/// All points up to `most`; beyond that every value beside the first ones of the others, and a sample. `ranges` says
/// which dimensions are ranges. `points` is `None` for a sweep too large to run, whose values are still looked at.
pub(super) fn walk(space: &Space, ranges: &[bool], points: Option<u64>, most: u64) -> Walk {
    let lens: Vec<_> = space.dimensions.iter().map(|d| d.values.len()).collect();
    if let Some(points) = points.filter(|points| *points <= most) {
        return Walk { combos: Box::new((0..points).map(move |i| Combo::of(i, &lens))), complete: true };
    }
    let first = Combo { row: 0, picks: vec![0; lens.len()] };
    let mut combos: Vec<_> = (0..space.rows.len().max(1)).map(|row| Combo { row, ..first.clone() }).collect();
    for (axis, (len, range)) in lens.iter().zip(ranges).enumerate() {
        let step = if *range { len.div_ceil(OF_A_RANGE).max(1) } else { 1 };
        for value in (1..*len).step_by(step).chain(len.checked_sub(1)) {
            let mut combo = first.clone();
            if let Some(pick) = combo.picks.get_mut(axis) {
                *pick = value;
            }
            combos.push(combo);
        }
    }
    let sample = points.into_iter().flat_map(|n| (0..SAMPLE).map(move |i| mixed(i) % n.max(1)));
    combos.extend(sample.map(|index| Combo::of(index, &lens)));
    Walk { combos: Box::new(combos.into_iter()), complete: false }
}

/// SplitMix64's output function (Steele, Lea, Flood 2014): spreads a counter over all 64-bit numbers.
fn mixed(i: u64) -> u64 {
    let mut z = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::{Dimension, Point};
    use serde_json::json;

    #[test]
    fn choices_follow_the_order_of_the_space() {
        let dimension = |path: &str, n: usize| Dimension {
            path: path.parse().expect("a path"),
            values: (0..n).map(|v| json!(v)).collect(),
        };
        let row = |v: usize| -> Point { vec![("r".parse().expect("a path"), json!(v))] };
        let space = Space { rows: vec![row(0), row(1)], dimensions: vec![dimension("a", 3), dimension("b", 4)] };
        for index in 0..24 {
            let combo = Combo::of(index, &[3, 4]);
            let point: Vec<_> = space.point(index).expect("in range").into_iter().map(|(_, v)| v).collect();
            assert_eq!(point, [json!(combo.row), json!(combo.picks[0]), json!(combo.picks[1])]);
        }
    }

    #[test]
    fn a_large_sweep_shows_every_value() {
        let values = |n: usize| (0..n).map(|v| json!(v)).collect();
        let space = Space {
            rows: vec![],
            dimensions: vec![
                Dimension { path: "a".parse().expect("a path"), values: values(300) },
                Dimension { path: "b".parse().expect("a path"), values: values(400) },
            ],
        };
        let walk = walk(&space, &[false, false], space.len(), 20_000);
        assert!(!walk.complete);
        let combos: Vec<_> = walk.combos.collect();
        for (axis, len) in [(0, 300), (1, 400)] {
            assert!((0..len).all(|value| combos.iter().any(|c| c.picks[axis] == value)));
        }
    }
}
