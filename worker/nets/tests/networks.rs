//! Whole nets against PyTorch's: networks.json. Outputs, and of some a training step's loss, gradients and running statistics.
#![expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]

mod golden;

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use gliss_nets::ops::{
    Activation, Axis, ConvMethod, GruWeights, Padding, Reset, Steps, Window, batch_norm, batch_norm_eval, conv2d,
    cross_entropy, gru, linear, max_pool2d,
};
use gliss_nets::{Mode, Network, Part};
use gliss_types::recipe::{ConvStack, Family, Net};
use golden::{labels, numbers};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// The golden weights in their order, without the counters of batches.
fn weights(case: &Value) -> Result<Vec<(String, Tensor)>, Box<dyn Error>> {
    let mut all = Vec::new();
    for weight in case["weights"].as_array().ok_or("a list of weights")? {
        let (Some(stream), Some(rule)) = (weight["stream"].as_u64(), weight["rule"].as_str()) else { continue };
        let shape: Vec<usize> = numbers(&weight["shape"]).into_iter().map(|n| n as usize).collect();
        let tensor = golden::filled(stream, &shape, rule, DType::F32)?;
        all.push((weight["name"].as_str().ok_or("a name")?.to_owned(), tensor));
    }
    Ok(all)
}

fn input(case: &Value) -> Result<Tensor, Box<dyn Error>> {
    let shape: Vec<usize> = numbers(&case["input_shape"]).into_iter().map(|n| n as usize).collect();
    golden::filled(1000, &shape, "1*u", DType::F32)
}

/// How PyTorch's names become ours.
type Rename = fn(&str) -> String;

fn same(name: &str) -> String {
    name.to_owned()
}

/// A `Sequential` of fully connected layers, with a ReLU after each.
fn of_mlp(name: &str) -> String {
    let (place, part) = name.split_once('.').expect("has a dot");
    format!("fc.{}.{part}", place.parse::<usize>().expect("a number") / 2)
}

/// A `Sequential` of blocks of convolution, batch norm, ReLU and max-pool, then an average, and the last layer.
fn of_stack(name: &str) -> String {
    let (place, part) = name.split_once('.').expect("has a dot");
    let place: usize = place.parse().expect("a number");
    match (place / 4, place % 4) {
        (4, _) => format!("fc.{part}"),
        (block, 0) => format!("conv.{block}.{part}"),
        (block, _) => format!("norm.{block}.{part}"),
    }
}

/// The nets with a golden, the names of their weights, and what is compared besides outputs.
fn nets() -> Vec<(&'static str, Net, Rename)> {
    let named = |name: &str| Net::named(name).expect("is a net");
    let stack = ConvStack {
        filters: vec![16, 32, 64, 128],
        kernels: vec![3; 4],
        pools: vec![2; 4],
        dropout: 0.0,
        norm: true,
        dense: vec![],
    };
    vec![
        ("mlp", named("mlp"), of_mlp),
        ("cnn4", Family::Conv2d(stack).into(), of_stack),
        ("resnet18", named("resnet18"), same),
        ("resnet18_1x128x128", named("resnet18"), same),
        ("alexnet", named("alexnet"), same),
        ("vgg16", named("vgg16"), same),
    ]
}

fn build(case: &Value, net: &Net, rename: Rename, x: &Tensor) -> Result<Network, Box<dyn Error>> {
    let network = Network::build(net, &[&x.dims()[1..]], 10, 0, &Device::Cpu)?;
    let weights: HashMap<String, Tensor> =
        weights(case)?.into_iter().map(|(name, tensor)| (rename(&name), tensor)).collect();
    assert_eq!(weights.len(), network.state().count(), "as many tensors");
    network.load(Part::Whole, |name| weights.get(name).cloned())?;
    Ok(network)
}

fn cases(folder: &Path) -> Result<Value, Box<dyn Error>> {
    Ok(golden::json(folder, "networks.json")?["networks"].take())
}

