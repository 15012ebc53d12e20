//! What share of each value of a spectrum belongs to one part.

use super::{
    Part,
    lanes::{WIDTH, load},
    median::{BLOCK, REACH, WINDOW, medians},
};
use crate::{
    lanes::{Kernel, Vector},
    tile::{SIDE, Tile, turned},
};

const _: () = assert!(SIDE == BLOCK && SIDE.is_multiple_of(WIDTH));

/// [`SIDE`] neighbouring bins: their magnitudes and what surrounds them, and their values, all frames of the first bin
/// and then all of the next. The last stripe may have fewer bins, and none has to fill its last tile.
pub(super) struct Stripe<'a> {
    /// Rows of the plane, from [`REACH`] above the first bin on.
    pub(super) plane: &'a [f32],
    pub(super) stride: usize,
    pub(super) frames: usize,
    pub(super) re: &'a mut [f32],
    pub(super) im: &'a mut [f32],
    /// What is to be left alone in the values.
    pub(super) part: Part,
    /// For scratch.
    pub(super) columns: &'a mut Vec<[f32; SIDE]>,
}

impl Kernel for Stripe<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { plane, stride, frames, re, im, part, columns } = self;
        columns.clear();
        for start in (0..frames.next_multiple_of(SIDE) + 2 * REACH).step_by(SIDE) {
            let mut rows = Tile::default();
            for (row, line) in rows.iter_mut().zip(plane.chunks(stride).skip(REACH)) {
                *row = *line[start..].first_chunk().expect("the plane has whole tiles");
            }
            columns.extend_from_slice(&turned::<V>(&rows));
        }
        for start in (0..frames).step_by(SIDE) {
            let mut along_time = Tile::default();
            let mut along_frequency = Tile::default();
            let seen = &columns[start..start + SIDE + WINDOW - 1];
            let above = &plane[REACH + start..];
            for lanes in (0..SIDE).step_by(WIDTH) {
                medians(|i| load(&seen[i][lanes..]), |i, m| along_time[i][lanes..lanes + WIDTH].copy_from_slice(&m));
                medians(
                    |i| load(&above[i * stride + lanes..]),
                    |i, m| along_frequency[i][lanes..lanes + WIDTH].copy_from_slice(&m),
                );
            }
            let shares = shares(part, &turned::<V>(&along_time), &along_frequency);
            let end = (start + SIDE).min(frames);
            let rows = re.chunks_exact_mut(frames).zip(im.chunks_exact_mut(frames));
            for ((re, im), shares) in rows.zip(&shares) {
                for ((re, im), share) in re[start..end].iter_mut().zip(&mut im[start..end]).zip(shares) {
                    *re *= share;
                    *im *= share;
                }
            }
        }
    }
}

/// The soft masks of power 2 of librosa: `h^2 / (h^2 + p^2)` for the harmonic part, of which `h` are the medians along
/// time, `p` those along frequency. Where there is neither, each part has half.
#[inline(always)]
fn shares(part: Part, along_time: &Tile, along_frequency: &Tile) -> Tile {
    let (own, other) = match part {
        Part::Harmonic => (along_time, along_frequency),
        Part::Percussive => (along_frequency, along_time),
    };
    let mut shares = Tile::default();
    for ((shares, own), other) in shares.iter_mut().zip(own).zip(other) {
        for frame in 0..SIDE {
            shares[frame] = share(own[frame], other[frame]);
        }
    }
    shares
}

#[inline(always)]
fn share(own: f32, other: f32) -> f32 {
    // By the smaller over the larger, so that no square leaves the range of numbers.
    let (large, small) = if own > other { (own, other) } else { (other, own) };
    let ratio = small / large;
    let square = ratio * ratio;
    let larger = 1.0 / (1.0 + square);
    let share = if own > other { larger } else { square * larger };
    if large < f32::MIN_POSITIVE { 0.5 } else { share }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_soft_and_sum_to_one() {
        assert_eq!(share(0.0, 0.0), 0.5);
        assert_eq!(share(1e-45, 0.0), 0.5);
        for scale in [1e-30, 1.0, 1e30] {
            assert_eq!(share(scale, 0.0), 1.0);
            assert_eq!(share(0.0, scale), 0.0);
            assert_eq!(share(scale, scale), 0.5);
            for (own, other) in [(3.0, 4.0), (1.0, 7.0), (5.0, 0.125)] {
                let exact = own * own / (own * own + other * other);
                assert!((share(own * scale, other * scale) - exact).abs() < 2e-7, "{own} {other} {scale}");
                assert!((share(own, other) + share(other, own) - 1.0f32).abs() < 2e-7, "{own} {other}");
            }
        }
    }
}
