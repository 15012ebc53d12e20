//! Weighted sums of bands: what mel filters, chroma filters and cosine transforms are. Knows nothing of their weights.

use crate::spectrum::Spectrogram;

/// Frames that are worked on together: what they need of each band stays in the nearest cache.
const BLOCK: usize = 128;

/// A matrix of weights, rows by bands, kept band by band without its zeros.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bank {
    rows: usize,
    /// Per band: how many of the entries are its own.
    counts: Vec<usize>,
    /// Row and weight, in order of bands.
    entries: Vec<(usize, f32)>,
}

impl Bank {
    /// From a matrix of `rows` by bands, row-major.
    pub(super) fn new(rows: usize, matrix: &[f32]) -> Self {
        let bands = matrix.len().checked_div(rows).unwrap_or(0);
        let mut bank = Self { rows, counts: Vec::with_capacity(bands), entries: Vec::new() };
        for band in 0..bands {
            let column = matrix.iter().skip(band).step_by(bands).copied().enumerate();
            let before = bank.entries.len();
            bank.entries.extend(column.filter(|(_, weight)| *weight != 0.0));
            bank.counts.push(bank.entries.len() - before);
        }
        bank
    }

    /// The weighted sums of every frame: rows by frames. Bands that one side has and the other lacks are left out.
    pub(super) fn apply(&self, input: &Spectrogram) -> Spectrogram {
        let frames = input.frames;
        let mut sums = Spectrogram::zeros(self.rows, frames);
        for start in (0..frames).step_by(BLOCK) {
            let count = BLOCK.min(frames - start);
            let mut entries = self.entries.iter();
            for (band, own) in self.counts.iter().enumerate() {
                let seen = input.band(band).get(start..start + count).unwrap_or_default();
                for (row, weight) in entries.by_ref().take(*own) {
                    let at = row * frames + start;
                    let row = sums.data.get_mut(at..at + count).unwrap_or_default();
                    for (sum, value) in row.iter_mut().zip(seen) {
                        *sum += weight * value;
                    }
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_matrix_product() {
        let (rows, bands, frames) = (3, 5, 2 * BLOCK + 7);
        let matrix: Vec<f32> = (0..rows * bands).map(|i| if i % 3 == 0 { 0.0 } else { i as f32 }).collect();
        let input = Spectrogram { bands, frames, data: (0..bands * frames).map(|i| (i % 11) as f32).collect() };
        let sums = Bank::new(rows, &matrix).apply(&input);
        assert_eq!((sums.bands, sums.frames), (rows, frames));
        for row in 0..rows {
            for frame in 0..frames {
                let expected: f32 = (0..bands).map(|band| matrix[row * bands + band] * input.band(band)[frame]).sum();
                assert_eq!(sums.band(row)[frame], expected);
            }
        }
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert!(Bank::new(3, &[1.0; 12]).apply(&Spectrogram::zeros(4, 0)).data.is_empty());
        assert!(Bank::new(0, &[]).apply(&Spectrogram::zeros(4, 9)).data.is_empty());
        assert_eq!(Bank::new(2, &[1.0; 8]).apply(&Spectrogram::zeros(0, 3)).data, [0.0; 6]);
    }
}
