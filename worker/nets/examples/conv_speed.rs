//! Convolution layer by layer and method by method, one thread: GFLOP per second of the best pass, forward and backward
//! (of weights and bias, and of the input where it is not a picture). `conv_speed [seconds per figure [part of a layer's name]]`.
//! With the part and `cuda` after it, on the GPU by its one method: milliseconds, see `tests/peers/convolve.py`.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use candle_core::{Device, Result, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::{Activation, Axis, ConvMethod, Padding, Window, conv2d_grouped, linear};

/// A layer: channels, height and width of the input, filters, window.
struct Layer {
    name: &'static str,
    batch: usize,
    input: [usize; 3],
    filters: usize,
    window: Window,
    groups: usize,
}

/// A square layer with a stride and padding.
const fn square(
    name: &'static str,
    batch: usize,
    [channels, side]: [usize; 2],
    filters: usize,
    [kernel, stride, padding]: [usize; 3],
) -> Layer {
    let axis = Axis { kernel, stride, padding: Padding::Both(padding) };
    Layer {
        name,
        batch,
        input: [channels, side, side],
        filters,
        window: Window { rows: axis, columns: axis },
        groups: 1,
    }
}

/// A layer of two different axes.
const fn oblong(
    name: &'static str,
    batch: usize,
    input: [usize; 3],
    filters: usize,
    [rows, columns]: [[usize; 3]; 2],
) -> Layer {
    const fn axis([kernel, stride, padding]: [usize; 3]) -> Axis {
        Axis { kernel, stride, padding: Padding::Both(padding) }
    }
    Layer { name, batch, input, filters, window: Window { rows: axis(rows), columns: axis(columns) }, groups: 1 }
}

/// A square layer of as many filters as channels, each on its own channel.
const fn depthwise(name: &'static str, batch: usize, [channels, side]: [usize; 2], window: [usize; 3]) -> Layer {
    Layer { groups: channels, ..square(name, batch, [channels, side], channels, window) }
}

const LAYERS: [Layer; 33] = [
    square("liu_cnn 1", 32, [1, 64], 4, [11, 1, 5]),
    square("liu_cnn 2", 32, [4, 32], 8, [7, 1, 3]),
    square("liu_cnn 3", 32, [8, 16], 16, [3, 1, 1]),
    square("liu_cnn 4", 32, [16, 8], 32, [3, 1, 1]),
    square("1 channel", 32, [1, 128], 32, [5, 1, 2]),
    square("32 channels", 32, [32, 64], 64, [5, 1, 2]),
    square("64 channels", 32, [64, 32], 128, [3, 1, 1]),
    square("128 channels", 32, [128, 16], 128, [3, 1, 1]),
    square("resnet stem", 16, [1, 128], 64, [7, 2, 3]),
    square("resnet 1", 16, [64, 32], 64, [3, 1, 1]),
    square("resnet 2 first", 16, [64, 32], 128, [3, 2, 1]),
    square("resnet 2 shortcut", 16, [64, 32], 128, [1, 2, 0]),
    square("resnet 2", 16, [128, 16], 128, [3, 1, 1]),
    square("resnet 3 first", 16, [128, 16], 256, [3, 2, 1]),
    square("resnet 3 shortcut", 16, [128, 16], 256, [1, 2, 0]),
    square("resnet 3", 16, [256, 8], 256, [3, 1, 1]),
    square("resnet 4 first", 16, [256, 8], 512, [3, 2, 1]),
    square("resnet 4 shortcut", 16, [256, 8], 512, [1, 2, 0]),
    square("resnet 4", 16, [512, 4], 512, [3, 1, 1]),
    square("alexnet 1", 16, [3, 224], 64, [11, 4, 2]),
    square("alexnet 2", 16, [64, 27], 192, [5, 1, 2]),
    square("pointwise 32", 32, [32, 64], 64, [1, 1, 0]),
    square("pointwise 64", 32, [64, 16], 64, [1, 1, 0]),
    square("pointwise 128", 32, [128, 16], 128, [1, 1, 0]),
    square("pointwise 512", 32, [512, 4], 512, [1, 1, 0]),
    depthwise("mobilenet 1", 16, [32, 64], [3, 1, 1]),
    depthwise("mobilenet 2", 16, [64, 64], [3, 2, 1]),
    depthwise("mobilenet 5", 16, [256, 16], [3, 1, 1]),
    depthwise("mobilenet 13", 16, [1024, 4], [3, 1, 1]),
    oblong("nnet2_2d 1", 2, [1, 1025, 977], 256, [[1025, 1, 0], [4, 1, 0]]),
    oblong("nnet2_1d 1", 2, [1, 1, 1_000_000], 256, [[1, 1, 0], [4096, 1024, 512]]),
    oblong("nnet2 2", 2, [256, 1, 974], 256, [[1, 1, 0], [4, 1, 1]]),
    oblong("nnet2 2, segment", 32, [256, 1, 126], 256, [[1, 1, 0], [4, 1, 1]]),
];

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let span = Duration::from_secs_f64(arguments.next().map_or(Ok(0.5), |s| s.parse())?);
    let part = arguments.next().unwrap_or_default();
    if arguments.next().as_deref() == Some("cuda") {
        return on_the_gpu(span, &part);
    }
    println!("{:58} {:>15} {:>15} {:>15}", "", "quickest", "shifted", "unrolled");
    for layer in LAYERS.iter().filter(|layer| layer.name.contains(&part)) {
        let [channels, height, width] = layer.input;
        let (rows, columns) = (layer.window.rows, layer.window.columns);
        let sizes = format!("{},{channels},{height}x{width}", layer.batch);
        let kernel = format!("{}x{}/{}x{}", rows.kernel, columns.kernel, rows.stride, columns.stride);
        print!("{:18} {sizes:>18} -> {:3} {kernel:>14}", layer.name, layer.filters);
        for method in [ConvMethod::Quickest, ConvMethod::Shifted, ConvMethod::Unrolled] {
            let [forward, backward] = layer.speed(method, span)?;
            print!(" {forward:7.1} {backward:7.1}");
        }
        println!();
    }
    let [forward, backward] = large_product(span)?;
    println!("{:58} {forward:7.1} {backward:7.1}", "1024 x 1024 x 1024 matrix product");
    Ok(())
}

