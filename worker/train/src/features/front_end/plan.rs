//! One input of a net, seen: the kinds under one roof.

use std::path::Path;

use gliss_audio::augment::{Augmenter, Chain, Draws, Purpose, Transform};
use gliss_types::recipe::{Augment, Embedding, Image, Input, Kind, MusicnnVector, Pieces, STATISTICS, Segments, Store};

use super::super::augmentation::{chain, clip_key};
use super::super::skipped::Unusable;
use super::super::{Seen, Views};
use super::mel_picture::Pictures;
use super::spectrogram::Spectrograms;
use super::statistics::Numbers;
use super::{Embedder, embedding, hear, image};
use crate::cache::Precision;
use crate::data::ListedClip;
use crate::features::Sight;

/// Raised whenever cutting or changing comes to give other values, so that cached ones are not taken.
const VERSION: u32 = 2;

/// The front end of one input. Make one, and a fork for each thread.
#[derive(Debug, Clone)]
pub(crate) struct FrontEnd {
    input: Input,
    plan: Plan,
    /// Samples that clips are cut or filled up to.
    samples: Option<usize>,
    pieces: Option<Pieces>,
    /// Frames that are needed for one segment.
    least_frames: usize,
    copies: Vec<Chain>,
    seed: u64,
    augmenter: Augmenter,
}

#[derive(Debug, Clone)]
enum Plan {
    Picture(Box<Pictures>),
    Spectrogram(Box<Spectrograms>),
    Waveform,
    Statistics(Box<Numbers>),
    Image(Image),
    Embedding(Embedding),
    Musicnn(Box<Embedder>),
}

impl FrontEnd {
    /// The front end of `input`, which sees clips cut as `segments` say, and the copies of `augment` besides the clips.
    ///
    /// # Errors
    /// Settings that no transform can be made for.
    pub(crate) fn new(input: &Input, segments: Option<&Segments>, augment: &Augment) -> Result<Self, Unusable> {
        let plan = match &input.kind {
            Kind::MelPicture(settings) => Plan::Picture(Box::new(Pictures::new(settings)?)),
            Kind::Mel(settings) => Plan::Spectrogram(Box::new(Spectrograms::mel(settings)?)),
            Kind::Stft(settings) => Plan::Spectrogram(Box::new(Spectrograms::stft(settings)?)),
            Kind::Waveform(_) => Plan::Waveform,
            Kind::Statistics(_) => Plan::Statistics(Box::new(Numbers::new()?)),
            Kind::Image(settings) => Plan::Image(settings.clone()),
            Kind::Embedding(settings) => Plan::Embedding(settings.clone()),
            Kind::Musicnn(settings) => Plan::Musicnn(Box::new(Embedder::new(Path::new(&settings.weights))?)),
            Kind::Columns(_) => return Err(Unusable::NotSound),
        };
        let rate = input.kind.rate();
        let least_frames = segments.and_then(Segments::frames).filter(|_| input.kind.is_spectrogram());
        Ok(FrontEnd {
            plan,
            samples: input.kind.samples(),
            pieces: rate.zip(segments).and_then(|(rate, segments)| segments.pieces(rate)),
            least_frames: least_frames.unwrap_or(1),
            copies: augment.copies.iter().map(|changes| chain(changes)).collect(),
            seed: augment.seed,
            augmenter: Augmenter::default(),
            input: input.clone(),
        })
    }

    /// What it sees of `samples`, which are at its rate, after `changes`.
    ///
    /// # Errors
    /// The sound is too short, or cannot be transformed.
    pub(crate) fn look(&mut self, mut samples: Vec<f32>, changes: &[Transform]) -> Result<Seen, Unusable> {
        let rate = self.input.kind.rate().unwrap_or(1);
        if !changes.is_empty() {
            samples = self.augmenter.apply(samples, rate, changes)?;
        }
        if let Some(length) = self.samples {
            samples.resize(length, 0.0);
        }
        let Some(pieces) = self.pieces else { return self.piece(samples, rate) };
        let (count, short) = (pieces.of(samples.len()), samples.len());
        let mut all: Option<Seen> = None;
        for piece in samples.windows(pieces.length).step_by(pieces.hop) {
            let seen = self.piece(piece.to_vec(), rate)?;
            let all =
                all.get_or_insert_with(|| Seen { shape: [[count].as_slice(), &seen.shape].concat(), values: vec![] });
            all.values.extend_from_slice(&seen.values);
        }
        all.ok_or(Unusable::TooShort { samples: short, needed: pieces.length, rate })
    }

    fn piece(&mut self, samples: Vec<f32>, rate: u32) -> Result<Seen, Unusable> {
        let needed = match &self.input.kind {
            Kind::MelPicture(settings) => settings.n_fft as usize,
            Kind::Mel(settings) => (settings.n_fft as usize).max((self.least_frames - 1) * settings.hop as usize),
            Kind::Stft(settings) => (settings.n_fft as usize).max((self.least_frames - 1) * settings.hop as usize),
            Kind::Statistics(_) => Numbers::LEAST,
            Kind::Musicnn(_) => Embedder::LEAST,
            _ => 1,
        };
        if samples.len() < needed {
            return Err(Unusable::TooShort { samples: samples.len(), needed, rate });
        }
        match &mut self.plan {
            Plan::Picture(pictures) => Ok(Seen { shape: pictures.shape().to_vec(), values: pictures.see(&samples)? }),
            Plan::Spectrogram(spectrograms) => spectrograms.see(&samples),
            Plan::Statistics(numbers) => Ok(Seen { shape: vec![STATISTICS], values: numbers.see(&samples)? }),
            Plan::Musicnn(musicnn) => Ok(Seen { shape: vec![MusicnnVector::SIZE], values: musicnn.see(&samples)? }),
            Plan::Waveform => Ok(Seen { shape: vec![samples.len()], values: samples }),
            Plan::Image(_) | Plan::Embedding(_) => Err(Unusable::NotSound),
        }
    }

