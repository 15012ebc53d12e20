//! Pools, norms, recurrent layers and grouped convolutions: against PyTorch's layers.json, and their gradients against central
//! differences in f64.
#![expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]

mod differences;
mod golden;

use candle_core::{DType, Device, Tensor, Var};
use differences::{Outcome, check, random};
use gliss_nets::ops::{
    Activation, Axis, ConvMethod, GruWeights, Padding, PaddingCounts, Reset, Steps, Window, adaptive_avg_pool2d,
    avg_pool2d, batch_norm, batch_norm_eval, batch_norm_frozen, conv2d, conv2d_grouped, elu, global_avg_pool2d,
    global_max_pool2d, gru, max_pool2d, relu6, update_running,
};
use golden::{max_diff, values};

/// f64, and f32 with its wider tolerance.
const TYPES: [(DType, f64); 2] = [(DType::F64, 1e-9), (DType::F32, 1e-5)];

fn axis(kernel: usize, stride: usize, padding: Padding) -> Axis {
    Axis { kernel, stride, padding }
}

#[test]
fn layers_give_pytorch_s_values() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let cases = &golden::json(&folder, "layers.json")?["cases"];
    let arrays = candle_core::safetensors::load(folder.join("layers.safetensors"), &Device::Cpu)?;
    type Layer<'a> = (&'a str, Box<dyn Fn(&Tensor) -> candle_core::Result<Tensor>>);
    let ceil = Window { rows: axis(2, 2, Padding::Ends(0, 1)), columns: axis(2, 2, Padding::Ends(0, 1)) };
    let layers: Vec<Layer<'_>> = vec![
        ("avgpool_2", Box::new(|x| avg_pool2d(x, Window::square(2, 2, Padding::Both(0)), PaddingCounts::Yes))),
        ("adaptive_avgpool_4x5", Box::new(|x| adaptive_avg_pool2d(x, 4, 5))),
        ("maxpool_3_2_pad1", Box::new(|x| max_pool2d(x, Window::square(3, 2, Padding::Both(1))))),
        ("maxpool_ceil", Box::new(move |x| max_pool2d(x, ceil))),
        ("act_elu", Box::new(|x| elu(x, 1.0))),
    ];
    for (dtype, tolerance) in TYPES {
        for (name, layer) in &layers {
            let y = layer(&arrays[&format!("{name}.in")].to_dtype(dtype)?)?;
            let off = max_diff(&values(&y)?, &values(&arrays[&format!("{name}.out")])?);
            println!("{name} {dtype:?}: off by {off:.1e}");
            assert!(off < tolerance, "{name} {dtype:?}: off by {off}");
        }
        let weights = golden::weights(&cases["gru"]["weights"], dtype)?;
        let [input, hidden, input_bias, hidden_bias] = [0, 1, 2, 3].map(|i| &weights[i]);
        let weights = GruWeights { input, hidden, input_bias, hidden_bias: Some(hidden_bias) };
        let x = arrays["gru.in"].to_dtype(dtype)?;
        for (steps, expected) in [(Steps::All, "gru.out"), (Steps::Last, "gru.h_n")] {
            let off = max_diff(&values(&gru(&x, &weights, Reset::After, steps)?)?, &values(&arrays[expected])?);
            println!("{expected} {dtype:?}: off by {off:.1e}");
            assert!(off < tolerance, "{expected} {dtype:?}: off by {off}");
        }
    }
    Ok(())
}

