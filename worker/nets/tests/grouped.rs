//! Convolutions in groups, without bias, with strides that leave remainders and with kernels as long as the input: against
//! their definition, PyTorch's numbers and finite differences.

mod differences;
mod golden;

use std::error::Error;

use candle_core::{DType, Device, Result, Tensor, Var};
use gliss_nets::ops::{Axis, ConvMethod, Padding, Window, conv2d, conv2d_grouped};

use differences::{Outcome, check, random};
use golden::{labels, max_diff, values};

const METHODS: [ConvMethod; 3] = [ConvMethod::Quickest, ConvMethod::Shifted, ConvMethod::Unrolled];

const fn axis(kernel: usize, stride: usize, padding: usize) -> Axis {
    Axis { kernel, stride, padding: Padding::Both(padding) }
}

/// A case: window, input (channels, height, width), filters, groups.
type Case = (Window, [usize; 3], usize, usize);

/// Heights and widths that leave different remainders, strides longer than the kernel, padding longer than either.
fn cases() -> Vec<Case> {
    let square = |kernel, stride, padding| Window::square(kernel, stride, Padding::Both(padding));
    vec![
        (square(3, 2, 1), [2, 12, 17], 3, 1),
        (square(3, 2, 1), [4, 12, 17], 6, 2),
        (square(3, 2, 1), [3, 12, 17], 3, 3),
        (square(3, 1, 1), [4, 5, 6], 4, 4),
        (square(3, 1, 1), [6, 4, 4], 4, 2),
        (square(5, 1, 2), [2, 7, 6], 6, 2),
        (square(1, 2, 0), [4, 7, 6], 6, 2),
        (square(1, 2, 0), [3, 6, 7], 3, 3),
        (square(1, 1, 1), [3, 3, 4], 2, 1),
        (square(2, 3, 0), [3, 8, 9], 6, 3),
        (Window { rows: axis(2, 3, 1), columns: axis(7, 2, 3) }, [2, 8, 11], 2, 2),
        (Window { rows: axis(1, 1, 0), columns: axis(12, 5, 3) }, [2, 1, 41], 4, 2),
        (Window { rows: axis(1, 1, 0), columns: axis(12, 5, 3) }, [1, 1, 41], 3, 1),
        (Window { rows: axis(5, 1, 0), columns: axis(2, 1, 0) }, [1, 5, 8], 3, 1),
        (Window { rows: axis(3, 1, 2), columns: axis(2, 4, 2) }, [2, 3, 5], 4, 2),
    ]
}

fn arguments(batch: usize, (window, [channels, height, width], filters, groups): Case) -> Result<[Tensor; 3]> {
    let weight = [filters, channels / groups, window.rows.kernel, window.columns.kernel];
    Ok([random(1, &[batch, channels, height, width])?, random(2, &weight)?, random(3, &[filters])?])
}

/// The convolution as its definition has it, number by number.
fn defined(a: &[Tensor; 3], window: Window, groups: usize) -> std::result::Result<Vec<f64>, Box<dyn Error>> {
    let [x, w, b] = [values(&a[0])?, values(&a[1])?, values(&a[2])?];
    let (batch, channels, height, width) = a[0].dims4()?;
    let (filters, of, kernel_rows, kernel_columns) = a[1].dims4()?;
    let (rows, columns) = window.output(height, width)?;
    let before = |axis: Axis| match axis.padding {
        Padding::Both(before) | Padding::Ends(before, _) => before,
        Padding::Same => 0,
    };
    let (top, left) = (before(window.rows), before(window.columns));
    let mut y = Vec::with_capacity(batch * filters * rows * columns);
    for image in 0..batch {
        for (filter, bias) in b.iter().enumerate() {
            for (oy, ox) in (0..rows).flat_map(|oy| (0..columns).map(move |ox| (oy, ox))) {
                let mut sum = *bias;
                for channel in 0..of {
                    let plane = image * channels + filter / (filters / groups) * of + channel;
                    for ky in 0..kernel_rows {
                        let Some(iy) = (oy * window.rows.stride + ky).checked_sub(top).filter(|&i| i < height) else {
                            continue;
                        };
                        for kx in 0..kernel_columns {
                            let ix = (ox * window.columns.stride + kx).checked_sub(left).filter(|&i| i < width);
                            if let Some(ix) = ix {
                                let weight = w[((filter * of + channel) * kernel_rows + ky) * kernel_columns + kx];
                                sum += weight * x[(plane * height + iy) * width + ix];
                            }
                        }
                    }
                }
                y.push(sum);
            }
        }
    }
    Ok(y)
}

