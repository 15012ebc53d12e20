//! Magnitudes with mirrored margins, so that no window need know where the matrix ends.

use super::median::REACH;
use crate::{spectrum::Spectra, tile::SIDE};

/// Magnitudes of a clip. Around the matrix, which is rounded up to whole tiles, lie [`REACH`] rows and columns more on
/// every side, all mirrored: at an edge the sequence turns round and begins with the edge once more.
#[derive(Clone, Debug, Default)]
pub(super) struct Plane {
    /// From one row to the next.
    pub(super) stride: usize,
    /// Row `REACH + bin`, column `REACH + frame`.
    pub(super) data: Vec<f32>,
}

impl Plane {
    /// Takes the magnitudes of `spectra`, which has a bin and a frame at least. What was there before is forgotten.
    pub(super) fn fill(&mut self, spectra: &Spectra) {
        let Spectra { bins, frames, .. } = *spectra;
        let rows = bins.next_multiple_of(SIDE) + 2 * REACH;
        let columns = frames.next_multiple_of(SIDE) + 2 * REACH;
        // An odd number of cache lines: rows below each other do not compete for one place in the cache.
        self.stride = (columns.next_multiple_of(2 * SIDE)) + SIDE;
        let stride = self.stride;
        self.data.resize(rows * stride, 0.0);
        let re = spectra.re.chunks_exact(frames);
        let im = spectra.im.chunks_exact(frames);
        for ((row, re), im) in self.data.chunks_exact_mut(stride).skip(REACH).zip(re).zip(im) {
            for ((magnitude, re), im) in row[REACH..REACH + frames].iter_mut().zip(re).zip(im) {
                *magnitude = (re * re + im * im).sqrt();
            }
            for column in (0..REACH).chain(REACH + frames..columns) {
                row[column] = row[REACH + mirrored(column, frames)];
            }
        }
        for row in (0..REACH).chain(REACH + bins..rows) {
            let from = (REACH + mirrored(row, bins)) * stride;
            self.data.copy_within(from..from + stride, row * stride);
        }
    }
}

/// Which of `count` places shows at `at`, of which the first `REACH` lie before them.
fn mirrored(at: usize, count: usize) -> usize {
    let within = (at as isize - REACH as isize).rem_euclid(2 * count as isize) as usize;
    within.min(2 * count - 1 - within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_mirror_and_repeat_the_edge() {
        let seen = |count: usize, places: std::ops::Range<usize>| -> Vec<usize> {
            places.map(|at| mirrored(at, count)).collect()
        };
        assert_eq!(seen(20, 0..18), [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 1, 2]);
        assert_eq!(seen(20, 32..38), [17, 18, 19, 19, 18, 17]);
        assert_eq!(seen(2, 11..20), [0, 1, 1, 0, 0, 1, 1, 0, 0]);
        assert_eq!(seen(1, 0..50), [0; 50]);
    }
}
