//! Inputs that are no spectrograms: the waveform itself, and rows of numbers.

use serde::Serialize;

use super::spectral::{self, Fit};
use crate::settings::Reader;

/// The waveform, one channel (papers.md 3.2).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waveform {
    /// Clips are resampled to it, hertz.
    pub sample_rate: u32,
    /// Only so many seconds from the start; 0 for the whole clip.
    pub seconds: f64,
    /// Cut or filled up with silence to so many samples; 0 for as they are.
    pub samples: u32,
    /// How clips come to one length where `samples` does not say it: the shortest or the longest.
    #[serde(flatten)]
    pub fit: Fit,
}

/// The 57 numbers of the first document (papers.md 1.3 a), computed from the clip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// Only so many seconds from the start; 0 for the whole clip.
    pub seconds: f64,
    /// How they are scaled.
    #[serde(flatten)]
    pub columns: Columns,
}

/// How many they are.
pub const STATISTICS: usize = 57;
/// The rate that clips are resampled to for them, hertz: that of the published table.
pub const STATISTICS_RATE: u32 = 22_050;

/// Columns of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Columns {
    /// Whether to subtract the training split's mean and divide by its population deviation, column by column.
    pub standardise: bool,
    /// The first document's quirk Q000-1: values are cut to whole numbers and wrapped modulo 256 before scaling.
    pub as_uint8: bool,
}

/// A picture file, red, green and blue from 0 to 1 (papers.md 1.3 b).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Image {
    /// Rows; a file of another size is resized by nearest neighbour.
    pub height: u32,
    /// Columns.
    pub width: u32,
}

/// A vector that was computed elsewhere, one `.npy` file a clip (papers.md 5.2).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embedding {
    /// The folder of vectors, laid out as the folder of clips is.
    pub path: String,
    /// Numbers in each.
    pub size: u32,
}

/// musicnn's vector of a clip (papers.md 5.2), computed from the sound: of each of 753 features the largest value over 3 s,
/// averaged over the clip's whole 3 s.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MusicnnVector {
    /// The file of musicnn's weights.
    pub weights: String,
    /// Only so many seconds from the start; 0 for the whole clip.
    pub seconds: f64,
}

impl MusicnnVector {
    pub(super) const NAMES: &[&str] = &["weights", "seconds"];
    /// Numbers in each.
    pub const SIZE: usize = 753;
    /// The rate that clips are resampled to, hertz.
    pub const RATE: u32 = 16_000;

    pub(super) fn read(r: &mut Reader<'_>, section: &str) -> MusicnnVector {
        let wanted = "a file of musicnn's weights, such as MTT_musicnn.safetensors";
        MusicnnVector {
            weights: r.needed_text(&format!("{section}.weights"), wanted),
            seconds: spectral::seconds(r, section),
        }
    }
}

impl Waveform {
    pub(super) const NAMES: &[&str] = &["sample_rate", "seconds", "samples", "fit"];

    pub(super) fn read(r: &mut Reader<'_>, section: &str, segmented: bool) -> Waveform {
        let fit = format!("{section}.fit");
        let seconds = spectral::seconds(r, section);
        let samples = spectral::samples(r, section, seconds);
        let mut waveform =
            Waveform { sample_rate: spectral::sample_rate(r, section, 16_000), seconds, samples, fit: Fit::Shortest };
        if segmented || samples > 0 {
            let why = if segmented { "segments are of one length" } else { "`samples` says the length" };
            r.unused(&[&fit], why);
        } else if r.choice(&fit, Some("shortest"), &["shortest", "longest"]) == "longest" {
            waveform.fit = Fit::Longest;
        }
        waveform
    }
}

impl Statistics {
    pub(super) const NAMES: &[&str] = &["seconds", "standardise", "as_uint8"];

    pub(super) fn read(r: &mut Reader<'_>, section: &str) -> Statistics {
        Statistics { seconds: spectral::seconds(r, section), columns: Columns::read(r, section) }
    }
}

impl Columns {
    pub(super) const NAMES: &[&str] = &["standardise", "as_uint8"];

    pub(super) fn read(r: &mut Reader<'_>, section: &str) -> Columns {
        Columns {
            standardise: r.boolean(&format!("{section}.standardise"), true),
            as_uint8: r.boolean(&format!("{section}.as_uint8"), false),
        }
    }
}

impl Image {
    pub(super) const NAMES: &[&str] = &["height", "width"];

    pub(super) fn read(r: &mut Reader<'_>, section: &str) -> Image {
        Image {
            height: r.int32(&format!("{section}.height"), 288, 1..=4096),
            width: r.int32(&format!("{section}.width"), 432, 1..=4096),
        }
    }
}

impl Embedding {
    pub(super) const NAMES: &[&str] = &["path", "size"];

    pub(super) fn read(r: &mut Reader<'_>, section: &str) -> Embedding {
        let wanted = "a folder of `.npy` files, laid out and named as the clips are";
        Embedding {
            path: r.needed_text(&format!("{section}.path"), wanted),
            size: r.int32(&format!("{section}.size"), 753, 1..=1_000_000),
        }
    }
}