/// Largest difference of the first values, as a share of the largest output.
fn off(y: &Tensor, case: &Value) -> Result<f64, Box<dyn Error>> {
    let expected = numbers(&case["eval_output"]);
    let got = golden::values(y)?;
    let largest = case["output_max_abs"].as_f64().ok_or("a size")?;
    Ok(golden::max_diff(&got[..expected.len()], &expected) / largest)
}

#[test]
fn outputs() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let cases = cases(&folder)?;
    for (name, net, rename) in nets() {
        let case = &cases[name];
        let x = input(case)?;
        let network = build(case, &net, rename, &x)?;
        assert_eq!(network.parameter_count() as u64, case["parameters"].as_u64().ok_or("a count")?, "{name}");
        let off = off(&network.forward(&[&x], Mode::Eval)?, case)?;
        println!("{name}: outputs off by {off:.1e} of the largest");
        assert!(off < 1e-4, "{name}: {off}");
    }
    Ok(())
}

/// Compares one step's loss, gradients and running statistics.
fn compare_step<'a>(
    name: &str,
    step: &Value,
    loss: &Tensor,
    parameters: impl Iterator<Item = (String, &'a Tensor)>,
    running: &HashMap<String, Vec<f64>>,
) -> Outcome {
    let expected = step["loss"].as_f64().ok_or("a loss")?;
    let got = f64::from(loss.to_scalar::<f32>()?);
    assert!((got - expected).abs() < 1e-5 * expected.abs(), "{name}: loss {got}, not {expected}");
    let gradients = loss.backward()?;
    let largest = step["grads"].as_object().ok_or("gradients")?.values().filter_map(|g| g["norm"].as_f64());
    let largest = largest.fold(0.0, f64::max);
    let mut worst = 0f64;
    for (parameter, var) in parameters {
        let golden = &step["grads"][&parameter];
        let norm = golden["norm"].as_f64().ok_or(format!("{name}: a norm of {parameter}"))?;
        let gradient = golden::values(gradients.get(var).ok_or("a gradient")?)?;
        let got = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        // Biases before a batch norm have none but rounding errors.
        let close = (got - norm).abs() < 1e-3 * norm + 1e-6 * largest;
        assert!(close, "{name}: gradient of {parameter} has norm {got}, not {norm}");
        let first = numbers(&golden["first"]);
        let off = golden::max_diff(&gradient[..first.len()], &first) / norm.max(1e-3 * largest);
        assert!(off < 1e-3, "{name}: gradient of {parameter} off by {off} of its norm");
        worst = worst.max(off).max(if norm > 1e-3 * largest { (got - norm).abs() / norm } else { 0.0 });
    }
    for (statistic, golden) in step["running_stats_after"].as_object().ok_or("statistics")? {
        let first = numbers(&golden["first"]);
        let got = running.get(statistic).ok_or(format!("{name}: {statistic}"))?;
        let off = golden::max_diff(&got[..first.len()], &first);
        assert!(off < 1e-5, "{name}: {statistic} off by {off}");
    }
    println!("{name}: loss off by {:.1e}, gradients by {worst:.1e}", (got - expected).abs() / expected.abs());
    Ok(())
}

#[test]
fn training_steps() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let cases = cases(&folder)?;
    for (name, net, rename) in nets().into_iter().filter(|(name, ..)| cases[name]["train_step"].is_object()) {
        let case = &cases[name];
        let step = &case["train_step"];
        let x = input(case)?;
        let network = build(case, &net, rename, &x)?;
        let classes = labels(&step["labels"]);
        let targets = Tensor::from_vec(classes.clone(), classes.len(), &Device::Cpu)?;
        let logits = network.forward(&[&x], Mode::Train { seed: 0, epoch: 0, step: 0 })?;
        let loss = cross_entropy(&logits, &targets)?;
        // The golden's names, by ours.
        let theirs: HashMap<String, String> =
            weights(case)?.into_iter().map(|(name, _)| (rename(&name), name)).collect();
        let parameters = network.parameters().iter().map(|(name, var)| (theirs[name].clone(), var.as_tensor()));
        let buffers = network.buffers().iter();
        let running: Result<HashMap<_, _>, Box<dyn Error>> =
            buffers.map(|(name, var)| Ok((theirs[name].clone(), golden::values(var)?))).collect();
        compare_step(name, step, &loss, parameters, &running?)?;
    }
    Ok(())
}

