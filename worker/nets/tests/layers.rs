//! Operations against PyTorch's: layers.safetensors, losses.json.

mod golden;

use std::error::Error;

use candle_core::{DType, Device, Tensor, Var};
use gliss_nets::ops::{Axis, ConvMethod, Padding, Window, conv2d, cross_entropy, max_pool2d};
use golden::{labels, max_diff, numbers, values};

type Outcome = Result<(), Box<dyn Error>>;

/// f64, and f32 with its wider tolerance.
const TYPES: [(DType, f64); 2] = [(DType::F64, 1e-9), (DType::F32, 1e-5)];

#[test]
fn the_hash_is_the_references() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let check = &golden::json(&folder, "layers.json")?["fill_check"];
    for stream in [0, 1000] {
        let expected = numbers(&check[format!("stream {stream}")]);
        assert_eq!((0..4).map(|i| golden::hash(stream, i)).collect::<Vec<_>>(), expected);
    }
    Ok(())
}

#[test]
fn convolutions() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let cases = &golden::json(&folder, "layers.json")?["cases"];
    let arrays = candle_core::safetensors::load(folder.join("layers.safetensors"), &Device::Cpu)?;
    let axis = |kernel, stride, padding| Axis { kernel, stride, padding: Padding::Both(padding) };
    let strided = Window { rows: axis(3, 2, 1), columns: axis(5, 1, 2) };
    let one_row = Window { rows: axis(1, 1, 0), columns: axis(3, 1, 1) };
    for (dtype, tolerance) in TYPES {
        for (name, window) in [("conv2d_stride_pad", strided), ("conv1d", one_row)] {
            let weights = golden::weights(&cases[name]["weights"], dtype)?;
            let x = arrays[&format!("{name}.in")].to_dtype(dtype)?;
            // One dimension is a height of 1.
            let (x, w) = match x.rank() {
                3 => (x.unsqueeze(2)?, weights[0].unsqueeze(2)?),
                _ => (x, weights[0].clone()),
            };
            for method in [ConvMethod::Quickest, ConvMethod::Unrolled, ConvMethod::Shifted] {
                let y = conv2d(&x, &w, &weights[1], window, method)?;
                let diff = max_diff(&values(&y)?, &values(&arrays[&format!("{name}.out")])?);
                assert!(diff < tolerance, "{name} {method:?} {dtype:?}: off by {diff}");
            }
        }
    }
    Ok(())
}

#[test]
fn max_pools() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let arrays = candle_core::safetensors::load(folder.join("layers.safetensors"), &Device::Cpu)?;
    for (dtype, tolerance) in TYPES {
        let x = arrays["maxpool_3_2_pad1.in"].to_dtype(dtype)?;
        let y = max_pool2d(&x, Window::square(3, 2, Padding::Both(1)))?;
        let expected = &arrays["maxpool_3_2_pad1.out"];
        assert_eq!(y.dims(), expected.dims());
        let diff = max_diff(&values(&y)?, &values(expected)?);
        assert!(diff < tolerance, "{dtype:?}: off by {diff}");
        // `ceil_mode` is a window that reaches past the end: one more place of padding there, for odd sides.
        let x = arrays["maxpool_ceil.in"].to_dtype(dtype)?;
        let ceil = |side: usize| Axis { kernel: 2, stride: 2, padding: Padding::Ends(0, side % 2) };
        let y = max_pool2d(&x, Window { rows: ceil(x.dim(2)?), columns: ceil(x.dim(3)?) })?;
        let diff = max_diff(&values(&y)?, &values(&arrays["maxpool_ceil.out"])?);
        assert!(diff < tolerance, "ceil {dtype:?}: off by {diff}");
    }
    Ok(())
}

#[test]
fn cross_entropy_and_its_gradient() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let losses = golden::json(&folder, "losses.json")?;
    let labels = labels(&losses["labels"]);
    let case = &losses["cases"]["cross_entropy"];
    let expected = case["loss"].as_f64().ok_or("a loss")?;
    for (dtype, tolerance) in [(DType::F64, 1e-9), (DType::F32, 1e-5)] {
        let logits = Tensor::from_vec(numbers(&losses["logits"]), (labels.len(), 5), &Device::Cpu)?.to_dtype(dtype)?;
        let logits = Var::from_tensor(&logits)?;
        let loss = cross_entropy(&logits, &Tensor::new(labels.as_slice(), &Device::Cpu)?)?;
        let got = loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        assert!((got - expected).abs() < tolerance * expected, "{dtype:?}: {got} is not {expected}");
        let gradients = loss.backward()?;
        let gradient = gradients.get(&logits).ok_or("a gradient")?;
        let diff = max_diff(&values(gradient)?, &numbers(&case["grad"]));
        assert!(diff < tolerance * 0.1, "{dtype:?}: gradient off by {diff}");
    }
    Ok(())
}

#[test]
fn cross_entropy_of_huge_logits_and_of_bad_labels() -> Outcome {
    let logits = Tensor::new(&[[1e30f32, -1e30, 0.0], [88.0, 89.0, 90.0]], &Device::Cpu)?;
    let loss = |labels: &[u32]| cross_entropy(&logits, &Tensor::new(labels, &Device::Cpu)?)?.to_scalar::<f32>();
    assert!((loss(&[0, 2])? - 0.2038).abs() < 1e-3);
    let error = loss(&[0, 3]).expect_err("class 3 of 3").to_string();
    assert!(error.contains("label 3 at row 1"), "{error}");
    assert!(loss(&[0]).is_err());
    Ok(())
}
