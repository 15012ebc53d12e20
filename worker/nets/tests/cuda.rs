//! Operations, optimisers and nets on a GPU against the same on the CPU. Needs one: without, every test here fails.
#![cfg(feature = "cuda")]
#![expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]

mod differences;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use differences::{Outcome, random};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::{
    self, Activation, Axis, ConvMethod, GruWeights, Padding, PaddingCounts, Reduction, Reset, Steps, Targets, Weighing,
    Window,
};
use gliss_nets::optimisers::Optimiser;
use gliss_nets::{Mode, Network};
use gliss_types::recipe::{Adam, AdamForm, Method, Net, Optimiser as Settings, PRESETS};

/// f64, and f32 with its wider tolerance; both relative to the largest value.
const TYPES: [(DType, f64); 2] = [(DType::F64, 1e-10), (DType::F32, 2e-5)];

fn gpu() -> Result<Device, Box<dyn std::error::Error>> {
    gliss_nets::open_gpu(0).map_err(|error| format!("these tests need a GPU: {error}").into())
}

/// How far two tensors are apart, relative to the largest value of the first.
fn apart(expected: &Tensor, got: &Tensor) -> Result<f64, Box<dyn std::error::Error>> {
    assert_eq!((expected.dims(), expected.dtype()), (got.dims(), got.dtype()));
    let values =
        |tensor: &Tensor| tensor.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let (expected, got) = (values(expected)?, values(got)?);
    let largest = expected.iter().fold(0.0f64, |largest, v| largest.max(v.abs()));
    let off = expected.iter().zip(&got).fold(0.0f64, |off, (a, b)| {
        let away = (a - b).abs();
        if away.is_nan() { f64::INFINITY } else { off.max(away) }
    });
    Ok(if off == 0.0 { 0.0 } else { off / largest })
}

type Operation<'a> = &'a dyn Fn(&[Tensor]) -> candle_core::Result<Tensor>;

/// Compares results and gradients of `f` on both devices, and the gradients on the GPU with those of another run.
fn check(gpu: &Device, name: &str, arguments: &[Tensor], f: Operation<'_>) -> Outcome {
    for (dtype, tolerance) in TYPES {
        let run = |device: &Device| -> Result<(Tensor, Vec<Tensor>), Box<dyn std::error::Error>> {
            let var = |tensor: &Tensor| Var::from_tensor(&tensor.to_dtype(dtype)?.to_device(device)?);
            let vars = arguments.iter().map(var).collect::<candle_core::Result<Vec<_>>>()?;
            let tracked: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
            let y = f(&tracked)?;
            let weights = random(999, y.dims())?.to_dtype(dtype)?.to_device(device)?;
            let gradients = (&y * weights)?.sum_all()?.backward()?;
            let of = |var: &Var| gradients.get(var).cloned().ok_or("a gradient");
            // What nobody tracks gives the same.
            let detached: Vec<Tensor> = tracked.iter().map(Tensor::detach).collect();
            assert!(apart(&y, &f(&detached)?)? == 0.0, "{name} {dtype:?}: another result without gradients");
            Ok((y, vars.iter().map(of).collect::<Result<Vec<_>, _>>()?))
        };
        let (expected, gradients) = run(&Device::Cpu)?;
        let (got, got_gradients) = run(gpu)?;
        let mut off = apart(&expected, &got)?;
        assert!(off < tolerance, "{name} {dtype:?}: off by {off:.1e}");
        for (number, (expected, got)) in gradients.iter().zip(&got_gradients).enumerate() {
            let of = apart(expected, got)?;
            assert!(of < tolerance, "{name} {dtype:?}: gradient of argument {number} off by {of:.1e}");
            off = off.max(of);
        }
        let (again, again_gradients) = run(gpu)?;
        let same = apart(&got, &again)? == 0.0
            && got_gradients.iter().zip(&again_gradients).all(|(a, b)| apart(a, b).is_ok_and(|off| off == 0.0));
        assert!(same, "{name} {dtype:?}: two runs differ");
        println!("{name} {dtype:?}: off by {off:.1e}");
    }
    Ok(())
}