#[test]
fn all_are_as_defined() -> Outcome {
    for case in cases() {
        // More images than go together, so that the last ones are fewer.
        for batch in [1, 3, 40] {
            let a = arguments(batch, case)?;
            let expected = defined(&a, case.0, case.3)?;
            for method in METHODS {
                let y = conv2d_grouped(&a[0], &a[1], Some(&a[2]), case.0, case.3, method)?;
                let (rows, columns) = case.0.output(case.1[1], case.1[2])?;
                assert_eq!(y.dims(), [batch, case.2, rows, columns], "{case:?}");
                let diff = max_diff(&values(&y)?, &expected);
                assert!(diff < 1e-12, "{case:?} {method:?}, batch {batch}: off by {diff}");

                let none = a[2].zeros_like()?;
                let with = conv2d_grouped(&a[0], &a[1], Some(&none), case.0, case.3, method)?;
                let without = conv2d_grouped(&a[0], &a[1], None, case.0, case.3, method)?;
                assert_eq!(values(&with)?, values(&without)?, "{case:?} {method:?}: without bias");
            }
        }
    }
    Ok(())
}

#[test]
fn gradients() -> Outcome {
    for case in cases() {
        let a = arguments(2, case)?;
        for method in [ConvMethod::Shifted, ConvMethod::Unrolled] {
            let name = format!("{case:?} {method:?}");
            check(&name, &a, |a| conv2d_grouped(&a[0], &a[1], Some(&a[2]), case.0, case.3, method))?;
            check(&format!("{name}, no bias"), &a[..2], |a| {
                conv2d_grouped(&a[0], &a[1], None, case.0, case.3, method)
            })?;
        }
    }
    Ok(())
}

/// Gradients of a sum of outputs, each with its own weight.
fn derived(a: &[Tensor; 3], dtype: DType, f: impl Fn(&[Var]) -> Result<Tensor>) -> Result<Vec<Tensor>> {
    let vars = a.iter().map(|t| Var::from_tensor(&t.to_dtype(dtype)?)).collect::<Result<Vec<_>>>()?;
    let y = f(&vars)?;
    let gradients = (&y * random(9, y.dims())?.to_dtype(dtype)?)?.sum_all()?.backward()?;
    vars.iter().map(|var| gradients.get(var).expect("every variable has a gradient").to_dtype(DType::F64)).collect()
}

/// Image groups that are left over must not see the values of earlier, larger ones.
#[test]
fn gradients_of_many_images_are_the_sum_of_each_alone() -> Outcome {
    for case in cases() {
        let a = arguments(43, case)?;
        for method in [ConvMethod::Shifted, ConvMethod::Unrolled] {
            let f = |a: &[Var]| conv2d_grouped(&a[0], &a[1], Some(&a[2]), case.0, case.3, method);
            let all = derived(&a, DType::F64, f)?;
            // The same loss, whose weights `derived` draws by place.
            let (rows, columns) = case.0.output(case.1[1], case.1[2])?;
            let weights = random(9, &[43, case.2, rows, columns])?;
            let mut sums = [a[1].zeros_like()?, a[2].zeros_like()?];
            for image in 0..43 {
                let one = [a[0].narrow(0, image, 1)?, a[1].clone(), a[2].clone()];
                let vars = one.iter().map(Var::from_tensor).collect::<Result<Vec<_>>>()?;
                let gradients = (f(&vars)? * weights.narrow(0, image, 1)?)?.sum_all()?.backward()?;
                let gradient = |i: usize| gradients.get(&vars[i]).expect("every variable has a gradient");
                let diff = max_diff(&values(gradient(0))?, &values(&all[0].narrow(0, image, 1)?)?);
                assert!(diff < 1e-12, "{case:?} {method:?}, image {image}: off by {diff}");
                sums = [(&sums[0] + gradient(1))?, (&sums[1] + gradient(2))?];
            }
            for (sum, all) in sums.iter().zip(&all[1..]) {
                let diff = max_diff(&values(sum)?, &values(all)?);
                assert!(diff < 1e-10, "{case:?} {method:?}: off by {diff}");
            }
        }
    }
    Ok(())
}

#[test]
fn f32_is_close_to_f64() -> Outcome {
    let square = |kernel, stride, padding| Window::square(kernel, stride, Padding::Both(padding));
    let sizes: [Case; 9] = [
        (square(3, 2, 1), [16, 33, 30], 24, 1),
        (square(7, 2, 3), [1, 40, 37], 16, 1),
        (square(11, 4, 2), [3, 63, 50], 9, 1),
        (square(1, 2, 0), [40, 17, 16], 20, 1),
        (square(3, 1, 1), [300, 4, 4], 280, 1),
        (square(3, 1, 1), [32, 19, 23], 32, 32),
        (square(3, 2, 1), [20, 31, 40], 40, 20),
        (square(5, 1, 2), [24, 9, 16], 36, 4),
        (Window { rows: axis(1, 1, 0), columns: axis(1, 1, 0) }, [128, 5, 5], 70, 1),
    ];
    for case in sizes {
        let a = arguments(5, case)?;
        let norm = |v: &[f64]| v.iter().map(|a| a * a).sum::<f64>().sqrt();
        let f = |method| move |a: &[Var]| conv2d_grouped(&a[0], &a[1], Some(&a[2]), case.0, case.3, method);
        let exact = derived(&a, DType::F64, f(ConvMethod::Unrolled))?;
        for method in METHODS {
            for (what, (got, expected)) in derived(&a, DType::F32, f(method))?.iter().zip(&exact).enumerate() {
                let (got, expected) = (values(got)?, values(expected)?);
                let off: Vec<f64> = got.iter().zip(&expected).map(|(a, b)| a - b).collect();
                let off = norm(&off) / norm(&expected);
                assert!(off < 1e-6, "{case:?} {method:?}, argument {what}: off by {off}");
            }
        }
    }
    Ok(())
}

