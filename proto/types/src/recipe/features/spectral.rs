//! Settings that several kinds of spectrogram share, each read in one place.

use serde::Serialize;

use crate::settings::{Problem, Reader};

/// What lies beyond the ends of a clip, where the first and last frames reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// The clip mirrored at its ends, as the papers' librosa did.
    Reflect,
    /// Silence.
    Zero,
}

/// What is done to the range of a spectrogram's values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "compress", rename_all = "lowercase")]
pub enum Compress {
    /// Nothing.
    None,
    /// Decibels of power or of magnitudes, whichever the spectrogram holds.
    Db {
        /// What counts as 0 dB.
        reference: Reference,
        /// Decibels below the loudest that are kept apart; 0 for all.
        top_db: f64,
    },
    /// `ln(1 + x)`.
    Log1p,
    /// musicnn's `log10(10000 x + 1)` (papers.md 5.2).
    Musicnn {
        /// Whether it is computed in 16-bit floats, as musicnn does.
        half: bool,
    },
}

/// What counts as 0 dB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// The value 1.
    One,
    /// The clip's largest value.
    Max,
}

/// How clips of different lengths become examples of one length. What is missing is made up with zeros on the right.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "fit", rename_all = "lowercase")]
pub enum Fit {
    /// All are cut to the shortest of the training side.
    Shortest,
    /// All are filled up to the longest of the training side.
    Longest,
    /// All are cut or filled up to so many frames.
    Fixed {
        /// That many.
        frames: u32,
    },
}

/// Which way a spectrogram lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Rows are bands, columns are frames.
    BandsTime,
    /// Rows are frames, columns are bands (papers.md 4.2).
    TimeBands,
}

fn path(section: &str, name: &str) -> String {
    format!("{section}.{name}")
}

pub(super) fn sample_rate(r: &mut Reader<'_>, section: &str, default: u32) -> u32 {
    r.int32(&path(section, "sample_rate"), default, 4000..=192_000)
}

pub(super) fn seconds(r: &mut Reader<'_>, section: &str) -> f64 {
    r.float(&path(section, "seconds"), 0.0, |s| (0.0..=3600.0).contains(&s), "from 0 (all) to 3600")
}

/// `samples`, which excludes `seconds`.
pub(super) fn samples(r: &mut Reader<'_>, section: &str, seconds: f64) -> u32 {
    let name = path(section, "samples");
    let samples = r.int32(&name, 0, 0..=200_000_000);
    if samples > 0 && seconds > 0.0 {
        r.impossible(&name, samples, format!("give it or `{section}.seconds`, not both"));
    }
    samples
}

/// `n_fft` and `hop`.
pub(super) fn transform(r: &mut Reader<'_>, section: &str) -> (u32, u32) {
    let (n_fft_path, hop_path) = (path(section, "n_fft"), path(section, "hop"));
    let n_fft = r.int32(&n_fft_path, 2048, 64..=32_768);
    let hop = r.int32(&hop_path, 512, 16..=32_768);
    if n_fft % 2 == 1 {
        r.impossible(&n_fft_path, n_fft, "an even number of samples");
    }
    if hop > n_fft {
        r.impossible(&hop_path, hop, format!("at most `{n_fft_path}`, which is {n_fft}"));
    }
    (n_fft, hop)
}

pub(super) fn win_length(r: &mut Reader<'_>, section: &str, n_fft: u32) -> u32 {
    let name = path(section, "win_length");
    let win_length = r.int32(&name, n_fft, 16..=32_768);
    if win_length > n_fft {
        r.impossible(&name, win_length, format!("at most `{section}.n_fft`, which is {n_fft}"));
    }
    win_length
}

pub(super) fn padding(r: &mut Reader<'_>, section: &str) -> Padding {
    match r.choice(&path(section, "pad_mode"), Some("reflect"), &["reflect", "zero"]) {
        "zero" => Padding::Zero,
        _ => Padding::Reflect,
    }
}

pub(super) fn compress(r: &mut Reader<'_>, section: &str, default: &'static str, choices: &[&'static str]) -> Compress {
    let name = r.choice(&path(section, "compress"), Some(default), choices);
    let why = format!("`{section}.compress: {name}` has no such setting");
    if name != "db" {
        r.unused(&[&path(section, "reference"), &path(section, "top_db")], &why);
    }
    if name != "musicnn" && choices.contains(&"musicnn") {
        r.unused(&[&path(section, "half")], &why);
    }
    match name {
        "db" => Compress::Db {
            reference: match r.choice(&path(section, "reference"), Some("one"), &["one", "max"]) {
                "max" => Reference::Max,
                _ => Reference::One,
            },
            top_db: r.float(&path(section, "top_db"), 80.0, |v| (0.0..=1000.0).contains(&v), "from 0 (all) to 1000"),
        },
        "log1p" => Compress::Log1p,
        "musicnn" => Compress::Musicnn { half: r.boolean(&path(section, "half"), true) },
        _ => Compress::None,
    }
}

/// `fit` and `frames`; `segmented` says that pieces of one length are cut anyway.
pub(super) fn fit(r: &mut Reader<'_>, section: &str, segmented: bool) -> Fit {
    let (fit_path, frames_path) = (path(section, "fit"), path(section, "frames"));
    if segmented {
        r.unused(&[&fit_path, &frames_path], "segments are of one length");
        return Fit::Shortest;
    }
    let default = if r.has(&frames_path) { "fixed" } else { "shortest" };
    match r.choice(&fit_path, Some(default), &["shortest", "longest", "fixed"]) {
        "fixed" => {
            if !r.has(&frames_path) {
                let wanted = "the number of frames that clips are cut or filled up to".to_owned();
                r.problem(&frames_path, Problem::Missing { name: "frames".into(), wanted });
            }
            Fit::Fixed { frames: r.int32(&frames_path, 1, 1..=1_000_000) }
        }
        word => {
            r.unused(&[&frames_path], &format!("`{fit_path}: {word}` finds the frames itself"));
            if word == "longest" { Fit::Longest } else { Fit::Shortest }
        }
    }
}

pub(super) fn layout(r: &mut Reader<'_>, section: &str) -> Layout {
    match r.choice(&path(section, "layout"), Some("bands_time"), &["bands_time", "time_bands"]) {
        "time_bands" => Layout::TimeBands,
        _ => Layout::BandsTime,
    }
}

/// 0 for a plane without channels, 1, or 3 equal ones.
pub(super) fn channels(r: &mut Reader<'_>, section: &str) -> u32 {
    let name = path(section, "channels");
    let channels = r.int32(&name, 1, 0..=3);
    if channels == 2 {
        r.impossible(&name, channels, "0 (rows are the channels of a 1-D net), 1, or 3 (the plane three times)");
    }
    channels
}