fn axis(kernel: usize, stride: usize, padding: Padding) -> Axis {
    Axis { kernel, stride, padding }
}

fn windows() -> Vec<Window> {
    vec![
        Window::square(1, 1, Padding::Both(0)),
        Window::square(3, 1, Padding::Both(1)),
        Window::square(3, 2, Padding::Both(1)),
        Window::square(2, 2, Padding::Both(0)),
        Window { rows: axis(5, 3, Padding::Both(2)), columns: axis(2, 1, Padding::Both(0)) },
        Window { rows: axis(1, 1, Padding::Both(0)), columns: axis(7, 4, Padding::Same) },
        Window { rows: axis(4, 1, Padding::Same), columns: axis(3, 2, Padding::Ends(0, 1)) },
    ]
}

#[test]
fn convolutions() -> Outcome {
    let gpu = gpu()?;
    for (batch, channels, filters, height, width) in [(3, 2, 5, 9, 11), (1, 4, 8, 12, 7), (5, 1, 1, 8, 8)] {
        for window in windows() {
            let kernel = [filters, channels, window.rows.kernel, window.columns.kernel];
            let arguments =
                [random(1, &[batch, channels, height, width])?, random(2, &kernel)?, random(3, &[filters])?];
            let name = format!("convolution {batch} {channels} {filters} {window:?}");
            check(&gpu, &name, &arguments, &|a| ops::conv2d(&a[0], &a[1], &a[2], window, ConvMethod::Quickest))?;
            check(&gpu, &format!("{name} without bias"), &arguments[..2], &|a| {
                ops::conv2d_grouped(&a[0], &a[1], None, window, 1, ConvMethod::Quickest)
            })?;
            let (high, wide) = window.output(height, width)?;
            if high.min(wide) > 1 {
                check(&gpu, &format!("block {name}"), &arguments, &|a| {
                    ops::conv_relu_pool(&a[0], &a[1], &a[2], window, ConvMethod::Quickest)
                })?;
            }
        }
    }
    Ok(())
}

#[test]
fn convolutions_in_groups() -> Outcome {
    let gpu = gpu()?;
    for (groups, channels, filters) in [(4, 4, 4), (4, 4, 8), (2, 6, 4)] {
        for window in windows() {
            let kernel = [filters, channels / groups, window.rows.kernel, window.columns.kernel];
            let arguments = [random(1, &[3, channels, 9, 11])?, random(2, &kernel)?, random(3, &[filters])?];
            let name = format!("groups {groups} {channels} {filters} {window:?}");
            check(&gpu, &name, &arguments, &|a| {
                ops::conv2d_grouped(&a[0], &a[1], Some(&a[2]), window, groups, ConvMethod::Quickest)
            })?;
            check(&gpu, &format!("{name} without bias"), &arguments[..2], &|a| {
                ops::conv2d_grouped(&a[0], &a[1], None, window, groups, ConvMethod::Quickest)
            })?;
        }
    }
    Ok(())
}