/// `crnn` is no preset: three blocks, columns as steps, a GRU, the last layer.
#[test]
fn a_recurrent_net_of_the_same_operations() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let case = &cases(&folder)?["crnn"];
    let x = input(case)?;
    let vars: HashMap<String, candle_core::Var> = weights(case)?
        .into_iter()
        .map(|(name, tensor)| Ok((name, candle_core::Var::from_tensor(&tensor)?)))
        .collect::<candle_core::Result<_>>()?;
    let window = |rows, columns| {
        let axis = |side| Axis { kernel: side, stride: side, padding: Padding::Both(0) };
        Window { rows: axis(rows), columns: axis(columns) }
    };
    let mut running: HashMap<String, Vec<f64>> = HashMap::new();
    let mut forward = |train: bool| -> candle_core::Result<Tensor> {
        let var = |name: &str| vars[name].as_tensor();
        let mut x = x.clone();
        for (block, pool) in [(0, window(2, 2)), (4, window(2, 2)), (8, window(4, 2))] {
            let of = |place: usize, part: &str| format!("conv.{}.{part}", block + place);
            let (weight, bias) = (var(&of(0, "weight")), var(&of(0, "bias")));
            x = conv2d(&x, weight, bias, Window::square(3, 1, Padding::Both(1)), ConvMethod::Quickest)?;
            let [weight, bias, mean, variance] =
                ["weight", "bias", "running_mean", "running_var"].map(|part| var(&of(1, part)));
            x = if train {
                let (y, stats) = batch_norm(&x, weight, bias, 1e-5, Activation::Relu)?;
                let count = stats.count as f64;
                let old = |tensor: &Tensor| tensor.to_dtype(DType::F64)?.to_vec1::<f64>();
                let moved = |old: Vec<f64>, new: &[f64], factor: f64| {
                    old.iter().zip(new).map(|(old, new)| 0.9 * old + 0.1 * factor * new).collect::<Vec<f64>>()
                };
                let [batch_mean, batch_variance] = [old(&stats.mean)?, old(&stats.variance)?];
                running.insert(of(1, "running_mean"), moved(old(mean)?, &batch_mean, 1.0));
                running.insert(of(1, "running_var"), moved(old(variance)?, &batch_variance, count / (count - 1.0)));
                y
            } else {
                batch_norm_eval(&x, [weight, bias, mean, variance], 1e-5, Activation::Relu)?
            };
            x = max_pool2d(&x, pool)?;
        }
        let (batch, channels, rows, columns) = x.dims4()?;
        let x = x.permute((0, 3, 1, 2))?.reshape((batch, columns, channels * rows))?;
        let [input, hidden, input_bias, hidden_bias] = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
            .map(|part| {
                let name = vars.keys().find(|name| name.ends_with(part)).expect("a recurrent layer");
                var(name)
            });
        let weights = GruWeights { input, hidden, input_bias, hidden_bias: Some(hidden_bias) };
        let x = gru(&x, &weights, Reset::After, Steps::Last)?;
        let last = |part: &str| {
            vars.iter().find(|(name, _)| !name.contains("conv") && name.ends_with(part)).expect("a last layer").1
        };
        linear(&x, last(".weight").as_tensor(), last(".bias").as_tensor(), Activation::None)
    };
    let off = off(&forward(false)?, case)?;
    println!("crnn: outputs off by {off:.1e} of the largest");
    assert!(off < 1e-4, "{off}");
    let step = &case["train_step"];
    let classes = labels(&step["labels"]);
    let logits = forward(true)?;
    let loss = cross_entropy(&logits, &Tensor::from_vec(classes.clone(), classes.len(), &Device::Cpu)?)?;
    let learnt = vars.iter().filter(|(name, _)| !name.contains("running"));
    compare_step("crnn", step, &loss, learnt.map(|(name, var)| (name.clone(), var.as_tensor())), &running)
}
