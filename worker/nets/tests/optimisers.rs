//! Optimisers against PyTorch's paths, Keras's formula, clipping, L2 and gathered gradients.

mod golden;

use std::error::Error;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops;
use gliss_nets::optimisers::{Optimiser, OptimiserError};
use gliss_types::recipe::{Adam, AdamForm, Method, Optimiser as Settings};
use golden::{max_diff, numbers, values};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// The settings of a golden optimiser.
fn settings(golden: &Value, name: &str) -> Result<Method, Box<dyn Error>> {
    let number = |key: &str, default: f64| golden[key].as_f64().unwrap_or(default);
    let is = |key: &str| golden[key].as_bool().unwrap_or(false);
    let known = [
        "lr",
        "weight_decay",
        "betas",
        "eps",
        "amsgrad",
        "momentum",
        "dampening",
        "nesterov",
        "alpha",
        "centered",
        "rho",
        "lr_decay",
        "initial_accumulator_value",
    ];
    if let Some(foreign) = golden.as_object().ok_or("settings")?.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("{name} has a setting {foreign}").into());
    }
    let lr = golden["lr"].as_f64().ok_or("a rate")?;
    let weight_decay = number("weight_decay", 0.0);
    let betas = numbers(&golden["betas"]);
    let adam = Adam {
        lr,
        beta1: betas.first().copied().unwrap_or(0.9),
        beta2: betas.get(1).copied().unwrap_or(0.999),
        eps: number("eps", 1e-8),
        weight_decay,
    };
    Ok(match name.split('_').next() {
        Some("adam") => Method::Adam { adam, amsgrad: is("amsgrad"), form: AdamForm::PyTorch },
        Some("adamw") => Method::AdamW { adam, amsgrad: false },
        Some("nadam") => Method::NAdam { adam, momentum_decay: 4e-3 },
        Some("radam") => Method::RAdam(adam),
        Some("adamax") => Method::Adamax(adam),
        Some("sgd") => Method::Sgd {
            lr,
            momentum: number("momentum", 0.0),
            dampening: number("dampening", 0.0),
            nesterov: is("nesterov"),
            weight_decay,
        },
        Some("rmsprop") => Method::RmsProp {
            lr,
            alpha: number("alpha", 0.99),
            eps: 1e-8,
            momentum: number("momentum", 0.0),
            centered: is("centered"),
            weight_decay,
        },
        Some("adadelta") => Method::Adadelta { lr, rho: number("rho", 0.9), eps: 1e-6, weight_decay },
        Some("adagrad") => Method::Adagrad {
            lr,
            lr_decay: number("lr_decay", 0.0),
            initial_accumulator: number("initial_accumulator_value", 0.0),
            eps: 1e-10,
            weight_decay,
        },
        _ => return Err(format!("{name} is an optimiser that we do not have").into()),
    })
}

/// A softmax regression of the golden references, and what it learns from.
struct Regression {
    x: Tensor,
    labels: Tensor,
    w: Var,
    b: Var,
}

impl Regression {
    fn new(golden: &Value, dtype: DType) -> Result<Self, Box<dyn Error>> {
        let device = Device::Cpu;
        let tensor =
            |key: &str, shape: &[usize]| Tensor::from_vec(numbers(&golden[key]), shape, &device)?.to_dtype(dtype);
        Ok(Regression {
            x: tensor("x", &[16, 4])?,
            labels: Tensor::new(golden::labels(&golden["labels"]), &device)?,
            w: Var::from_tensor(&tensor("w0", &[3, 4])?)?,
            b: Var::from_tensor(&tensor("b0", &[3])?)?,
        })
    }

    fn parameters(&self) -> [(String, Var); 2] {
        [("w".to_owned(), self.w.clone()), ("b".to_owned(), self.b.clone())]
    }

    fn loss(&self) -> candle_core::Result<Tensor> {
        ops::cross_entropy(&ops::linear(&self.x, &self.w, &self.b, ops::Activation::None)?, &self.labels)
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]
fn optimisers_are_pytorch_s() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let golden = golden::json(&folder, "optimisers.json")?;
    let cases = golden["cases"].as_object().ok_or("cases")?;
    for (name, case) in cases {
        let settings = Settings::from(settings(&case["settings"], name)?);
        let mut largest = Vec::new();
        for dtype in [DType::F64, DType::F32] {
            let regression = Regression::new(&golden, dtype)?;
            let mut optimiser = Optimiser::new(&settings, &regression.parameters())?;
            let mut off = 0.0f64;
            for t in 0..20 {
                let loss = regression.loss()?;
                let expected = case["loss_before_step"][t].as_f64().ok_or("a loss")?;
                off = off.max((values(&loss)?[0] - expected).abs());
                optimiser.step(&loss.backward()?, settings.lr())?;
                for (var, key) in [(&regression.w, "w_after_step"), (&regression.b, "b_after_step")] {
                    off = off.max(max_diff(&values(var)?, &numbers(&case[key][t])));
                }
            }
            largest.push(off);
        }
        println!("{name:28} f64 off by {:8.1e}, f32 by {:8.1e}", largest[0], largest[1]);
        assert!(largest[0] < 1e-9 && largest[1] < 1e-4, "{name}: {largest:?}");
    }
    assert_eq!(cases.len(), 19);
    Ok(())
}

