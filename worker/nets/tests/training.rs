//! Training: overfitting with every family; the same bits twice; a resumed run.
#![expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]

mod golden;

use std::error::Error;

use candle_core::{Device, Tensor};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::optimisers::Optimiser;
use gliss_nets::{Mode, Network, ops};
use gliss_types::recipe::{Adam, AdamForm, Family, LiuCnn, Method, Net, Optimiser as Settings};
use golden::values;
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
    Method::adam(lr).into()
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
        let recording = ops::Recording::start();
        let logits =
            run.network.forward(&examples.inputs(), Mode::Train { seed: 11, epoch: step / 4, step: step % 4 })?;
        let loss = ops::cross_entropy(&logits, &examples.labels)?;
        run.optimiser.step(&recording.gradients(&loss)?, lr)?;
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
        (json!({"name": "squeezenet1_0", "dropout": 0}), &[&[1, 47, 47]], 140, 3e-4),
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

/// Recorded gradients are those of candle's own backward pass, weight by weight.
#[test]
fn a_recording_gives_the_gradients_of_the_graph() -> Outcome {
    use serde_json::json;
    #[rustfmt::skip]
    let cases: Vec<(Value, &[&[usize]])> = vec![
        (json!({"name": "mlp", "norm": true, "dropout": 0.3}), &[&[57]]),
        (json!({"name": "liu_cnn", "depth": 3, "dense": [8]}), &[&[3, 32, 32]]),
        (json!({"name": "liu_dcnn"}), &[&[1, 16, 16]]),
        (json!({"name": "liu_crnn", "gru": [24, 16], "dense": [32]}), &[&[1, 32, 32]]),
        (json!({"name": "liu_dcrnn"}), &[&[1, 16, 16]]),
        (json!({"name": "alexnet"}), &[&[3, 63, 63]]),
        (json!({"name": "resnet18"}), &[&[1, 32, 32]]),
        (json!({"name": "resnet50"}), &[&[1, 32, 32]]),
        (json!({"name": "resnet18_d2l"}), &[&[1, 32, 32]]),
        (json!({"name": "squeezenet1_0"}), &[&[1, 47, 47]]),
        (json!({"name": "mobilenet_v1_025"}), &[&[1, 32, 32]]),
        (json!({"name": "nnet2_2d", "dropout": 0.2}), &[&[1, 17, 12]]),
        (json!({"name": "nnet2_mix", "kernel": 1024, "pad": 0}), &[&[1, 17, 9], &[1, 6144]]),
        (json!({"name": "gct_base1d", "filters": [32, 32], "pools": 3}), &[&[16, 40]]),
        (json!({"name": "gct_q1", "dropout": 0.1}), &[&[1, 16, 400]]),
        (json!({"name": "gct_base2d", "pools": 2}), &[&[1, 24, 24]]),
        (json!({"name": "musicnn"}), &[&[1, 187, 96]]),
        (json!({"name": "spec_embed", "spectrum": "gct_q1"}), &[&[1, 96, 400], &[20]]),
        (json!({"name": "spec_embed"}), &[&[1, 96, 96], &[20]]),
    ];
    for (settings, shapes) in cases {
        let examples = Examples::of(shapes)?;
        let run = start(&net(settings.clone()), shapes, &adam(1e-3))?;
        let mode = Mode::Train { seed: 11, epoch: 2, step: 3 };
        let loss = || -> Result<Tensor, Box<dyn Error>> {
            Ok(ops::cross_entropy(&run.network.forward(&examples.inputs(), mode)?, &examples.labels)?)
        };
        let expected = loss()?.backward()?;
        let recording = ops::Recording::start();
        let recorded_loss = loss()?;
        assert!(!recorded_loss.track_op(), "{settings}: a recording leaves no graph");
        let recorded = recording.gradients(&recorded_loss)?;
        for (name, var) in run.network.parameters() {
            let [expected, found] = [&expected, &recorded].map(|gradients| gradients.get(var.as_tensor()));
            let (expected, found) =
                (expected.ok_or("no gradient")?, found.ok_or(format!("{settings}: none of {name}"))?);
            assert_eq!(expected.dims(), found.dims(), "{settings}: {name}");
            let (expected, found) = (values(expected)?, values(found)?);
            // Where three ways meet, they are summed in another order.
            let largest = expected.iter().fold(0.0f64, |most, value| most.max(value.abs()));
            let off = expected.iter().zip(&found).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
            assert!(off <= 1e-6 * largest, "{settings}: {name} is off by {off} of {largest}");
        }
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

/// Every method, with all that it can remember.
fn every_method(lr: f64) -> Vec<Settings> {
    let decayed = Adam { weight_decay: 1e-3, ..Adam::at(lr) };
    let methods = [
        Method::adam(lr),
        Method::Adam { adam: decayed, amsgrad: true, form: AdamForm::Keras },
        Method::AdamW { adam: decayed, amsgrad: false },
        Method::NAdam { adam: decayed, momentum_decay: 4e-3 },
        Method::RAdam(Adam { beta2: 0.9, ..decayed }),
        Method::Adamax(decayed),
        Method::Sgd { lr, momentum: 0.9, dampening: 0.0, nesterov: true, weight_decay: 1e-3 },
        Method::Sgd { lr, momentum: 0.9, dampening: 0.5, nesterov: false, weight_decay: 0.0 },
        Method::RmsProp { lr, alpha: 0.9, eps: 1e-8, momentum: 0.5, centered: true, weight_decay: 0.0 },
        Method::Adadelta { lr: 1.0, rho: 0.9, eps: 1e-6, weight_decay: 0.0 },
        Method::Adagrad { lr, lr_decay: 0.1, initial_accumulator: 0.1, eps: 1e-10, weight_decay: 0.0 },
    ];
    let clipped = Settings { clip_norm: Some(0.5), ..adam(lr) };
    methods.map(Settings::from).into_iter().chain([clipped]).collect()
}

#[test]
fn a_resumed_run_is_the_unbroken_one_to_the_bit() -> Outcome {
    let shapes: &[&[usize]] = &[&[1, 16, 16]];
    let examples = Examples::of(shapes)?;
    let normed = net(serde_json::json!({"name": "gct_base2d", "pools": 2, "dropout": 0.2}));
    let every = every_method(0.01).into_iter().map(|settings| (liu(2, 0.3), settings));
    for (net, settings) in every.chain([(normed, adam(1e-3))]) {
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
