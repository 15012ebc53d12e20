//! A spectrogram as a picture of fixed size: what networks made for photographs are given.

mod encode;
mod magma;
pub mod png;
mod portrait;

pub use encode::{EncodeError, encode_png};
pub use portrait::{PortraitError, PortraitSettings, Spectrum, portrait};

use crate::spectrum::Spectrogram;

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colours {
    /// One channel: 0 for the quietest value of the clip, 1 for the loudest.
    Grey,
    /// Three channels: red, green and blue of matplotlib's magma map, in steps of 1/255 as if the picture had been saved.
    Magma,
}

impl Colours {
    /// Channels of a picture in these colours.
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Magma => 3,
        }
    }
}

/// A picture of a clip.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// 1 or 3.
    pub channels: usize,
    /// Rows; the lowest frequencies are in the last.
    pub height: usize,
    /// Columns, in order of time.
    pub width: usize,
    /// `channels * height * width` values within 0 and 1, channel by channel, row by row.
    pub data: Vec<f32>,
}

/// Draws `db` as `specshow` does, low frequencies at the bottom, over the spectrogram's own range of values, and resizes
/// to `height` by `width` by taking the nearest value (the one whose cell holds the pixel's centre). A spectrogram without
/// range (constant, empty, or not finite) is drawn in the lowest colour.
pub fn picture(db: &Spectrogram, height: usize, width: usize, colours: Colours) -> Picture {
    let channels = colours.channels();
    let mut data = vec![0.0; channels * height * width];
    let lowest = db.data.iter().copied().fold(f32::INFINITY, f32::min);
    let range = db.data.iter().copied().fold(f32::NEG_INFINITY, f32::max) - lowest;
    let scale = if range.is_finite() && range > 0.0 { 1.0 / range } else { 0.0 };
    let columns: Vec<usize> = (0..width).map(|x| nearest(x, width, db.frames)).collect();
    for y in 0..height {
        let band = db.band(db.bands.saturating_sub(1 + nearest(y, height, db.bands)));
        for (x, &column) in columns.iter().enumerate() {
            let value = band.get(column).map_or(0.0, |value| if scale > 0.0 { (value - lowest) * scale } else { 0.0 });
            let value = value.clamp(0.0, 1.0);
            let pixel = data.iter_mut().skip(y * width + x).step_by((height * width).max(1));
            match colours {
                Colours::Grey => pixel.for_each(|channel| *channel = value),
                Colours::Magma => {
                    for (channel, colour) in pixel.zip(magma::colour(value)) {
                        *channel = f32::from(colour) / 255.0;
                    }
                }
            }
        }
    }
    Picture { channels, height, width, data }
}

/// The source cell, of `cells`, in which the centre of pixel `index`, of `pixels`, lies.
fn nearest(index: usize, pixels: usize, cells: usize) -> usize {
    ((2 * index + 1) * cells) / (2 * pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two bands, four frames; the upper band is the louder.
    fn grid() -> Spectrogram {
        Spectrogram { bands: 2, frames: 4, data: vec![-80.0, -70.0, -60.0, -50.0, -30.0, -20.0, -10.0, 0.0] }
    }

    #[test]
    fn low_frequencies_are_at_the_bottom() {
        let grey = picture(&grid(), 2, 4, Colours::Grey);
        assert_eq!((grey.channels, grey.height, grey.width), (1, 2, 4));
        assert_eq!(grey.data, [0.625, 0.75, 0.875, 1.0, 0.0, 0.125, 0.25, 0.375]);
    }

    #[test]
    fn resizing_takes_the_nearest_value() {
        let small = picture(&grid(), 1, 2, Colours::Grey);
        assert_eq!(small.data, [0.125, 0.375], "the centre of one row of two is the edge, which belongs to the next");
        let large = picture(&grid(), 4, 8, Colours::Grey);
        let row = [0.625, 0.625, 0.75, 0.75, 0.875, 0.875, 1.0, 1.0];
        assert_eq!(large.data[..8], row);
        assert_eq!(large.data[8..16], row);
        assert_eq!(large.data[24..], [0.0, 0.0, 0.125, 0.125, 0.25, 0.25, 0.375, 0.375]);
    }

    #[test]
    fn magma_has_three_planes_and_its_own_ends() {
        let drawn = picture(&grid(), 2, 4, Colours::Magma);
        assert_eq!((drawn.channels, drawn.data.len()), (3, 24));
        let pixel = |at: usize| [drawn.data[at], drawn.data[8 + at], drawn.data[16 + at]].map(|value| value * 255.0);
        assert_eq!(pixel(3), [251.0, 252.0, 191.0], "the loudest value");
        assert_eq!(pixel(4), [0.0, 0.0, 3.0], "the quietest");
    }

    #[test]
    fn what_has_no_range_is_drawn_in_the_lowest_colour() {
        for data in [vec![-80.0; 8], vec![f32::NAN; 8], vec![f32::INFINITY; 8]] {
            let flat = Spectrogram { data, ..grid() };
            assert!(picture(&flat, 3, 3, Colours::Grey).data.iter().all(|&value| value == 0.0));
        }
        let empty = Spectrogram::default();
        assert_eq!(picture(&empty, 1, 2, Colours::Grey).data, [0.0, 0.0]);
        assert!(picture(&grid(), 0, 5, Colours::Magma).data.is_empty());
    }
}
