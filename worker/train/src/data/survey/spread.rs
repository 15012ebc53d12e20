//! The middle and the ends of a set of numbers.

/// Smallest, middle and largest of some numbers, and their sum.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spread {
    /// How many there are; all else is 0 if there are none.
    pub count: usize,
    /// The smallest.
    pub min: f64,
    /// The middle one; the mean of the two in the middle of an even number.
    pub median: f64,
    /// The largest.
    pub max: f64,
    /// The sum.
    pub total: f64,
}

impl Spread {
    /// The spread of `values`, in any order.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (values.first(), values.last()) else { return Spread::default() };
        let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Spread {
            count: values.len(),
            min: *min,
            median: f64::midpoint(lower, upper),
            max: *max,
            total: values.iter().sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_numbers_does_not_matter() {
        let odd = Spread { count: 3, min: 1.0, median: 2.0, max: 9.0, total: 12.0 };
        assert_eq!(Spread::of([9.0, 1.0, 2.0]), odd);
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]).median, 3.0);
        assert_eq!(Spread::of([]), Spread::default());
    }
}