/// Milliseconds of each layer forward, and of both ways, the mean of many passes that the GPU does one after the other.
fn on_the_gpu(span: Duration, part: &str) -> std::result::Result<(), Box<dyn Error>> {
    let device = Device::new_cuda(0)?;
    for layer in LAYERS.iter().filter(|layer| layer.name.contains(part)) {
        let (x, w, b) = layer.operands(&device)?;
        let forward = || conv2d_grouped(&x, &w, Some(&b), layer.window, layer.groups, ConvMethod::Quickest);
        let alone = milliseconds(&device, span, || forward().map(drop))?;
        let both = milliseconds(&device, span, || forward()?.backward().map(drop))?;
        println!("{}\t{alone:.4}\t{both:.4}", layer.name);
    }
    Ok(())
}

fn milliseconds(device: &Device, span: Duration, pass: impl Fn() -> Result<()>) -> Result<f64> {
    for _ in 0..3 {
        pass()?;
    }
    device.synchronize()?;
    let (begin, mut passes) = (Instant::now(), 0_u32);
    while begin.elapsed() < span {
        for _ in 0..10 {
            pass()?;
        }
        device.synchronize()?;
        passes += 10;
    }
    Ok(begin.elapsed().as_secs_f64() * 1e3 / f64::from(passes))
}

fn var(stream: u32, shape: &[usize], device: &Device) -> Result<Var> {
    let draw = Draw::new(0, Stream::Other(stream), 0, 0);
    let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64).map(|i| draw.uniform_f32(i) - 0.5).collect();
    Var::from_vec(values, shape, device)
}

impl Layer {
    /// The input, without a gradient where it is a picture; weights; biases.
    fn operands(&self, device: &Device) -> Result<(Tensor, Var, Var)> {
        let [channels, height, width] = self.input;
        let (kernel_rows, kernel_columns) = (self.window.rows.kernel, self.window.columns.kernel);
        let x = var(0, &[self.batch, channels, height, width], device)?;
        let x = if self.is_picture() { x.as_detached_tensor() } else { x.into_inner() };
        let w = var(1, &[self.filters, channels / self.groups, kernel_rows, kernel_columns], device)?;
        Ok((x, w, var(2, &[self.filters], device)?))
    }

    fn is_picture(&self) -> bool {
        self.input[0] <= 3
    }

    fn speed(&self, method: ConvMethod, span: Duration) -> Result<[f64; 2]> {
        let [channels, height, width] = self.input;
        let (x, w, b) = self.operands(&Device::Cpu)?;
        let (kernel_rows, kernel_columns) = (self.window.rows.kernel, self.window.columns.kernel);
        let outputs = self.window.output(height, width).map_err(candle_core::Error::wrap)?;
        let taps = channels / self.groups * kernel_rows * kernel_columns;
        let flop = 2.0 * (self.batch * outputs.0 * outputs.1 * self.filters * taps) as f64;
        let gradients = if self.is_picture() { 1.0 } else { 2.0 };
        speed([flop, gradients * flop], span, || conv2d_grouped(&x, &w, Some(&b), self.window, self.groups, method))
    }
}

fn large_product(span: Duration) -> Result<[f64; 2]> {
    let cpu = &Device::Cpu;
    let (x, w, b) = (var(0, &[1024, 1024], cpu)?, var(1, &[1024, 1024], cpu)?, var(2, &[1024], cpu)?);
    speed([2.0 * 1024f64.powi(3), 4.0 * 1024f64.powi(3)], span, || linear(&x, &w, &b, Activation::None))
}

/// GFLOP per second of the best of several passes: other programs on the machine only ever slow one down.
fn speed(flop: [f64; 2], span: Duration, forward: impl Fn() -> Result<Tensor>) -> Result<[f64; 2]> {
    let (begin, mut best) = (Instant::now(), [f64::MAX; 2]);
    let mut passes = 0;
    while passes < 3 || begin.elapsed() < span {
        let t0 = Instant::now();
        let y = forward()?;
        let t1 = Instant::now();
        y.backward()?;
        for (best, seconds) in best.iter_mut().zip([t1 - t0, t1.elapsed()]) {
            *best = best.min(seconds.as_secs_f64());
        }
        passes += 1;
    }
    Ok([flop[0] / best[0] / 1e9, flop[1] / best[1] / 1e9])
}