#[test]
fn pools() -> Outcome {
    let gpu = gpu()?;
    let whole = Window { rows: axis(9, 1, Padding::Both(0)), columns: axis(11, 1, Padding::Both(0)) };
    let pools = [
        Window::square(2, 2, Padding::Both(0)),
        Window::square(3, 2, Padding::Both(1)),
        Window { rows: axis(2, 1, Padding::Both(1)), columns: axis(4, 3, Padding::Both(0)) },
        Window { rows: axis(3, 2, Padding::Ends(0, 1)), columns: axis(2, 2, Padding::Same) },
        whole,
    ];
    let x = [random(4, &[2, 3, 9, 11])?];
    for window in pools {
        check(&gpu, &format!("max-pool {window:?}"), &x, &|a| ops::max_pool2d(&a[0], window))?;
        for counts in [PaddingCounts::Yes, PaddingCounts::No] {
            check(&gpu, &format!("average {window:?} {counts:?}"), &x, &|a| ops::avg_pool2d(&a[0], window, counts))?;
        }
    }
    check(&gpu, "global maximum", &x, &|a| ops::global_max_pool2d(&a[0]))?;
    for (rows, columns) in [(1, 1), (4, 5), (9, 11), (13, 2)] {
        check(&gpu, &format!("adaptive {rows} {columns}"), &x, &|a| ops::adaptive_avg_pool2d(&a[0], rows, columns))?;
    }
    // Equal maxima: the first gets the gradient on both.
    let flat = [random(5, &[2, 2, 8, 300])?.affine(2.0, 0.0)?.round()?];
    check(&gpu, "max-pool of equals", &flat, &|a| ops::max_pool2d(&a[0], Window::square(3, 2, Padding::Both(1))))?;
    check(&gpu, "global maximum of equals", &flat, &|a| ops::global_max_pool2d(&a[0]))
}

#[test]
fn norms() -> Outcome {
    let gpu = gpu()?;
    for shape in [vec![7, 5], vec![3, 4, 9], vec![4, 3, 6, 7], vec![8, 2, 60, 70]] {
        let (channels, far) = (shape[1], (random(6, &shape)? + 3.0)?);
        let arguments = [far, random(7, &[channels])?, random(8, &[channels])?];
        for activation in [Activation::None, Activation::Relu] {
            check(&gpu, &format!("batch norm {shape:?} {activation:?}"), &arguments, &|a| {
                Ok(ops::batch_norm(&a[0], &a[1], &a[2], 1e-5, activation)?.0)
            })?;
        }
        let run = |device: &Device| -> Result<Vec<Tensor>, Box<dyn std::error::Error>> {
            let on = |tensor: &Tensor| tensor.to_dtype(DType::F32)?.to_device(device);
            let [x, weight, bias] = [on(&arguments[0])?, on(&arguments[1])?, on(&arguments[2])?];
            let (_, stats) = ops::batch_norm(&x, &weight, &bias, 1e-5, Activation::None)?;
            let [mean, variance] =
                [Var::zeros(channels, DType::F32, device)?, Var::ones(channels, DType::F32, device)?];
            ops::update_running(&mean, &variance, &stats, 0.1, true)?;
            let [mean, variance] = [mean.as_tensor(), variance.as_tensor()];
            let y = ops::batch_norm_eval(&x, [&weight, &bias, mean, variance], 1e-5, Activation::Relu)?;
            Ok(vec![stats.mean, stats.variance, mean.clone(), variance.clone(), y])
        };
        for (expected, got) in run(&Device::Cpu)?.iter().zip(&run(&gpu)?) {
            let off = apart(expected, got)?;
            assert!(off < 2e-6, "statistics of {shape:?}: off by {off:.1e}");
        }
    }
    Ok(())
}

#[test]
fn values_one_by_one() -> Outcome {
    let gpu = gpu()?;
    let x = [random(9, &[3, 5, 67])?.affine(4.0, 0.0)?];
    check(&gpu, "relu", &x, &|a| ops::relu(&a[0]))?;
    check(&gpu, "relu6", &x, &|a| ops::relu6(&a[0]))?;
    check(&gpu, "elu", &x, &|a| ops::elu(&a[0], 1.3))?;
    for p in [0.0, 0.3, 1.0] {
        let draw = Draw::new(3, Stream::Dropout(1), 2, 1);
        check(&gpu, &format!("dropout {p}"), &x, &|a| ops::dropout(&a[0], p, draw))?;
    }
    for (batch, inputs, outputs) in [(1, 1, 1), (7, 33, 70), (64, 128, 10)] {
        let arguments = [random(1, &[batch, inputs])?, random(2, &[outputs, inputs])?, random(3, &[outputs])?];
        for activation in [Activation::None, Activation::Relu] {
            let name = format!("linear {batch} {inputs} {outputs} {activation:?}");
            check(&gpu, &name, &arguments, &|a| ops::linear(&a[0], &a[1], &a[2], activation))?;
        }
    }
    Ok(())
}

