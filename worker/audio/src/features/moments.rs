//! Mean and variance: what a track over time becomes in a table.

/// Sums run in this many lanes, so that the compiler can use vectors; the order of additions is fixed.
const LANES: usize = 8;

/// Mean and variance of a track, computed in f64.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The population variance: the mean squared distance from the mean.
    pub variance: f64,
}

impl Moments {
    /// Those of `values`; of none, both are 0.
    pub fn of<T: Copy + Into<f64>>(values: &[T]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = sum(values, |value| value) / count;
        let variance = sum(values, |value| (value - mean) * (value - mean)) / count;
        Self { mean, variance }
    }
}

fn sum<T: Copy + Into<f64>>(values: &[T], term: impl Fn(f64) -> f64) -> f64 {
    let (full, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in full {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += term((*value).into());
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|value| term((*value).into())).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn of_few_and_of_many() {
        assert_eq!(Moments::of::<f32>(&[]), Moments::default());
        assert_eq!(Moments::of(&[3.0f32]), Moments { mean: 3.0, variance: 0.0 });
        let values: Vec<f64> = (0..101).map(f64::from).collect();
        assert_eq!(Moments::of(&values), Moments { mean: 50.0, variance: 850.0 });
    }

    /// A large mean takes nothing from a small variance.
    #[test]
    fn far_from_zero() {
        let values: Vec<f64> = (0..1000).map(|i| 1e6 + f64::from(i % 2)).collect();
        assert_eq!(Moments::of(&values), Moments { mean: 1e6 + 0.5, variance: 0.25 });
    }
}