#[test]
fn averages() -> Outcome {
    let windows = [
        Window::square(2, 2, Padding::Both(0)),
        Window::square(3, 2, Padding::Both(1)),
        Window { rows: axis(1, 1, Padding::Both(0)), columns: axis(4, 3, Padding::Same) },
        Window { rows: axis(3, 1, Padding::Both(1)), columns: axis(2, 5, Padding::Both(0)) },
    ];
    let x = [random(4, &[2, 2, 7, 9])?];
    for (case, window) in windows.into_iter().enumerate() {
        for counts in [PaddingCounts::Yes, PaddingCounts::No] {
            check(&format!("average {case} {counts:?}"), &x, |a| avg_pool2d(&a[0], window, counts))?;
        }
    }
    for (rows, columns) in [(1, 1), (3, 4), (7, 9), (10, 20)] {
        check(&format!("adaptive {rows}x{columns}"), &x, |a| adaptive_avg_pool2d(&a[0], rows, columns))?;
    }
    check("global average", &x, |a| global_avg_pool2d(&a[0]))?;
    check("global maximum", &x, |a| global_max_pool2d(&a[0]))?;
    // Where zeros do not count, an average of ones is one everywhere; where they do, it is not at the edges.
    let ones = Tensor::ones((1, 1, 4, 4), DType::F64, &Device::Cpu)?;
    let padded = Window::square(3, 1, Padding::Both(1));
    assert!(values(&avg_pool2d(&ones, padded, PaddingCounts::No)?)?.iter().all(|v| (v - 1.0).abs() < 1e-15));
    assert!((values(&avg_pool2d(&ones, padded, PaddingCounts::Yes)?)?[0] - 4.0 / 9.0).abs() < 1e-15);
    assert!(avg_pool2d(&ones, Window::square(2, 1, Padding::Both(2)), PaddingCounts::Yes).is_err());
    assert!(adaptive_avg_pool2d(&ones, 0, 1).is_err());
    assert!(global_avg_pool2d(&Tensor::ones((2, 3), DType::F64, &Device::Cpu)?).is_err());
    Ok(())
}

#[test]
fn activations() -> Outcome {
    let x = [(random(5, &[3, 40])? * 3.0)?];
    check("elu", &x, |a| elu(&a[0], 1.0))?;
    check("elu of another depth", &x, |a| elu(&a[0], 0.3))?;
    check("relu6", &x, |a| relu6(&a[0]))?;
    assert!(values(&x[0])?.iter().any(|v| *v > 6.0), "some are cut off");
    let nan = Tensor::new(&[f32::NAN], &Device::Cpu)?;
    assert!(elu(&nan, 1.0)?.to_vec1::<f32>()?[0].is_nan() && relu6(&nan)?.to_vec1::<f32>()?[0].is_nan());
    Ok(())
}

#[test]
fn batch_norms() -> Outcome {
    for shape in [vec![6, 3], vec![2, 3, 5], vec![2, 3, 4, 5], vec![3, 2, 7, 9], vec![40, 5]] {
        let channels = shape[1];
        let arguments = [random(1, &shape)?, random(2, &[channels])?, random(3, &[channels])?];
        for activation in [Activation::None, Activation::Relu] {
            check(&format!("batch norm {shape:?} {activation:?}"), &arguments, |a| {
                Ok(batch_norm(&a[0], &a[1], &a[2], 1e-5, activation)?.0)
            })?;
        }
        // By its own statistics, the evaluation gives the same.
        let [x, weight, bias] = &arguments;
        let (y, stats) = batch_norm(x, weight, bias, 1e-5, Activation::Relu)?;
        let again = batch_norm_eval(x, [weight, bias, &stats.mean, &stats.variance], 1e-5, Activation::Relu)?;
        assert!(max_diff(&values(&again)?, &values(&y)?) < 1e-12, "{shape:?}");
        let statistics = [&stats.mean, &stats.variance];
        check(&format!("batch norm on frozen statistics {shape:?}"), &arguments, |a| {
            let [mean, variance] = statistics;
            batch_norm_frozen(&a[0], [&a[1], &a[2], mean, variance], 1e-5, Activation::Relu)
        })?;
        let again = batch_norm_frozen(x, [weight, bias, &stats.mean, &stats.variance], 1e-5, Activation::Relu)?;
        assert!(max_diff(&values(&again)?, &values(&y)?) < 1e-12, "{shape:?}");
        let count: usize = shape.iter().product::<usize>() / channels;
        assert_eq!(stats.count, count);
        let (old_mean, old_variance) =
            (Var::zeros(channels, DType::F64, &Device::Cpu)?, Var::ones(channels, DType::F64, &Device::Cpu)?);
        update_running(&old_mean, &old_variance, &stats, 0.1, true)?;
        let unbiased = count as f64 / (count - 1) as f64;
        let expected: Vec<f64> = values(&stats.variance)?.iter().map(|v| 0.9 + 0.1 * v * unbiased).collect();
        assert!(max_diff(&values(&old_variance)?, &expected) < 1e-15);
        let expected: Vec<f64> = values(&stats.mean)?.iter().map(|m| 0.1 * m).collect();
        assert!(max_diff(&values(&old_mean)?, &expected) < 1e-15);
    }
    Ok(())
}

