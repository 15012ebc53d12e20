//! The picture of papers.md 2.2: mel power, decibels, colours.

use gliss_audio::decibel::{DbRef, power_to_db};
use gliss_audio::mel::{MelError, MelFrontEnd, MelSettings};
use gliss_audio::picture::{self, picture};
use gliss_audio::spectrum::PadMode;
use gliss_types::recipe::{Colours, MelPicture};

use super::super::skipped::Unusable;

/// Raised whenever the same file and settings come to give other values, so that cached ones are not taken.
const VERSION: u32 = 3;
/// Power below it counts as it.
const AMIN: f32 = 1e-10;
/// Decibels below the loudest that are kept apart.
const TOP_DB: f32 = 80.0;

/// The plan of pictures.
#[derive(Debug, Clone)]
pub(super) struct Pictures {
    settings: MelPicture,
    mel: MelFrontEnd,
}

impl Pictures {
    /// # Errors
    /// Settings that no transform can be made for.
    pub(super) fn new(settings: &MelPicture) -> Result<Self, MelError> {
        let MelPicture { sample_rate, n_fft, hop, mels, .. } = *settings;
        // The papers' librosa mirrored clips at their ends.
        let mel = MelSettings::librosa(sample_rate, n_fft as usize, hop as usize, mels as usize, PadMode::Reflect);
        Ok(Pictures { settings: settings.clone(), mel: MelFrontEnd::new(mel)? })
    }

    /// Channels, rows, columns of a picture.
    pub(super) fn shape(&self) -> [usize; 3] {
        let MelPicture { height, width, colours, .. } = self.settings;
        [colours.channels() as usize, height as usize, width as usize]
    }

    pub(super) fn identity(&self) -> String {
        let MelPicture { sample_rate, seconds, n_fft, hop, mels, height, width, colours } = &self.settings;
        let seconds = seconds.to_bits();
        format!(
            "mel_picture {VERSION}: rate {sample_rate}, seconds {seconds:016x}, n_fft {n_fft}, hop {hop}, mels {mels}, \
             height {height}, width {width}, colours {colours:?}"
        )
    }

    pub(super) fn summary(&self) -> String {
        let MelPicture { sample_rate, seconds, n_fft, hop, mels, height, width, colours } = &self.settings;
        let part = if *seconds > 0.0 { format!("{seconds} s") } else { "whole clips".to_owned() };
        let colours = format!("{colours:?}").to_lowercase();
        format!("mel_picture {height}x{width} {colours}, {sample_rate} Hz, {n_fft}/{hop}/{mels}, {part}")
    }

    /// The picture of `samples`: channels x rows x columns values within 0 and 1, low frequencies in the last row.
    pub(super) fn see(&mut self, samples: &[f32]) -> Result<Vec<f32>, Unusable> {
        let mut spectrogram = self.mel.power(samples)?;
        power_to_db(&mut spectrogram, DbRef::Max, AMIN, Some(TOP_DB));
        let [_, height, width] = self.shape();
        let colours = match self.settings.colours {
            Colours::Grey => picture::Colours::Grey,
            Colours::Magma => picture::Colours::Magma,
        };
        Ok(picture(&spectrogram, height, width, colours).data)
    }
}
