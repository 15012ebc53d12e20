//! The file that says what a folder's synthetic set was made with.
//!
//! `synth.unfinished.json` is written before the first clip and renamed to `synth.json` after the last, so the name
//! says whether the set is whole and the content says what it is. Only the exact form written here is read: a
//! marker of another format is refused by its number, anything else as no marker. Reading never rewrites.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{SynthError, SynthSettings};

/// The format of a set: its layout and the samples themselves. Raised when any clip changes.
pub(super) const FORMAT: u32 = 1;
/// The marker of a whole set.
pub(super) const WHOLE: &str = "synth.json";
/// The marker of a set being made.
pub(super) const UNFINISHED: &str = "synth.unfinished.json";
/// More than any marker holds.
const LIMIT: u64 = 4096;

/// The content of the marker.
pub(super) fn text(settings: &SynthSettings) -> String {
    let SynthSettings { clips_per_style, seconds, sample_rate, seed } = settings;
    format!(
        "{{\n  \"format\": {FORMAT},\n  \"clips_per_style\": {clips_per_style},\n  \"seconds\": {seconds},\n  \
         \"sample_rate\": {sample_rate},\n  \"seed\": {seed}\n}}\n"
    )
}

/// The settings on one line, for people.
pub(super) fn line(settings: &SynthSettings) -> String {
    let SynthSettings { clips_per_style, seconds, sample_rate, seed } = settings;
    format!("{clips_per_style} clips per style, {seconds} s, {sample_rate} Hz, seed {seed}")
}

/// Checks that the marker at `path`, in `dir`, names this format and these settings.
pub(super) fn verify(dir: &Path, path: &Path, wanted: &SynthSettings) -> Result<(), SynthError> {
    let file = File::open(path).map_err(SynthError::io("read", path))?;
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes).map_err(SynthError::io("read", path))?;
    let unknown = || SynthError::Marker { path: path.to_path_buf() };
    let found = String::from_utf8(bytes).map_err(|_| unknown())?;
    let format: u32 = field(&found, "format").ok_or_else(unknown)?;
    if format != FORMAT {
        return Err(SynthError::OtherFormat { dir: dir.to_path_buf(), found: format, wanted: FORMAT });
    }
    let settings = parse(&found).ok_or_else(unknown)?;
    if settings == *wanted {
        return Ok(());
    }
    Err(SynthError::OtherSettings { dir: dir.to_path_buf(), found: line(&settings), wanted: line(wanted) })
}

fn parse(text: &str) -> Option<SynthSettings> {
    Some(SynthSettings {
        clips_per_style: field(text, "clips_per_style")?,
        seconds: field(text, "seconds")?,
        sample_rate: field(text, "sample_rate")?,
        seed: field(text, "seed")?,
    })
}

/// The value on the line `"name": value`.
fn field<T: std::str::FromStr>(text: &str, name: &str) -> Option<T> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix('"')?.strip_prefix(name)?.strip_prefix("\":")?;
        rest.trim().trim_end_matches(',').parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_and_reads_back() {
        let settings = SynthSettings { clips_per_style: 3, seconds: 2.5, sample_rate: 8_000, seed: u64::MAX };
        let text = text(&settings);
        assert_eq!(parse(&text), Some(settings));
        let json: serde_json::Value = serde_json::from_str(&text).expect("the marker is JSON");
        assert_eq!(json["seed"], u64::MAX);
        assert_eq!(json["seconds"], 2.5);
    }
}
