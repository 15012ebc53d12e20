//! From one file to one picture: decode, resample, mel power, decibels, picture.

use std::path::Path;

use gliss_audio::decibel::{DbRef, power_to_db};
use gliss_audio::decode::{DecodeLimits, decode_file};
use gliss_audio::mel::{MelError, MelFrontEnd, MelSettings};
use gliss_audio::picture::{self, picture};
use gliss_audio::resample::resample;
use gliss_audio::spectrum::PadMode;
use gliss_types::recipe::{Colours, MelPicture};

use super::skipped::Unusable;

/// Raised whenever the same file and settings come to give other values, so that cached ones are not taken.
const VERSION: u32 = 1;
/// Power below it counts as it.
const AMIN: f32 = 1e-10;
/// Decibels below the loudest that are kept apart.
const TOP_DB: f32 = 80.0;
/// A file that lacks more than this share of the frames that it announces is skipped.
const MISSING_LIMIT: f64 = 0.1;

/// The front end of papers.md 2.2. Make one, and a clone for each thread.
#[derive(Debug, Clone)]
pub(crate) struct FrontEnd {
    settings: MelPicture,
    mel: MelFrontEnd,
    limits: DecodeLimits,
}

impl FrontEnd {
    /// # Errors
    /// Settings that no transform can be made for.
    pub(crate) fn new(settings: &MelPicture) -> Result<Self, MelError> {
        let MelPicture { sample_rate, seconds, n_fft, hop, mels, .. } = *settings;
        // The papers' librosa mirrored clips at their ends.
        let mel = MelSettings::librosa(sample_rate, n_fft as usize, hop as usize, mels as usize, PadMode::Reflect);
        let limits = if seconds > 0.0 { DecodeLimits::first_seconds(seconds) } else { DecodeLimits::default() };
        Ok(FrontEnd { settings: settings.clone(), mel: MelFrontEnd::new(mel)?, limits })
    }

    /// Channels, rows, columns of a picture.
    pub(crate) fn shape(&self) -> [usize; 3] {
        let MelPicture { height, width, colours, .. } = self.settings;
        [colours.channels() as usize, height as usize, width as usize]
    }

    /// A text that differs between any two front ends that see the same clip differently.
    pub(crate) fn identity(&self) -> String {
        let MelPicture { sample_rate, seconds, n_fft, hop, mels, height, width, colours } = &self.settings;
        let seconds = seconds.to_bits();
        format!(
            "mel_picture {VERSION}: rate {sample_rate}, seconds {seconds:016x}, n_fft {n_fft}, hop {hop}, mels {mels}, \
             height {height}, width {width}, colours {colours:?}"
        )
    }

    /// The picture of the clip at `path`: channels x rows x columns values within 0 and 1, low frequencies in the last row.
    ///
    /// # Errors
    /// The file cannot be decoded, lacks a tenth of itself, or is shorter than one frame.
    pub(crate) fn see(&mut self, path: &Path) -> Result<Vec<f32>, Unusable> {
        let clip = decode_file(path, &self.limits)?;
        let (there, missing) = (clip.samples.len() as u64, clip.flaws.missing_frames);
        if missing as f64 > MISSING_LIMIT * (there as f64 + missing as f64) {
            return Err(Unusable::CutOff { there, missing });
        }
        if clip.flaws.any() {
            tracing::warn!(file = %path.display(), flaws = ?clip.flaws, "the file is damaged, what is left is used");
        }
        let rate = self.settings.sample_rate;
        let samples = resample(&clip.samples, clip.rate, rate)?;
        let needed = self.settings.n_fft as usize;
        if samples.len() < needed {
            return Err(Unusable::TooShort { samples: samples.len(), needed, rate });
        }
        let mut spectrogram = self.mel.power(&samples)?;
        power_to_db(&mut spectrogram, DbRef::Max, AMIN, Some(TOP_DB));
        let [_, height, width] = self.shape();
        let colours = match self.settings.colours {
            Colours::Grey => picture::Colours::Grey,
            Colours::Magma => picture::Colours::Magma,
        };
        Ok(picture(&spectrogram, height, width, colours).data)
    }
}