/// Values of a stream, small and of both signs.
fn random(seed: u64, count: usize) -> Vec<f64> {
    let draw = Draw::new(seed, Stream::Other(0), 0, 0);
    (0..count as u64).map(|i| draw.normal(i)).collect()
}

/// Parameters in f64 and a store with the gradients given.
type Given = (Vec<(String, Var)>, GradStore);

fn given(parts: &[(&str, Vec<f64>, Vec<f64>)]) -> Result<Given, Box<dyn Error>> {
    let any = Var::zeros(1, DType::F64, &Device::Cpu)?;
    let mut gradients = any.sum_all()?.backward()?;
    let mut parameters = Vec::new();
    for (name, weights, gradient) in parts {
        let var = Var::new(weights.as_slice(), &Device::Cpu)?;
        gradients.insert(&var, Tensor::new(gradient.as_slice(), &Device::Cpu)?);
        parameters.push(((*name).to_owned(), var));
    }
    Ok((parameters, gradients))
}

/// Keras 2.3: `lr_t = lr * sqrt(1 - beta2^t) / (1 - beta1^t)`, `p -= lr_t * m / (sqrt(v) + eps)`.
#[test]
fn adam_s_other_form_is_keras_s() -> Outcome {
    for amsgrad in [false, true] {
        // With so large an eps the two forms are far apart.
        let adam = Adam { eps: 1e-2, ..Adam::at(0.01) };
        let settings = Method::Adam { adam, amsgrad, form: AdamForm::Keras }.into();
        let mut weights = random(1, 40);
        let (mut m, mut v, mut most) = (vec![0.0; 40], vec![0.0; 40], vec![0.0f64; 40]);
        let (parameters, mut gradients) = given(&[("w", weights.clone(), weights.clone())])?;
        let mut optimiser = Optimiser::new(&settings, &parameters)?;
        for t in 1..=15 {
            let gradient: Vec<f64> = random(10 + t as u64, 40).iter().map(|g| g / f64::from(t)).collect();
            gradients.insert(&parameters[0].1, Tensor::new(gradient.as_slice(), &Device::Cpu)?);
            optimiser.step(&gradients, 0.01)?;
            let lr = 0.01 * (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
            for i in 0..40 {
                m[i] = 0.9 * m[i] + 0.1 * gradient[i];
                v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
                most[i] = most[i].max(v[i]);
                weights[i] -= lr * m[i] / (if amsgrad { most[i] } else { v[i] }.sqrt() + 1e-2);
            }
            let diff = max_diff(&values(&parameters[0].1)?, &weights);
            assert!(diff < 1e-12, "step {t}, amsgrad {amsgrad}: off by {diff}");
        }
    }
    Ok(())
}

#[test]
fn gradients_are_clipped_by_their_norm_as_pytorch_does() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let clip = &golden::json(&folder, "losses.json")?["clip_grad_norm_0.1"];
    let (before, after) = (numbers(&clip["before"]), numbers(&clip["after"]));
    let norm = before.iter().map(|g| g * g).sum::<f64>().sqrt();
    assert!((norm - clip["norm"].as_f64().ok_or("a norm")?).abs() < 1e-12);
    // At rate 1 a weight of 0 becomes the gradient's negative. In two parts, as the norm is that of all together.
    for (limit, expected) in [(0.1, &after), (1.0, &before)] {
        let zeros = |part: &[f64]| vec![0.0; part.len()];
        let (a, b) = before.split_at(23);
        let (parameters, gradients) = given(&[("a", zeros(a), a.to_vec()), ("b", zeros(b), b.to_vec())])?;
        let sgd = Method::Sgd { lr: 1.0, momentum: 0.0, dampening: 0.0, nesterov: false, weight_decay: 0.0 };
        let settings = Settings { clip_norm: Some(limit), ..sgd.into() };
        Optimiser::new(&settings, &parameters)?.step(&gradients, 1.0)?;
        let moved: Vec<f64> = [values(&parameters[0].1)?, values(&parameters[1].1)?].concat();
        let moved: Vec<f64> = moved.iter().map(|v| -v).collect();
        assert!(max_diff(&moved, expected) < 1e-12, "{limit}: {moved:?}");
    }
    Ok(())
}

#[test]
fn each_number_is_clipped_alone_by_value() -> Outcome {
    let gradient = vec![0.3, -0.3, 0.05, f64::INFINITY, f64::NEG_INFINITY, 0.1];
    let (parameters, gradients) = given(&[("w", vec![0.0; 6], gradient)])?;
    let sgd = Method::Sgd { lr: 1.0, momentum: 0.0, dampening: 0.0, nesterov: false, weight_decay: 0.0 };
    let settings = Settings { clip_value: Some(0.1), ..sgd.into() };
    Optimiser::new(&settings, &parameters)?.step(&gradients, 1.0)?;
    assert_eq!(values(&parameters[0].1)?, [-0.1, 0.1, -0.05, -0.1, 0.1, -0.1]);
    Ok(())
}