#[test]
fn losses() -> Outcome {
    let gpu = gpu()?;
    for (batch, classes) in [(1, 2), (7, 10), (600, 3)] {
        let logits = [random(1, &[batch, classes])?.affine(5.0, 0.0)?];
        let labels =
            Tensor::from_vec((0..batch).map(|i| (i % classes) as u32).collect::<Vec<_>>(), batch, &Device::Cpu)?;
        let shares = random(2, &[batch, classes])?.abs()?;
        let labels_on = |a: &Tensor| labels.to_device(a.device());
        let shares_on = |a: &Tensor| shares.to_dtype(a.dtype())?.to_device(a.device());
        let weights: Vec<f64> = (0..classes).map(|class| 0.5 + class as f64).collect();
        check(&gpu, "cross-entropy", &logits, &|a| ops::cross_entropy(&a[0], &labels_on(&a[0])?))?;
        for reduction in [Reduction::Mean, Reduction::Sum] {
            for class_weights in [None, Some(weights.as_slice())] {
                let weighing = Weighing { smoothing: 0.1, class_weights, reduction };
                let name = format!("{reduction:?} {batch} {classes} {}", class_weights.is_some());
                check(&gpu, &format!("labels {name}"), &logits, &|a| {
                    ops::cross_entropy_with(&a[0], Targets::Labels(&labels_on(&a[0])?), weighing)
                })?;
                check(&gpu, &format!("shares {name}"), &logits, &|a| {
                    ops::cross_entropy_with(&a[0], Targets::Soft(&shares_on(&a[0])?), weighing)
                })?;
            }
        }
        check(&gpu, "binary", &logits, &|a| ops::binary_cross_entropy(&a[0], &shares_on(&a[0])?))?;
    }
    // A label that names no class reaches nothing that it should not, and shows.
    let [logits, labels] = [Tensor::zeros((1, 3), DType::F32, &gpu)?, Tensor::new(&[7u32], &gpu)?];
    assert!(ops::cross_entropy(&logits, &labels)?.to_scalar::<f32>()?.is_nan());
    Ok(())
}

#[test]
fn sequences() -> Outcome {
    let gpu = gpu()?;
    for (batch, steps, features, states) in [(1, 1, 2, 3), (4, 9, 6, 5), (3, 6, 40, 400)] {
        let rows = 3 * states;
        let small = |seed, shape: &[usize]| random(seed, shape)?.affine(1.0 / (states as f64).sqrt(), 0.0);
        let arguments = [
            random(1, &[batch, steps, features])?,
            small(2, &[rows, features])?,
            small(3, &[rows, states])?,
            small(4, &[rows])?,
            small(5, &[rows])?,
        ];
        for reset in [Reset::After, Reset::Before] {
            for output in [Steps::All, Steps::Last] {
                check(&gpu, &format!("gru {batch} {steps} {states} {reset:?} {output:?}"), &arguments, &|a| {
                    let weights =
                        GruWeights { input: &a[1], hidden: &a[2], input_bias: &a[3], hidden_bias: Some(&a[4]) };
                    ops::gru(&a[0], &weights, reset, output)
                })?;
            }
        }
    }
    Ok(())
}