    /// The changes of copy `view` of a clip, none for the clip as it is.
    pub(crate) fn changes(&self, clip: &ListedClip, content: &blake3::Hash, view: usize) -> Vec<Transform> {
        let Some(chain) = view.checked_sub(1).and_then(|copy| self.copies.get(copy)) else { return Vec::new() };
        chain.draw(Draws::new(Purpose::Copy, self.seed, view as u64, &clip_key(clip, content)))
    }
}

impl Sight for FrontEnd {
    fn views(&self) -> usize {
        1 + self.copies.len()
    }

    fn precision(&self) -> Precision {
        match self.input.store {
            Store::F32 => Precision::F32,
            Store::F16 => Precision::F16,
        }
    }

    fn identity(&self, clip: &ListedClip, view: usize) -> String {
        let seconds = self.input.kind.seconds().to_bits();
        let mut text = match &self.plan {
            Plan::Picture(pictures) => pictures.identity(),
            Plan::Spectrogram(spectrograms) => format!("{}, seconds {seconds:016x}", spectrograms.identity()),
            Plan::Waveform => format!("waveform: rate {:?}, seconds {seconds:016x}", self.input.kind.rate()),
            Plan::Statistics(_) => format!("{}, seconds {seconds:016x}", Numbers::identity()),
            Plan::Musicnn(musicnn) => format!("{}, seconds {seconds:016x}", musicnn.identity()),
            Plan::Image(settings) => format!("image: {} x {}", settings.height, settings.width),
            Plan::Embedding(settings) => format!("embedding: {}", embedding::identity(settings, clip)),
        };
        if let Some(span) = clip.span {
            text.push_str(&format!(", from {} to {:?}", span.start, span.end));
        }
        if let Some(samples) = self.samples {
            text.push_str(&format!(", samples {samples}"));
        }
        if let Some(Pieces { length, hop }) = self.pieces {
            text.push_str(&format!(", pieces {VERSION} of {length} by {hop}"));
        }
        if let Some(chain) = view.checked_sub(1).and_then(|copy| self.copies.get(copy)) {
            // What is drawn follows from these and the file.
            text.push_str(&format!(", copy {VERSION} number {view} of seed {}: {chain:?}", self.seed));
        }
        text
    }

    fn summary(&self) -> String {
        match &self.plan {
            Plan::Picture(pictures) => pictures.summary(),
            Plan::Spectrogram(spectrograms) => spectrograms.summary().to_owned(),
            Plan::Statistics(_) | Plan::Waveform | Plan::Musicnn(_) => {
                format!("{}, {} Hz", self.input.kind.name(), self.input.kind.rate().unwrap_or_default())
            }
            Plan::Image(settings) => format!("image {}x{}", settings.height, settings.width),
            Plan::Embedding(settings) => format!("embedding {}", settings.size),
        }
    }

    fn accepts(&self, shape: &[usize]) -> bool {
        let (piece, count) = match (self.pieces, shape) {
            (None, _) => (shape, 1),
            (Some(_), [count, piece @ ..]) => (piece, *count),
            (Some(_), []) => return false,
        };
        let fits = match (&self.plan, piece) {
            (Plan::Picture(pictures), _) => piece == pictures.shape(),
            (Plan::Spectrogram(spectrograms), [bands, frames]) => {
                *bands == spectrograms.bands() && *frames >= self.least_frames
            }
            (Plan::Waveform, [samples]) => *samples > 0,
            (Plan::Statistics(_), _) => piece == [STATISTICS],
            (Plan::Musicnn(_), _) => piece == [MusicnnVector::SIZE],
            (Plan::Image(settings), _) => piece == [3, settings.height as usize, settings.width as usize],
            (Plan::Embedding(settings), _) => piece == [settings.size as usize],
            _ => false,
        };
        fits && count > 0
    }

    fn see(&mut self, clip: &ListedClip, content: &blake3::Hash, views: &[usize]) -> Result<Views, Unusable> {
        let still = match &self.plan {
            Plan::Image(settings) => {
                let shape = vec![3, settings.height as usize, settings.width as usize];
                Some(Seen { shape, values: image::see(settings, &clip.path)? })
            }
            Plan::Embedding(settings) => {
                Some(Seen { shape: vec![settings.size as usize], values: embedding::see(settings, clip)? })
            }
            _ => None,
        };
        if let Some(still) = still {
            return Ok(views.iter().map(|_| Ok(still.clone())).collect());
        }
        let samples = hear::hear(clip, self.input.kind.rate().unwrap_or(1), self.input.kind.seconds())?;
        Ok(views.iter().map(|view| self.look(samples.clone(), &self.changes(clip, content, *view))).collect())
    }

    fn fork(&self) -> Box<dyn Sight> {
        Box::new(self.clone())
    }
}
