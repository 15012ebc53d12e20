//! What the net sees of an example.

use serde::Serialize;

use super::Data;
use crate::settings::Reader;

/// The input of the net.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Features {
    /// A picture of the mel spectrogram in decibels.
    MelPicture(MelPicture),
    /// The columns of a table.
    Columns(Columns),
}

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

/// Columns of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Columns {
    /// Whether to subtract the training split's mean and divide by its population deviation, column by column.
    pub standardise: bool,
    /// The first document's quirk Q000-1: values are cut to whole numbers and wrapped modulo 256 before scaling.
    pub as_uint8: bool,
}

const PICTURE: [&str; 8] = [
    "features.sample_rate",
    "features.seconds",
    "features.n_fft",
    "features.hop",
    "features.mels",
    "features.height",
    "features.width",
    "features.colours",
];
const COLUMNS: [&str; 2] = ["features.standardise", "features.as_uint8"];

impl Features {
    pub(super) fn read(r: &mut Reader<'_>, data: &Data) -> Features {
        let table = matches!(data, Data::Table { .. });
        let default = if table { "columns" } else { "mel_picture" };
        let kind = r.choice("features.kind", Some(default), &["mel_picture", "columns"]);
        if (kind == "columns") != table {
            let rule = "a table has columns, audio has pictures: `kind` follows `data.source`, leave it out";
            r.impossible("features.kind", kind, rule);
        }
        if table {
            r.unused(&PICTURE, "a table has no spectrogram");
            return Features::Columns(Columns {
                standardise: r.boolean("features.standardise", true),
                as_uint8: r.boolean("features.as_uint8", false),
            });
        }
        r.unused(&COLUMNS, "only a table has columns");
        let picture = MelPicture {
            sample_rate: r.int32("features.sample_rate", 16_000, 4000..=192_000),
            seconds: r.float("features.seconds", 0.0, |s| (0.0..=3600.0).contains(&s), "from 0 (all) to 3600"),
            n_fft: r.int32("features.n_fft", 2048, 64..=32_768),
            hop: r.int32("features.hop", 512, 16..=32_768),
            mels: r.int32("features.mels", 128, 4..=512),
            height: r.int32("features.height", 128, 4..=1024),
            width: r.int32("features.width", 128, 4..=4096),
            colours: match r.choice("features.colours", Some("grey"), &["grey", "magma"]) {
                "magma" => Colours::Magma,
                _ => Colours::Grey,
            },
        };
        if picture.n_fft % 2 == 1 {
            r.impossible("features.n_fft", picture.n_fft, "an even number of samples");
        }
        if picture.hop > picture.n_fft {
            r.impossible("features.hop", picture.hop, format!("at most `features.n_fft`, which is {}", picture.n_fft));
        }
        Features::MelPicture(picture)
    }

    /// Shape of one example where the settings alone decide it: channels, height, width.
    pub fn picture_shape(&self) -> Option<[usize; 3]> {
        match self {
            Features::MelPicture(p) => Some([p.colours.channels() as usize, p.height as usize, p.width as usize]),
            Features::Columns(_) => None,
        }
    }
}
