//! The synthetic set: where it lies in the cache, and how it gets there.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use gliss_audio::synth::{SynthError, SynthSettings, write_set_while};
use gliss_types::recipe::Data;

use super::DataError;
use crate::Control;

/// The settings of `data` as the renderer takes them; none if it is another kind of data.
pub(super) fn settings(data: &Data) -> Option<SynthSettings> {
    match *data {
        Data::Synth { clips_per_style, seconds, sample_rate, seed } => {
            Some(SynthSettings { clips_per_style, seconds: seconds as f32, sample_rate, seed })
        }
        _ => None,
    }
}

/// The folder of a set in the cache: one per settings.
pub(super) fn folder(cache_root: &Path, settings: &SynthSettings) -> PathBuf {
    let SynthSettings { clips_per_style, seconds, sample_rate, seed } = settings;
    let text = format!("{clips_per_style} {:08x} {sample_rate} {seed}", seconds.to_bits());
    cache_root.join("synth").join(&blake3::hash(text.as_bytes()).to_hex()[..16])
}

/// Renders the clips of `data` that are not in the cache yet, and gives the folder. Processes that do it at once take
/// turns. `progress` is told of the clips that are done and of all clips; `stop` is heard after each.
pub(super) fn render(
    data: &Data,
    cache_root: &Path,
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<PathBuf, DataError> {
    let settings = settings(data).expect("called for synthetic data alone");
    let dir = folder(cache_root, &settings);
    let on_clip = |done, all| {
        progress(done as usize, all as usize);
        if stop.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    match write_set_while(&dir, &settings, on_clip) {
        Ok(set) => Ok(set.dir),
        Err(SynthError::Stopped) => Err(DataError::Stopped),
        Err(source) => Err(DataError::Synth { source }),
    }
}