#[test]
fn batch_norm_keeps_its_digits_far_from_zero() -> Outcome {
    for shape in [[4, 2, 30, 41], [4000, 2, 1, 1]] {
        let near = random(1, &shape)?;
        let far = (&near + 1e3)?.to_dtype(DType::F32)?;
        let [ones, zeros] = [Tensor::ones(2, DType::F32, &Device::Cpu)?, Tensor::zeros(2, DType::F32, &Device::Cpu)?];
        let (y, stats) = batch_norm(&far, &ones, &zeros, 1e-5, Activation::None)?;
        // Against f64 on the same rounded numbers: what is left is the rounding of f32 at the end.
        let (wide, ones) = (far.to_dtype(DType::F64)?, ones.to_dtype(DType::F64)?);
        let (expected, exact) = batch_norm(&wide, &ones, &zeros.to_dtype(DType::F64)?, 1e-5, Activation::None)?;
        for (of, exact) in [(&stats.mean, &exact.mean), (&stats.variance, &exact.variance)] {
            assert!(max_diff(&values(of)?, &values(exact)?) < 1e-5, "{shape:?}");
        }
        assert!(max_diff(&values(&y)?, &values(&expected)?) < 1e-5, "{shape:?}");
    }
    let one = Tensor::ones((1, 2), DType::F32, &Device::Cpu)?;
    let two = Tensor::ones(2, DType::F32, &Device::Cpu)?;
    assert!(batch_norm(&one, &two, &two, 1e-5, Activation::None).is_err(), "one value has no deviation");
    assert!(batch_norm_eval(&one, [&two, &two, &two, &two], 1e-5, Activation::None).is_ok());
    assert!(batch_norm_eval(&one, [&two, &two, &one, &two], 1e-5, Activation::None).is_err());
    Ok(())
}

#[test]
fn recurrent_layers() -> Outcome {
    for (batch, steps, features, width) in [(2, 3, 4, 5), (1, 1, 2, 1), (3, 5, 1, 4)] {
        let arguments = [
            random(1, &[batch, steps, features])?,
            random(2, &[3 * width, features])?,
            random(3, &[3 * width, width])?,
            random(4, &[3 * width])?,
            random(5, &[3 * width])?,
        ];
        for reset in [Reset::After, Reset::Before] {
            for output in [Steps::All, Steps::Last] {
                let layer = |a: &[Tensor], hidden_bias: Option<&Tensor>| {
                    let weights = GruWeights { input: &a[1], hidden: &a[2], input_bias: &a[3], hidden_bias };
                    gru(&a[0], &weights, reset, output)
                };
                let name = format!("gru {batch} {steps} {features} {width} {reset:?} {output:?}");
                // A single step starts from zeros: their weights have no part in it, which `check` cannot tell.
                check(&name, &arguments, |a| layer(a, Some(&a[4])))?;
                check(&format!("{name}, one bias"), &arguments[..4], |a| layer(a, None))?;
            }
        }
    }
    let weight = random(1, &[9, 3])?;
    let bias = random(2, &[9])?;
    let weights = GruWeights { input: &weight, hidden: &weight, input_bias: &bias, hidden_bias: None };
    assert!(gru(&random(3, &[2, 0, 3])?, &weights, Reset::After, Steps::Last).is_err(), "no steps");
    let narrow = random(1, &[9, 4])?;
    assert!(
        gru(&random(3, &[2, 2, 3])?, &GruWeights { hidden: &narrow, ..weights }, Reset::After, Steps::All).is_err()
    );
    Ok(())
}

