//! Why a file gave no clip.

/// Why a file could not be decoded. Every text ends the sentence "failed to ...".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file could not be opened.
    #[error("open the audio file")]
    Open {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A folder, a pipe, a device: reading it could block for ever.
    #[error("decode what is not a regular file")]
    NotAFile,
    /// The disk failed while the file was read. Unlike all else here, another try may succeed.
    #[error("read the audio file")]
    Read {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file has no bytes.
    #[error("decode an empty file: it has 0 bytes")]
    Empty,
    /// The file is larger than [`DecodeLimits::max_bytes`](super::DecodeLimits::max_bytes).
    #[error("decode a file of {bytes} bytes: at most {limit} are read")]
    TooLarge {
        /// The file's size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Nothing in the file looks like a sound format this program reads.
    #[error(
        "recognise any sound format in the file: wav, aiff, au, flac, mp3, ogg vorbis and aac (adts, mp4) are read"
    )]
    NotAudio,
    /// The format was recognised, but not what it holds.
    #[error("decode an unsupported kind of sound: {what}")]
    Unsupported {
        /// The missing part, in the decoder's words.
        what: &'static str,
    },
    /// The format was recognised, but its structure makes no sense, and no sample could be read before that.
    #[error("make sense of a malformed file")]
    Malformed {
        /// The first contradiction met.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A sound format holding 0 frames.
    #[error("decode an empty clip: the file holds 0 frames, and {lost_packets} undecodable packets")]
    NoSamples {
        /// Packets that could not be decoded.
        lost_packets: u64,
    },
    /// The clip passes [`DecodeLimits::max_seconds`](super::DecodeLimits::max_seconds) or
    /// [`DecodeLimits::max_frames`](super::DecodeLimits::max_frames).
    #[error("decode a clip of more than {limit_frames} frames at {rate} Hz: longer ones are refused")]
    TooLong {
        /// The smaller of the two limits, in frames.
        limit_frames: usize,
        /// The clip's rate.
        rate: u32,
    },
    /// The clip ends before [`DecodeLimits::start_seconds`](super::DecodeLimits::start_seconds).
    #[error("decode from {start_seconds} s on: the clip ends before")]
    PastTheEnd {
        /// The start asked for.
        start_seconds: f64,
    },
    /// The file's headers, tables and tags go on and on, or its tables name the same bytes again and again.
    #[error("decode a file of {bytes} bytes: its structure has more read of it than any sound needs")]
    ReadTooOften {
        /// The file's size.
        bytes: u64,
    },
    /// The header gives no usable sample rate.
    #[error("decode a clip at {rate} Hz: rates from {min} to {max} Hz are read")]
    BadRate {
        /// The rate in the header; 0 if there is none.
        rate: u32,
        /// The lowest rate read.
        min: u32,
        /// The highest rate read.
        max: u32,
    },
    /// A second stream follows at another rate: there is no one clip to give back.
    #[error("decode a clip whose rate changes from {from} to {to} Hz")]
    RateChanged {
        /// The first rate.
        from: u32,
        /// The rate it changes to.
        to: u32,
    },
    /// A sample is not a number, infinite, or so large that its power would be.
    #[error("accept sample {value} in frame {frame}: samples must be numbers within ±{limit:e}")]
    BadSample {
        /// The frame, from 0.
        frame: usize,
        /// The mean of its channels.
        value: f32,
        /// The largest magnitude accepted.
        limit: f32,
    },
    /// The decoder ran into a bug of its own on this file. Other files are unaffected.
    #[error("decode the file: the decoder panicked ({message})")]
    DecoderPanic {
        /// What the panic said.
        message: String,
    },
}
