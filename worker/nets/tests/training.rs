//! Training: PyTorch's optimisers and schedules; overfitting with every family; the same bits twice; a resumed run.

mod golden;

use std::error::Error;

use candle_core::{DType, Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::optimisers::Optimiser;
use gliss_nets::schedules::lr_at;
use gliss_nets::{Mode, Network, ops};
use gliss_types::recipe::{Family, LiuCnn, Net, Optimiser as Settings, Schedule};
use golden::{max_diff, numbers, values};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// The net of settings under `net`.
fn net(settings: Value) -> Net {
    let all = serde_json::json!({ "net": settings });
    Net::of(&serde_json::from_value(all).expect("a mapping")).expect("a net")
}

fn liu(depth: u32, dropout: f64) -> Net {
    let Family::LiuCnn(published) = net(serde_json::json!({"name": "liu_cnn"})).family else { unreachable!("its own") };
    Family::LiuCnn(LiuCnn { depth, dropout, dense: vec![64, 32], dense_dropout: dropout, ..published }).into()
}

fn adam(lr: f64) -> Settings {
    Settings::Adam { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
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

/// Sixteen random examples of ten classes: the tensors of all inputs, and the labels twice.
struct Examples {
    inputs: Vec<Tensor>,
    labels: Tensor,
    truth: Vec<u32>,
}

impl Examples {
    fn of(shapes: &[&[usize]]) -> Result<Examples, Box<dyn Error>> {
        let input = |(number, shape): (usize, &&[usize])| {
            let draw = Draw::new(3, Stream::Other(1 + 8 * number as u32), 0, 0);
            let all: Vec<usize> = std::iter::once(16).chain(shape.iter().copied()).collect();
            let count: usize = all.iter().product();
            let x = (0..count as u64).map(|i| draw.normal(i) as f32).collect::<Vec<f32>>();
            Tensor::from_vec(x, all, &Device::Cpu)
        };
        let inputs = shapes.iter().enumerate().map(input).collect::<Result<_, _>>()?;
        let truth: Vec<u32> = (0..16).map(|i| Draw::new(4, Stream::Other(2), 0, 0).below(i, 10) as u32).collect();
        Ok(Examples { inputs, labels: Tensor::new(truth.as_slice(), &Device::Cpu)?, truth })
    }

    fn inputs(&self) -> Vec<&Tensor> {
        self.inputs.iter().collect()
    }
}

struct Run {
    network: Network,
    optimiser: Optimiser,
    losses: Vec<u32>,
}

/// Trains from step `from` to step `to` on one batch; losses as bits.
fn train(run: &mut Run, examples: &Examples, steps: std::ops::Range<u64>, lr: f64) -> Outcome {
    for step in steps {
        let logits =
            run.network.forward(&examples.inputs(), Mode::Train { seed: 11, epoch: step / 4, step: step % 4 })?;
        let loss = ops::cross_entropy(&logits, &examples.labels)?;
        run.optimiser.step(&loss.backward()?, lr)?;
        run.losses.push(loss.to_scalar::<f32>()?.to_bits());
    }
    Ok(())
}

fn start(net: &Net, shapes: &[&[usize]], settings: &Settings) -> Result<Run, Box<dyn Error>> {
    let network = Network::build(net, shapes, 10, 11, &Device::Cpu)?;
    let optimiser = Optimiser::new(settings, network.parameters())?;
    Ok(Run { network, optimiser, losses: Vec::new() })
}

/// Every family on inputs as small as it takes, without what keeps it from learning by heart. `examples/overfit` has the
/// presets as published.
#[test]
fn sixteen_examples_are_learnt_by_heart() -> Outcome {
    use serde_json::json;
    type Case<'a> = (Value, &'a [&'a [usize]], u64, f64);
    let still = json!({"name": "liu_crnn", "gru": [24, 16], "gru_dropout": 0, "dense": [32], "dense_dropout": 0});
    #[rustfmt::skip]
    let cases: Vec<Case<'_>> = vec![
        (json!({"name": "mlp"}), &[&[57]], 120, 3e-3),
        (json!({"name": "gct_mlp753"}), &[&[753]], 60, 3e-3),
        (json!({"name": "liu_cnn", "depth": 3, "dropout": 0, "dense": [64, 32], "dense_dropout": 0}), &[&[1, 32, 32]], 150, 3e-3),
        (json!({"name": "liu_dcnn", "dropout": 0, "dense_dropout": 0}), &[&[1, 16, 16]], 80, 3e-3),
        (still, &[&[1, 32, 32]], 150, 5e-3),
        (json!({"name": "liu_dcrnn", "dropout": 0, "gru_dropout": 0, "dense_dropout": 0}), &[&[1, 16, 16]], 150, 5e-3),
        (json!({"name": "gct_base1d", "filters": [32, 32], "pools": 3}), &[&[16, 40]], 100, 5e-3),
        (json!({"name": "gct_base2d", "pools": 2}), &[&[1, 24, 24]], 60, 5e-3),
        (json!({"name": "nnet2_2d"}), &[&[1, 17, 12]], 30, 1e-3),
        (json!({"name": "nnet2_1d", "kernel": 1024, "pad": 0}), &[&[1, 6144]], 40, 1e-3),
        (json!({"name": "nnet2_mix", "kernel": 1024, "pad": 0}), &[&[1, 17, 9], &[1, 6144]], 30, 1e-3),
        (json!({"name": "spec_embed"}), &[&[1, 96, 96], &[20]], 50, 5e-3),
        (json!({"name": "resnet18"}), &[&[1, 32, 32]], 15, 1e-3),
        (json!({"name": "resnet18_d2l"}), &[&[1, 32, 32]], 15, 1e-3),
        (json!({"name": "mobilenet_v1_025"}), &[&[1, 32, 32]], 80, 3e-3),
        (json!({"name": "squeezenet1_0", "dropout": 0}), &[&[1, 47, 47]], 160, 3e-4),
    ];
    for (settings, shapes, steps, lr) in cases {
        let began = std::time::Instant::now();
        let examples = Examples::of(shapes)?;
        let mut run = start(&net(settings.clone()), shapes, &adam(lr))?;
        train(&mut run, &examples, 0..steps, lr)?;
        let (first, last) = (f32::from_bits(run.losses[0]), f32::from_bits(run.losses[steps as usize - 1]));
        println!("{settings}: loss {first:.2} to {last:.4} in {:.1?}", began.elapsed());
        // In training mode: running statistics lag behind so few steps.
        let mode = Mode::Train { seed: 11, epoch: steps, step: 0 };
        let predictions = run.network.forward(&examples.inputs(), mode)?.argmax(1)?.to_vec1::<u32>()?;
        assert_eq!(predictions, examples.truth, "{settings}: loss {first} to {last}");
        assert!(last < 0.2, "{settings}: loss {first} to {last}");
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_bits_alone_or_beside_others() -> Outcome {
    let shapes: &[&[usize]] = &[&[1, 24, 40]];
    let net = liu(2, 0.5);
    let examples = Examples::of(shapes)?;
    let losses = || -> Result<Vec<u32>, String> {
        let run = || -> Result<Vec<u32>, Box<dyn Error>> {
            let mut run = start(&net, shapes, &adam(1e-3))?;
            train(&mut run, &examples, 0..12, 1e-3)?;
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
    let shapes: &[&[usize]] = &[&[1, 16, 16]];
    let examples = Examples::of(shapes)?;
    let sgd = Settings::Sgd { lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 1e-3 };
    let normed = net(serde_json::json!({"name": "gct_base2d", "pools": 2, "dropout": 0.2}));
    for (net, settings) in [(liu(2, 0.3), adam(1e-3)), (liu(2, 0.3), sgd), (normed, adam(1e-3))] {
        let mut unbroken = start(&net, shapes, &settings)?;
        train(&mut unbroken, &examples, 0..9, settings.lr())?;

        let mut before = start(&net, shapes, &settings)?;
        train(&mut before, &examples, 0..4, settings.lr())?;
        let weights: Vec<Tensor> =
            before.network.state().map(|(_, v)| v.as_detached_tensor().copy()).collect::<Result<_, _>>()?;
        let (state, steps) = (before.optimiser.state()?, before.optimiser.steps());
        // What was taken must not change with further steps.
        train(&mut before, &examples, 4..6, settings.lr())?;

        let mut resumed = start(&net, shapes, &settings)?;
        for ((_, var), weight) in resumed.network.state().zip(&weights) {
            var.set(weight)?;
        }
        let find = |name: &str| state.iter().find(|(n, _)| n == name).map(|(_, t)| t.clone());
        resumed.optimiser.load_state(steps, find)?;
        train(&mut resumed, &examples, 4..9, settings.lr())?;
        assert_eq!(resumed.losses, unbroken.losses[4..]);
        for ((name, a), (_, b)) in resumed.network.state().zip(unbroken.network.state()) {
            assert_eq!(values(a)?, values(b)?, "{name}");
        }
        assert!(resumed.optimiser.load_state(1, |_| None).is_err());
    }
    Ok(())
}
