//! Whole training steps: PyTorch's net, optimisers and schedules; overfitting; the same bits twice; a resumed run.

mod golden;

use std::error::Error;

use candle_core::{DType, Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::optimisers::Optimiser;
use gliss_nets::schedules::lr_at;
use gliss_nets::{Mode, Network, ops};
use gliss_types::recipe::{LiuCnn, Mlp, Net, Optimiser as Settings, Schedule};
use golden::{max_diff, numbers, values};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

fn mlp(hidden: &[u32]) -> Net {
    Net::Mlp(Mlp { hidden: hidden.to_vec(), dropout: 0.0 })
}

fn liu(depth: u32, dropout: f64) -> Net {
    Net::LiuCnn(LiuCnn { depth, filters: 4, dropout, dense: vec![64, 32], dense_dropout: dropout })
}

fn adam(lr: f64) -> Settings {
    Settings::Adam { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
}

#[test]
fn mlp_is_pytorch_s() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let golden = &golden::json(&folder, "networks.json")?["networks"]["mlp"];
    let network = Network::build(&mlp(&[128, 64]), &[57], 10, 0, &Device::Cpu)?;
    assert_eq!(network.parameter_count() as u64, golden["parameters"].as_u64().ok_or("a count")?);
    let weights = golden::weights(&golden["weights"], DType::F32)?;
    for ((_, var), weight) in network.parameters().iter().zip(&weights) {
        var.set(weight)?;
    }
    let x = golden::filled(1000, &[4, 57], "1*u", DType::F32)?;
    let logits = network.forward(&x, Mode::Eval)?;
    let scale = golden["output_max_abs"].as_f64().ok_or("a number")?;
    let diff = max_diff(&values(&logits)?, &numbers(&golden["eval_output"]));
    assert!(diff < 1e-4 * scale, "outputs off by {diff}");

    let step = &golden["train_step"];
    let labels = Tensor::new(golden::labels(&step["labels"]), &Device::Cpu)?;
    let logits = network.forward(&x, Mode::Train { seed: 0, epoch: 0, step: 0 })?;
    let loss = ops::cross_entropy(&logits, &labels)?;
    let expected = step["loss"].as_f64().ok_or("a loss")?;
    assert!((f64::from(loss.to_scalar::<f32>()?) - expected).abs() < 1e-5 * expected);
    let gradients = loss.backward()?;
    let names = golden["weights"].as_array().ok_or("a list")?;
    for ((name, var), listed) in network.parameters().iter().zip(names) {
        let expected = &step["grads"][listed["name"].as_str().ok_or("a name")?];
        let gradient = values(gradients.get(var).ok_or("a gradient")?)?;
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let should = expected["norm"].as_f64().ok_or("a norm")?;
        assert!((norm - should).abs() < 1e-3 * should, "{name}: norm {norm} is not {should}");
        let first = numbers(&expected["first"]);
        assert!(max_diff(&gradient[..first.len()], &first) < 1e-3 * should, "{name}: {:?}", &gradient[..3]);
    }
    Ok(())
}

/// The settings of a golden optimiser, if it is one of ours.
fn settings(golden: &Value, name: &str) -> Option<Settings> {
    let number = |key: &str, default: f64| golden[key].as_f64().unwrap_or(default);
    let foreign = ["dampening", "amsgrad"].iter().any(|key| golden.get(key).is_some());
    let kind = name.split('_').next()?;
    let (lr, weight_decay) = (golden["lr"].as_f64()?, number("weight_decay", 0.0));
    match kind {
        _ if foreign => None,
        "adam" => {
            let betas = numbers(&golden["betas"]);
            let beta = |i: usize, default| betas.get(i).copied().unwrap_or(default);
            Some(Settings::Adam {
                lr,
                beta1: beta(0, 0.9),
                beta2: beta(1, 0.999),
                eps: number("eps", 1e-8),
                weight_decay,
            })
        }
        "sgd" => {
            let nesterov = golden["nesterov"].as_bool().unwrap_or(false);
            Some(Settings::Sgd { lr, momentum: number("momentum", 0.0), nesterov, weight_decay })
        }
        _ => None,
    }
}

#[test]
fn optimisers_are_pytorch_s() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let golden = golden::json(&folder, "optimisers.json")?;
    let device = Device::Cpu;
    let labels = Tensor::new(golden::labels(&golden["labels"]), &device)?;
    let mut covered = Vec::new();
    for (name, case) in golden["cases"].as_object().ok_or("cases")? {
        let Some(settings) = settings(&case["settings"], name) else { continue };
        for (dtype, tolerance) in [(DType::F64, 1e-9), (DType::F32, if name.starts_with("adam") { 1e-3 } else { 1e-4 })]
        {
            let tensor =
                |key: &str, shape: &[usize]| Tensor::from_vec(numbers(&golden[key]), shape, &device)?.to_dtype(dtype);
            let x = tensor("x", &[16, 4])?;
            let (w, b) = (Var::from_tensor(&tensor("w0", &[3, 4])?)?, Var::from_tensor(&tensor("b0", &[3])?)?);
            let parameters = [("w".to_owned(), w.clone()), ("b".to_owned(), b.clone())];
            let mut optimiser = Optimiser::new(&settings, &parameters)?;
            for t in 0..20 {
                let loss = ops::cross_entropy(&ops::linear(&x, &w, &b, ops::Activation::None)?, &labels)?;
                let expected = case["loss_before_step"][t].as_f64().ok_or("a loss")?;
                let got = values(&loss)?[0];
                assert!((got - expected).abs() < tolerance, "{name} {dtype:?} step {t}: loss {got} is not {expected}");
                optimiser.step(&loss.backward()?, settings.lr())?;
                for (var, key) in [(&w, "w_after_step"), (&b, "b_after_step")] {
                    let diff = max_diff(&values(var)?, &numbers(&case[key][t]));
                    assert!(diff < tolerance, "{name} {dtype:?} step {t}: {key} off by {diff}");
                }
            }
        }
        covered.push(name.as_str());
    }
    assert_eq!(covered, ["adam", "adam_betas_eps", "adam_wd", "sgd", "sgd_momentum", "sgd_nesterov"]);
    Ok(())
}

