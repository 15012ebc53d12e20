//! Gradients against finite differences in f64.

use std::error::Error;

use candle_core::{Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// Normal numbers.
pub(crate) fn random(seed: u64, shape: &[usize]) -> candle_core::Result<Tensor> {
    let draw = Draw::new(seed, Stream::Other(0), 0, 0);
    let count: usize = shape.iter().product();
    Tensor::from_vec((0..count as u64).map(|i| draw.normal(i)).collect::<Vec<f64>>(), shape, &Device::Cpu)
}

/// Compares the gradients of `sum(f(arguments) * weights)` with central differences, for every argument.
pub(crate) fn check(name: &str, arguments: &[Tensor], f: impl Fn(&[Tensor]) -> candle_core::Result<Tensor>) -> Outcome {
    let y = f(arguments)?;
    let weights = random(999, y.dims())?;
    let total = |arguments: &[Tensor]| (f(arguments)? * &weights)?.sum_all();
    let vars = arguments.iter().map(Var::from_tensor).collect::<Result<Vec<_>, _>>()?;
    let tracked: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let gradients = total(&tracked)?.backward()?;
    let step = 1e-5;
    for (number, argument) in arguments.iter().enumerate() {
        let gradient = gradients.get(&vars[number]).ok_or("a gradient")?.flatten_all()?.to_vec1::<f64>()?;
        let values = argument.flatten_all()?.to_vec1::<f64>()?;
        for i in 0..values.len() {
            let shifted = |by: f64| -> candle_core::Result<f64> {
                let mut values = values.clone();
                values[i] += by;
                let mut arguments = arguments.to_vec();
                arguments[number] = Tensor::from_vec(values, argument.shape(), &Device::Cpu)?;
                total(&arguments)?.to_scalar::<f64>()
            };
            let expected = (shifted(step)? - shifted(-step)?) / (2.0 * step);
            let diff = (gradient[i] - expected).abs();
            assert!(
                diff < 1e-6 * (1.0 + expected.abs()),
                "{name}: argument {number}, value {i}: {} is not {expected}",
                gradient[i]
            );
        }
    }
    // Each argument alone: a gradient that nobody wants must not change the others.
    for (number, var) in vars.iter().enumerate() {
        let mut alone = arguments.to_vec();
        alone[number] = var.as_tensor().clone();
        let one = total(&alone)?.backward()?;
        let bits = |t: &Tensor| t.flatten_all()?.to_vec1::<f64>();
        let (one, all) = (one.get(var).ok_or("a gradient")?, gradients.get(var).ok_or("a gradient")?);
        assert_eq!(bits(one)?, bits(all)?, "{name}: argument {number} alone");
    }
    Ok(())
}
