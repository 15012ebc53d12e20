//! Triangular mel filters, kept without their zeros.

use super::{MelError, MelSettings};
use crate::lanes::{Row, Vector};

/// A bank of triangular filters over the bins of a spectrum.
#[derive(Clone, Debug, PartialEq)]
pub struct MelFilters {
    bins: usize,
    filters: Vec<Filter>,
    weights: Vec<f32>,
}

/// One filter: its weights, and the bin that the first of them belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Filter {
    first_bin: usize,
    first_weight: usize,
    length: usize,
}

impl MelFilters {
    /// Builds the bank. Band `m` rises from edge `m` to edge `m + 1` and falls to edge `m + 2`, the `mels + 2` edges being
    /// equally spaced in mels from `fmin` to `fmax`.
    ///
    /// # Errors
    ///
    /// What [`MelSettings::check`] says.
    pub fn new(settings: &MelSettings) -> Result<Self, MelError> {
        settings.check()?;
        let scale = settings.scale;
        let (low, high) = (scale.mels(settings.fmin), scale.mels(settings.fmax));
        let step = (high - low) / (settings.mels + 1) as f64;
        let edge = |index: usize| scale.hertz(low + step * index as f64);
        let bins = settings.n_fft / 2 + 1;
        let bin_hertz = f64::from(settings.sample_rate) / settings.n_fft as f64;

        let mut bank = Self { bins, filters: Vec::with_capacity(settings.mels), weights: Vec::new() };
        for band in 0..settings.mels {
            let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
            let area = if settings.norm { 2.0 / (right - left) } else { 1.0 };
            let first_weight = bank.weights.len();
            let first_bin = ((left / bin_hertz).floor() as usize).min(bins);
            let last_bin = ((right / bin_hertz).ceil() as usize).min(bins - 1);
            let mut filter = Filter { first_bin, first_weight, length: 0 };
            for bin in first_bin..=last_bin {
                let hertz = bin_hertz * bin as f64;
                let rise = (hertz - left) / (centre - left);
                let fall = (right - hertz) / (right - centre);
                let weight = (area * rise.min(fall).max(0.0)) as f32;
                if weight > 0.0 {
                    bank.weights.push(weight);
                    filter.length += 1;
                } else if filter.length == 0 {
                    filter.first_bin = bin + 1;
                }
            }
            bank.filters.push(filter);
        }
        Ok(bank)
    }

    /// Number of filters.
    pub fn bands(&self) -> usize {
        self.filters.len()
    }

    /// The whole matrix, bands by bins, row-major, zeros included.
    pub fn dense(&self) -> Vec<f32> {
        let mut matrix = vec![0.0; self.bands() * self.bins];
        for (row, filter) in matrix.chunks_exact_mut(self.bins).zip(&self.filters) {
            let weights = self.weights(filter);
            for (value, weight) in row.iter_mut().skip(filter.first_bin).zip(weights) {
                *value = *weight;
            }
        }
        matrix
    }

    /// What one band sees of eight spectra of `n_fft / 2 + 1` bins. The order of additions is fixed.
    #[inline(always)]
    pub(super) fn band<V: Vector>(&self, band: usize, spectra: &[Row]) -> V {
        match self.filters.get(band) {
            Some(filter) => {
                let seen = spectra.get(filter.first_bin..filter.first_bin + filter.length).unwrap_or_default();
                weighted(seen, self.weights(filter))
            }
            None => V::splat(0.0),
        }
    }

    fn weights(&self, filter: &Filter) -> &[f32] {
        self.weights.get(filter.first_weight..filter.first_weight + filter.length).unwrap_or_default()
    }
}

#[inline(always)]
fn weighted<V: Vector>(seen: &[Row], weights: &[f32]) -> V {
    let none = V::splat(0.0);
    // Four strands, so that an addition need not wait for the last.
    let (mut a, mut b, mut c, mut d) = (none, none, none, none);
    let ((seen, seen_rest), (weights, weights_rest)) = (seen.as_chunks::<4>(), weights.as_chunks::<4>());
    for (seen, weights) in seen.iter().zip(weights) {
        a = a + V::load(&seen[0].0) * V::splat(weights[0]);
        b = b + V::load(&seen[1].0) * V::splat(weights[1]);
        c = c + V::load(&seen[2].0) * V::splat(weights[2]);
        d = d + V::load(&seen[3].0) * V::splat(weights[3]);
    }
    for (seen, weight) in seen_rest.iter().zip(weights_rest) {
        a = a + V::load(&seen.0) * V::splat(*weight);
    }
    (a + b) + (c + d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lanes::LANES, spectrum::PadMode};

    #[test]
    fn sparse_and_dense_agree() {
        for (n_fft, mels, fmin, fmax) in
            [(2048, 128, 0.0, 11_025.0), (64, 40, 0.0, 11_025.0), (512, 3, 300.0, 301.0), (2, 1, 0.0, 5.0)]
        {
            let settings = MelSettings { fmin, fmax, ..MelSettings::librosa(22_050, n_fft, 1, mels, PadMode::Zero) };
            let bank = MelFilters::new(&settings).expect("legal");
            let spectrum: Vec<f32> = (0..n_fft / 2 + 1).map(|bin| 1.0 + (bin % 7) as f32).collect();
            let rows: Vec<Row> = spectrum.iter().map(|value| Row([*value; LANES])).collect();
            let bands: Vec<f32> = (0..mels).map(|band| bank.band::<Row>(band, &rows).0[LANES - 1]).collect();
            assert_eq!(bank.bands(), mels);
            for (row, value) in bank.dense().chunks_exact(n_fft / 2 + 1).zip(bands) {
                let expected: f32 = row.iter().zip(&spectrum).map(|(a, b)| a * b).sum();
                assert!((value - expected).abs() <= 1e-5 * expected, "{value} is not {expected}");
            }
        }
    }

    #[test]
    fn bands_without_bins_are_empty() {
        let settings =
            MelSettings { fmin: 310.0, fmax: 311.0, ..MelSettings::librosa(22_050, 512, 1, 2, PadMode::Zero) };
        let bank = MelFilters::new(&settings).expect("legal");
        assert!(bank.dense().iter().all(|&weight| weight == 0.0));
    }
}