#[test]
fn a_norm_that_is_no_number_moves_nothing() -> Outcome {
    for bad in [f64::INFINITY, f64::NAN, 1e200] {
        let (parameters, gradients) = given(&[("a", vec![1.0; 3], vec![0.5; 3]), ("b", vec![2.0], vec![bad])])?;
        let settings = Settings { clip_norm: Some(1.0), ..Method::adam(0.1).into() };
        let mut optimiser = Optimiser::new(&settings, &parameters)?;
        let error = optimiser.step(&gradients, 0.1).expect_err("no norm");
        assert!(matches!(error, OptimiserError::Norm { norm } if !norm.is_finite()), "{error}");
        assert_eq!((values(&parameters[0].1)?, optimiser.steps()), (vec![1.0; 3], 0));
        assert!(
            optimiser.state()?.iter().all(|(_, moment)| values(moment).expect("numbers").iter().all(|v| *v == 0.0))
        );
    }
    Ok(())
}

/// Every way in which gradients are treated before the rule sees them.
fn treatments() -> Vec<Settings> {
    let plain = Settings::from(Method::adam(0.05));
    vec![
        Settings { clip_norm: Some(0.2), ..plain.clone() },
        Settings { clip_value: Some(0.05), ..plain.clone() },
        Method::AdamW { adam: Adam { weight_decay: 0.1, ..Adam::at(0.05) }, amsgrad: false }.into(),
        plain,
    ]
}

// The gradient of `loss + v * sum(w^2)` worked out by candle, against the hook.
#[test]
fn l2_is_part_of_the_loss_for_the_weights_that_have_it() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let golden = golden::json(&folder, "optimisers.json")?;
    for settings in treatments() {
        let (ours, written_out) = (Regression::new(&golden, DType::F64)?, Regression::new(&golden, DType::F64)?);
        let mut hooked = Optimiser::new(&settings, &ours.parameters())?.with_l2(&[0.02, 0.0]);
        let mut plain = Optimiser::new(&settings, &written_out.parameters())?;
        for step in 0..20 {
            hooked.step(&ours.loss()?.backward()?, 0.05)?;
            let penalty = (written_out.w.sqr()?.sum_all()? * 0.02)?;
            plain.step(&(written_out.loss()? + penalty)?.backward()?, 0.05)?;
            for (ours, theirs) in [(&ours.w, &written_out.w), (&ours.b, &written_out.b)] {
                let diff = max_diff(&values(ours)?, &values(theirs)?);
                assert!(diff < 1e-12, "{settings:?}, step {step}: off by {diff}");
            }
        }
    }
    Ok(())
}

#[test]
fn gathered_parts_are_the_whole_batch() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let golden = golden::json(&folder, "optimisers.json")?;
    for settings in treatments() {
        let (whole, parts) = (Regression::new(&golden, DType::F64)?, Regression::new(&golden, DType::F64)?);
        let mut by_one = Optimiser::new(&settings, &whole.parameters())?;
        let mut by_parts = Optimiser::new(&settings, &parts.parameters())?;
        for step in 0..10 {
            by_one.step(&whole.loss()?.backward()?, 0.05)?;
            for (from, count) in [(0, 7), (7, 1), (8, 8)] {
                let (x, labels) = (parts.x.narrow(0, from, count)?, parts.labels.narrow(0, from, count)?);
                let logits = ops::linear(&x, &parts.w, &parts.b, ops::Activation::None)?;
                let gradients = ops::cross_entropy(&logits, &labels)?.backward()?;
                by_parts.gather(&gradients, count as f64 / 16.0)?;
            }
            by_parts.step_gathered(0.05)?;
            let diff = max_diff(&values(&whole.w)?, &values(&parts.w)?);
            assert!(diff < 1e-12, "{settings:?}, step {step}: off by {diff}");
        }
        // Nothing was gathered since: nothing moves but what decays by itself, and the step counts.
        let before = values(&parts.w)?;
        by_parts.step_gathered(0.05)?;
        assert_eq!((values(&parts.w)?, by_parts.steps()), (before, 11));
    }
    Ok(())
}

#[test]
fn tensors_that_do_not_fit_are_errors() -> Outcome {
    let (parameters, mut gradients) = given(&[("w", vec![0.0; 6], vec![0.0; 6])])?;
    for wrong in [Tensor::zeros(5, DType::F64, &Device::Cpu)?, Tensor::zeros(6, DType::F32, &Device::Cpu)?] {
        gradients.insert(&parameters[0].1, wrong);
        for settings in treatments() {
            let mut optimiser = Optimiser::new(&settings, &parameters)?;
            assert!(matches!(optimiser.step(&gradients, 0.1), Err(OptimiserError::Parameter { .. })));
            assert!(matches!(optimiser.gather(&gradients, 0.1), Err(OptimiserError::Parameter { .. })));
        }
    }
    Ok(())
}
