//! A sound as people look at it: the whole of it in a picture of a given size, whatever its length.

use super::{Colours, Picture, picture};
use crate::decibel::{DbRef, amplitude_to_db, power_to_db};
use crate::mel::{MelError, MelFrontEnd, MelSettings};
use crate::spectrum::{PadMode, Spectrogram, Stft, StftSettings};

/// Longest side of a portrait.
const MAX_SIDE: usize = 16_384;
/// Most pixels of a portrait.
const MAX_PIXELS: usize = 1 << 26;
/// Bands are as many as rows, up to this; more could not be told apart.
const MAX_MELS: usize = 256;
/// Up to so many bands a transform of 2048 samples tells the lowest apart.
const FEW_MELS: usize = 128;
/// Power below it counts as it, and so does its root for magnitudes.
const AMIN: f32 = 1e-10;
/// Decibels from the loudest to the darkest colour.
const RANGE_DB: f32 = 80.0;

/// What is drawn over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spectrum {
    /// Mel bands: as ears tell pitches apart.
    Mel,
    /// Frequencies from 0 Hz to half the rate, evenly.
    Stft,
}

/// How a sound is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortraitSettings {
    /// What is drawn.
    pub spectrum: Spectrum,
    /// Rows: 1 to 16384.
    pub height: usize,
    /// Columns: 1 to 16384, and at most 2^26 pixels in all.
    pub width: usize,
    /// In which colours.
    pub colours: Colours,
}

/// Why a sound could not be drawn. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortraitError {
    /// The picture would be too small or too large.
    #[error(
        "draw a picture of {height} rows by {width} columns: each from 1 to {MAX_SIDE}, and {MAX_PIXELS} pixels at most"
    )]
    Size {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// The sound cannot be transformed.
    #[error(transparent)]
    Transform(#[from] MelError),
}

/// Draws `samples`, which are at `rate` Hz, in decibels below the loudest, down to 80. The hop is chosen so that there is a
/// frame for each column: a long sound is sampled, not squeezed, so that time and memory depend on the picture alone.
///
/// # Errors
///
/// See [`PortraitError`]; a sound without samples is one.
pub fn portrait(samples: &[f32], rate: u32, settings: &PortraitSettings) -> Result<Picture, PortraitError> {
    let PortraitSettings { spectrum, height, width, colours } = *settings;
    let sides = 1..=MAX_SIDE;
    if !sides.contains(&height) || !sides.contains(&width) || height * width > MAX_PIXELS {
        return Err(PortraitError::Size { height, width });
    }
    let hop = (samples.len() / width).max(1);
    let decibels = match spectrum {
        Spectrum::Mel => {
            let mels = height.min(MAX_MELS);
            let n_fft = if mels <= FEW_MELS { 2048 } else { 4096 };
            let settings = MelSettings::librosa(rate, n_fft, hop, mels, PadMode::Reflect);
            let mut power = MelFrontEnd::new(settings)?.power(samples)?;
            power_to_db(&mut power, DbRef::Max, AMIN, Some(RANGE_DB));
            power
        }
        Spectrum::Stft => {
            let settings = StftSettings { n_fft: 2048, win_length: 2048, hop, pad: PadMode::Reflect };
            let mut magnitudes =
                Stft::new(settings).and_then(|mut plan| plan.magnitude(samples)).map_err(MelError::Stft)?;
            amplitude_to_db(&mut magnitudes, DbRef::Max, AMIN.sqrt(), Some(RANGE_DB));
            loudest_of_rows(&magnitudes, height)
        }
    };
    Ok(picture(&decibels, height, width, colours))
}

/// With at most `rows` bands, each the loudest of those that share its row: a tone is narrower than a row, and must not fall
/// between two.
fn loudest_of_rows(spectrogram: &Spectrogram, rows: usize) -> Spectrogram {
    let Spectrogram { bands, frames, .. } = *spectrogram;
    let rows = rows.min(bands);
    let mut result = Spectrogram { bands: rows, frames, data: vec![f32::NEG_INFINITY; rows * frames] };
    for (row, loudest) in result.data.chunks_exact_mut(frames.max(1)).enumerate() {
        for band in row * bands / rows..(row + 1) * bands / rows {
            loudest.iter_mut().zip(spectrogram.band(band)).for_each(|(loudest, value)| *loudest = loudest.max(*value));
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::StftError;

    fn settings(spectrum: Spectrum, height: usize, width: usize) -> PortraitSettings {
        PortraitSettings { spectrum, height, width, colours: Colours::Grey }
    }

    /// A tone of `hertz` at 8000 Hz that begins in the middle of the sound.
    fn tone(hertz: f32, samples: usize) -> Vec<f32> {
        let at = |index: usize| (index as f32 * hertz * std::f32::consts::TAU / 8000.0).sin();
        (0..samples).map(|index| if index < samples / 2 { 0.0 } else { 0.5 * at(index) }).collect()
    }

    #[test]
    fn a_tone_is_a_line_at_its_height_in_its_half() {
        for samples in [20_000, 200_000] {
            let drawn = portrait(&tone(1000.0, samples), 8000, &settings(Spectrum::Stft, 100, 60)).expect("drawn");
            assert_eq!((drawn.height, drawn.width), (100, 60));
            let row = |x: usize| {
                let column = |y: &usize| (drawn.data[y * 60 + x] * 1e6) as u32;
                (0..100).max_by_key(column).expect("there are rows")
            };
            // 1000 of 4000 Hz is a quarter of the height, from below.
            assert!((74..=75).contains(&row(50)), "{}", row(50));
            assert!(drawn.data[60 * 74 + 50] > 0.9 && drawn.data[60 * 74 + 10] == 0.0);
        }
        let low = portrait(&tone(200.0, 20_000), 8000, &settings(Spectrum::Mel, 64, 30)).expect("drawn");
        let high = portrait(&tone(2000.0, 20_000), 8000, &settings(Spectrum::Mel, 64, 30)).expect("drawn");
        let centre = |picture: &Picture| {
            let light: Vec<f32> = (0..64).map(|y| picture.data[y * 30 + 25]).collect();
            light.iter().enumerate().map(|(y, v)| y as f32 * v * v).sum::<f32>()
                / light.iter().map(|v| v * v).sum::<f32>()
        };
        assert!(centre(&low) > centre(&high) + 20.0);
    }

    #[test]
    fn every_size_and_length_is_drawn_or_refused() {
        for (height, width) in [(0, 1), (1, 0), (MAX_SIDE + 1, 1), (MAX_SIDE, MAX_SIDE), (usize::MAX, usize::MAX)] {
            let refused = portrait(&[0.5], 8000, &settings(Spectrum::Mel, height, width));
            assert!(matches!(refused, Err(PortraitError::Size { .. })), "{height} {width}");
        }
        for spectrum in [Spectrum::Mel, Spectrum::Stft] {
            for length in [1, 2, 3000] {
                let drawn = portrait(&vec![0.25; length], 8000, &settings(spectrum, 300, 17)).expect("drawn");
                assert_eq!(drawn.data.len(), 300 * 17);
            }
            let empty = portrait(&[], 8000, &settings(spectrum, 4, 4));
            assert!(matches!(empty, Err(PortraitError::Transform(MelError::Stft(StftError::NoSamples)))));
        }
    }
}