#[test]
fn grouped_convolutions() -> Outcome {
    let windows = [
        Window::square(3, 1, Padding::Both(1)),
        Window::square(3, 2, Padding::Ends(0, 1)),
        Window { rows: axis(1, 1, Padding::Both(0)), columns: axis(4, 3, Padding::Both(2)) },
        Window { rows: axis(2, 3, Padding::Same), columns: axis(5, 1, Padding::Both(2)) },
    ];
    let method = ConvMethod::Quickest;
    for (case, window) in windows.into_iter().enumerate() {
        let sides = [window.rows.kernel, window.columns.kernel];
        // Each channel alone; two filters a channel; two groups; one.
        for (groups, channels, filters) in [(4, 4, 4), (3, 3, 6), (2, 4, 6), (1, 2, 3)] {
            let weight = [&[filters, channels / groups], &sides[..]].concat();
            let arguments = [random(1, &[2, channels, 6, 7])?, random(2, &weight)?, random(3, &[filters])?];
            let name = format!("convolution {case} in {groups} groups of {channels} to {filters}");
            check(&name, &arguments, |a| conv2d_grouped(&a[0], &a[1], Some(&a[2]), window, groups, method))?;
            check(&format!("{name} without bias"), &arguments[..2], |a| {
                conv2d_grouped(&a[0], &a[1], None, window, groups, method)
            })?;
            // The same as a whole convolution whose other weights are zeros.
            let (each, of) = (filters / groups, channels / groups);
            let rows: candle_core::Result<Vec<Tensor>> = (0..filters)
                .map(|filter| {
                    let from = filter / each * of;
                    let own = arguments[1].narrow(0, filter, 1)?;
                    own.pad_with_zeros(1, from, channels - from - of)
                })
                .collect();
            let whole = conv2d(&arguments[0], &Tensor::cat(&rows?, 0)?, &arguments[2], window, method)?;
            let grouped = conv2d_grouped(&arguments[0], &arguments[1], Some(&arguments[2]), window, groups, method)?;
            assert!(max_diff(&values(&grouped)?, &values(&whole)?) < 1e-12, "{name}");
        }
    }
    let (x, w) = (random(1, &[1, 4, 5, 5])?, random(2, &[4, 2, 3, 3])?);
    for groups in [0, 1, 3, 4] {
        assert!(conv2d_grouped(&x, &w, None, Window::square(3, 1, Padding::Both(1)), groups, method).is_err());
    }
    Ok(())
}

/// Sizes on which candle's own backward pass fails, and the widest kernels of the papers.
#[test]
fn strides_that_leave_remainders() -> Outcome {
    for (height, width, kernel, stride, pad) in [(12, 17, 3, 2, 1), (9, 14, 5, 3, 0), (7, 7, 1, 2, 0)] {
        let arguments = [random(1, &[2, 2, height, width])?, random(2, &[3, 2, kernel, kernel])?];
        check(&format!("{height}x{width} {kernel}/{stride}"), &arguments, |a| {
            let window = Window::square(kernel, stride, Padding::Both(pad));
            conv2d_grouped(&a[0], &a[1], None, window, 1, ConvMethod::Quickest)
        })?;
    }
    let wide = Window { rows: axis(1, 1, Padding::Both(0)), columns: axis(4096, 1024, Padding::Both(512)) };
    let x = random(1, &[2, 1, 1, 20_000])?;
    let w = random(2, &[2, 1, 1, 4096])?;
    let y = conv2d_grouped(&x, &w, None, wide, 1, ConvMethod::Quickest)?;
    assert_eq!(y.dims(), [2, 2, 1, (20_000 + 1024 - 4096) / 1024 + 1]);
    let (xs, ws) = (values(&x)?, values(&w)?);
    let expected: f64 = (512..4096).map(|i| ws[i] * xs[i - 512]).sum();
    assert!((values(&y)?[0] - expected).abs() < 1e-9);
    Ok(())
}
