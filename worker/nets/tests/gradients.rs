//! Backward passes against finite differences in f64, and methods and fusions against each other.

mod differences;

use candle_core::{DType, Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::{
    Activation, Axis, ConvMethod, Padding, Window, conv_relu_pool, conv2d, cross_entropy, dropout, linear, max_pool2d,
    relu,
};

use differences::{Outcome, check, random};

/// Windows and inputs (channels, height, width) with their filters: odd sizes, rectangles, strides with remainders.
fn convolutions() -> Vec<(Window, [usize; 3], usize)> {
    let axis = |kernel, stride, padding| Axis { kernel, stride, padding };
    let window = |rows, columns| Window { rows, columns };
    vec![
        (Window::square(3, 1, Padding::Same), [2, 5, 4], 3),
        (Window::square(5, 1, Padding::Same), [1, 6, 8], 5),
        (Window::square(3, 1, Padding::Both(0)), [3, 5, 7], 2),
        (Window::square(4, 1, Padding::Same), [2, 5, 6], 2),
        (window(axis(1, 1, Padding::Both(0)), axis(3, 1, Padding::Both(1))), [2, 1, 9], 4),
        (window(axis(3, 1, Padding::Both(2)), axis(2, 1, Padding::Ends(0, 1))), [2, 4, 5], 3),
        (window(axis(3, 2, Padding::Both(1)), axis(5, 1, Padding::Both(2))), [2, 7, 6], 3),
        (window(axis(2, 3, Padding::Both(1)), axis(3, 2, Padding::Same)), [1, 8, 7], 2),
        (Window::square(1, 1, Padding::Same), [3, 4, 3], 2),
        (window(axis(2, 1, Padding::Both(3)), axis(3, 1, Padding::Both(1))), [2, 3, 4], 2),
    ]
}

#[test]
fn convolution() -> Outcome {
    for (case, (window, [channels, height, width], filters)) in convolutions().into_iter().enumerate() {
        let weight = [filters, channels, window.rows.kernel, window.columns.kernel];
        let arguments = [random(1, &[3, channels, height, width])?, random(2, &weight)?, random(3, &[filters])?];
        for method in [ConvMethod::Shifted, ConvMethod::Unrolled] {
            check(&format!("convolution {case} {method:?}"), &arguments, |a| {
                conv2d(&a[0], &a[1], &a[2], window, method)
            })?;
        }
    }
    Ok(())
}

#[test]
fn convolution_with_relu_and_pool() -> Outcome {
    for (case, (window, [channels, height, width], filters)) in convolutions().into_iter().enumerate() {
        if window.output(height, width)?.0 < 2 {
            continue;
        }
        let weight = [filters, channels, window.rows.kernel, window.columns.kernel];
        let arguments = [random(1, &[2, channels, height, width])?, random(2, &weight)?, random(3, &[filters])?];
        for method in [ConvMethod::Shifted, ConvMethod::Unrolled] {
            let fused = |a: &[Tensor]| conv_relu_pool(&a[0], &a[1], &a[2], window, method);
            check(&format!("block {case} {method:?}"), &arguments, fused)?;
            let apart = max_pool2d(
                &relu(&conv2d(&arguments[0], &arguments[1], &arguments[2], window, method)?)?,
                Window::square(2, 2, Padding::Both(0)),
            )?;
            let values = |t: &Tensor| t.flatten_all()?.to_vec1::<f64>();
            assert_eq!(values(&fused(&arguments)?)?, values(&apart)?, "block {case} {method:?}");
        }
    }
    Ok(())
}

#[test]
fn pools_of_all_kinds() -> Outcome {
    let axis = |kernel, stride, padding| Axis { kernel, stride, padding };
    let windows = [
        Window::square(2, 2, Padding::Both(0)),
        Window::square(3, 2, Padding::Both(1)),
        Window { rows: axis(1, 1, Padding::Both(0)), columns: axis(4, 3, Padding::Same) },
        Window { rows: axis(3, 1, Padding::Both(1)), columns: axis(2, 5, Padding::Both(0)) },
    ];
    for (case, window) in windows.into_iter().enumerate() {
        check(&format!("pool {case}"), &[random(4, &[2, 2, 7, 9])?], |a| max_pool2d(&a[0], window))?;
    }
    Ok(())
}

#[test]
fn linear_relu_dropout_cross_entropy() -> Outcome {
    for (batch, inputs, outputs) in [(3, 5, 4), (1, 1, 1), (7, 3, 9)] {
        let arguments = [random(5, &[batch, inputs])?, random(6, &[outputs, inputs])?, random(7, &[outputs])?];
        for activation in [Activation::None, Activation::Relu] {
            check("linear", &arguments, |a| linear(&a[0], &a[1], &a[2], activation))?;
        }
        check("relu", &arguments[..1], |a| relu(&a[0]))?;
        let draw = Draw::new(1, Stream::Dropout(0), 2, 3);
        check("dropout", &arguments[..1], |a| dropout(&a[0], 0.4, draw))?;
        let labels: Vec<u32> = (0..batch as u32).map(|i| i % inputs as u32).collect();
        let labels = Tensor::new(labels, &Device::Cpu)?;
        check("cross-entropy", &arguments[..1], |a| cross_entropy(&a[0], &labels))?;
    }
    // Inputs that do not lie in a row.
    let x = random(8, &[4, 6])?;
    let (w, b) = (random(9, &[3, 4])?, random(10, &[3])?);
    check("linear of a transposed input", &[x, w, b], |a| linear(&a[0].t()?, &a[1], &a[2], Activation::Relu))?;
    Ok(())
}

#[test]
fn ties_go_to_the_first_and_zero_passes_no_gradient() -> Outcome {
    let x = Var::new(&[[[[1f32, 1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 0.0, 5.0]]]], &Device::Cpu)?;
    let y = max_pool2d(&x, Window::square(2, 2, Padding::Both(0)))?;
    assert_eq!(y.dims(), [1, 1, 1, 1]);
    let gradients = y.sum_all()?.backward()?;
    let gradient = gradients.get(&x).ok_or("a gradient")?.flatten_all()?.to_vec1::<f32>()?;
    assert_eq!(gradient, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let gradients = relu(&x)?.sum_all()?.backward()?;
    let gradient = gradients.get(&x).ok_or("a gradient")?.flatten_all()?.to_vec1::<f32>()?;
    assert_eq!(gradient, [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    Ok(())
}

#[test]
fn methods_agree_on_the_sizes_that_are_trained() -> Outcome {
    // f32 on this CPU's vectors, where rows are whole vectors and where they are not, and more images than go together.
    for (batch, channels, height, width, filters, kernel) in [
        (2, 1, 64, 64, 4, 11),
        (3, 4, 32, 32, 8, 7),
        (5, 8, 16, 16, 16, 3),
        (40, 16, 8, 8, 32, 3),
        (3, 3, 13, 21, 6, 5),
        (9, 192, 4, 5, 200, 3),
    ] {
        let window = Window::square(kernel, 1, Padding::Same);
        let f32s = |t: Tensor| t.to_dtype(DType::F32);
        let x = f32s(random(1, &[batch, channels, height, width])?)?;
        let w = f32s(random(2, &[filters, channels, kernel, kernel])?)?;
        let b = f32s(random(3, &[filters])?)?;
        let run = |method, dtype| -> candle_core::Result<[Vec<f64>; 4]> {
            let [x, w, b] = [&x, &w, &b].map(|t| t.to_dtype(dtype).and_then(|t| Var::from_tensor(&t)));
            let (x, w, b) = (x?, w?, b?);
            let y = conv2d(&x, &w, &b, window, method)?;
            let loss = (&y * random(4, y.dims())?.to_dtype(dtype)?)?.sum_all()?;
            let gradients = loss.backward()?;
            let values = |t: &Tensor| t.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>();
            let gradient = |v: &Var| values(gradients.get(v).expect("every variable has a gradient"));
            Ok([values(&y)?, gradient(&x)?, gradient(&w)?, gradient(&b)?])
        };
        let exact = run(ConvMethod::Unrolled, DType::F64)?;
        for method in [ConvMethod::Shifted, ConvMethod::Unrolled] {
            for (what, (got, expected)) in run(method, DType::F32)?.iter().zip(&exact).enumerate() {
                let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|a| a * a).sum::<f64>().sqrt();
                let off = norm(&mut got.iter().zip(expected).map(|(a, b)| a - b)) / norm(&mut expected.iter().copied());
                // A bias sums a whole plane: the fewer lanes a processor has, the longer the chains of additions.
                let allowed = if what == 3 { 5e-6 } else { 1e-6 };
                assert!(off < allowed, "{channels}x{height}x{width} {method:?}, {what}: off by {off}");
            }
        }
    }
    Ok(())
}

#[test]
fn dropout_drops_its_share_and_nothing_without() -> Outcome {
    let x = Tensor::ones(100_000, DType::F32, &Device::Cpu)?;
    let y = dropout(&x, 0.3, Draw::new(0, Stream::Dropout(0), 0, 0))?.to_vec1::<f32>()?;
    let kept = y.iter().filter(|&&v| v != 0.0).count();
    assert!((69_300..70_700).contains(&kept), "{kept} of 100,000");
    assert!(y.iter().all(|&v| v == 0.0 || (v - 1.0 / 0.7).abs() < 1e-4));
    assert_ne!(y, dropout(&x, 0.3, Draw::new(0, Stream::Dropout(0), 0, 1))?.to_vec1::<f32>()?);
    assert_eq!(dropout(&x, 0.0, Draw::new(0, Stream::Dropout(0), 0, 0))?.to_vec1::<f32>()?, vec![1.0; 100_000]);
    Ok(())
}

#[test]
fn arguments_that_do_not_fit_are_errors() -> Outcome {
    let same = Window::square(3, 1, Padding::Same);
    let (x, w, b) = (random(1, &[1, 2, 4, 4])?, random(2, &[3, 2, 3, 3])?, random(3, &[3])?);
    let method = ConvMethod::Quickest;
    assert!(conv2d(&x, &w, &random(3, &[2])?, same, method).is_err());
    assert!(conv2d(&random(1, &[1, 1, 4, 4])?, &w, &b, same, method).is_err());
    assert!(conv2d(&random(1, &[2, 4, 4])?, &w, &b, same, method).is_err());
    assert!(conv2d(&x, &w, &b, Window::square(5, 1, Padding::Same), method).is_err());
    assert!(conv2d(&x, &w, &b.to_dtype(DType::F32)?, same, method).is_err());
    assert!(conv2d(&x.to_dtype(DType::U32)?, &w, &b, same, method).is_err());
    assert!(conv_relu_pool(&random(1, &[1, 2, 1, 4])?, &w, &b, same, method).is_err());
    assert!(max_pool2d(&x, Window::square(5, 1, Padding::Both(0))).is_err());
    assert!(max_pool2d(&x, Window::square(2, 1, Padding::Both(2))).is_err());
    assert!(linear(&random(1, &[2, 3])?, &random(2, &[4, 5])?, &random(3, &[4])?, Activation::None).is_err());
    Ok(())
}
