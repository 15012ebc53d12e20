//! Time of a training step (forward, backward, update), one thread:
//! `CANDLE_NUM_THREADS=1 step_speed [seconds per net [part of its name [cpu or cuda]]]`.
//!
//! On a GPU each step ends when the host has its loss, and forward and backward are the host's share alone. With
//! `GLISS_TF32` set, matrix products round their factors to TF32.
//!
//! The first line is the roof: a product of large squares, by the same library for products.
//!
//! Times of parts are medians of wall time; `cpu ms` is the thread's processor time per step (Linux), which other programs
//! on the machine disturb less, and examples and FLOP are per second of that.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::init::{self, First};
use gliss_nets::optimisers::Optimiser;
use gliss_nets::{Mode, Network, ops, walk};
use gliss_types::recipe::{Method, Net};
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let seconds: f64 = std::env::args().nth(1).map_or(Ok(2.0), |s| s.parse())?;
    let part = std::env::args().nth(2).unwrap_or_default();
    let span = Duration::from_secs_f64(seconds);
    let device = device(&std::env::args().nth(3).unwrap_or_default())?;
    let picture: &[&[usize]] = &[&[1, 128, 128]];
    #[rustfmt::skip]
    let cases: Vec<(&str, Value, &[&[usize]], usize)> = vec![
        ("mlp 57-128-64-10, batch 8", json!({"name": "mlp"}), &[&[57]], 8),
        ("mlp 57-128-64-10, batch 32", json!({"name": "mlp"}), &[&[57]], 32),
        ("cnn 1x128x128, batch 32", json!({"name": "conv2d", "filters": [32, 64, 128, 128], "kernels": [5, 5, 3, 3], "pools": 2, "norm": false, "dense": [64]}), picture, 32),
        ("liu_cnn 1x64x64, batch 32", json!({"name": "liu_cnn"}), &[&[1, 64, 64]], 32),
        ("liu_cnn 1x64x64, batch 32, no dropout", json!({"name": "liu_cnn", "dropout": 0, "dense_dropout": 0}), &[&[1, 64, 64]], 32),
        ("liu_cnn 3x128x128, batch 64", json!({"name": "liu_cnn"}), &[&[3, 128, 128]], 64),
        ("liu_crnn 3x128x128, batch 64", json!({"name": "liu_crnn"}), &[&[3, 128, 128]], 64),
        ("gct_base2d 1x96x125, batch 32", json!({"name": "gct_base2d"}), &[&[1, 96, 125]], 32),
        ("resnet18 1x128x128, batch 16", json!({"name": "resnet18"}), picture, 16),
    ];
    println!(
        "{:40} {:>9} {:>9} {:>9} {:>9} {:>12} {:>9}",
        "net", "forward", "backward", "update", "step ms", "examples/s", "GFLOP/s"
    );
    let roof = "product of squares of 1024";
    if roof.contains(&part) {
        of_squares(roof, span, &device)?;
    }
    for (name, settings, inputs, batch) in cases.into_iter().filter(|case| case.0.contains(&part)) {
        let net =
            Net::of(&serde_json::from_value(json!({ "net": settings }))?).map_err(|issues| format!("{issues:?}"))?;
        of_net(name, &net, (inputs, batch), span, &device)?;
    }
    let gru = "gru 64, 32 steps of 128, batch 32";
    if gru.contains(&part) {
        of_gru(gru, span, &device)?;
    }
    Ok(())
}

fn device(name: &str) -> Result<Device, Box<dyn Error>> {
    match name {
        "" | "cpu" => Ok(Device::Cpu),
        #[cfg(feature = "cuda")]
        "cuda" => {
            use gliss_types::recipe::Precision;

            if std::env::var_os("GLISS_TF32").is_some() {
                ops::set_precision(Precision::Tf32);
            }
            Ok(gliss_nets::open_gpu(0)?)
        }
        _ => Err(format!("no device {name:?} in this build").into()),
    }
}

/// The speed of a product of large squares: what convolutions and layers can come near to.
fn of_squares(name: &str, span: Duration, device: &Device) -> Outcome {
    const SIDE: usize = 1024;
    let x = Tensor::ones((SIDE, SIDE), candle_core::DType::F32, device)?;
    let (begin, mut best) = (Instant::now(), f64::INFINITY);
    while begin.elapsed() < span {
        let t0 = Instant::now();
        let product = x.matmul(&x)?;
        // The host waits for a number of it.
        product.narrow(0, 0, 1)?.narrow(1, 0, 1)?.flatten_all()?.to_vec1::<f32>()?;
        best = best.min(t0.elapsed().as_secs_f64());
    }
    let flop = 2.0 * SIDE.pow(3) as f64;
    println!("{name:40} {:>29} {:9.3} {:>22} {:9.1}", "best", best * 1e3, "", flop / best / 1e9);
    Ok(())
}

