//! Adds up frames where they overlap: [`tile`](super::tile) undone.
//!
//! Every sample of the clip gets its frames' values in order of time, whichever eight of them come together.

use super::{complex::Cell, tile::Layout};
use crate::lanes::{Kernel, LANES, Row, Vector};

/// The sums of which some frames are still to come.
#[derive(Clone, Debug)]
pub(crate) struct Overlap {
    layout: Layout,
    sums: Vec<f32>,
    /// Where each sample of a frame is added and what it is weighted with, last sample first: of the samples that meet
    /// in one place, the later in its frame belongs to the earlier frame.
    taps: Vec<(usize, f32)>,
    /// The finished pieces, one after the other.
    pieces: Vec<f32>,
}

impl Overlap {
    /// For frames as long as `window`, `hop` samples apart.
    pub(crate) fn new(window: &[f32], hop: usize) -> Self {
        let layout = Layout::new(window.len(), hop);
        let tap = |(sample, weight): (usize, &f32)| (layout.place(sample), *weight);
        Self {
            taps: window.iter().enumerate().map(tap).rev().collect(),
            sums: vec![0.0; layout.rows * layout.width],
            pieces: vec![0.0; layout.rows * LANES],
            layout,
        }
    }

    /// Forgets what was added.
    pub(crate) fn clear(&mut self) {
        self.sums.fill(0.0);
    }

    /// Adds the next eight frames, laid out as [`Inverse::kernel`](super::Inverse::kernel) leaves them.
    pub(crate) fn add<'a>(&'a mut self, frames: &'a [Cell]) -> impl Kernel + use<'a> {
        Add { overlap: self, frames }
    }

    /// Takes out what no later frame reaches: the pieces that begin where the last eight frames began. Each is `hop`
    /// samples long, or as long as a frame if that is less.
    pub(crate) fn take(&mut self) -> impl Kernel + use<'_> {
        Take { overlap: self }
    }

    /// The pieces taken out last.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[f32]> {
        self.pieces.chunks_exact(self.layout.rows)
    }

    /// How many times eight pieces the frames of one [`add`](Self::add) reach over.
    pub(crate) fn reach(&self) -> usize {
        self.layout.width / LANES
    }
}

struct Add<'a> {
    overlap: &'a mut Overlap,
    frames: &'a [Cell],
}

impl Kernel for Add<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Overlap { layout, sums, taps, .. } = self.overlap;
        let half = layout.frame / 2;
        let cells = self.frames.iter().take(half).rev();
        for (cell, [later, earlier]) in cells.zip(taps.as_chunks().0) {
            add::<V>(sums, *later, &cell.im);
            add::<V>(sums, *earlier, &cell.re);
        }
    }
}

#[inline(always)]
fn add<V: Vector>(sums: &mut [f32], (at, weight): (usize, f32), values: &Row) {
    if let Some(sums) = sums.get_mut(at..).and_then(<[f32]>::first_chunk_mut::<LANES>) {
        (V::load(sums) + V::load(&values.0) * V::splat(weight)).store(sums);
    }
}

struct Take<'a> {
    overlap: &'a mut Overlap,
}

impl Kernel for Take<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Overlap { layout: Layout { rows, width, .. }, sums, pieces, .. } = self.overlap;
        let whole = *rows / LANES * LANES;
        for (row, sums) in sums.chunks_exact(*width * LANES).enumerate() {
            let mut square = [V::splat(0.0); LANES];
            for (vector, from) in square.iter_mut().zip(sums.chunks_exact(*width)) {
                if let Some(from) = from.first_chunk() {
                    *vector = V::load(from);
                }
            }
            for (vector, piece) in V::transpose(square).iter().zip(pieces.chunks_exact_mut(*rows)) {
                if let Some(to) = piece.get_mut(row * LANES..).and_then(<[f32]>::first_chunk_mut) {
                    vector.store(to);
                }
            }
        }
        for (row, sums) in sums.chunks_exact(*width).enumerate().skip(whole) {
            for (value, piece) in sums.iter().zip(pieces.chunks_exact_mut(*rows)) {
                if let Some(to) = piece.get_mut(row) {
                    *to = *value;
                }
            }
        }
        for sums in sums.chunks_exact_mut(*width) {
            sums.copy_within(LANES.., 0);
            if let Some(last) = sums.last_chunk_mut::<LANES>() {
                *last = [0.0; LANES];
            }
        }
    }
}
