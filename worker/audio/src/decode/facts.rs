//! What a file says of itself.

/// What a sound file's headers say. Nothing has been decoded, so nothing of it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// The container, in a word: `wave`, `aiff`, `au`, `flac`, `mp3`, `ogg`, `isomp4`, or `aac` for adts.
    pub format: &'static str,
    /// The codec, in a word: `pcm_s16le`, `flac`, `mp3`, `vorbis`, `aac`, ...
    pub codec: &'static str,
    /// Frames a second; 0 if no header says.
    pub rate: u32,
    /// Channels; 0 if no header says.
    pub channels: u32,
    /// Bits a sample; `None` for codecs whose samples have no fixed width.
    pub bits: Option<u32>,
    /// Frames that the file should hold, without the encoder's delay and padding where these are known.
    pub frames: Option<u64>,
    /// True if `frames` is a number that the file states; false if there is none or it is estimated from the file's size.
    pub exact: bool,
    /// The file's size in bytes.
    pub bytes: u64,
}

impl FileFacts {
    /// The length in seconds, if it is known at all.
    pub fn seconds(&self) -> Option<f64> {
        (self.rate > 0).then_some(self.frames? as f64 / f64::from(self.rate))
    }
}