#[test]
fn the_triangular_schedule_is_pytorch_s() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let case = &golden::json(&folder, "schedules.json")?["cases"]["cyclic_triangular"];
    let number = |key: &str| case["settings"][key].as_f64().ok_or("a number");
    let schedule = Schedule::Triangular { max_lr: number("max_lr")?, half_cycle: number("step_size_up")? / 4.0 };
    for (step, expected) in numbers(&case["lr"]).into_iter().enumerate() {
        let got = lr_at(&schedule, number("base_lr")?, step as u64, 4);
        assert!((got - expected).abs() < 1e-9 * expected, "step {step}: {got} is not {expected}");
    }
    Ok(())
}

/// Sixteen random examples of ten classes.
fn examples(shape: &[usize]) -> Result<(Tensor, Tensor, Vec<u32>), Box<dyn Error>> {
    let draw = Draw::new(3, Stream::Other(1), 0, 0);
    let all: Vec<usize> = std::iter::once(16).chain(shape.iter().copied()).collect();
    let count: usize = all.iter().product();
    let x = (0..count as u64).map(|i| draw.normal(i) as f32).collect::<Vec<f32>>();
    let labels: Vec<u32> = (0..16).map(|i| Draw::new(4, Stream::Other(2), 0, 0).below(i, 10) as u32).collect();
    Ok((Tensor::from_vec(x, all, &Device::Cpu)?, Tensor::new(labels.as_slice(), &Device::Cpu)?, labels))
}

struct Run {
    network: Network,
    optimiser: Optimiser,
    losses: Vec<u32>,
}

/// Trains from step `from` to step `to` on one batch; losses as bits.
fn train(run: &mut Run, x: &Tensor, labels: &Tensor, steps: std::ops::Range<u64>, lr: f64) -> Outcome {
    for step in steps {
        let logits = run.network.forward(x, Mode::Train { seed: 11, epoch: step / 4, step: step % 4 })?;
        let loss = ops::cross_entropy(&logits, labels)?;
        run.optimiser.step(&loss.backward()?, lr)?;
        run.losses.push(loss.to_scalar::<f32>()?.to_bits());
    }
    Ok(())
}

