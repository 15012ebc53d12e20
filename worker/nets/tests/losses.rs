//! Losses and their gradients against PyTorch and against finite differences.

mod golden;

use std::error::Error;

use candle_core::{DType, Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::{Reduction, Targets, Weighing, binary_cross_entropy, cross_entropy, cross_entropy_with};
use golden::{max_diff, numbers, values};

type Outcome = Result<(), Box<dyn Error>>;

/// What the golden losses are of.
struct Inputs {
    logits: Var,
    labels: Tensor,
    soft: Tensor,
    weights: Vec<f64>,
}

impl Inputs {
    /// The loss of a golden case; none if it is not one of classification.
    fn loss(&self, name: &str) -> Result<Option<Tensor>, Box<dyn Error>> {
        let Inputs { logits, labels, soft, weights } = self;
        let labels = Targets::Labels(labels);
        let smoothing = 0.1;
        let class_weights = Some(weights.as_slice());
        let with = |targets, weighing| cross_entropy_with(logits, targets, weighing);
        Ok(Some(match name {
            "cross_entropy" => with(labels, Weighing::default())?,
            "cross_entropy_sum" => with(labels, Weighing { reduction: Reduction::Sum, ..Weighing::default() })?,
            "cross_entropy_class_weights" => with(labels, Weighing { class_weights, ..Weighing::default() })?,
            "cross_entropy_label_smoothing_0.1" => with(labels, Weighing { smoothing, ..Weighing::default() })?,
            "cross_entropy_weights_and_smoothing_0.1" => {
                with(labels, Weighing { smoothing, class_weights, ..Weighing::default() })?
            }
            "cross_entropy_soft_targets" => with(Targets::Soft(soft), Weighing::default())?,
            "bce_with_logits" => binary_cross_entropy(logits, soft)?,
            // The divergence is the cross-entropy less what the targets have of their own.
            "kl_div_batchmean" => {
                let own = (soft * soft.log()?)?.sum_all()?.affine(1.0 / soft.dim(0)? as f64, 0.0)?;
                (with(Targets::Soft(soft), Weighing::default())? + own)?
            }
            "mse" | "l1" | "smooth_l1" => return Ok(None),
            other => return Err(format!("{other} is a loss that we do not have").into()),
        }))
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]
fn losses_are_pytorch_s() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let golden = golden::json(&folder, "losses.json")?;
    let cases = golden["cases"].as_object().ok_or("cases")?;
    let (logits, soft) = (numbers(&golden["logits"]), numbers(&golden["soft_targets"]));
    let batch = golden["labels"].as_array().ok_or("labels")?.len();
    let shape = (batch, logits.len() / batch);
    let mut covered = 0;
    for (name, case) in cases {
        let expected = case["loss"].as_f64().ok_or("a loss")?;
        let gradients = numbers(&case["grad"]);
        let size = gradients.iter().map(|g| g.abs()).fold(0.0, f64::max);
        let mut off = Vec::new();
        for dtype in [DType::F64, DType::F32] {
            let tensor = |values: &[f64]| Tensor::from_vec(values.to_vec(), shape, &Device::Cpu)?.to_dtype(dtype);
            let inputs = Inputs {
                logits: Var::from_tensor(&tensor(&logits)?)?,
                labels: Tensor::new(golden::labels(&golden["labels"]), &Device::Cpu)?,
                soft: tensor(&soft)?,
                weights: numbers(&golden["class_weights"]),
            };
            let Some(loss) = inputs.loss(name)? else { continue };
            let gradient = loss.backward()?;
            let gradient = values(gradient.get(&inputs.logits).ok_or("a gradient")?)?;
            off.push((values(&loss)?[0] - expected).abs() / expected);
            off.push(max_diff(&gradient, &gradients) / size);
        }
        if let [loss, gradient, loss32, gradient32] = off[..] {
            println!("{name:42} f64 {loss:8.1e} {gradient:8.1e}, f32 {loss32:8.1e} {gradient32:8.1e}");
            assert!(loss < 1e-9 && gradient < 1e-9 && loss32 < 1e-5 && gradient32 < 1e-5, "{name}: {off:?}");
            covered += 1;
        }
    }
    assert_eq!((covered, cases.len()), (8, 11), "the other three are of regression");
    Ok(())
}

fn random(seed: u64, count: usize) -> Vec<f64> {
    let draw = Draw::new(seed, Stream::Other(0), 0, 0);
    (0..count as u64).map(|i| draw.normal(i)).collect()
}

/// Rows of positive numbers that add up to 1.
fn shares(seed: u64, (batch, classes): (usize, usize)) -> Vec<f64> {
    let values: Vec<f64> = random(seed, batch * classes).iter().map(|v| v.exp()).collect();
    values.chunks(classes).flat_map(|row| row.iter().map(|v| v / row.iter().sum::<f64>())).collect()
}

/// Compares the gradient of `loss` with central differences.
fn check(name: &str, logits: &Tensor, loss: impl Fn(&Tensor) -> candle_core::Result<Tensor>) -> Outcome {
    let var = Var::from_tensor(logits)?;
    // Not alone at the end of the graph: what comes from above must be passed on.
    let gradients = loss(var.as_tensor())?.affine(3.0, 1.0)?.backward()?;
    let gradient = values(gradients.get(&var).ok_or("a gradient")?)?;
    let base = values(logits)?;
    for i in 0..base.len() {
        let shifted = |by: f64| -> Result<f64, Box<dyn Error>> {
            let mut shifted = base.clone();
            shifted[i] += by;
            Ok(values(&loss(&Tensor::from_vec(shifted, logits.shape(), &Device::Cpu)?)?)?[0])
        };
        let expected = 3.0 * (shifted(1e-5)? - shifted(-1e-5)?) / 2e-5;
        assert!((gradient[i] - expected).abs() < 1e-7, "{name}, value {i}: {} is not {expected}", gradient[i]);
    }
    Ok(())
}

#[test]
fn gradients_are_those_of_the_losses() -> Outcome {
    for (batch, classes) in [(1, 1), (3, 2), (4, 7), (5, 3)] {
        let tensor = |values| Tensor::from_vec(values, (batch, classes), &Device::Cpu);
        let logits = tensor(random(1, batch * classes))?;
        let soft = tensor(shares(2, (batch, classes)))?;
        let labels: Vec<u32> = (0..batch as u32).map(|row| (row * 5) % classes as u32).collect();
        let labels = Tensor::new(labels, &Device::Cpu)?;
        let weights: Vec<f64> = random(3, classes).iter().map(|v| v.abs() + 0.1).collect();
        for class_weights in [None, Some(weights.as_slice())] {
            for smoothing in [0.0, 0.3, 1.0] {
                for reduction in [Reduction::Mean, Reduction::Sum] {
                    let weighing = Weighing { smoothing, class_weights, reduction };
                    for targets in [Targets::Labels(&labels), Targets::Soft(&soft)] {
                        check(&format!("{weighing:?}"), &logits, |x| cross_entropy_with(x, targets, weighing))?;
                    }
                }
            }
        }
        check("binary", &logits, |x| binary_cross_entropy(x, &soft))?;
    }
    // Transposed in memory.
    let (logits, soft) = (Tensor::from_vec(random(4, 12), (3, 4), &Device::Cpu)?, shares(5, (3, 4)));
    let soft = Tensor::from_vec(soft, (3, 4), &Device::Cpu)?;
    let turned =
        |x: &Tensor| x.t().and_then(|x| cross_entropy_with(&x, Targets::Soft(&soft.t()?), Weighing::default()));
    check("transposed", &logits, turned)?;
    check("binary, transposed", &logits, |x| binary_cross_entropy(&x.t()?, &soft.t()?))
}

#[test]
fn plain_targets_are_the_plain_loss() -> Outcome {
    let logits = Tensor::from_vec(random(6, 40), (8, 5), &Device::Cpu)?;
    let labels: Vec<u32> = (0..8).map(|row| (row * 3) % 5).collect();
    let one_hot: Vec<f64> = labels.iter().flat_map(|&of| (0..5).map(move |c| f64::from(u8::from(c == of)))).collect();
    let (labels, one_hot) = (Tensor::new(labels, &Device::Cpu)?, Tensor::from_vec(one_hot, (8, 5), &Device::Cpu)?);
    let plain = values(&cross_entropy(&logits, &labels)?)?[0];
    for targets in [Targets::Labels(&labels), Targets::Soft(&one_hot)] {
        let got = values(&cross_entropy_with(&logits, targets, Weighing::default())?)?[0];
        assert!((got - plain).abs() < 1e-14, "{got} is not {plain}");
    }
    Ok(())
}

#[test]
fn large_logits_overflow_nothing_and_what_is_no_number_is_not_hidden() -> Outcome {
    let rows = |values: [f32; 4]| Tensor::from_vec(values.to_vec(), (2, 2), &Device::Cpu);
    let soft = rows([0.25, 0.75, 1.0, 0.0])?;
    let labels = Tensor::new(vec![0u32, 1], &Device::Cpu)?;
    let weighing = Weighing { smoothing: 0.1, ..Weighing::default() };
    let losses = |logits: &Tensor| -> Result<[f64; 3], Box<dyn Error>> {
        let all = [
            cross_entropy_with(logits, Targets::Labels(&labels), weighing)?,
            cross_entropy_with(logits, Targets::Soft(&soft), weighing)?,
            binary_cross_entropy(logits, &soft)?,
        ];
        Ok([values(&all[0])?[0], values(&all[1])?[0], values(&all[2])?[0]])
    };
    let huge = losses(&rows([1e30, -1e30, 3e4, -3e4])?)?;
    assert!(huge.iter().all(|loss| loss.is_finite() && *loss > 0.0), "{huge:?}");
    let none = losses(&rows([0.0, f32::NAN, 0.0, 0.0])?)?;
    assert!(none.iter().all(|loss| loss.is_nan()), "{none:?}");
    Ok(())
}

#[test]
fn arguments_that_do_not_fit_are_errors() -> Outcome {
    let device = &Device::Cpu;
    let logits = Tensor::zeros((3, 4), DType::F32, device)?;
    let labels = |labels: &[u32]| Tensor::new(labels, device);
    let zeros = |shape: &[usize], dtype| Tensor::zeros(shape, dtype, device);
    let plain = Weighing::default();
    fn refused(logits: &Tensor, targets: Targets<'_>, weighing: Weighing<'_>) -> bool {
        cross_entropy_with(logits, targets, weighing).is_err()
    }
    assert!(refused(&logits, Targets::Labels(&labels(&[0, 1])?), plain));
    assert!(refused(&logits, Targets::Labels(&labels(&[0, 1, 4])?), plain));
    assert!(refused(&logits, Targets::Labels(&zeros(&[3], DType::F32)?), plain));
    assert!(refused(&logits, Targets::Soft(&zeros(&[4, 3], DType::F32)?), plain));
    assert!(refused(&logits, Targets::Soft(&zeros(&[3, 4], DType::F64)?), plain));
    assert!(refused(&zeros(&[0, 4], DType::F32)?, Targets::Labels(&labels(&[])?), plain));
    assert!(refused(&zeros(&[3, 4], DType::U32)?, Targets::Labels(&labels(&[0, 1, 2])?), plain));
    let weighing = Weighing { class_weights: Some(&[1.0, 1.0]), ..plain };
    assert!(refused(&logits, Targets::Labels(&labels(&[0, 1, 2])?), weighing));
    assert!(binary_cross_entropy(&logits, &zeros(&[4, 3], DType::F32)?).is_err());
    assert!(binary_cross_entropy(&logits, &zeros(&[3, 4], DType::F64)?).is_err());
    assert!(binary_cross_entropy(&zeros(&[0], DType::F32)?, &zeros(&[0], DType::F32)?).is_err());
    Ok(())
}
