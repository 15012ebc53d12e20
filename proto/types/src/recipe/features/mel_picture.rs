//! The picture of the second document (papers.md 2.2).

use serde::Serialize;

use super::spectral;
use crate::settings::Reader;

/// The picture of papers.md 2.2: mel power, decibels against the clip's maximum, low frequencies at the bottom,
/// nearest resize, scaled to 0..1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MelPicture {
    /// Clips are resampled to it, hertz.
    pub sample_rate: u32,
    /// Only so many seconds from the start; 0 for the whole clip.
    pub seconds: f64,
    /// FFT length in samples, even.
    pub n_fft: u32,
    /// Samples from frame to frame.
    pub hop: u32,
    /// Mel bands.
    pub mels: u32,
    /// Rows of the picture (frequency).
    pub height: u32,
    /// Columns of the picture (time).
    pub width: u32,
    /// One grey plane or three of the magma map.
    pub colours: Colours,
}

/// Planes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    /// One plane.
    Grey,
    /// Three planes, red, green and blue.
    Magma,
}

impl Colours {
    /// The number of planes.
    pub fn channels(self) -> u32 {
        match self {
            Colours::Grey => 1,
            Colours::Magma => 3,
        }
    }
}

impl MelPicture {
    pub(super) const NAMES: &[&str] = &["sample_rate", "seconds", "n_fft", "hop", "mels", "height", "width", "colours"];

    pub(super) fn read(r: &mut Reader<'_>, section: &str) -> MelPicture {
        let path = |name: &str| format!("{section}.{name}");
        let (n_fft, hop) = spectral::transform(r, section);
        MelPicture {
            sample_rate: spectral::sample_rate(r, section, 16_000),
            seconds: spectral::seconds(r, section),
            n_fft,
            hop,
            mels: r.int32(&path("mels"), 128, 4..=512),
            height: r.int32(&path("height"), 128, 4..=1024),
            width: r.int32(&path("width"), 128, 4..=4096),
            colours: match r.choice(&path("colours"), Some("grey"), &["grey", "magma"]) {
                "magma" => Colours::Magma,
                _ => Colours::Grey,
            },
        }
    }
}
