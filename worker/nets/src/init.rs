//! Initial values of parameters. Parameter `i` of a net draws from stream `Init(i)`: a net's first weights are a function of
//! its seed alone.

use candle_core::{Device, Result, Var};

use crate::draw::{Draw, Stream};

/// Whence the first values of a parameter come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum First {
    /// All are that number.
    Same(f64),
    /// Uniform within ± that number.
    Uniform(f64),
    /// Normal around 0 with that deviation.
    Normal(f64),
    /// Normal around 0, nothing beyond two deviations, so that the deviation after the cut is that number (Keras'
    /// `VarianceScaling` with `truncated_normal`).
    CutNormal(f64),
    /// Columns of length 1 at right angles to each other, for a matrix of at least as many rows as columns; drawn evenly from
    /// all such matrices (Saxe et al. 2014).
    Orthogonal,
}

/// The deviation of a standard normal distribution that is cut off at 2.
const CUT_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// The fans of a weight (outputs, inputs, kernel...): inputs and outputs, each times the places of the kernel.
pub fn fans(shape: &[usize]) -> (f64, f64) {
    match shape {
        [] => (1.0, 1.0),
        [n] => (*n as f64, *n as f64),
        [outputs, inputs, kernel @ ..] => {
            let places: f64 = kernel.iter().map(|&n| n as f64).product();
            (*inputs as f64 * places, *outputs as f64 * places)
        }
    }
}

/// Parameter number `parameter` of a net, f32.
///
/// # Errors
/// The device has no room.
pub fn draw(seed: u64, parameter: u32, shape: &[usize], first: First, device: &Device) -> Result<Var> {
    let draw = Draw::new(seed, Stream::Init(parameter), 0, 0);
    let count: usize = shape.iter().product();
    let each = |value: &dyn Fn(u64) -> f64| (0..count as u64).map(|i| value(i) as f32).collect::<Vec<f32>>();
    let values = match first {
        First::Same(value) => vec![value as f32; count],
        First::Uniform(bound) => each(&|i| (2.0 * draw.uniform(i) - 1.0) * bound),
        First::Normal(deviation) => each(&|i| draw.normal(i) * deviation),
        First::CutNormal(deviation) => each(&|i| cut_normal(draw, i) * deviation / CUT_DEVIATION),
        First::Orthogonal => match *shape {
            [rows, columns] => orthogonal(draw, rows, columns),
            _ => each(&|i| draw.normal(i)),
        },
    };
    Var::from_vec(values, shape, device)
}

/// A standard normal number within ±2: drawn again, from words of its own, until it is.
fn cut_normal(draw: Draw, i: u64) -> f64 {
    let tries = (0u64..).map(|again| draw.normal(i.wrapping_add(again << 40)));
    tries.take(64).find(|value| value.abs() <= 2.0).unwrap_or(0.0)
}

/// Gram and Schmidt's process on normal columns, twice over, which is as exact as a QR decomposition.
fn orthogonal(draw: Draw, rows: usize, columns: usize) -> Vec<f32> {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(columns);
    for column in 0..columns {
        let mut new: Vec<f64> = (0..rows).map(|row| draw.normal((column * rows + row) as u64)).collect();
        for _ in 0..2 {
            for old in &basis {
                let share: f64 = old.iter().zip(&new).map(|(a, b)| a * b).sum();
                new.iter_mut().zip(old).for_each(|(value, a)| *value -= share * a);
            }
        }
        let length = new.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        new.iter_mut().for_each(|value| *value /= length);
        basis.push(new);
    }
    (0..rows).flat_map(|row| basis.iter().map(move |column| column[row] as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(seed: u64, number: u32, shape: &[usize], first: First) -> Result<Vec<f32>> {
        draw(seed, number, shape, first, &Device::Cpu)?.flatten_all()?.to_vec1::<f32>()
    }

    fn variance(values: &[f32]) -> f64 {
        values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn fans_are_the_frameworks() {
        assert_eq!(fans(&[8, 4, 7, 7]), (196.0, 392.0));
        assert_eq!(fans(&[128, 57]), (57.0, 128.0));
    }

    #[test]
    fn values_fill_the_range_and_depend_on_seed_and_number() -> Result<()> {
        let uniform = |seed, number| values(seed, number, &[100, 100], First::Uniform(0.5));
        let a = uniform(1, 0)?;
        let spread = variance(&a);
        assert!(a.iter().all(|v| v.abs() <= 0.5) && (spread - 0.25 / 3.0).abs() < 0.003, "{spread}");
        assert_eq!(a, uniform(1, 0)?);
        assert_ne!(a, uniform(2, 0)?);
        assert_ne!(a, uniform(1, 1)?);
        Ok(())
    }

    #[test]
    fn normal_numbers_have_their_deviation_and_their_ends() -> Result<()> {
        let normal = values(3, 0, &[200, 200], First::Normal(0.1))?;
        assert!((variance(&normal) - 0.01).abs() < 3e-4, "{}", variance(&normal));
        assert!(normal.iter().any(|v| v.abs() > 0.3), "the ends are there");
        let cut = values(3, 0, &[200, 200], First::CutNormal(0.1))?;
        assert!((variance(&cut) - 0.01).abs() < 3e-4, "{}", variance(&cut));
        assert!(cut.iter().all(|v| v.abs() <= 0.2 / CUT_DEVIATION as f32 + 1e-6), "the ends are cut off");
        Ok(())
    }

    #[test]
    fn orthogonal_columns_are_at_right_angles() -> Result<()> {
        let (rows, columns) = (24, 8);
        let m = values(5, 2, &[rows, columns], First::Orthogonal)?;
        for a in 0..columns {
            for b in 0..=a {
                let dot: f32 = (0..rows).map(|row| m[row * columns + a] * m[row * columns + b]).sum();
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!((dot - expected).abs() < 1e-5, "columns {a} and {b}: {dot}");
            }
        }
        Ok(())
    }
}
