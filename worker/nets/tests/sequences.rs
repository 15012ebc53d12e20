//! Recurrent layers: against PyTorch's (layers.safetensors), against their definition, and against finite differences.

mod differences;
mod golden;

use candle_core::{DType, Device, Result, Tensor, Var};
use gliss_nets::ops::{GruWeights, LstmWeights, Reset, Steps, gru, lstm};

use differences::{Outcome, check, random};
use golden::{labels, max_diff, values};

/// f64, and f32 with its wider tolerance.
const TYPES: [(DType, f64); 2] = [(DType::F64, 1e-9), (DType::F32, 1e-5)];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Gru(Reset),
    Lstm,
}

const UNITS: [Unit; 3] = [Unit::Gru(Reset::After), Unit::Gru(Reset::Before), Unit::Lstm];

impl Unit {
    fn gates(self) -> usize {
        if self == Unit::Lstm { 4 } else { 3 }
    }

    /// The layer of input weight, hidden weight, input bias and, where there is a fourth, hidden bias.
    fn layer(self, x: &Tensor, weights: &[Tensor], output: Steps) -> Result<Tensor> {
        let (input, hidden, input_bias, hidden_bias) = (&weights[0], &weights[1], &weights[2], weights.get(3));
        match self {
            Unit::Gru(reset) => gru(x, &GruWeights { input, hidden, input_bias, hidden_bias }, reset, output),
            Unit::Lstm => lstm(x, &LstmWeights { input, hidden, input_bias, hidden_bias }, output),
        }
    }

    /// Random input and weights.
    fn arguments(self, [batch, steps, features, states]: [usize; 4]) -> Result<Vec<Tensor>> {
        let rows = self.gates() * states;
        let shapes: [&[usize]; 5] = [&[batch, steps, features], &[rows, features], &[rows, states], &[rows], &[rows]];
        shapes.iter().zip(1..).map(|(shape, seed)| random(seed, shape)? * 0.7).collect()
    }
}

#[test]
fn goldens() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let cases = &golden::json(&folder, "layers.json")?["cases"];
    let arrays = candle_core::safetensors::load(folder.join("layers.safetensors"), &Device::Cpu)?;
    for (name, unit) in [("gru", Unit::Gru(Reset::After)), ("lstm", Unit::Lstm)] {
        for (dtype, tolerance) in TYPES {
            let close = |what: &str, got: &Tensor| -> Outcome {
                let expected = &arrays[what];
                let got = if what.ends_with("h_n") { got.unsqueeze(0)? } else { got.clone() };
                assert_eq!(got.dims(), expected.dims(), "{what}");
                let diff = max_diff(&values(&got)?, &values(expected)?);
                assert!(diff < tolerance, "{what} {dtype:?}: off by {diff}");
                Ok(())
            };
            let shape = labels(&cases[name]["weights"][1]["shape"]);
            assert_eq!(shape[0], shape[1] * unit.gates() as u32, "{name}: rows of the hidden weight");
            let weights = golden::weights(&cases[name]["weights"], dtype)?;
            let x = arrays[&format!("{name}.in")].to_dtype(dtype)?;
            close(&format!("{name}.out"), &unit.layer(&x, &weights, Steps::All)?)?;
            close(&format!("{name}.h_n"), &unit.layer(&x, &weights, Steps::Last)?)?;

            // Two layers, each of two directions, the second on what both directions of the first gave.
            let name = format!("{name}_2layer_bidirectional");
            let weights = golden::weights(&cases[&name]["weights"], dtype)?;
            let mut x = arrays[&format!("{name}.in")].to_dtype(dtype)?;
            for layer in weights.chunks(8) {
                let there = unit.layer(&x, &layer[..4], Steps::All)?;
                let back = unit.layer(&x.flip(&[1])?, &layer[4..], Steps::All)?.flip(&[1])?;
                x = Tensor::cat(&[there, back], 2)?;
            }
            close(&format!("{name}.out"), &x)?;
        }
    }
    Ok(())
}

/// A gated recurrent unit as its definition has it, number by number. `v` holds x, both weights and both biases.
fn defined(reset: Reset, [batch, steps, features, states]: [usize; 4], v: &[Vec<f64>]) -> Vec<f64> {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut all = Vec::new();
    for b in 0..batch {
        let mut h = vec![0.0; states];
        for t in 0..steps {
            let x = &v[0][(b * steps + t) * features..][..features];
            let dot = |w: &[f64], row: usize, by: &[f64]| -> f64 {
                by.iter().zip(&w[row * by.len()..]).map(|(a, b)| a * b).sum()
            };
            let from_x = |row: usize| dot(&v[1], row, x) + v[3][row];
            let from_h = |row: usize, h: &[f64]| dot(&v[2], row, h) + v[4][row];
            let r: Vec<f64> = (0..states).map(|j| sigmoid(from_x(j) + from_h(j, &h))).collect();
            let reset_h: Vec<f64> = r.iter().zip(&h).map(|(r, h)| r * h).collect();
            h = (0..states)
                .map(|j| {
                    let z = sigmoid(from_x(states + j) + from_h(states + j, &h));
                    let n = match reset {
                        Reset::After => from_x(2 * states + j) + r[j] * from_h(2 * states + j, &h),
                        Reset::Before => from_x(2 * states + j) + from_h(2 * states + j, &reset_h),
                    };
                    (1.0 - z) * n.tanh() + z * h[j]
                })
                .collect();
            all.extend_from_slice(&h);
        }
    }
    all
}