#[test]
fn optimisers() -> Outcome {
    let gpu = gpu()?;
    let adam = Adam { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.02 };
    let sgd = |momentum, nesterov| Method::Sgd { lr: 0.01, momentum, dampening: 0.0, nesterov, weight_decay: 0.01 };
    let rms = |momentum, centered| Method::RmsProp {
        lr: 0.01,
        alpha: 0.9,
        eps: 1e-8,
        momentum,
        centered,
        weight_decay: 0.01,
    };
    let methods = [
        Method::Adam { adam, amsgrad: false, form: AdamForm::PyTorch },
        Method::Adam { adam, amsgrad: true, form: AdamForm::Keras },
        Method::AdamW { adam, amsgrad: false },
        Method::NAdam { adam, momentum_decay: 4e-3 },
        Method::RAdam(adam),
        Method::Adamax(adam),
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
        rms(0.0, false),
        rms(0.0, true),
        rms(0.9, false),
        rms(0.9, true),
        Method::Adadelta { lr: 1.0, rho: 0.9, eps: 1e-6, weight_decay: 0.01 },
        Method::Adagrad { lr: 0.01, lr_decay: 0.0, eps: 1e-10, initial_accumulator: 0.1, weight_decay: 0.01 },
    ];
    for method in methods {
        for (clip_norm, clip_value) in [(None, None), (Some(0.5), None), (None, Some(0.3))] {
            let settings = Settings { clip_norm, clip_value, ..method.clone().into() };
            for (dtype, tolerance) in TYPES {
                let run = |device: &Device| -> Result<Vec<Tensor>, Box<dyn std::error::Error>> {
                    let on = |seed: u64, shape: &[usize]| random(seed, shape)?.to_dtype(dtype)?.to_device(device);
                    let parameters: Vec<(String, Var)> = vec![
                        ("a".to_owned(), Var::from_tensor(&on(1, &[33, 65])?)?),
                        ("b".to_owned(), Var::from_tensor(&on(2, &[7])?)?),
                    ];
                    let mut optimiser = Optimiser::new(&settings, &parameters)?.with_l2(&[0.01, 0.0]);
                    let gradients = |seed: u64| -> candle_core::Result<GradStore> {
                        let all =
                            parameters.iter().map(|(_, var)| (var.as_tensor() * on(seed, var.dims())?)?.sum_all());
                        let all = all.collect::<candle_core::Result<Vec<_>>>()?;
                        Tensor::stack(&all, 0)?.sum_all()?.backward()
                    };
                    for step in 0..8 {
                        if step % 2 == 0 {
                            optimiser.step(&gradients(10 + step)?, 0.01)?;
                        } else {
                            optimiser.gather(&gradients(20 + step)?, 0.25)?;
                            optimiser.gather(&gradients(30 + step)?, 0.75)?;
                            optimiser.step_gathered(0.01)?;
                        }
                    }
                    let state = optimiser.state()?.into_iter().map(|(_, tensor)| tensor);
                    Ok(parameters.iter().map(|(_, var)| var.as_detached_tensor()).chain(state).collect())
                };
                for (expected, got) in run(&Device::Cpu)?.iter().zip(&run(&gpu)?) {
                    let off = apart(expected, got)?;
                    assert!(off < tolerance, "{settings:?} {dtype:?}: off by {off:.1e}");
                }
            }
        }
    }
    Ok(())
}