fn start(net: &Net, input: &[usize], settings: &Settings) -> Result<Run, Box<dyn Error>> {
    let network = Network::build(net, input, 10, 11, &Device::Cpu)?;
    let optimiser = Optimiser::new(settings, network.parameters())?;
    Ok(Run { network, optimiser, losses: Vec::new() })
}

#[test]
fn sixteen_examples_are_learnt_by_heart() -> Outcome {
    for (net, input, steps) in [(liu(3, 0.0), vec![1, 32, 32], 150), (mlp(&[128, 64]), vec![57], 120)] {
        let (x, labels, truth) = examples(&input)?;
        let mut run = start(&net, &input, &adam(3e-3))?;
        train(&mut run, &x, &labels, 0..steps, 3e-3)?;
        let (first, last) = (f32::from_bits(run.losses[0]), f32::from_bits(run.losses[steps as usize - 1]));
        let predictions = run.network.forward(&x, Mode::Eval)?.argmax(1)?.to_vec1::<u32>()?;
        assert_eq!(predictions, truth, "{net:?}: loss {first} to {last}");
        assert!(last < 0.1, "{net:?}: loss {first} to {last}");
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_bits_alone_or_beside_others() -> Outcome {
    let input = [1, 24, 40];
    let net = liu(2, 0.5);
    let (x, labels, _) = examples(&input)?;
    let losses = || -> Result<Vec<u32>, String> {
        let run = || -> Result<Vec<u32>, Box<dyn Error>> {
            let mut run = start(&net, &input, &adam(1e-3))?;
            train(&mut run, &x, &labels, 0..12, 1e-3)?;
            Ok(run.losses)
        };
        run().map_err(|e| e.to_string())
    };
    let alone = losses()?;
    let beside: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(losses)).collect();
        threads.into_iter().map(|t| t.join().expect("training does not panic")).collect()
    });
    for losses in beside {
        assert_eq!(losses?, alone);
    }
    assert!(alone.iter().any(|&bits| bits != alone[0]), "the loss moves");
    Ok(())
}

#[test]
fn a_resumed_run_is_the_unbroken_one_to_the_bit() -> Outcome {
    let input = [1, 16, 16];
    let (x, labels, _) = examples(&input)?;
    let sgd = Settings::Sgd { lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 1e-3 };
    for settings in [adam(1e-3), sgd] {
        let net = liu(2, 0.3);
        let mut unbroken = start(&net, &input, &settings)?;
        train(&mut unbroken, &x, &labels, 0..9, settings.lr())?;

        let mut before = start(&net, &input, &settings)?;
        train(&mut before, &x, &labels, 0..4, settings.lr())?;
        let weights: Vec<Tensor> =
            before.network.parameters().iter().map(|(_, v)| v.as_detached_tensor().copy()).collect::<Result<_, _>>()?;
        let (state, steps) = (before.optimiser.state()?, before.optimiser.steps());
        // What was taken must not change with further steps.
        train(&mut before, &x, &labels, 4..6, settings.lr())?;

        let mut resumed = start(&net, &input, &settings)?;
        for ((_, var), weight) in resumed.network.parameters().iter().zip(&weights) {
            var.set(weight)?;
        }
        let find = |name: &str| state.iter().find(|(n, _)| n == name).map(|(_, t)| t.clone());
        resumed.optimiser.load_state(steps, find)?;
        train(&mut resumed, &x, &labels, 4..9, settings.lr())?;
        assert_eq!(resumed.losses, unbroken.losses[4..]);
        for ((name, a), (_, b)) in resumed.network.parameters().iter().zip(unbroken.network.parameters()) {
            assert_eq!(values(a)?, values(b)?, "{name}");
        }
        assert!(resumed.optimiser.load_state(1, |_| None).is_err());
    }
    Ok(())
}
