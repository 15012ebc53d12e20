//! How far peaks stand above valleys, octave by octave.

use super::{
    FeatureError,
    shape::{bin_hertz, n_fft},
};
use crate::{
    decibel::{DbRef, power_to_db},
    spectrum::Spectrogram,
};
use std::ops::Range;

/// Upper edge of the lowest band; the others are octaves above it.
const FMIN: f64 = 200.0;

/// Octaves above the lowest band; the last one takes all that is left.
const OCTAVES: usize = 6;

/// Peaks and valleys are means over this share of a band's bins.
const QUANTILE: f64 = 0.02;

/// The spectral contrast (Jiang and others, 2002) of a spectrogram of magnitudes: 7 bands (0 to 200 Hz, five octaves from
/// there on, and the rest) by frames. Each value is the mean of the band's strongest 2 % of bins (at least one) less that of
/// its weakest, each taken as if it were power, in dB, and at most 80 dB below the loudest of its kind.
///
/// # Errors
///
/// [`FeatureError::EmptyBand`] if a band has no bins: at 22050 Hz `n_fft` 128 and more have all of them, at 12800 Hz and
/// below nothing has.
pub fn spectral_contrast(magnitude: &Spectrogram, sample_rate: u32) -> Result<Spectrogram, FeatureError> {
    let frames = magnitude.frames;
    let mut peaks = Spectrogram::zeros(OCTAVES + 1, frames);
    let mut valleys = peaks.clone();
    let mut bins = Vec::with_capacity(magnitude.bands);
    for band in 0..=OCTAVES {
        let (range, extremes) = band_bins(magnitude, sample_rate, band)?;
        for frame in 0..frames {
            bins.clear();
            bins.extend(range.clone().filter_map(|bin| magnitude.band(bin).get(frame)));
            let at = band * frames + frame;
            if let (Some(peak), Some(valley)) = (peaks.data.get_mut(at), valleys.data.get_mut(at)) {
                (*valley, *peak) = weakest_and_strongest(&mut bins, extremes);
            }
        }
    }
    power_to_db(&mut peaks, DbRef::One, 1e-10, Some(80.0));
    power_to_db(&mut valleys, DbRef::One, 1e-10, Some(80.0));
    for (peak, valley) in peaks.data.iter_mut().zip(&valleys.data) {
        *peak -= valley;
    }
    Ok(peaks)
}

/// The bins of a band, and how many of them count as peaks and as valleys. A band starts one bin below its lower edge;
/// every band but the last leaves out its highest bin, which the next one starts with.
fn band_bins(magnitude: &Spectrogram, sample_rate: u32, band: usize) -> Result<(Range<usize>, usize), FeatureError> {
    let hertz = bin_hertz(magnitude, sample_rate);
    let low = if band == 0 { 0.0 } else { FMIN * 2f64.powi(band as i32 - 1) };
    let high = FMIN * 2f64.powi(band as i32);
    let inside = |bin: &usize| (low..=high).contains(&(hertz * *bin as f64));
    let first = (0..magnitude.bands).find(inside);
    let last = (0..magnitude.bands).rev().find(inside);
    let (Some(first), Some(last), true) = (first, last, low < f64::from(sample_rate) / 2.0) else {
        return Err(FeatureError::EmptyBand { low, sample_rate, n_fft: n_fft(magnitude) });
    };
    let first = if band == 0 { first } else { first.saturating_sub(1) };
    let end = if band == OCTAVES { magnitude.bands } else { last + 1 };
    let extremes = (QUANTILE * (end - first) as f64).round_ties_even().max(1.0) as usize;
    Ok((first..if band == OCTAVES { end } else { end - 1 }, extremes))
}

/// The means of the `count` weakest and of the `count` strongest values, which are reordered; of none, zeros.
fn weakest_and_strongest(values: &mut [f32], count: usize) -> (f32, f32) {
    let count = count.min(values.len());
    let Some(last) = count.checked_sub(1) else { return (0.0, 0.0) };
    let mean = |values: &[f32]| (values.iter().map(|value| f64::from(*value)).sum::<f64>() / count as f64) as f32;
    values.select_nth_unstable_by(last, f32::total_cmp);
    let weakest = mean(values.get(..count).unwrap_or_default());
    let rest = values.len() - count;
    values.select_nth_unstable_by(rest, f32::total_cmp);
    (weakest, mean(values.get(rest..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_octaves() {
        let magnitude = Spectrogram::zeros(1025, 1);
        let bins: Vec<_> = (0..=OCTAVES).map(|band| band_bins(&magnitude, 22_050, band).expect("legal")).collect();
        // 10.77 Hz a bin: 200 Hz lie between bins 18 and 19.
        assert_eq!(bins[0], (0..18, 1));
        assert_eq!(bins[1], (18..37, 1));
        assert_eq!(bins[6], (594..1025, 9));
    }

    #[test]
    fn extremes_are_means_of_the_ends() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(weakest_and_strongest(&mut values, 2), (1.5, 4.5));
        assert_eq!(weakest_and_strongest(&mut values, 9), (3.0, 3.0));
        assert_eq!(weakest_and_strongest(&mut [], 1), (0.0, 0.0));
    }

    #[test]
    fn a_flat_spectrum_has_no_contrast() {
        let magnitude = Spectrogram { bands: 1025, frames: 2, data: vec![0.5; 2050] };
        assert_eq!(spectral_contrast(&magnitude, 22_050).expect("legal").data, [0.0; 14]);
    }

    #[test]
    fn bands_without_bins_are_errors() {
        for (bands, rate) in [(1025, 8000), (1025, 12_800), (9, 22_050), (0, 22_050)] {
            let seen = spectral_contrast(&Spectrogram::zeros(bands, 1), rate);
            assert!(matches!(seen, Err(FeatureError::EmptyBand { .. })), "{bands} {rate}");
        }
        assert!(spectral_contrast(&Spectrogram::zeros(65, 1), 22_050).is_ok());
    }
}
