//! Recurrent layers, one thread: the best pass's milliseconds and GFLOP per second, forward and backward (all gradients, the
//! input's too). `gru_speed [seconds per figure]`.
#![expect(clippy::print_stdout, reason = "a program whose output is its figures")]

use std::error::Error;
use std::time::{Duration, Instant};

use candle_core::{Device, Result, Tensor, Var};
use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::{GruWeights, LstmWeights, Reset, Steps, gru, lstm};

/// What runs: a name, its gates, and the layer over x, input weight, hidden weight and bias.
type Layer = (&'static str, usize, fn(&[Var; 4]) -> Result<Tensor>);

fn unit(v: &[Var; 4], reset: Reset) -> Result<Tensor> {
    let weights = GruWeights { input: &v[1], hidden: &v[2], input_bias: &v[3], hidden_bias: Some(&v[3]) };
    gru(&v[0], &weights, reset, Steps::All)
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let span = Duration::from_secs_f64(std::env::args().nth(1).map_or(Ok(0.5), |s| s.parse())?);
    let layers: [Layer; 3] = [
        ("gru, reset after", 3, |v| unit(v, Reset::After)),
        ("gru, reset before", 3, |v| unit(v, Reset::Before)),
        ("lstm", 4, |v| {
            let weights = LstmWeights { input: &v[1], hidden: &v[2], input_bias: &v[3], hidden_bias: None };
            lstm(&v[0], &weights, Steps::All)
        }),
    ];
    println!("{:18} {:>25} {:>17} {:>17}", "", "batch,steps,input->states", "ms", "GFLOP/s");
    for (name, gates, layer) in layers {
        for sizes in [[32, 32, 128, 64], [64, 8, 256, 256], [32, 64, 1536, 64]] {
            let [forward, backward] = speed(gates, sizes, layer, span)?;
            let [batch, steps, features, states] = sizes;
            let flop = 2.0 * (batch * steps * gates * states * (features + states)) as f64;
            let shape = format!("{batch},{steps},{features}->{states}");
            print!("{name:18} {shape:>25} {:8.2} {:8.2}", forward * 1e3, backward * 1e3);
            println!(" {:8.1} {:8.1}", flop / forward / 1e9, 2.0 * flop / backward / 1e9);
        }
    }
    Ok(())
}

/// Seconds of the best of several passes: other programs on the machine only ever slow one down.
fn speed(
    gates: usize,
    [batch, steps, features, states]: [usize; 4],
    layer: fn(&[Var; 4]) -> Result<Tensor>,
    span: Duration,
) -> Result<[f64; 2]> {
    let var = |stream, shape: &[usize]| {
        let draw = Draw::new(0, Stream::Other(stream), 0, 0);
        let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64).map(|i| draw.uniform_f32(i) - 0.5).collect();
        Var::from_vec(values, shape, &Device::Cpu)
    };
    let rows = gates * states;
    let vars =
        [var(0, &[batch, steps, features])?, var(1, &[rows, features])?, var(2, &[rows, states])?, var(3, &[rows])?];
    let (begin, mut best) = (Instant::now(), [f64::MAX; 2]);
    let mut passes = 0;
    while passes < 3 || begin.elapsed() < span {
        let t0 = Instant::now();
        let y = layer(&vars)?;
        let t1 = Instant::now();
        y.backward()?;
        for (best, seconds) in best.iter_mut().zip([t1 - t0, t1.elapsed()]) {
            *best = best.min(seconds.as_secs_f64());
        }
        passes += 1;
    }
    Ok(best)
}
