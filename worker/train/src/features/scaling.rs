//! Values brought to a common scale by constants of the training side.
//!
//! Knows nothing of clips or files: it is shown the examples that train, and then scales any.

use gliss_types::recipe::{Input, Kind, Normalise};

/// What the values of one constant came to.
#[derive(Debug, Clone, Copy)]
struct Moments {
    count: f64,
    /// The first value: sums are of distances from it, so that nothing cancels.
    shift: f64,
    sum: f64,
    squares: f64,
    least: f64,
    most: f64,
}

impl Moments {
    const NONE: Moments =
        Moments { count: 0.0, shift: 0.0, sum: 0.0, squares: 0.0, least: f64::INFINITY, most: f64::NEG_INFINITY };

    fn add(&mut self, value: f32) {
        let value = f64::from(value);
        if self.count == 0.0 {
            self.shift = value;
        }
        let distance = value - self.shift;
        self.count += 1.0;
        self.sum += distance;
        self.squares += distance * distance;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    /// What is subtracted and what is divided by.
    fn constant(&self, normalise: Normalise, ddof: u32) -> Constant {
        if self.count == 0.0 {
            return Constant { shift: 0.0, scale: 1.0 };
        }
        let (shift, scale) = match normalise {
            Normalise::Range => (self.least, self.most - self.least),
            _ => {
                let of_squares = self.squares - self.sum * self.sum / self.count;
                let count = (self.count - f64::from(ddof)).max(1.0);
                (self.shift + self.sum / self.count, (of_squares.max(0.0) / count).sqrt())
            }
        };
        Constant { shift, scale: if scale > 0.0 { scale } else { 1.0 } }
    }
}

/// `(value - shift) / scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Constant {
    shift: f64,
    scale: f64,
}

/// How an example's rows of values lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    /// Bands, or channels times rows of a picture, or values of a vector.
    pub(crate) rows: usize,
    /// Values of a row: frames, columns, samples; 1 for a vector.
    pub(crate) width: usize,
    /// Rows that share a constant where there is one for each band: the rows of one channel of a picture.
    pub(crate) together: usize,
}

/// Learns the constants of one input.
#[derive(Debug)]
pub(crate) struct Learner {
    normalise: Normalise,
    ddof: u32,
    as_uint8: bool,
    rows: Rows,
    moments: Vec<Moments>,
}

/// The constants of one input, learnt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    normalise: Normalise,
    as_uint8: bool,
    rows: Rows,
    constants: Vec<Constant>,
}

impl Learner {
    /// For examples of `input`, which lie as `rows` says.
    pub(crate) fn new(input: &Input, rows: Rows) -> Self {
        let (normalise, as_uint8) = match &input.kind {
            Kind::Statistics(statistics) if statistics.columns.standardise => {
                (Normalise::Band, statistics.columns.as_uint8)
            }
            Kind::Statistics(statistics) => (Normalise::None, statistics.columns.as_uint8),
            _ => (input.normalise, false),
        };
        let constants = match normalise {
            Normalise::None => 0,
            Normalise::Global | Normalise::Range => 1,
            Normalise::Band => rows.rows.div_ceil(rows.together.max(1)),
            Normalise::Position => rows.rows * rows.width,
        };
        Learner { normalise, ddof: input.ddof, as_uint8, rows, moments: vec![Moments::NONE; constants] }
    }

    /// Whether there is anything to learn.
    pub(crate) fn learns(&self) -> bool {
        !self.moments.is_empty()
    }

    /// Looks at an example that trains: whole rows, of which the first `real` values each are the clip's own and the rest
    /// are filled up.
    pub(crate) fn look(&mut self, values: &[f32], real: usize) {
        let width = self.rows.width.max(1);
        let together = self.rows.together.max(1);
        let one = match self.normalise {
            Normalise::None => return,
            Normalise::Position => {
                self.moments.iter_mut().zip(values).for_each(|(moments, value)| moments.add(*value));
                return;
            }
            Normalise::Global | Normalise::Range => true,
            Normalise::Band => false,
        };
        for (row, values) in values.chunks_exact(width).enumerate() {
            let place = if one { 0 } else { row / together };
            let Some(moments) = self.moments.get_mut(place) else { continue };
            values.iter().take(real).for_each(|value| moments.add(*value));
        }
    }

