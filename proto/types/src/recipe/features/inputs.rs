//! The section as a whole: one input or two, and how values are scaled and kept.

use serde::Serialize;

use super::kind::{AUDIO, Kind, all_names, names};
use super::spectral::{Fit, Layout};
use super::vectors::STATISTICS;
use super::{
    Columns, Embedding, Image, Mel, MelPicture, MusicnnVector, Segments, Statistics, StftMagnitude, Waveform, segments,
};
use crate::recipe::Data;
use crate::settings::Reader;

/// What the net sees of an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Features {
    /// The input of the net.
    #[serde(flatten)]
    pub input: Input,
    /// A second one, for nets that take two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<Input>,
    /// Whether clips are cut into pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<Segments>,
}

/// One input of a net.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// How it is scaled, by constants of the training side.
    #[serde(skip_serializing_if = "Normalise::is_none")]
    pub normalise: Normalise,
    /// Taken off the count where a deviation is computed: 0 for the population's, 1 for the sample's.
    #[serde(skip_serializing_if = "is_zero")]
    pub ddof: u32,
    /// How the cache keeps it.
    #[serde(skip_serializing_if = "Store::is_f32")]
    pub store: Store,
}

/// How values are scaled. A deviation or range of zero counts as one. What is filled up is zero after scaling, but for
/// `Position`, where it is scaled like all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalise {
    /// Not at all.
    None,
    /// Less the mean of all values, over their deviation.
    Global,
    /// The same for each place of an example.
    Position,
    /// The same for each band (each value of a vector, each channel of a picture).
    Band,
    /// Less the smallest value, over the distance from it to the largest (papers.md 1.3 c).
    Range,
}

/// How the cache keeps values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// As they are.
    F32,
    /// Rounded to 16-bit floats, at half the size.
    F16,
}

impl Normalise {
    /// Whether nothing is scaled.
    pub fn is_none(&self) -> bool {
        *self == Normalise::None
    }
}

impl Store {
    /// Whether nothing is rounded.
    pub fn is_f32(&self) -> bool {
        *self == Store::F32
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

const BESIDE: &str = "features.beside";
const SCALING: [&str; 3] = ["normalise", "ddof", "store"];

impl Features {
    pub(in crate::recipe) fn read(r: &mut Reader<'_>, data: &Data) -> Features {
        let segments = segments::read(r);
        let fitting: &[&str] = match data {
            Data::Table { .. } => &["columns"],
            Data::Images { .. } => &["image"],
            _ => &AUDIO,
        };
        let every = [&AUDIO[..], &["image", "columns"]].concat();
        let mut kind = r.choice("features.kind", fitting.first().copied(), &every);
        if !fitting.contains(&kind) {
            let rule = match data {
                Data::Table { .. } => "a table has columns, audio has other kinds: leave `kind` out",
                Data::Images { .. } => "pictures are `image`, audio has other kinds: leave `kind` out",
                _ if kind == "columns" => {
                    "only `data.source: table` has columns, audio has other kinds: leave `kind` out"
                }
                _ => "only `data.source: images` has pictures, audio has other kinds: leave `kind` out",
            };
            r.impossible("features.kind", kind, rule);
            kind = fitting.first().copied().unwrap_or("columns");
        }
        let input = Input::read(r, "features", kind, segments.is_some());
        let beside = Self::read_beside(r, fitting, segments.is_some());
        if let Some(segments) = &segments {
            segments::check(r, segments, &input.kind, "features");
            if let Some(beside) = &beside {
                segments::check(r, segments, &beside.kind, BESIDE);
            }
        }
        let rates = [Some(&input), beside.as_ref()].map(|input| input.and_then(|input| input.kind.rate()));
        if let ([Some(one), Some(other)], true) = (rates, segments.is_some())
            && one != other
        {
            let rule = format!("`features.sample_rate`, which is {one}: pieces of both inputs go together");
            r.impossible("features.beside.sample_rate", other, rule);
        }
        Features { input, beside, segments }
    }

    /// Examples that a clip of `seconds` is cut into; 1 for one that is not cut.
    pub fn segments_of(&self, seconds: f64) -> usize {
        let Some(segments) = &self.segments else { return 1 };
        let kind = &self.input.kind;
        let rate = kind.rate().unwrap_or(1);
        let seconds = if kind.seconds() > 0.0 { kind.seconds().min(seconds) } else { seconds };
        let samples = kind.samples().unwrap_or((seconds * f64::from(rate)) as usize);
        let frames = |hop: u32| 1 + samples / hop.max(1) as usize;
        match (segments.pieces(rate), segments.frames(), kind) {
            (Some(pieces), ..) => pieces.of(samples),
            (_, Some(length), Kind::Mel(mel)) => frames(mel.hop) / length.max(1),
            (_, Some(length), Kind::Stft(stft)) => frames(stft.hop) / length.max(1),
            _ => 1,
        }
    }

    fn read_beside(r: &mut Reader<'_>, fitting: &[&'static str], segmented: bool) -> Option<Input> {
        if !r.has(BESIDE) {
            let all: Vec<String> =
                all_names().chain(SCALING).chain(["kind"]).map(|name| format!("{BESIDE}.{name}")).collect();
            r.unused(&all.iter().map(String::as_str).collect::<Vec<_>>(), "");
            return None;
        }
        let kind = r.choice("features.beside.kind", None, &AUDIO);
        if !fitting.contains(&kind) {
            r.impossible("features.beside.kind", kind, "a second input is of sound: leave `features.beside` out");
        }
        Some(Input::read(r, BESIDE, kind, segmented))
    }

    /// The dimensions of one example, without those of the batch: a picture's are channels, rows and columns. None for a
    /// dimension that the data decide.
    pub fn dims(&self) -> Vec<Option<usize>> {
        self.input.dims(self.segments.as_ref(), None)
    }

    /// The same of all inputs, where the data's clips are taken to last `seconds`, if any are; a table's columns stay open.
    pub fn shapes_of(&self, seconds: Option<f64>) -> Vec<Vec<Option<usize>>> {
        let inputs = [Some(&self.input), self.beside.as_ref()].into_iter().flatten();
        inputs.map(|input| input.dims(self.segments.as_ref(), seconds)).collect()
    }
}

impl Input {
    fn read(r: &mut Reader<'_>, section: &str, kind: &'static str, segmented: bool) -> Input {
        let path = |name: &str| format!("{section}.{name}");
        let own = names(kind);
        let why = format!("`{section}.kind: {kind}` has no such setting");
        for name in all_names().filter(|name| !own.contains(name)) {
            r.unused(&[&path(name)], &why);
        }
        let kind = match kind {
            "mel_picture" => Kind::MelPicture(MelPicture::read(r, section)),
            "mel" => Kind::Mel(Mel::read(r, section, segmented)),
            "stft" => Kind::Stft(StftMagnitude::read(r, section, segmented)),
            "waveform" => Kind::Waveform(Waveform::read(r, section, segmented)),
            "statistics" => Kind::Statistics(Statistics::read(r, section)),
            "image" => Kind::Image(Image::read(r, section)),
            "embedding" => Kind::Embedding(Embedding::read(r, section)),
            "musicnn" => Kind::Musicnn(MusicnnVector::read(r, section)),
            _ => Kind::Columns(Columns::read(r, section)),
        };
        let mut input = Input { kind, normalise: Normalise::None, ddof: 0, store: Store::F32 };
        if matches!(input.kind, Kind::Columns(_) | Kind::Statistics(_)) {
            r.unused(&[&path("normalise"), &path("ddof")], "`standardise` scales columns");
        } else {
            let words = ["none", "global", "position", "band", "range"];
            input.normalise = match r.choice(&path("normalise"), Some("none"), &words) {
                "global" => Normalise::Global,
                "position" => Normalise::Position,
                "band" => Normalise::Band,
                "range" => Normalise::Range,
                _ => Normalise::None,
            };
            match input.normalise {
                Normalise::None | Normalise::Range => {
                    r.unused(&[&path("ddof")], "it is of deviations, which this `normalise` has none of");
                }
                _ => input.ddof = r.int32(&path("ddof"), 0, 0..=1),
            }
        }
        if matches!(input.kind, Kind::Columns(_)) {
            r.unused(&[&path("store")], "a table is not cached");
        } else if r.choice(&path("store"), Some("f32"), &["f32", "f16"]) == "f16" {
            input.store = Store::F16;
        }
        input
    }

