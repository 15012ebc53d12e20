//! From the spectra of eight real frames back to their samples: [`forward`](super::forward) undone, one frame a lane.

use super::{
    complex::{Cell, Complex, Turn},
    matrix::Matrix,
    small::LONGEST,
};
use crate::lanes::{Kernel, Vector};

/// The plan and its buffers.
#[derive(Clone, Debug)]
pub(crate) struct Inverse {
    matrix: Matrix,
    /// The turn of the odd samples at each frequency up to a quarter of the rate.
    odd: Vec<Turn>,
    line: [Cell; LONGEST],
}

impl Inverse {
    /// A plan for frames of so many samples; none for lengths that are not a power of two from 128 to 8192.
    pub(crate) fn new(samples: usize) -> Option<Self> {
        let matrix = Matrix::new(samples / 2).filter(|_| samples.is_multiple_of(2))?;
        Some(Self {
            matrix,
            odd: (0..=samples / 4).map(|k| Turn::new(k, samples)).collect(),
            line: [Cell::default(); LONGEST],
        })
    }

    /// Turns `n / 2 + 1` bins into samples times `n`: cell `i` holds sample `2 i` as its real and sample `2 i + 1` as its
    /// imaginary part, and the last cell nothing. The imaginary parts of the first and the last bin are passed over.
    pub(crate) fn kernel<'a>(&'a mut self, spectrum: &'a mut [Cell]) -> impl Kernel + use<'a> {
        Run { plan: self, spectrum }
    }
}

struct Run<'a> {
    plan: &'a mut Inverse,
    spectrum: &'a mut [Cell],
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { plan: Inverse { matrix, odd, line }, spectrum } = self;
        let (rows, columns) = (matrix.rows(), matrix.columns());
        let half = rows * columns;
        if let [first, .., last] = spectrum {
            let (low, high) = (V::load(&first.re.0), V::load(&last.re.0));
            Complex { re: low + high, im: low - high }.store(first);
        }
        for (k, turn) in odd.iter().enumerate().skip(1) {
            part::<V>(spectrum, k, half - k, *turn);
        }
        // With real and imaginary parts changed about, before and after, the transform runs backwards.
        for column in 0..columns {
            let cells = spectrum.iter().take(half).skip(column).step_by(columns);
            line.iter_mut().zip(cells).for_each(|(to, cell)| *to = Cell { re: cell.im, im: cell.re });
            matrix.take_line::<V>(column, line);
        }
        for row in 0..rows {
            matrix.give_row::<V>(row, line);
            let cells = spectrum.iter_mut().take(half).skip(row).step_by(rows);
            cells.zip(line.iter()).for_each(|(to, cell)| *to = Cell { re: cell.im, im: cell.re });
        }
    }
}

/// The complex transform at `k` and at its mirror, from the real frame's spectrum there: twice what even samples have plus
/// `i` times twice what odd ones have.
#[inline(always)]
fn part<V: Vector>(spectrum: &mut [Cell], k: usize, mirror: usize, turn: Turn) {
    let (low, high) = (Complex::<V>::load(&spectrum[k]), Complex::<V>::load(&spectrum[mirror]));
    let even = Complex { re: low.re + high.re, im: low.im - high.im };
    let odd = Complex { re: low.re - high.re, im: low.im + high.im }.times_conjugate(turn);
    Complex { re: even.re - odd.im, im: even.im + odd.re }.store(&mut spectrum[k]);
    Complex { re: even.re + odd.im, im: odd.re - even.im }.store(&mut spectrum[mirror]);
}
