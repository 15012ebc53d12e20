//! Pools, norms and activations, one thread: milliseconds of the best pass, forward and backward, and gigabytes per second of
//! the tensors that each reads and writes at least, beside those of a plain copy. `layer_speed [seconds per figure]`.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::{
    Activation, Axis, ConvMethod, Padding, Window, batch_norm, conv2d, elu, global_avg_pool2d, max_pool2d, relu,
};

/// An operation on one tensor.
type Layer = Box<dyn Fn(&Tensor) -> candle_core::Result<Tensor>>;

fn main() -> Result<(), Box<dyn Error>> {
    let span = Duration::from_secs_f64(std::env::args().nth(1).map_or(Ok(0.5), |s| s.parse())?);
    let draw = Draw::new(0, Stream::Other(0), 0, 0);
    let random = |shape: &[usize]| {
        let count: usize = shape.iter().product();
        Var::from_vec((0..count as u64).map(|i| draw.uniform_f32(i) - 0.5).collect::<Vec<f32>>(), shape, &Device::Cpu)
    };
    let norm = |channels: usize| -> Result<Layer, candle_core::Error> {
        let (weight, bias) = (random(&[channels])?, random(&[channels])?);
        Ok(Box::new(move |x| Ok(batch_norm(x, &weight, &bias, 1e-5, Activation::Relu)?.0)))
    };
    let pool = |side, stride, pad| -> Layer {
        Box::new(move |x| max_pool2d(x, Window::square(side, stride, Padding::Both(pad))))
    };
    let row = Window {
        rows: Axis { kernel: 1, stride: 1, padding: Padding::Both(0) },
        columns: Axis { kernel: 7, stride: 7, padding: Padding::Both(0) },
    };
    let conv = |filters: usize, channels: usize, side, stride| -> Result<Layer, candle_core::Error> {
        let (weight, bias) = (random(&[filters, channels, side, side])?, random(&[filters])?);
        let window = Window::square(side, stride, Padding::Both(side / 2));
        Ok(Box::new(move |x| conv2d(x, &weight, &bias, window, ConvMethod::Quickest)))
    };
    let big: &[usize] = &[32, 16, 96, 125];
    let layers: Vec<(&str, &[usize], Layer)> = vec![
        ("norm, relu", big, norm(16)?),
        ("norm, relu", &[16, 512, 4, 4], norm(512)?),
        ("norm, relu", &[64, 256], norm(256)?),
        ("relu", big, Box::new(relu)),
        ("elu", big, Box::new(|x| elu(x, 1.0))),
        ("max-pool 2/2", big, pool(2, 2, 0)),
        ("max-pool 5/5", big, pool(5, 5, 0)),
        ("max-pool 3/2 p1", &[16, 64, 64, 64], pool(3, 2, 1)),
        ("max-pool 1x7/7", &[32, 32, 1, 936], Box::new(move |x| max_pool2d(x, row))),
        ("average of all", &[16, 512, 8, 8], Box::new(global_avg_pool2d)),
        ("conv 16, 7x7", &[32, 1, 96, 125], conv(16, 1, 7, 1)?),
        ("conv 32, 5x5", &[32, 16, 19, 25], conv(32, 16, 5, 1)?),
        ("conv 64, 7x7/2", &[16, 1, 128, 128], conv(64, 1, 7, 2)?),
        ("conv 64, 3x3", &[16, 64, 32, 32], conv(64, 64, 3, 1)?),
        ("conv 128, 3x3/2", &[16, 64, 32, 32], conv(128, 64, 3, 2)?),
        ("conv 128, 3x3", &[16, 128, 16, 16], conv(128, 128, 3, 1)?),
        ("conv 256, 3x3", &[16, 256, 8, 8], conv(256, 256, 3, 1)?),
        ("conv 512, 3x3", &[16, 512, 4, 4], conv(512, 512, 3, 1)?),
        ("conv 512, 3x3/2", &[16, 256, 8, 8], conv(512, 256, 3, 2)?),
    ];
    println!("{:16} {:>15} {:>9} {:>9} {:>9} {:>9}", "layer", "input", "forward", "backward", "GB/s", "GB/s");
    let copied = random(big)?.flatten_all()?.to_vec1::<f32>()?;
    let seconds = best(span, || {
        std::hint::black_box(copied.clone());
        Ok(())
    })?;
    println!(
        "{:16} {:>15} {:9.3} {:>9} {:9.1}",
        "copy",
        "32x16x96x125",
        seconds * 1e3,
        "",
        gigabytes(2, copied.len(), seconds)
    );
    for (name, shape, layer) in layers {
        let x = random(shape)?;
        let count = x.elem_count();
        let forward = best(span, || layer(&x).map(|_| ()))?;
        let y = layer(&x)?;
        let backward = best(span, || y.backward().map(|_| ()))?;
        let outputs = y.elem_count();
        let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
        println!(
            "{name:16} {:>15} {:9.3} {:9.3} {:9.1} {:9.1}",
            sides.join("x"),
            forward * 1e3,
            backward * 1e3,
            gigabytes(1, count + outputs, forward),
            gigabytes(1, 2 * count + outputs, backward)
        );
    }
    Ok(())
}

fn gigabytes(times: usize, values: usize, seconds: f64) -> f64 {
    (times * values * size_of::<f32>()) as f64 / seconds / 1e9
}

/// Seconds of the best of several passes: other programs on the machine only ever slow one down.
fn best(span: Duration, mut pass: impl FnMut() -> candle_core::Result<()>) -> candle_core::Result<f64> {
    let (begin, mut best, mut passes) = (Instant::now(), f64::MAX, 0);
    while passes < 3 || begin.elapsed() < span {
        let began = Instant::now();
        pass()?;
        best = best.min(began.elapsed().as_secs_f64());
        passes += 1;
    }
    Ok(best)
}
