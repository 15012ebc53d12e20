//! The samples of eight neighbouring frames, laid out so that one sample of all frames is one vector.
//!
//! Sample `s` of frame `f` is sample `f * hop + s` of the clip: with `s = q * hop + r` it is sample `r` of the clip's
//! `(f + q)`-th piece of `hop` samples. The tile holds pieces as columns, so the eight frames' samples are neighbours in
//! row `r`, from column `q` on, and what overlapping frames share lies there once.

use crate::{
    lanes::{Kernel, LANES, Vector},
    spectrum::{PadMode, StftSettings},
};

/// How pieces lie in a matrix, row-major.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Samples of a frame.
    pub(super) frame: usize,
    hop: usize,
    /// Samples of a piece that any frame has a use for.
    pub(super) rows: usize,
    /// Pieces, a multiple of eight.
    pub(super) width: usize,
}

impl Layout {
    pub(super) fn new(frame: usize, hop: usize) -> Self {
        let width = (LANES - 1 + frame.div_ceil(hop)).next_multiple_of(LANES);
        Self { frame, hop, rows: hop.min(frame), width }
    }

    /// Where the first frame has its `sample`; the other frames' follow.
    pub(super) fn place(&self, sample: usize) -> usize {
        sample % self.hop * self.width + sample / self.hop
    }
}

/// The pieces that eight frames consist of.
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    layout: Layout,
    values: Vec<f32>,
    /// Pieces that reach beyond the clip, or are cut short by its ends.
    padded: Vec<f32>,
}

impl Tile {
    /// A tile for frames of these settings.
    pub(crate) fn new(settings: &StftSettings) -> Self {
        let layout = Layout::new(settings.n_fft, settings.hop);
        let Layout { rows, width, .. } = layout;
        Self { layout, values: vec![0.0; rows * width], padded: vec![0.0; rows * LANES] }
    }

    /// All rows.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Where the first frame has its `sample`; the other frames' follow.
    pub(super) fn place(&self, sample: usize) -> usize {
        self.layout.place(sample)
    }

    /// Fills the tile with the pieces of the clip from sample `start` on.
    pub(crate) fn kernel<'a>(&'a mut self, samples: &'a [f32], start: isize, pad: PadMode) -> impl Kernel + use<'a> {
        Fill { tile: self, samples, start, pad }
    }
}

struct Fill<'a> {
    tile: &'a mut Tile,
    samples: &'a [f32],
    start: isize,
    pad: PadMode,
}

impl Kernel for Fill<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { tile, samples, start, pad } = self;
        let Tile { layout: Layout { hop, rows, width, .. }, values, padded } = tile;
        for column in (0..*width).step_by(LANES) {
            let mut pieces = [[].as_slice(); LANES];
            for ((lane, piece), padded) in pieces.iter_mut().enumerate().zip(padded.chunks_exact_mut(*rows)) {
                let start = start.saturating_add_unsigned((column + lane).saturating_mul(*hop));
                let inner = usize::try_from(start).ok().and_then(|start| samples.get(start..)?.get(..*rows));
                *piece = inner.unwrap_or_else(|| {
                    pad.fill(padded, samples, start);
                    padded
                });
            }
            let whole = *rows / LANES * LANES;
            for (row, to) in values.chunks_exact_mut(*width * LANES).enumerate() {
                let mut square = [V::splat(0.0); LANES];
                for (vector, piece) in square.iter_mut().zip(pieces) {
                    if let Some(values) = piece.get(row * LANES..).and_then(<[f32]>::first_chunk) {
                        *vector = V::load(values);
                    }
                }
                for (vector, to) in V::transpose(square).iter().zip(to.chunks_exact_mut(*width)) {
                    if let Some(to) = to.get_mut(column..).and_then(<[f32]>::first_chunk_mut) {
                        vector.store(to);
                    }
                }
            }
            for (row, to) in values.chunks_exact_mut(*width).enumerate().skip(whole) {
                for (value, piece) in to.iter_mut().skip(column).zip(pieces) {
                    *value = piece.get(row).copied().unwrap_or_default();
                }
            }
        }
    }
}
