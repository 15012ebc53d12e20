//! Clips cut into pieces that a net sees one by one.

use serde::Serialize;

use super::Kind;
use crate::settings::{Problem, Reader};

/// How clips are cut, and how the answers for a clip's pieces become one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segments {
    /// What is cut.
    #[serde(flatten)]
    pub cut: Cut,
    /// How the pieces' answers become the clip's.
    pub aggregate: Aggregate,
    /// Whether validation judges clips too, or pieces; the test always judges clips.
    pub aggregate_valid: bool,
}

/// What is cut. What is left over at the end of a clip is dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cut {
    /// The waveform, before its transform (papers.md 3.2).
    Samples {
        /// Length of a piece.
        samples: u32,
        /// Share of a piece that the next one repeats.
        overlap: f64,
    },
    /// The same, by time.
    Seconds {
        /// Length of a piece.
        seconds: f64,
        /// Share of a piece that the next one repeats.
        overlap: f64,
    },
    /// The spectrogram, without overlap (papers.md 5.4).
    Frames {
        /// Length of a piece.
        frames: u32,
    },
}

/// How several answers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// The class with the largest sum of probabilities.
    Sum,
    /// The class that most pieces name, the lowest label of equals.
    Vote,
}

/// A cut of the waveform at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces {
    /// Samples of a piece.
    pub length: usize,
    /// Samples from one to the next, at least 1.
    pub hop: usize,
}

impl Pieces {
    /// How many pieces a waveform of `samples` has.
    pub fn of(&self, samples: usize) -> usize {
        samples.checked_sub(self.length).map_or(0, |rest| 1 + rest / self.hop)
    }
}

impl Segments {
    /// The cut of waveforms at `rate` hertz; none where spectrograms are cut.
    pub fn pieces(&self, rate: u32) -> Option<Pieces> {
        let (length, overlap) = match self.cut {
            Cut::Samples { samples, overlap } => (samples as usize, overlap),
            Cut::Seconds { seconds, overlap } => ((seconds * f64::from(rate)).round() as usize, overlap),
            Cut::Frames { .. } => return None,
        };
        let length = length.max(1);
        Some(Pieces { length, hop: ((length as f64 * (1.0 - overlap)).round() as usize).max(1) })
    }

    /// Frames of a piece; none where waveforms are cut.
    pub fn frames(&self) -> Option<usize> {
        match self.cut {
            Cut::Frames { frames } => Some(frames as usize),
            Cut::Samples { .. } | Cut::Seconds { .. } => None,
        }
    }
}

const SECTION: &str = "features.segments";
const LENGTHS: [&str; 3] = ["features.segments.samples", "features.segments.seconds", "features.segments.frames"];
const OTHERS: [&str; 3] =
    ["features.segments.overlap", "features.segments.aggregate", "features.segments.aggregate_valid"];

/// Reads the section, if it is there.
pub(super) fn read(r: &mut Reader<'_>) -> Option<Segments> {
    if !r.has(SECTION) {
        r.unused(&LENGTHS, "");
        r.unused(&OTHERS, "");
        return None;
    }
    let given: Vec<&str> = LENGTHS.into_iter().filter(|path| r.has(path)).collect();
    let overlap_path = OTHERS[0];
    let overlap =
        |r: &mut Reader<'_>| r.float(overlap_path, 0.0, |v| (0.0..1.0).contains(&v), "a share from 0 to less than 1");
    let cut = match given.first().copied() {
        Some("features.segments.frames") => {
            r.unused(&[overlap_path], "spectrograms are cut without overlap");
            Cut::Frames { frames: r.int32(LENGTHS[2], 125, 1..=1_000_000) }
        }
        Some("features.segments.seconds") => {
            let rule = |s: f64| (0.01..=3600.0).contains(&s);
            Cut::Seconds { seconds: r.float(LENGTHS[1], 3.0, rule, "from 0.01 to 3600 seconds"), overlap: overlap(r) }
        }
        _ => Cut::Samples { samples: r.int32(LENGTHS[0], 131_072, 16..=200_000_000), overlap: overlap(r) },
    };
    match given.as_slice() {
        [] => {
            let wanted = "the length of a piece, as `samples`, `seconds` or `frames`".to_owned();
            r.problem(LENGTHS[0], Problem::Missing { name: "samples".into(), wanted });
        }
        [_] => {}
        [first, others @ ..] => {
            let first = first.rsplit('.').next().unwrap_or_default();
            for other in others {
                r.impossible(other, "a second length", format!("give `{first}` or this one, not both"));
            }
        }
    }
    for other in LENGTHS.into_iter().filter(|path| Some(path) != given.first()) {
        r.unused(&[other], "another length is given");
    }
    let aggregate = match r.choice(OTHERS[1], Some("sum"), &["sum", "vote"]) {
        "vote" => Aggregate::Vote,
        _ => Aggregate::Sum,
    };
    Some(Segments { cut, aggregate, aggregate_valid: r.boolean(OTHERS[2], true) })
}

/// Finds what cannot be cut that way.
pub(super) fn check(r: &mut Reader<'_>, segments: &Segments, kind: &Kind, section: &str) {
    let name = kind.name();
    let (path, got) = match segments.cut {
        Cut::Samples { samples, .. } => (LENGTHS[0], samples.to_string()),
        Cut::Seconds { seconds, .. } => (LENGTHS[1], seconds.to_string()),
        Cut::Frames { frames } => (LENGTHS[2], frames.to_string()),
    };
    let by_frames = segments.frames().is_some();
    match kind {
        Kind::Columns(_) | Kind::Image(_) => {
            r.impossible(path, got, format!("`{section}.kind: {name}` has no time: leave `{SECTION}` out"));
        }
        // A clip's vector goes with each of its pieces.
        Kind::Embedding(_) if section == "features" => {
            r.impossible(path, got, format!("a precomputed vector has no time: leave `{SECTION}` out"));
        }
        Kind::Musicnn(_) if by_frames && section != "features" => {}
        Kind::MelPicture(_) | Kind::Waveform(_) | Kind::Statistics(_) | Kind::Musicnn(_) if by_frames => {
            let rule = format!("`{section}.kind: {name}` has no frames: give `samples` or `seconds`");
            r.impossible(path, got, rule);
        }
        _ => {}
    }
    let transform = match kind {
        Kind::Mel(mel) => Some((mel.sample_rate, mel.n_fft)),
        Kind::Stft(stft) => Some((stft.sample_rate, stft.n_fft)),
        Kind::MelPicture(picture) => Some((picture.sample_rate, picture.n_fft)),
        _ => None,
    };
    if let Some((rate, n_fft)) = transform
        && let Some(pieces) = segments.pieces(rate)
        && pieces.length < n_fft as usize
    {
        let rule = format!("at least `{section}.n_fft`, which is {n_fft} samples; a piece is {}", pieces.length);
        r.impossible(path, pieces.length, rule);
    }
    if let (Some(pieces), Some(samples)) = (kind.rate().and_then(|rate| segments.pieces(rate)), kind.samples())
        && pieces.length > samples
    {
        let rule = format!("at most `{section}.samples`, which is {samples}: there would be no piece");
        r.impossible(path, pieces.length, rule);
    }
}