fn of_net(name: &str, net: &Net, (inputs, batch): (&[&[usize]], usize), span: Duration, device: &Device) -> Outcome {
    let network = Network::build(net, inputs, 10, 0, device)?;
    // The first layer's input gets no gradient: its backward pass costs as much as its forward pass, the others' twice.
    let macs: Vec<u64> = walk(net, inputs, 10)?.iter().map(|r| r.macs).filter(|&m| m > 0).collect();
    let flop = 2.0 * (3 * macs.iter().sum::<u64>() - macs[0]) as f64 * batch as f64;
    measure(name, network.parameters(), (inputs[0], batch), flop, (span, device), |x, step| {
        Ok(network.forward(&[x], Mode::Train { seed: 0, epoch: 0, step })?)
    })
}

/// A recurrent layer of 64 over 32 steps of 128 numbers, and the classes.
fn of_gru(name: &str, span: Duration, device: &Device) -> Outcome {
    let (batch, steps, features, width) = (32usize, 32usize, 128usize, 64usize);
    let shapes = [vec![3 * width, features], vec![3 * width, width], vec![3 * width], vec![3 * width]];
    let shapes = shapes.into_iter().chain([vec![10, width], vec![10]]).enumerate();
    let var = |(i, shape): (usize, Vec<usize>)| {
        Ok((i.to_string(), init::draw(0, i as u32, &shape, First::Uniform(0.125), device)?))
    };
    let vars: Vec<(String, Var)> = shapes.map(var).collect::<candle_core::Result<_>>()?;
    let of = |i: usize| vars[i].1.as_tensor();
    let flop = 6.0 * (batch * (steps * 3 * width * (features + width) + 10 * width)) as f64;
    measure(name, &vars, (&[steps, features], batch), flop, (span, device), |x, _| {
        let weights = ops::GruWeights { input: of(0), hidden: of(1), input_bias: of(2), hidden_bias: Some(of(3)) };
        let state = ops::gru(x, &weights, ops::Reset::After, ops::Steps::Last)?;
        Ok(ops::linear(&state, of(4), of(5), ops::Activation::None)?)
    })
}

fn measure(
    name: &str,
    parameters: &[(String, Var)],
    (input, batch): (&[usize], usize),
    flop: f64,
    (span, device): (Duration, &Device),
    forward: impl Fn(&Tensor, u64) -> Result<Tensor, Box<dyn Error>>,
) -> Outcome {
    let mut optimiser = Optimiser::new(&Method::adam(1e-3).into(), parameters)?;
    let count = batch * input.iter().product::<usize>();
    let draw = Draw::new(0, Stream::Other(0), 0, 0);
    let shape: Vec<usize> = std::iter::once(batch).chain(input.iter().copied()).collect();
    let x = Tensor::from_vec((0..count as u64).map(|i| draw.uniform_f32(i)).collect::<Vec<f32>>(), shape, device)?;
    let labels = Tensor::from_vec((0..batch as u32).map(|i| i % 10).collect::<Vec<u32>>(), batch, device)?;

    let mut times = Vec::new();
    let (begin, begin_cpu) = (Instant::now(), cpu_seconds());
    let mut step = 0;
    while begin.elapsed() < span || times.len() < 10 {
        let t0 = Instant::now();
        let recording = ops::Recording::start();
        let logits = forward(&x, step)?;
        let loss = ops::cross_entropy(&logits, &labels)?;
        let t1 = Instant::now();
        let gradients = recording.gradients(&loss)?;
        let t2 = Instant::now();
        optimiser.step(&gradients, 1e-3)?;
        if !device.is_cpu() {
            loss.to_scalar::<f32>()?;
        }
        drop((logits, loss, gradients));
        times.push([t1 - t0, t2 - t1, t2.elapsed(), t0.elapsed()].map(|t| t.as_secs_f64() * 1e3));
        step += 1;
    }
    let median = |i: usize| {
        let mut column: Vec<f64> = times.iter().map(|t| t[i]).collect();
        column.sort_by(f64::total_cmp);
        column[column.len() / 2]
    };
    let wall = median(3);
    let total = match (begin_cpu, cpu_seconds()) {
        (Some(from), Some(to)) if to > from => (to - from) * 1e3 / times.len() as f64,
        _ => wall,
    };
    println!(
        "{name:40} {:9.3} {:9.3} {:9.3} {wall:9.3} {total:9.3} {:12.0} {:9.1}",
        median(0),
        median(1),
        median(2),
        batch as f64 / total * 1e3,
        flop / total / 1e6,
    );
    Ok(())
}

/// Processor time that this thread has had.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse::<f64>().ok().map(|ns| ns * 1e-9)
}