/// Loss, logits in evaluation and gradients of one training step of a net on examples of its preset, each value of which is
/// `1 + nudge` times what it is.
fn step(net: &Net, inputs: &[&[usize]], classes: usize, device: &Device, nudge: f64) -> Result<Vec<Tensor>, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let network = Network::build(net, inputs, classes, 3, device).map_err(|e| text(&e))?;
    let run = || -> candle_core::Result<Vec<Tensor>> {
        let batch = 4;
        let of = |(i, shape): (usize, &&[usize])| {
            let shape: Vec<usize> = [batch].into_iter().chain(shape.iter().copied()).collect();
            random(i as u64, &shape)?.affine(1.0 + nudge, 0.0)?.to_dtype(DType::F32)?.to_device(device)
        };
        let inputs = inputs.iter().enumerate().map(of).collect::<candle_core::Result<Vec<_>>>()?;
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let logits = network.forward(&inputs, Mode::Train { seed: 1, epoch: 0, step: 0 });
        let logits = logits.map_err(candle_core::Error::wrap)?;
        let labels = Tensor::from_vec((0..batch as u32).collect::<Vec<_>>(), batch, device)?;
        let loss = ops::cross_entropy(&logits, &labels)?;
        let gradients = loss.backward()?;
        let of = |(_, var): &(String, Var)| gradients.get(var).cloned().ok_or(candle_core::Error::Msg("none".into()));
        let gradients = network.parameters().iter().map(of);
        let judged = network.forward(&inputs, Mode::Eval).map_err(candle_core::Error::wrap)?;
        [Ok(loss), Ok(judged)].into_iter().chain(gradients).collect()
    };
    run().map_err(|e| text(&e))
}

/// The length of the difference of two lists of tensors over the length of the first.
fn away(expected: &[Tensor], got: &[Tensor]) -> Result<f64, Box<dyn std::error::Error>> {
    let (mut off, mut all) = (0.0, 0.0);
    for (expected, got) in expected.iter().zip(got) {
        let wide = |tensor: &Tensor| tensor.to_device(&Device::Cpu)?.to_dtype(DType::F64);
        let (expected, got) = (wide(expected)?, wide(got)?);
        off += (&expected - got)?.sqr()?.sum_all()?.to_scalar::<f64>()?;
        all += expected.sqr()?.sum_all()?.to_scalar::<f64>()?;
    }
    Ok((off / all).sqrt())
}

/// In f32 a value next to 0 may be on the other side of a ReLU, and deep nets make much of it. So gradients are judged
/// together, and may be as far away as they are on the CPU for inputs that differ in their last digit, a few times over.
#[test]
fn every_preset_makes_the_same_step() -> Outcome {
    let all = std::sync::Mutex::new(PRESETS.iter());
    let work = || -> Result<(), String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        loop {
            let next = all.lock().map_err(|e| text(&e))?.next();
            let Some(preset) = next else { return Ok(()) };
            let gpu = gliss_nets::open_gpu(0).map_err(|e| text(&e))?;
            let net = Net::named(preset.name).ok_or("a preset is a net")?;
            let of = |device: &Device, nudge: f64| {
                let made = step(&net, preset.inputs, preset.classes, device, nudge);
                made.map_err(|error| format!("{}: {error}", preset.name))
            };
            let (expected, nudged, got) = (of(&Device::Cpu, 0.0)?, of(&Device::Cpu, 1e-7)?, of(&gpu, 0.0)?);
            assert_eq!(expected.len(), got.len());
            let [loss, judged] = [0, 1].map(|i| apart(&expected[i], &got[i]).unwrap_or(f64::INFINITY));
            let gradients = away(&expected[2..], &got[2..]).map_err(|e| text(&*e))?;
            let shaky = away(&expected[2..], &nudged[2..]).map_err(|e| text(&*e))?;
            let name = preset.name;
            println!(
                "{name}: loss {loss:.1e}, logits {judged:.1e}, gradients {gradients:.1e} ({shaky:.1e} by a nudge)"
            );
            assert!(loss < 1e-5 && judged < 1e-5 && gradients < 1e-5 + 5.0 * shaky, "{name}");
            let again = of(&gpu, 0.0)?;
            let same = got.iter().zip(&again).all(|(a, b)| apart(a, b).is_ok_and(|off| off == 0.0));
            assert!(same, "{}: two steps from one seed differ", preset.name);
        }
    };
    // candle walks the graph by recursion.
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(16));
    let results = std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work);
        let threads: Vec<_> = (0..threads).filter_map(|i| spawn(i).ok()).collect();
        threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    for result in results {
        match result {
            Ok(done) => done?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    Ok(())
}
