//! Time of an optimiser's step over as many weights as ResNet18 has, one thread:
//! `optimiser_speed [steps [part of its name]]`.
//!
//! Best and median wall time of a step; the best is what other programs on the machine disturb least.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::error::Error;
use std::time::Instant;

use candle_core::{DType, Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::optimisers::Optimiser;
use gliss_types::recipe::{Adam, AdamForm, Method, Optimiser as Settings};

fn main() -> Result<(), Box<dyn Error>> {
    let steps: usize = std::env::args().nth(1).map_or(Ok(30), |steps| steps.parse())?;
    let part = std::env::args().nth(2).unwrap_or_default();
    let lr = 1e-3;
    let adam = Adam::at(lr);
    let plain = |method: Method| Settings::from(method);
    let rmsprop = |momentum, centered| {
        plain(Method::RmsProp { lr, alpha: 0.99, eps: 1e-8, momentum, centered, weight_decay: 0.0 })
    };
    let sgd = |momentum| plain(Method::Sgd { lr, momentum, dampening: 0.0, nesterov: false, weight_decay: 0.0 });
    let cases = [
        ("adam", plain(Method::adam(lr))),
        ("adam, clipped by norm", Settings { clip_norm: Some(1.0), ..plain(Method::adam(lr)) }),
        ("adam, clipped by value", Settings { clip_value: Some(0.005), ..plain(Method::adam(lr)) }),
        ("adam, amsgrad", plain(Method::Adam { adam, amsgrad: true, form: AdamForm::PyTorch })),
        ("adamw", plain(Method::AdamW { adam, amsgrad: false })),
        ("nadam", plain(Method::NAdam { adam, momentum_decay: 4e-3 })),
        ("radam", plain(Method::RAdam(adam))),
        ("adamax", plain(Method::Adamax(adam))),
        ("sgd", sgd(0.0)),
        ("sgd with momentum", sgd(0.9)),
        ("rmsprop", rmsprop(0.0, false)),
        ("rmsprop, centered, momentum", rmsprop(0.9, true)),
        ("adadelta", plain(Method::Adadelta { lr, rho: 0.9, eps: 1e-6, weight_decay: 0.0 })),
        (
            "adagrad",
            plain(Method::Adagrad { lr, lr_decay: 0.0, initial_accumulator: 0.0, eps: 1e-10, weight_decay: 0.0 }),
        ),
    ];
    for (name, settings) in cases.into_iter().filter(|case| case.0.contains(&part)) {
        measure(name, &settings, steps)?;
    }
    Ok(())
}

/// Sizes of ResNet18's convolutions, and of all else that it learns together: 11.2 million in all.
const SIZES: [usize; 21] = [
    64 * 49 * 3,
    64 * 64 * 9,
    64 * 64 * 9,
    64 * 64 * 9,
    64 * 64 * 9,
    128 * 64 * 9,
    128 * 128 * 9,
    128 * 128 * 9,
    128 * 128 * 9,
    128 * 64,
    256 * 128 * 9,
    256 * 256 * 9,
    256 * 256 * 9,
    256 * 256 * 9,
    256 * 128,
    512 * 256 * 9,
    512 * 512 * 9,
    512 * 512 * 9,
    512 * 512 * 9,
    512 * 256,
    14_730,
];

fn measure(name: &str, settings: &Settings, steps: usize) -> Result<(), Box<dyn Error>> {
    let device = Device::Cpu;
    let random = |number: usize, size: usize, factor: f32| {
        let draw = Draw::new(0, Stream::Other(number as u32), 0, 0);
        Tensor::from_vec((0..size as u64).map(|i| factor * draw.uniform_f32(i)).collect::<Vec<f32>>(), size, &device)
    };
    let weights = SIZES
        .iter()
        .enumerate()
        .map(|(number, &size)| Ok((format!("{number}.weight"), Var::from_tensor(&random(number, size, 0.1)?)?)));
    let weights = weights.collect::<Result<Vec<_>, candle_core::Error>>()?;
    // Gradients of a loss that is cheap, then others in their place.
    let any = Var::zeros(1, DType::F32, &device)?;
    let mut gradients = any.sum_all()?.backward()?;
    for (number, (_, weight)) in weights.iter().enumerate() {
        gradients.insert(weight, random(100 + number, weight.elem_count(), 0.01)?);
    }
    let mut optimiser = Optimiser::new(settings, &weights)?;
    let mut times = Vec::with_capacity(steps);
    for _ in 0..steps.max(1) {
        let began = Instant::now();
        optimiser.step(&gradients, 1e-3)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let count: usize = SIZES.iter().sum();
    println!("{name:32} {count} weights: best {:7.2} ms, median {:7.2} ms", times[0], times[times.len() / 2]);
    Ok(())
}