    /// See [`Features::shapes_of`].
    pub fn dims(&self, segments: Option<&Segments>, seconds: Option<f64>) -> Vec<Option<usize>> {
        let samples = |rate: u32, first: f64| {
            let pieces = segments.and_then(|segments| segments.pieces(rate)).map(|pieces| pieces.length);
            let whole = seconds.map(|all| if first > 0.0 { first.min(all) } else { all });
            let whole = whole.map(|seconds| (seconds * f64::from(rate)) as usize);
            pieces.or(self.kind.samples()).or(whole)
        };
        let plane = |bands: usize, frames: Option<usize>, layout: Layout, channels: u32| {
            let plane = match layout {
                Layout::BandsTime => [Some(bands), frames],
                Layout::TimeBands => [frames, Some(bands)],
            };
            (channels > 0).then_some(Some(channels as usize)).into_iter().chain(plane).collect()
        };
        let frames = |fit: &Fit, samples: Option<usize>, hop: u32| {
            let of_segment = segments.and_then(Segments::frames);
            let fixed = match fit {
                Fit::Fixed { frames } => Some(*frames as usize),
                Fit::Shortest | Fit::Longest => samples.map(|samples| 1 + samples / hop.max(1) as usize),
            };
            of_segment.or(fixed)
        };
        match &self.kind {
            Kind::MelPicture(p) => {
                vec![Some(p.colours.channels() as usize), Some(p.height as usize), Some(p.width as usize)]
            }
            Kind::Mel(m) => {
                let frames = frames(&m.fit, samples(m.sample_rate, m.seconds), m.hop);
                plane(m.mels as usize, frames, m.layout, m.channels)
            }
            Kind::Stft(s) => {
                let frames = frames(&s.fit, samples(s.sample_rate, s.seconds), s.hop);
                plane(s.n_fft as usize / 2 + 1, frames, s.layout, s.channels)
            }
            Kind::Waveform(w) => vec![Some(1), samples(w.sample_rate, w.seconds)],
            Kind::Statistics(_) => vec![Some(STATISTICS)],
            Kind::Image(i) => vec![Some(3), Some(i.height as usize), Some(i.width as usize)],
            Kind::Embedding(e) => vec![Some(e.size as usize)],
            Kind::Musicnn(_) => vec![Some(MusicnnVector::SIZE)],
            Kind::Columns(_) => vec![None],
        }
    }
}
