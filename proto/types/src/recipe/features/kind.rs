//! The kinds of input, and what is common to some of them.

use serde::Serialize;

use super::{
    Columns, Embedding, Image, Mel, MelPicture, MusicnnVector, STATISTICS_RATE, Statistics, StftMagnitude, Waveform,
};

/// The kinds of input.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// A picture of the mel spectrogram in decibels.
    MelPicture(MelPicture),
    /// A mel spectrogram.
    Mel(Mel),
    /// Magnitudes of the short-time Fourier transform.
    Stft(StftMagnitude),
    /// The waveform.
    Waveform(Waveform),
    /// 57 numbers of a clip.
    Statistics(Statistics),
    /// A picture file.
    Image(Image),
    /// A vector that was computed elsewhere.
    Embedding(Embedding),
    /// A vector that musicnn computes.
    Musicnn(MusicnnVector),
    /// The columns of a table.
    Columns(Columns),
}

/// The kinds that are of sound.
pub(super) const AUDIO: [&str; 7] = ["mel_picture", "mel", "stft", "waveform", "statistics", "embedding", "musicnn"];

/// The settings of each kind.
pub(super) fn names(kind: &str) -> &'static [&'static str] {
    match kind {
        "mel_picture" => MelPicture::NAMES,
        "mel" => Mel::NAMES,
        "stft" => StftMagnitude::NAMES,
        "waveform" => Waveform::NAMES,
        "statistics" => Statistics::NAMES,
        "image" => Image::NAMES,
        "embedding" => Embedding::NAMES,
        "musicnn" => MusicnnVector::NAMES,
        _ => Columns::NAMES,
    }
}

pub(super) fn all_names() -> impl Iterator<Item = &'static str> {
    AUDIO.into_iter().chain(["image", "columns"]).flat_map(names).copied()
}

impl Kind {
    /// Its word in a recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::MelPicture(_) => "mel_picture",
            Kind::Mel(_) => "mel",
            Kind::Stft(_) => "stft",
            Kind::Waveform(_) => "waveform",
            Kind::Statistics(_) => "statistics",
            Kind::Image(_) => "image",
            Kind::Embedding(_) => "embedding",
            Kind::Musicnn(_) => "musicnn",
            Kind::Columns(_) => "columns",
        }
    }

    /// The rate that clips are resampled to; none where no sound is looked at.
    pub fn rate(&self) -> Option<u32> {
        match self {
            Kind::MelPicture(MelPicture { sample_rate, .. })
            | Kind::Mel(Mel { sample_rate, .. })
            | Kind::Stft(StftMagnitude { sample_rate, .. })
            | Kind::Waveform(Waveform { sample_rate, .. }) => Some(*sample_rate),
            Kind::Statistics(_) => Some(STATISTICS_RATE),
            Kind::Musicnn(_) => Some(MusicnnVector::RATE),
            Kind::Image(_) | Kind::Embedding(_) | Kind::Columns(_) => None,
        }
    }

    /// Seconds from the start that are looked at; 0 for all.
    pub fn seconds(&self) -> f64 {
        match self {
            Kind::MelPicture(MelPicture { seconds, .. })
            | Kind::Mel(Mel { seconds, .. })
            | Kind::Stft(StftMagnitude { seconds, .. })
            | Kind::Waveform(Waveform { seconds, .. })
            | Kind::Statistics(Statistics { seconds, .. })
            | Kind::Musicnn(MusicnnVector { seconds, .. }) => *seconds,
            Kind::Image(_) | Kind::Embedding(_) | Kind::Columns(_) => 0.0,
        }
    }

    /// Samples that clips are cut or filled up to; none where they are left as they are.
    pub fn samples(&self) -> Option<usize> {
        match self {
            Kind::Mel(Mel { samples, .. })
            | Kind::Stft(StftMagnitude { samples, .. })
            | Kind::Waveform(Waveform { samples, .. }) => (*samples > 0).then_some(*samples as usize),
            _ => None,
        }
    }

    /// Whether it is a plane of bands by frames.
    pub fn is_spectrogram(&self) -> bool {
        matches!(self, Kind::Mel(_) | Kind::Stft(_))
    }
}