    /// The constants of what was looked at.
    pub(crate) fn finish(self) -> Scaling {
        let constants = self.moments.iter().map(|moments| moments.constant(self.normalise, self.ddof)).collect();
        Scaling { normalise: self.normalise, as_uint8: self.as_uint8, rows: self.rows, constants }
    }
}

impl Scaling {
    /// What is subtracted and what is divided by, constant by constant.
    pub(crate) fn constants(&self) -> Vec<[f64; 2]> {
        self.constants.iter().map(|constant| [constant.shift, constant.scale]).collect()
    }

    /// The scaling of `input` with constants that were learnt before; none if it has another number of them.
    pub(crate) fn with(input: &Input, rows: Rows, constants: &[[f64; 2]]) -> Option<Self> {
        let empty = Learner::new(input, rows).finish();
        let constants: Vec<Constant> = constants.iter().map(|&[shift, scale]| Constant { shift, scale }).collect();
        (constants.len() == empty.constants.len()).then_some(Scaling { constants, ..empty })
    }

    /// Whether values stay as they are.
    pub(crate) fn is_none(&self) -> bool {
        self.constants.is_empty() && !self.as_uint8
    }

    /// Scales an example in place. What is filled up (beyond the first `real` values of each row) becomes 0, unless
    /// every place has a constant of its own.
    pub(crate) fn apply(&self, values: &mut [f32], real: usize) {
        if self.is_none() {
            return;
        }
        let raw = |value: f32| {
            let value = f64::from(value);
            if self.as_uint8 { super::columns::as_uint8(value) } else { value }
        };
        let scaled = |value: f32, by: &Constant| ((raw(value) - by.shift) / by.scale) as f32;
        match self.normalise {
            Normalise::None => values.iter_mut().for_each(|value| *value = raw(*value) as f32),
            Normalise::Position => {
                values.iter_mut().zip(&self.constants).for_each(|(value, by)| *value = scaled(*value, by));
            }
            Normalise::Global | Normalise::Range | Normalise::Band => {
                let (width, together) = (self.rows.width.max(1), self.rows.together.max(1));
                for (row, values) in values.chunks_exact_mut(width).enumerate() {
                    let place = if self.normalise == Normalise::Band { row / together } else { 0 };
                    let Some(by) = self.constants.get(place) else { continue };
                    values.iter_mut().take(real).for_each(|value| *value = scaled(*value, by));
                    values.iter_mut().skip(real).for_each(|value| *value = 0.0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::recipe::{Columns, Embedding, Statistics, Store};

    fn input(normalise: Normalise, ddof: u32) -> Input {
        let embedding = Embedding { path: "/e".into(), size: 4 };
        Input { kind: Kind::Embedding(embedding), normalise, ddof, store: Store::F32 }
    }

    fn learnt(input: &Input, rows: Rows, examples: &[(&[f32], usize)]) -> Scaling {
        let mut learner = Learner::new(input, rows);
        examples.iter().for_each(|(values, real)| learner.look(values, *real));
        learner.finish()
    }

    fn applied(scaling: &Scaling, values: &[f32], real: usize) -> Vec<f32> {
        let mut values = values.to_vec();
        scaling.apply(&mut values, real);
        values
    }

    const PLANE: Rows = Rows { rows: 2, width: 2, together: 1 };

    #[test]
    fn one_constant_for_all_takes_no_notice_of_what_is_filled_up() {
        let examples: [(&[f32], usize); 2] = [(&[1.0, 3.0, 5.0, 7.0], 2), (&[4.0, 0.0, 4.0, 0.0], 1)];
        let global = learnt(&input(Normalise::Global, 0), PLANE, &examples);
        // 1 3 5 7 4 4: mean 4, squares 20, population deviation sqrt(20 / 6).
        let deviation = (20f64 / 6.0).sqrt();
        let expected = |value: f64| ((value - 4.0) / deviation) as f32;
        assert_eq!(applied(&global, &[1.0, 3.0, 5.0, 4.0], 2), [1.0, 3.0, 5.0, 4.0].map(expected));
        assert_eq!(applied(&global, &[1.0, 9.0, 5.0, 9.0], 1), [expected(1.0), 0.0, expected(5.0), 0.0]);
        let sample = learnt(&input(Normalise::Global, 1), PLANE, &examples);
        assert_eq!(applied(&sample, &[6.0, 4.0, 4.0, 4.0], 2)[0], 1.0, "20 / 5 is 2 squared");
        let range = learnt(&input(Normalise::Range, 0), PLANE, &examples);
        assert_eq!(applied(&range, &[1.0, 4.0, 7.0, 0.0], 2), [0.0, 0.5, 1.0, -1.0 / 6.0]);
    }

    #[test]
    fn bands_and_positions_have_constants_of_their_own() {
        let examples: [(&[f32], usize); 2] = [(&[1.0, 3.0, 10.0, 10.0], 2), (&[1.0, 3.0, 30.0, 10.0], 2)];
        let band = learnt(&input(Normalise::Band, 0), PLANE, &examples);
        assert_eq!(applied(&band, &[2.0, 3.0, 15.0, 15.0], 2), [0.0, 1.0, 0.0, 0.0]);
        let position = learnt(&input(Normalise::Position, 1), PLANE, &examples);
        // No spread at the first two places and the last: their deviation counts as one.
        let spread = (200f64).sqrt();
        assert_eq!(applied(&position, &[2.0, 3.0, 30.0, 11.0], 0), [1.0, 0.0, (10.0 / spread) as f32, 1.0]);
        let channels = Rows { rows: 4, width: 1, together: 2 };
        let of_channels = learnt(&input(Normalise::Band, 0), channels, &[(&[1.0, 3.0, 10.0, 30.0], 1)]);
        assert_eq!(applied(&of_channels, &[3.0, 1.0, 20.0, 30.0], 1), [1.0, -1.0, 0.0, 1.0]);
    }

    #[test]
    fn statistics_are_scaled_as_a_table_is() {
        for (standardise, as_uint8) in [(true, false), (true, true), (false, false), (false, true)] {
            let columns = Columns { standardise, as_uint8 };
            let rows = [[1784.25f32, -113.5], [1700.0, -100.25], [90.5, 3.0]];
            let wide: Vec<f64> = rows.as_flattened().iter().map(|value| f64::from(*value)).collect();
            let expected = crate::features::scale(&wide, 2, &[0, 1], &columns);
            let kind = Kind::Statistics(Statistics { seconds: 0.0, columns });
            let input = Input { kind, normalise: Normalise::None, ddof: 0, store: Store::F32 };
            let vector = Rows { rows: 2, width: 1, together: 1 };
            let scaling = learnt(&input, vector, &[(&rows[0], 1), (&rows[1], 1)]);
            let seen: Vec<f32> = rows.iter().flat_map(|row| applied(&scaling, row, 1)).collect();
            for (seen, expected) in seen.iter().zip(&expected) {
                assert!((seen - expected).abs() <= 1e-6 * expected.abs(), "{seen} {expected}");
            }
        }
    }

    #[test]
    fn far_from_zero_nothing_cancels_and_nothing_learnt_changes_nothing() {
        let narrow: Vec<f32> = (0..1000).map(|i| 1e6 + (i % 2) as f32).collect();
        let vector = Rows { rows: 1, width: 1000, together: 1 };
        let scaling = learnt(&input(Normalise::Global, 0), vector, &[(&narrow, 1000)]);
        assert_eq!(applied(&scaling, &narrow, 1000)[..2], [-1.0, 1.0]);
        let nothing = learnt(&input(Normalise::Global, 0), vector, &[]);
        assert_eq!(applied(&nothing, &narrow, 1000), narrow);
        assert!(learnt(&input(Normalise::None, 0), vector, &[(&narrow, 1000)]).is_none());
    }
}