#[test]
fn both_resets_are_as_defined() -> Outcome {
    let sizes = [3, 4, 5, 6];
    for reset in [Reset::After, Reset::Before] {
        let arguments = Unit::Gru(reset).arguments(sizes)?;
        let numbers = arguments.iter().map(values).collect::<std::result::Result<Vec<_>, _>>()?;
        let expected = defined(reset, sizes, &numbers);
        let all = Unit::Gru(reset).layer(&arguments[0], &arguments[1..], Steps::All)?;
        let diff = max_diff(&values(&all)?, &expected);
        assert!(diff < 1e-14, "{reset:?}: off by {diff}");
    }
    Ok(())
}

#[test]
fn gradients() -> Outcome {
    for unit in UNITS {
        for sizes in [[2, 4, 3, 5], [3, 1, 2, 3], [1, 5, 1, 1], [4, 2, 5, 2]] {
            let arguments = unit.arguments(sizes)?;
            for output in [Steps::All, Steps::Last] {
                for biases in [1, 2] {
                    let name = format!("{unit:?} {sizes:?} {output:?}, biases: {biases}");
                    check(&name, &arguments[..3 + biases], |a| unit.layer(&a[0], &a[1..], output))?;
                }
            }
        }
        // An input that does not lie in a row.
        let mut arguments = unit.arguments([3, 4, 2, 3])?;
        arguments[0] = random(9, &[4, 3, 2])?;
        check("steps first", &arguments, |a| unit.layer(&a[0].transpose(0, 1)?, &a[1..], Steps::All))?;
    }
    Ok(())
}

#[test]
fn last_is_the_last_of_all_and_bits_stay() -> Outcome {
    for unit in UNITS {
        let arguments = unit.arguments([5, 7, 9, 33])?;
        let f32s = arguments.iter().map(|a| a.to_dtype(DType::F32)).collect::<Result<Vec<_>>>()?;
        let all = unit.layer(&f32s[0], &f32s[1..], Steps::All)?;
        let last = unit.layer(&f32s[0], &f32s[1..], Steps::Last)?;
        assert_eq!(values(&all.narrow(1, 6, 1)?)?, values(&last)?, "{unit:?}");
        assert_eq!(values(&all)?, values(&unit.layer(&f32s[0], &f32s[1..], Steps::All)?)?, "{unit:?}");
    }
    Ok(())
}

/// Output and gradients of all arguments, where the loss weighs every output differently.
fn outcome(
    unit: Unit,
    arguments: &[Tensor],
    dtype: DType,
) -> std::result::Result<Vec<Vec<f64>>, Box<dyn std::error::Error>> {
    let vars = arguments.iter().map(|a| Var::from_tensor(&a.to_dtype(dtype)?)).collect::<Result<Vec<_>>>()?;
    let tracked: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let y = unit.layer(&tracked[0], &tracked[1..], Steps::All)?;
    let gradients = (&y * random(99, y.dims())?.to_dtype(dtype)?)?.sum_all()?.backward()?;
    let mut outcome = vec![values(&y)?];
    for var in &vars {
        outcome.push(values(gradients.get(var).ok_or("a gradient")?)?);
    }
    Ok(outcome)
}

#[test]
fn f32_is_close_to_f64() -> Outcome {
    for unit in UNITS {
        let mut arguments = unit.arguments([17, 12, 40, 70])?;
        // As small as weights are.
        for weight in &mut arguments[1..] {
            *weight = (&*weight * 0.15)?;
        }
        let exact = outcome(unit, &arguments, DType::F64)?;
        for (what, (got, expected)) in outcome(unit, &arguments, DType::F32)?.iter().zip(&exact).enumerate() {
            let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|a| a * a).sum::<f64>().sqrt();
            let off = norm(&mut got.iter().zip(expected).map(|(a, b)| a - b)) / norm(&mut expected.iter().copied());
            assert!(off < 1e-6, "{unit:?}, {what}: off by {off}");
        }
    }
    Ok(())
}

#[test]
fn arguments_that_do_not_fit_are_errors() -> Outcome {
    for unit in UNITS {
        let right = unit.arguments([2, 3, 4, 5])?;
        let rows = unit.gates() * 5;
        let wrong: [(usize, &[usize]); 8] = [
            (0, &[2, 3]),
            (0, &[2, 3, 5]),
            (0, &[2, 0, 4]),
            (1, &[rows, 3]),
            (2, &[rows, 4]),
            (2, &[rows - 1, 5]),
            (3, &[rows + 1]),
            (4, &[rows, 1]),
        ];
        for (number, shape) in wrong {
            let mut arguments = right.clone();
            arguments[number] = Tensor::zeros(shape, DType::F64, &Device::Cpu)?;
            assert!(unit.layer(&arguments[0], &arguments[1..], Steps::All).is_err(), "{unit:?} {number} {shape:?}");
        }
        let mut mixed = right.clone();
        mixed[2] = mixed[2].to_dtype(DType::F32)?;
        assert!(unit.layer(&mixed[0], &mixed[1..], Steps::All).is_err(), "{unit:?}: numbers of two types");
    }
    Ok(())
}
