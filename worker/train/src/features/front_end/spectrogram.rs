//! Mel spectrograms and magnitudes of the short-time Fourier transform.

use gliss_audio::mel::{Exponent, MelFrontEnd, MelScale, MelSettings};
use gliss_audio::spectrum::{PadMode, Stft, StftSettings};
use gliss_types::recipe::{Compress, Filters, Mel, Padding, StftMagnitude};

use super::super::Seen;
use super::super::skipped::Unusable;
use super::compress::compress;

/// Raised whenever the same file and settings come to give other values, so that cached ones are not taken.
const VERSION: u32 = 2;

/// The plan of spectrograms.
#[derive(Debug, Clone)]
pub(super) struct Spectrograms {
    transform: Transform,
    compress: Compress,
    /// Whether values are power before they are compressed, and not magnitudes.
    power: bool,
    identity: String,
    summary: String,
}

#[derive(Debug, Clone)]
enum Transform {
    Mel(MelFrontEnd),
    Stft(Stft),
}

fn pad(padding: Padding) -> PadMode {
    match padding {
        Padding::Reflect => PadMode::Reflect,
        Padding::Zero => PadMode::Zero,
    }
}

impl Spectrograms {
    /// # Errors
    /// Settings that no transform can be made for.
    pub(super) fn mel(mel: &Mel) -> Result<Self, Unusable> {
        let Mel { sample_rate, n_fft, win_length, hop, mels, padding, filters, power, of_complex, .. } = *mel;
        let mut settings = MelSettings::librosa(sample_rate, n_fft as usize, hop as usize, mels as usize, pad(padding));
        settings.win_length = win_length as usize;
        settings.scale = match filters {
            Filters::Slaney => MelScale::Slaney,
            Filters::Htk => MelScale::Htk,
        };
        settings.power = if power == 1 { Exponent::One } else { Exponent::Two };
        settings.of_complex = of_complex;
        let compress = &mel.compress;
        Ok(Spectrograms {
            transform: Transform::Mel(MelFrontEnd::new(settings)?),
            power: power == 2,
            identity: format!(
                "mel {VERSION}: rate {sample_rate}, n_fft {n_fft}, win {win_length}, hop {hop}, mels {mels}, pad \
                 {padding:?}, filters {filters:?}, power {power}, complex {of_complex}, compress {compress:?}"
            ),
            summary: format!("mel {mels} bands, {sample_rate} Hz, {n_fft}/{win_length}/{hop}"),
            compress: mel.compress.clone(),
        })
    }

    /// # Errors
    /// Settings that no transform can be made for.
    pub(super) fn stft(stft: &StftMagnitude) -> Result<Self, Unusable> {
        let StftMagnitude { sample_rate, n_fft, win_length, hop, padding, .. } = *stft;
        let settings = StftSettings {
            n_fft: n_fft as usize,
            win_length: win_length as usize,
            hop: hop as usize,
            pad: pad(padding),
        };
        let compress = &stft.compress;
        Ok(Spectrograms {
            transform: Transform::Stft(Stft::new(settings)?),
            power: false,
            identity: format!(
                "stft {VERSION}: rate {sample_rate}, n_fft {n_fft}, win {win_length}, hop {hop}, pad {padding:?}, \
                 compress {compress:?}"
            ),
            summary: format!("stft {sample_rate} Hz, {n_fft}/{win_length}/{hop}"),
            compress: stft.compress.clone(),
        })
    }

    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    pub(super) fn summary(&self) -> &str {
        &self.summary
    }

    /// Rows of what it sees.
    pub(super) fn bands(&self) -> usize {
        match &self.transform {
            Transform::Mel(mel) => mel.settings().mels,
            Transform::Stft(stft) => stft.settings().bins(),
        }
    }

    /// Bands by frames of `samples`.
    pub(super) fn see(&mut self, samples: &[f32]) -> Result<Seen, Unusable> {
        let mut spectrogram = match &mut self.transform {
            Transform::Mel(mel) => mel.power(samples)?,
            Transform::Stft(stft) => stft.magnitude(samples)?,
        };
        compress(&mut spectrogram, &self.compress, self.power);
        Ok(Seen { shape: vec![spectrogram.bands, spectrogram.frames], values: spectrogram.data })
    }
}