#[test]
fn golden_of_groups_and_dilation() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let cases = &golden::json(&folder, "layers.json")?["cases"];
    let arrays = candle_core::safetensors::load(folder.join("layers.safetensors"), &Device::Cpu)?;
    let list = &cases["conv2d_dilated_groups"]["weights"];
    assert_eq!(labels(&list[0]["shape"]), [6, 1, 3, 3]);
    for (dtype, tolerance) in [(DType::F64, 1e-9), (DType::F32, 1e-5)] {
        let weights = golden::weights(list, dtype)?;
        // A kernel of 3 with a dilation of 2 is one of 5 with zeros between.
        let mut spread = vec![0.0; 6 * 25];
        for (i, value) in values(&weights[0])?.into_iter().enumerate() {
            spread[i / 9 * 25 + i % 9 / 3 * 10 + i % 3 * 2] = value;
        }
        let w = Tensor::from_vec(spread, (6, 1, 5, 5), &Device::Cpu)?.to_dtype(dtype)?;
        let x = arrays["conv2d_dilated_groups.in"].to_dtype(dtype)?;
        let window = Window::square(5, 1, Padding::Both(0));
        let y = conv2d_grouped(&x, &w, Some(&weights[1]), window, 3, ConvMethod::Quickest)?;
        let diff = max_diff(&values(&y)?, &values(&arrays["conv2d_dilated_groups.out"])?);
        assert!(diff < tolerance, "{dtype:?}: off by {diff}");
    }
    Ok(())
}

/// The first layers of the second document: one row of a million with a kernel of 4096, and a kernel as tall as the input.
/// A convolution is linear in each argument, so differences along any direction are exact but for rounding.
#[test]
fn kernels_as_long_as_a_thousand_places() -> Outcome {
    let wave = Window { rows: axis(1, 1, 0), columns: axis(4096, 1024, 512) };
    let tall = Window { rows: axis(1025, 1, 0), columns: axis(4, 1, 0) };
    let cases: [Case; 2] = [(wave, [1, 1, 1_000_000], 3, 1), (tall, [1, 1025, 977], 3, 1)];
    for case in cases {
        let a = arguments(2, case)?;
        let (rows, columns) = case.0.output(case.1[1], case.1[2])?;
        assert_eq!((rows, columns), (1, 974));
        let f = |a: &[Tensor]| conv2d(&a[0], &a[1], &a[2], case.0, ConvMethod::Quickest);
        let diff = max_diff(&values(&f(&a)?)?, &defined(&a, case.0, 1)?);
        assert!(diff < 1e-11, "{case:?}: off by {diff}");

        let gradients =
            derived(&a, DType::F64, |a| f(&[a[0].as_tensor(), a[1].as_tensor(), a[2].as_tensor()].map(Tensor::clone)))?;
        let weights = random(9, &[2, 3, 1, 974])?;
        let loss = |a: &[Tensor]| (f(a)? * &weights)?.sum_all()?.to_scalar::<f64>();
        for (number, gradient) in gradients.iter().enumerate() {
            let direction = random(20 + number as u64, a[number].dims())?;
            let along = |by: f64| -> Result<f64> {
                let mut a = a.clone();
                a[number] = (&a[number] + (&direction * by)?)?;
                loss(&a)
            };
            let expected = (along(1.0)? - along(-1.0)?) / 2.0;
            let got = (gradient * &direction)?.sum_all()?.to_scalar::<f64>()?;
            let off = (got - expected).abs() / expected.abs();
            assert!(off < 1e-9, "{case:?}, argument {number}: {got} is not {expected}");
        }
    }
    Ok(())
}

#[test]
fn groups_that_do_not_divide_are_errors() -> Outcome {
    let window = Window::square(3, 1, Padding::Same);
    let run = |x: &[usize], w: &[usize], b: &[usize], groups| {
        let (x, w, b) = (random(1, x)?, random(2, w)?, random(3, b)?);
        conv2d_grouped(&x, &w, Some(&b), window, groups, ConvMethod::Quickest)
    };
    let (x, w) = ([1, 4, 5, 5], [6, 2, 3, 3]);
    assert!(run(&x, &w, &[6], 2).is_ok());
    for (x, w, b, groups) in [
        (&x[..], &w, 6, 0),
        (&x, &w, 6, 3),
        (&x, &w, 6, 4),
        (&x, &w, 6, 1),
        (&x, &w, 3, 2),
        (&[1, 6, 5, 5], &w, 6, 2),
        (&x[..3], &w, 6, 2),
        (&x, &[5, 2, 3, 3], 5, 2),
    ] {
        assert!(run(x, w, &[b], groups).is_err(), "{x:?} {w:?} {b} {groups}");
    }
    let error = run(&x, &w, &[6], 3).expect_err("three groups of four channels").to_string();
    assert!(error.contains("3 groups of 4 channels and 6 filters"), "{error}");
    Ok(())
}
