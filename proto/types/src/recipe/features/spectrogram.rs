//! Spectrograms as they are: mel bands, or the bins of the transform.

use serde::Serialize;

use super::spectral::{self, Compress, Fit, Layout, Padding};
use crate::settings::Reader;

/// A mel spectrogram (papers.md 1.3 c, 4.2, 5.2).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mel {
    /// Clips are resampled to it, hertz.
    pub sample_rate: u32,
    /// Only so many seconds from the start; 0 for the whole clip.
    pub seconds: f64,
    /// Cut or filled up with silence to so many samples; 0 for as they are.
    pub samples: u32,
    /// FFT length in samples, even.
    pub n_fft: u32,
    /// Length of the window in samples, at most `n_fft`.
    pub win_length: u32,
    /// Samples from frame to frame.
    pub hop: u32,
    /// Mel bands.
    pub mels: u32,
    /// What lies beyond the ends of the clip.
    #[serde(rename = "pad_mode")]
    pub padding: Padding,
    /// How bands are spaced.
    pub filters: Filters,
    /// What goes into the filters: 1 for magnitudes, 2 for their squares.
    pub power: u32,
    /// The first document's quirk Q000-2: filters are applied to the complex spectrum and the modulus taken afterwards.
    pub of_complex: bool,
    /// What is done to the range of values.
    #[serde(flatten)]
    pub compress: Compress,
    /// How clips come to one length.
    #[serde(flatten)]
    pub fit: Fit,
    /// Which way it lies.
    pub layout: Layout,
    /// 0 for a plane without channels, 1, or 3 equal ones.
    pub channels: u32,
}

/// The spacing of mel bands; both with Slaney's area normalisation, as librosa's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Filters {
    /// Linear below 1000 Hz, logarithmic above.
    Slaney,
    /// `2595 log10(1 + f / 700)`.
    Htk,
}

/// Magnitudes of the short-time Fourier transform (papers.md 3.2).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StftMagnitude {
    /// Clips are resampled to it, hertz.
    pub sample_rate: u32,
    /// Only so many seconds from the start; 0 for the whole clip.
    pub seconds: f64,
    /// Cut or filled up with silence to so many samples; 0 for as they are.
    pub samples: u32,
    /// FFT length in samples, even; `n_fft / 2 + 1` bins.
    pub n_fft: u32,
    /// Length of the window in samples, at most `n_fft`.
    pub win_length: u32,
    /// Samples from frame to frame.
    pub hop: u32,
    /// What lies beyond the ends of the clip.
    #[serde(rename = "pad_mode")]
    pub padding: Padding,
    /// What is done to the range of values.
    #[serde(flatten)]
    pub compress: Compress,
    /// How clips come to one length.
    #[serde(flatten)]
    pub fit: Fit,
    /// Which way it lies.
    pub layout: Layout,
    /// 0 for a plane without channels, 1, or 3 equal ones.
    pub channels: u32,
}

impl Mel {
    pub(super) const NAMES: &[&str] = &[
        "sample_rate",
        "seconds",
        "samples",
        "n_fft",
        "win_length",
        "hop",
        "mels",
        "pad_mode",
        "filters",
        "power",
        "of_complex",
        "compress",
        "reference",
        "top_db",
        "half",
        "fit",
        "frames",
        "layout",
        "channels",
    ];

    pub(super) fn read(r: &mut Reader<'_>, section: &str, segmented: bool) -> Mel {
        let path = |name: &str| format!("{section}.{name}");
        let (n_fft, hop) = spectral::transform(r, section);
        let seconds = spectral::seconds(r, section);
        let power = r.int32(&path("power"), 2, 1..=2);
        let of_complex = r.boolean(&path("of_complex"), false);
        if of_complex && power != 1 {
            r.impossible(&path("of_complex"), true, format!("it needs `{section}.power: 1`"));
        }
        Mel {
            sample_rate: spectral::sample_rate(r, section, 16_000),
            seconds,
            samples: spectral::samples(r, section, seconds),
            n_fft,
            win_length: spectral::win_length(r, section, n_fft),
            hop,
            mels: r.int32(&path("mels"), 128, 4..=512),
            padding: spectral::padding(r, section),
            filters: match r.choice(&path("filters"), Some("slaney"), &["slaney", "htk"]) {
                "htk" => Filters::Htk,
                _ => Filters::Slaney,
            },
            power,
            of_complex,
            compress: spectral::compress(r, section, "db", &["none", "db", "log1p", "musicnn"]),
            fit: spectral::fit(r, section, segmented),
            layout: spectral::layout(r, section),
            channels: spectral::channels(r, section),
        }
    }
}

impl StftMagnitude {
    pub(super) const NAMES: &[&str] = &[
        "sample_rate",
        "seconds",
        "samples",
        "n_fft",
        "win_length",
        "hop",
        "pad_mode",
        "compress",
        "reference",
        "top_db",
        "fit",
        "frames",
        "layout",
        "channels",
    ];

    pub(super) fn read(r: &mut Reader<'_>, section: &str, segmented: bool) -> StftMagnitude {
        let (n_fft, hop) = spectral::transform(r, section);
        let seconds = spectral::seconds(r, section);
        StftMagnitude {
            sample_rate: spectral::sample_rate(r, section, 16_000),
            seconds,
            samples: spectral::samples(r, section, seconds),
            n_fft,
            win_length: spectral::win_length(r, section, n_fft),
            hop,
            padding: spectral::padding(r, section),
            compress: spectral::compress(r, section, "log1p", &["none", "db", "log1p"]),
            fit: spectral::fit(r, section, segmented),
            layout: spectral::layout(r, section),
            channels: spectral::channels(r, section),
        }
    }
}
