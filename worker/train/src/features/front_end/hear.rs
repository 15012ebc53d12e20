//! The sound of a clip at the rate of a front end.

use gliss_audio::decode::{DecodeLimits, decode_file};
use gliss_audio::resample::resample;

use super::super::skipped::Unusable;
use crate::data::ListedClip;

/// A file that lacks more than this share of the frames that it announces is skipped.
const MISSING_LIMIT: f64 = 0.1;

/// The samples of `clip`, one channel, at `rate` hertz; only `seconds` of them unless that is 0. Of a clip that is a part of
/// its file only the part.
///
/// # Errors
/// The file cannot be decoded, or lacks a tenth of itself.
pub(crate) fn hear(clip: &ListedClip, rate: u32, seconds: f64) -> Result<Vec<f32>, Unusable> {
    let path = clip.path.as_path();
    let (start, end) = clip.span.map_or((0.0, None), |span| (span.start, span.end));
    let length = end.map(|end| end - start).into_iter().chain((seconds > 0.0).then_some(seconds)).reduce(f64::min);
    let limits = DecodeLimits { start_seconds: start, max_seconds_wanted: length, ..DecodeLimits::default() };
    let sound = decode_file(path, &limits)?;
    let (there, missing) = (sound.samples.len() as u64, sound.flaws.missing_frames);
    if missing as f64 > MISSING_LIMIT * (there as f64 + missing as f64) {
        return Err(Unusable::CutOff { there, missing });
    }
    if sound.flaws.any() {
        tracing::warn!(file = %path.display(), flaws = ?sound.flaws, "the file is damaged, what is left is used");
    }
    Ok(resample(&sound.samples, sound.rate, rate)?)
}
