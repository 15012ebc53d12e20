//! Half the rate, by far the commonest change (44.1 kHz to 22.05 kHz): eight blocks at a time through our own Fourier
//! transforms, one a lane.
//!
//! A block of [`FRESH`] samples stands between zeros in a frame. Its spectrum is weighted with the filter's, which is real,
//! as the filter is symmetric; the lower half of the bins is the spectrum at half the rate. What it becomes reaches
//! [`REACH`] samples into the blocks beside it and is added to theirs.

use super::ratio::{kaiser, sinc};
use crate::{
    lanes::{Kernel, LANES, Machine, Vector},
    spectrum::{Cell, Forward, Inverse, Overlap, PadMode, StftSettings, Tile},
};
use std::f64::consts::TAU;

/// Samples of a frame.
const FRAME: usize = 2048;

/// Samples that the filter reaches to either side.
const REACH: usize = 256;

/// Samples of a block.
const FRESH: usize = FRAME - 2 * REACH;

/// The middle of the transition band, as a share of the lower Nyquist frequency, and the shape of Kaiser's window: the band
/// begins at 0.945 and ends at 0.999, from where on everything is 100 dB down.
const CUTOFF: f64 = 0.972;
const KAISER_BETA: f64 = 10.5;

/// The plan and its buffers.
pub(super) struct Half {
    machine: Machine,
    /// Eight frames, one after the other, zeros around each block.
    frames: Vec<f32>,
    tile: Tile,
    forward: Forward,
    inverse: Inverse,
    /// The filter's spectrum up to the lower Nyquist frequency, with the scale of the transforms.
    gains: Vec<f32>,
    cells: Vec<Cell>,
    overlap: Overlap,
}

impl Half {
    /// Samples that are taken at once.
    pub(super) const BLOCK: usize = LANES * FRESH;

    /// Samples of the result that come before its first: the filter's reach before the clip.
    pub(super) const DELAY: usize = REACH / 2;

    pub(super) fn new() -> Self {
        Self::on(Machine::here())
    }

    fn on(machine: Machine) -> Self {
        let settings = StftSettings { n_fft: FRAME, win_length: FRAME, hop: FRAME, pad: PadMode::Zero };
        let tile = Tile::new(&settings);
        Self {
            machine,
            frames: vec![0.0; LANES * FRAME],
            forward: Forward::new(&[1.0; FRAME], &tile).expect("a length that there is a way for"),
            inverse: Inverse::new(FRAME / 2).expect("a length that there is a way for"),
            tile,
            gains: gains(),
            cells: vec![Cell::default(); FRAME / 2 + 1],
            overlap: Overlap::new(&[1.0; FRAME / 2], FRESH / 2),
        }
    }

    /// Forgets the clip.
    pub(super) fn reset(&mut self) {
        self.overlap.clear();
    }

    /// Takes the clip's next [`Self::BLOCK`] samples, or fewer as if zeros followed them, and appends half as many.
    pub(super) fn push(&mut self, samples: &[f32], result: &mut Vec<f32>) {
        let mut blocks = samples.chunks(FRESH);
        for frame in self.frames.chunks_exact_mut(FRAME) {
            let block = blocks.next().unwrap_or_default();
            let (fresh, none) = frame[REACH..FRAME - REACH].split_at_mut(block.len());
            fresh.copy_from_slice(block);
            none.fill(0.0);
        }
        let Self { machine, frames, tile, forward, inverse, gains, cells, overlap } = self;
        machine.run(tile.kernel(frames, 0, PadMode::Zero));
        machine.run(forward.kernel(tile, cells));
        let cells = &mut cells[..gains.len()];
        machine.run(Weigh { cells, gains });
        machine.run(inverse.kernel(cells));
        machine.run(overlap.add(cells));
        machine.run(overlap.take());
        overlap.pieces().for_each(|piece| result.extend_from_slice(piece));
    }
}

struct Weigh<'a> {
    cells: &'a mut [Cell],
    gains: &'a [f32],
}

impl Kernel for Weigh<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        for (cell, gain) in self.cells.iter_mut().zip(self.gains) {
            let gain = V::splat(*gain);
            (V::load(&cell.re.0) * gain).store(&mut cell.re.0);
            (V::load(&cell.im.0) * gain).store(&mut cell.im.0);
        }
    }
}

fn gains() -> Vec<f32> {
    let weight = |distance: usize| {
        kaiser(distance as f64 / (REACH + 1) as f64, KAISER_BETA) * sinc(distance as f64 * CUTOFF / 2.0)
    };
    let weights: Vec<f64> = (0..=REACH).map(weight).collect();
    let sum = 2.0 * weights.iter().sum::<f64>() - weights[0];
    let cosines: Vec<f64> = (0..FRAME).map(|at| (TAU * at as f64 / FRAME as f64).cos()).collect();
    let gain = |bin: usize| {
        let at = |(distance, weight): (usize, &f64)| weight * cosines[bin * distance % FRAME];
        let total = 2.0 * weights.iter().enumerate().map(at).sum::<f64>() - weights[0];
        (total / sum / FRAME as f64) as f32
    };
    (0..=FRAME / 4).map(gain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_gives_the_same_bits() {
        let clip: Vec<f32> = (0..30_000).map(|i| (f64::from(i) * f64::from(i) * 1e-5).sin() as f32).collect();
        let halved = |machine: Machine| {
            let (mut half, mut result) = (Half::on(machine), Vec::new());
            clip.chunks(Half::BLOCK).for_each(|block| half.push(block, &mut result));
            result
        };
        assert_eq!(halved(Machine::here()), halved(Machine::PLAIN));
    }

    #[test]
    fn a_filter_that_is_kept_forgets() {
        let (mut half, mut first, mut again) = (Half::new(), Vec::new(), Vec::new());
        half.push(&[0.5; 5000], &mut first);
        half.reset();
        half.push(&[0.5; 5000], &mut again);
        assert_eq!(first, again);
        assert_eq!(first.len(), Half::BLOCK / 2);
    }
}
