//! One file of a data set, looked at closely.

use std::fs;
use std::path::Path;

use gliss_audio::decode::{ClipReader, DecodeLimits, Flaws};

use super::format::usual_name;
use super::meter::{Levels, Meter};
use crate::Control;
use crate::cache::hash_file;
use crate::features::Unusable;

/// What was found out about one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileReport {
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 of its bytes; none if it cannot be read.
    pub content: Option<blake3::Hash>,
    /// What sounds in it, or why nothing does.
    pub heard: Result<Heard, String>,
}

/// A sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The kind of file, by its content: `wav`, `mp3`, ...
    pub format: &'static str,
    /// Frames a second.
    pub rate: u32,
    /// Channels; 0 if no header says.
    pub channels: u32,
    /// Samples of each channel.
    pub frames: u64,
    /// What the decoder had to pass over.
    pub flaws: Flaws,
    /// How loud it is.
    pub levels: Levels,
    /// A hash of the rate and the mean of the channels: equal where two files sound the same to the sample.
    pub sound: blake3::Hash,
}

impl Heard {
    /// The length in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.rate)
    }
}

/// Reads, decodes and measures the file at `path`. Whatever is wrong with it is part of the answer. After `stop` the answer
/// is worth nothing.
pub(super) fn look(path: &Path, limits: &DecodeLimits, stop: &Control) -> FileReport {
    let bytes = fs::metadata(path).map_or(0, |found| found.len());
    // Only files: reading a pipe or a device could go on for ever. The decoder says what it is instead.
    let content = path.is_file().then(|| hash_file(path).ok()).flatten();
    let heard = hear(path, limits, stop).map_err(|error| error.reason());
    FileReport { bytes, content, heard }
}

fn hear(path: &Path, limits: &DecodeLimits, stop: &Control) -> Result<Heard, Unusable> {
    let mut reader = ClipReader::open(path, limits)?;
    let (format, rate, channels) = (usual_name(reader.facts().format), reader.rate(), reader.facts().channels);
    let mut meter = Meter::new(rate);
    while let Some(block) = reader.next_block()? {
        meter.push(block);
        if stop.stopped() {
            break;
        }
    }
    let (frames, flaws) = (meter.frames(), reader.flaws());
    let (levels, sound) = meter.end();
    Ok(Heard { format, rate, channels, frames, flaws, levels, sound })
}
