//! The real-input Fourier transform of eight windowed frames at once, one a lane.
//!
//! The `n` samples of a frame are taken as `n / 2` complex values, the even samples real and the odd ones imaginary. What
//! even and odd samples have of a real frame's spectrum at `k` is the sum and the difference of their common transform
//! there and at its mirror, `n / 2 - k`.

use super::{
    complex::{Cell, Complex, Turn},
    matrix::Matrix,
    small::{LONGEST, Source},
    tile::Tile,
};
use crate::lanes::{Kernel, LANES, Vector};

/// The plan and its buffers.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    matrix: Matrix,
    /// Where in the tile each sample lies and what it is weighted with: column by column, even and odd samples in turn.
    taps: Vec<[Tap; 2]>,
    /// The turn of the odd samples, row by row of the matrix's results.
    odd: Vec<Turn>,
    low: [Cell; LONGEST],
    high: [Cell; LONGEST],
}

#[derive(Clone, Copy, Debug)]
struct Tap {
    at: u32,
    weight: f32,
}

impl Forward {
    /// A plan for frames of `window.len()` samples that lie in a tile like `tile`; none for lengths that are not a power
    /// of two from 128 to 8192.
    pub(crate) fn new(window: &[f32], tile: &Tile) -> Option<Self> {
        let matrix = Matrix::new(window.len() / 2).filter(|_| window.len().is_multiple_of(2))?;
        let (rows, columns) = (matrix.rows(), matrix.columns());
        // Sums and differences are to be halved. The half is exact, and taken here.
        let tap = |(sample, weight): (usize, &f32)| Tap { at: tile.place(sample) as u32, weight: 0.5 * weight };
        let taps: Vec<Tap> = window.iter().enumerate().map(tap).collect();
        let (taps, _) = taps.as_chunks::<2>();
        let odd = |row: usize| (0..columns).map(move |column| Turn::new(row + rows * column, window.len()));
        Some(Self {
            taps: (0..columns).flat_map(|column| taps.iter().skip(column).step_by(columns)).copied().collect(),
            odd: (0..=rows / 2).flat_map(odd).collect(),
            low: [Cell::default(); LONGEST],
            high: [Cell::default(); LONGEST],
            matrix,
        })
    }

    /// The spectra of the frames in `tile`: `n / 2 + 1` bins, in order of frequency.
    pub(crate) fn kernel<'a>(&'a mut self, tile: &'a Tile, spectrum: &'a mut [Cell]) -> impl Kernel + use<'a> {
        Run { plan: self, tile, spectrum }
    }
}

struct Run<'a> {
    plan: &'a mut Forward,
    tile: &'a Tile,
    spectrum: &'a mut [Cell],
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { plan: Forward { matrix, taps, odd, low, high }, tile, spectrum } = self;
        let (rows, columns) = (matrix.rows(), matrix.columns());
        let half = rows * columns;
        for (column, taps) in taps.chunks_exact(rows).enumerate() {
            matrix.take_column::<V>(column, &Taps { tile: tile.values(), taps });
        }
        let mut turns = odd.chunks_exact(columns);
        for row in 0..=rows / 2 {
            let turns = turns.next().unwrap_or_default();
            matrix.give_row::<V>(row, low);
            // The row that holds the mirrors: this one, or one further down.
            let mirrors = if row == 0 || row == rows / 2 {
                &*low
            } else {
                matrix.give_row::<V>(rows - row, high);
                &*high
            };
            for (column, (value, turn)) in low.iter().zip(turns).enumerate() {
                let k = row + rows * column;
                let mirror = if row > 0 { columns - 1 - column } else { columns - column };
                if k == 0 {
                    ends::<V>(value, spectrum);
                } else if k <= half - k || row > 0 && row < rows / 2 {
                    join::<V>(value, &mirrors[mirror], *turn, spectrum, k, half - k);
                }
            }
        }
    }
}

/// The spectrum of the real frame at 0 Hz and at half the rate, which the same value of the complex transform holds.
#[inline(always)]
fn ends<V: Vector>(value: &Cell, spectrum: &mut [Cell]) {
    let Complex { re, im } = Complex::<V>::load(value);
    let (two, none) = (V::splat(2.0), V::splat(0.0));
    if let [first, .., last] = spectrum {
        Complex { re: (re + im) * two, im: none }.store(first);
        Complex { re: (re - im) * two, im: none }.store(last);
    }
}

/// The spectrum of the real frame at `k` and at its mirror, from half the values of the complex transform there.
#[inline(always)]
fn join<V: Vector>(low: &Cell, high: &Cell, turn: Turn, spectrum: &mut [Cell], k: usize, mirror: usize) {
    let (low, high) = (Complex::<V>::load(low), Complex::<V>::load(high));
    let even = Complex { re: low.re + high.re, im: low.im - high.im };
    let odd = Complex { re: low.im + high.im, im: high.re - low.re }.times(turn);
    (even + odd).store(&mut spectrum[k]);
    Complex { re: even.re - odd.re, im: odd.im - even.im }.store(&mut spectrum[mirror]);
}

/// One column of the matrix of samples, weighted.
struct Taps<'a> {
    tile: &'a [f32],
    taps: &'a [[Tap; 2]],
}

impl<V: Vector> Source<V> for Taps<'_> {
    #[inline(always)]
    fn take(&self, index: usize) -> Complex<V> {
        let [even, odd] = self.taps[index];
        Complex { re: self.sample(even), im: self.sample(odd) }
    }
}

impl Taps<'_> {
    #[inline(always)]
    fn sample<V: Vector>(&self, tap: Tap) -> V {
        let at = tap.at as usize;
        match self.tile.get(at..).and_then(<[f32]>::first_chunk::<LANES>) {
            Some(values) => V::load(values) * V::splat(tap.weight),
            None => V::splat(0.0),
        }
    }
}
