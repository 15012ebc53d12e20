//! Convolution layer by layer and method by method, one thread: GFLOP per second of the best pass, forward and backward
//! (both gradients). `conv_speed [seconds per figure]`.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::{ConvMethod, Padding, Window, conv2d};

fn main() -> Result<(), Box<dyn Error>> {
    let span = Duration::from_secs_f64(std::env::args().nth(1).map_or(Ok(0.5), |s| s.parse())?);
    println!("{:28} {:>17} {:>17}", "batch,channels,side->filters,k", "shifted", "unrolled");
    for [batch, channels, side, filters, kernel] in [
        [32, 1, 64, 4, 11],
        [32, 4, 32, 8, 7],
        [32, 8, 16, 16, 3],
        [32, 16, 8, 32, 3],
        [32, 1, 128, 32, 5],
        [32, 32, 64, 64, 5],
        [32, 64, 32, 128, 3],
        [32, 128, 16, 128, 3],
        [16, 64, 32, 64, 3],
        [16, 256, 8, 256, 3],
        [16, 512, 4, 512, 3],
        [32, 64, 16, 64, 1],
    ] {
        let shape = format!("{batch},{channels},{side}->{filters},{kernel}");
        let mut figures = String::new();
        for method in [ConvMethod::Shifted, ConvMethod::Unrolled] {
            let [forward, backward] = speed([batch, channels, side, filters, kernel], method, span)?;
            figures.push_str(&format!(" {forward:8.1} {backward:8.1}"));
        }
        println!("{shape:28} {figures}");
    }
    Ok(())
}

/// The best of several passes: other programs on the machine only ever slow one down.
fn speed(sizes: [usize; 5], method: ConvMethod, span: Duration) -> Result<[f64; 2], Box<dyn Error>> {
    let [batch, channels, side, filters, kernel] = sizes;
    let var = |stream, shape: &[usize]| {
        let draw = Draw::new(0, Stream::Other(stream), 0, 0);
        let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64).map(|i| draw.uniform_f32(i) - 0.5).collect();
        Var::from_vec(values, shape, &Device::Cpu)
    };
    let x = var(0, &[batch, channels, side, side])?;
    let (w, b) = (var(1, &[filters, channels, kernel, kernel])?, var(2, &[filters])?);
    let window = Window::square(kernel, 1, Padding::Same);
    let flop = 2.0 * (batch * side * side * filters * channels * kernel * kernel) as f64;
    let (begin, mut best) = (Instant::now(), [f64::MAX; 2]);
    let mut passes = 0;
    while passes < 3 || begin.elapsed() < span {
        let t0 = Instant::now();
        let y: Tensor = conv2d(&x, &w, &b, window, method)?;
        let t1 = Instant::now();
        y.backward()?;
        for (best, seconds) in best.iter_mut().zip([t1 - t0, t1.elapsed()]) {
            *best = best.min(seconds.as_secs_f64());
        }
        passes += 1;
    }
    Ok([flop / best[0] / 1e9, 2.0 * flop / best[1] / 1e9])
}
