//! Initial values of parameters. Parameter `i` of a net draws from stream `Init(i)`: a net's first weights are a function of
//! its seed alone.

use candle_core::{Device, Result, Var};

use crate::draw::{Draw, Stream};

/// Whose defaults a layer starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// PyTorch: weights and biases uniform within ±1 / sqrt(fan in).
    PyTorch,
    /// Keras: weights uniform within ±sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010), biases 0.
    Keras,
}

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

impl Init {
    /// The half width of a weight's distribution.
    pub fn weight_bound(self, shape: &[usize]) -> f64 {
        let (fan_in, fan_out) = fans(shape);
        match self {
            Init::PyTorch => 1.0 / fan_in.max(1.0).sqrt(),
            Init::Keras => (6.0 / (fan_in + fan_out).max(1.0)).sqrt(),
        }
    }

    /// The half width of the distribution of the bias that belongs to a weight of that shape.
    pub fn bias_bound(self, weight: &[usize]) -> f64 {
        match self {
            Init::PyTorch => self.weight_bound(weight),
            Init::Keras => 0.0,
        }
    }
}

/// Parameter number `parameter` of a net, uniform within ±`bound`, f32.
///
/// # Errors
/// The device has no room.
pub fn uniform(seed: u64, parameter: u32, shape: &[usize], bound: f64, device: &Device) -> Result<Var> {
    let draw = Draw::new(seed, Stream::Init(parameter), 0, 0);
    let count: usize = shape.iter().product();
    let values = (0..count as u64).map(|i| ((2.0 * draw.uniform(i) - 1.0) * bound) as f32).collect::<Vec<f32>>();
    Var::from_vec(values, shape, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_the_frameworks() {
        assert_eq!(fans(&[8, 4, 7, 7]), (196.0, 392.0));
        assert!((Init::PyTorch.weight_bound(&[128, 57]) - 1.0 / 57f64.sqrt()).abs() < 1e-15);
        assert!((Init::Keras.weight_bound(&[8, 4, 7, 7]) - (6.0f64 / 588.0).sqrt()).abs() < 1e-15);
        assert_eq!(Init::Keras.bias_bound(&[8, 4, 7, 7]), 0.0);
        assert_eq!(Init::PyTorch.bias_bound(&[128, 57]), Init::PyTorch.weight_bound(&[128, 57]));
    }

    #[test]
    fn values_fill_the_range_and_depend_on_seed_and_number() -> Result<()> {
        let values = |seed, i| uniform(seed, i, &[100, 100], 0.5, &Device::Cpu)?.flatten_all()?.to_vec1::<f32>();
        let a = values(1, 0)?;
        let variance = a.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / 1e4;
        assert!(a.iter().all(|v| v.abs() <= 0.5) && (variance - 0.25 / 3.0).abs() < 0.003, "{variance}");
        assert_eq!(a, values(1, 0)?);
        assert_ne!(a, values(2, 0)?);
        assert_ne!(a, values(1, 1)?);
        Ok(())
    }
}
