//! Kinds of sound files and the names that they usually have.

use std::ffi::OsStr;
use std::path::Path;

/// The short name of a kind by which people know it, for the decoder's.
pub(super) fn usual_name(format: &'static str) -> &'static str {
    match format {
        "wave" => "wav",
        "isomp4" => "mp4",
        known => known,
    }
}

/// Whether a file of kind `format` may have the ending of `path`. One whose kind has no usual ending may have any.
pub(super) fn fits_name(format: &str, path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let usual: &[&str] = match format {
        "wav" => &["wav", "wave"],
        "aiff" => &["aif", "aiff", "aifc"],
        "au" => &["au", "snd"],
        "flac" => &["flac", "ogg", "oga"],
        "ogg" => &["ogg", "oga"],
        "mp1" | "mp2" | "mp3" => &["mp1", "mp2", "mp3", "mpga"],
        "mp4" => &["m4a", "mp4", "aac"],
        "aac" => &["aac"],
        _ => return true,
    };
    usual.contains(&ending.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lie_or_do_not() {
        assert_eq!(["wave", "isomp4", "ogg"].map(usual_name), ["wav", "mp4", "ogg"]);
        assert!(fits_name("wav", Path::new("a.WAV")));
        assert!(!fits_name("mp3", Path::new("a.wav")));
        assert!(!fits_name("mp3", Path::new("mp3")));
        assert!(fits_name("other", Path::new("a.wav")));
    }
}
