//! A spectrogram for each class, of a file that stands for it.

use gliss_audio::decode::{DecodeLimits, decode_file};
use gliss_audio::picture::{Colours, PortraitSettings, Spectrum, encode_png, portrait};
use gliss_train::Control;
use gliss_train::data::survey::SoundSurvey;

/// Classes that are drawn; a page with more would be too large to open.
const DRAWN: usize = 60;
/// How much of a file is drawn.
const SECONDS: f64 = 30.0;
/// As many rows as mel bands.
const SETTINGS: PortraitSettings =
    PortraitSettings { spectrum: Spectrum::Mel, height: 128, width: 512, colours: Colours::Magma };

/// A drawn class.
#[derive(Debug, Clone)]
pub(super) struct Portrait {
    /// The class, by its place in the survey.
    pub(super) class: usize,
    /// The file that stands for it, by its place in the survey.
    pub(super) file: usize,
    /// The seconds that are drawn.
    pub(super) seconds: f64,
    /// A PNG file.
    pub(super) png: Vec<u8>,
}

/// Draws the classes of `survey` that have a file to draw. A file that has become unreadable since is left out.
pub(super) fn portraits(survey: &SoundSurvey, stop: &Control) -> Vec<Portrait> {
    let able = survey.classes.iter().enumerate().filter_map(|(class, facts)| Some((class, facts.portrait?)));
    able.take(DRAWN)
        .take_while(|_| !stop.stopped())
        .filter_map(|(class, file)| {
            let clip = decode_file(&survey.files.get(file)?.path, &DecodeLimits::first_seconds(SECONDS)).ok()?;
            let drawn = portrait(&clip.samples, clip.rate, &SETTINGS).ok()?;
            Some(Portrait { class, file, seconds: clip.seconds(), png: encode_png(&drawn).ok()? })
        })
        .collect()
}
