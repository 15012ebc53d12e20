//! Every preset, in its published size but without dropout, learns sixteen random examples by heart:
//! `CANDLE_NUM_THREADS=1 overfit [part of a preset's name [cpu or cuda [seconds for each]]]`.
//!
//! Rates are tried one after another until one of them does; a deep net without batch norm begins with He's weights, as its
//! authors' did. A net that cannot learn sixteen examples is wrong, or its gradients are; the program then exits with 1.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::optimisers::Optimiser;
use gliss_nets::{Mode, Network, ops};
use gliss_types::recipe::{Method, Net, PRESETS, Preset};
use serde_json::{Value, json};

const EXAMPLES: usize = 16;
const RATES: [f64; 3] = [1e-3, 1e-4, 1e-5];
/// A loss below it is one of examples that are known by heart.
const KNOWN: f32 = 0.05;

struct Learnt {
    parameters: usize,
    rate: f64,
    steps: u64,
    losses: [f32; 2],
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().unwrap_or_default();
    let device = device(&arguments.next().unwrap_or_default())?;
    let patience = Duration::from_secs_f64(arguments.next().map_or(Ok(60.0), |seconds| seconds.parse())?);
    println!(
        "{:20} {:>12} {:>9} {:>6} {:>8} {:>9} {:>8}",
        "preset", "parameters", "rate", "steps", "loss", "to", "seconds"
    );
    let mut failed = false;
    for preset in PRESETS.iter().filter(|preset| preset.name.contains(&part)) {
        let began = Instant::now();
        let learnt = learn(preset, &device, patience)?;
        let seconds = began.elapsed().as_secs_f64();
        match learnt {
            Ok(Learnt { parameters, rate, steps, losses: [first, last] }) => println!(
                "{:20} {parameters:>12} {rate:>9.0e} {steps:>6} {first:>8.3} {last:>9.4} {seconds:>8.1}",
                preset.name
            ),
            Err(loss) => {
                failed = true;
                println!("{:20} not learnt, loss {loss:.3}, {seconds:.1} s", preset.name);
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn device(name: &str) -> Result<Device, Box<dyn Error>> {
    match name {
        "" | "cpu" => Ok(Device::Cpu),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(gliss_nets::open_gpu(0)?),
        _ => Err(format!("no device {name:?} in this build").into()),
    }
}

/// What it took at the first rate that did, or the least loss.
fn learn(preset: &Preset, device: &Device, patience: Duration) -> Result<Result<Learnt, f32>, Box<dyn Error>> {
    let net = without_dropout(preset)?;
    let inputs = preset
        .inputs
        .iter()
        .enumerate()
        .map(|(number, shape)| Tensor::from_vec(noise(number, shape), [&[EXAMPLES], *shape].concat(), device));
    let inputs = inputs.collect::<Result<Vec<Tensor>, _>>()?;
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let truth: Vec<u32> = (0..EXAMPLES as u64)
        .map(|i| Draw::new(4, Stream::Other(9), 0, 0).below(i, preset.classes as u64) as u32)
        .collect();
    let labels = Tensor::new(truth.as_slice(), device)?;
    let mut least = f32::INFINITY;
    for rate in RATES {
        let network = Network::build(&net, preset.inputs, preset.classes, 11, device)?;
        let mut optimiser = Optimiser::new(&Method::adam(rate).into(), network.parameters())?;
        let (began, mut first, mut steps) = (Instant::now(), None, 0);
        while began.elapsed() < patience / RATES.len() as u32 {
            let recording = ops::Recording::start();
            let logits = network.forward(&inputs, Mode::Train { seed: 11, epoch: 0, step: steps })?;
            let loss = ops::cross_entropy(&logits, &labels)?;
            let value = loss.to_scalar::<f32>()?;
            let first = *first.get_or_insert(value);
            least = least.min(value);
            if value < KNOWN && logits.argmax(1)?.to_vec1::<u32>()? == truth {
                let parameters = network.parameter_count();
                return Ok(Ok(Learnt { parameters, rate, steps, losses: [first, value] }));
            }
            if !value.is_finite() {
                break;
            }
            optimiser.step(&recording.gradients(&loss)?, rate)?;
            steps += 1;
        }
    }
    Ok(Err(least))
}

/// Random examples. Pictures are of 8 by 8 patches: finer noise looks the same everywhere, in every example.
fn noise(input: usize, shape: &[usize]) -> Vec<f32> {
    let draw = Draw::new(3, Stream::Other(input as u32), 0, 0);
    let size = shape.iter().product::<usize>();
    let patch = |within: usize| match *shape {
        [_, rows, columns] => {
            let (plane, row, column) = (within / (rows * columns), within / columns % rows, within % columns);
            plane * 64 + 8 * (8 * row / rows) + 8 * column / columns
        }
        _ => within,
    };
    let value = |place: usize| draw.normal((place / size * size + patch(place % size)) as u64) as f32;
    (0..EXAMPLES * size).map(value).collect()
}

fn without_dropout(preset: &Preset) -> Result<Net, Box<dyn Error>> {
    let named = |settings: &Value| {
        Net::of(&serde_json::from_value(json!({ "net": settings })).unwrap_or_default())
            .map_err(|issues| format!("{issues:?}"))
    };
    let mut settings = json!(named(&json!({"name": preset.name}))?);
    let deep_without_norm = ["alexnet", "vgg"].contains(&preset.family);
    if let Some(settings) = settings.as_object_mut() {
        settings.iter_mut().filter(|(name, _)| name.ends_with("dropout")).for_each(|(_, value)| *value = json!(0));
        if deep_without_norm {
            settings.insert("init".to_owned(), json!("he"));
        }
    }
    Ok(named(&settings)?)
}
