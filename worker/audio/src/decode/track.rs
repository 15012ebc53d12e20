//! One sound track of a container, and its decoder.

use super::{DecodeError, FileFacts, stream::refusal, vorbis};
use symphonia::core::{
    codecs::{
        CodecParameters,
        audio::{
            AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
            well_known::{CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_VORBIS},
        },
    },
    formats::{FormatReader, Track, TrackType, well_known::FORMAT_ID_ADTS},
    units::{TimeBase, Timestamp},
};

/// More channels than any recorder has would make buffers of gigabytes.
const MAX_CHANNELS: usize = 255;

/// A sound track that can be decoded.
pub(super) struct Sound {
    pub(super) id: u32,
    pub(super) codec: AudioCodecId,
    /// Frames a second, as the container says; 0 if it does not.
    pub(super) rate: u32,
    pub(super) decoder: Box<dyn AudioDecoder>,
    /// What time stamps count; `None`: frames.
    time_base: Option<TimeBase>,
    /// The time stamp of the clip's first frame.
    origin: i64,
}

impl Sound {
    /// Opens the default sound track.
    pub(super) fn open(reader: &dyn FormatReader) -> Result<Self, DecodeError> {
        let (track, parameters) = sound_track(reader)?;
        if parameters.channels.as_ref().is_some_and(|channels| channels.count() > MAX_CHANNELS) {
            return Err(DecodeError::Unsupported { what: "more than 255 channels" });
        }
        if parameters.codec == CODEC_ID_VORBIS {
            vorbis::check_setup(parameters.extra_data.as_deref().unwrap_or_default())?;
        }
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(refusal)?;
        let rate = parameters.sample_rate.or_else(|| decoder.codec_params().sample_rate).unwrap_or(0);
        // Mpeg streams count from the first frame after the delay, the others from the first packet.
        let origin = if is_mpeg(parameters.codec) {
            0
        } else {
            track.start_ts.get().saturating_add(track.delay.unwrap_or(0).into())
        };
        // What a Vorbis stream holds before zero is not of the clip.
        let before_zero = parameters.codec == CODEC_ID_VORBIS && vorbis::BEFORE_ZERO.contains(&origin);
        let origin = if before_zero { 0 } else { origin };
        let (id, codec, time_base) = (track.id, parameters.codec, track.time_base);
        Ok(Self { id, codec, rate, decoder, time_base, origin })
    }

    /// The same track, its clip beginning `delay` time stamps later.
    pub(super) fn after(self, delay: u64) -> Self {
        Self { origin: self.origin.saturating_add_unsigned(delay), ..self }
    }

    /// Where to go, in frames at `rate`, so that decoding from there gives `frame` as if all before it had been decoded;
    /// `None`: to the start. `frames`: how many there are.
    pub(super) fn run_up(&self, frame: u64, frames: Option<u64>, rate: u32) -> Option<u64> {
        // The last page of an ogg file is cut to size, and only the page before says where it starts. It holds up to 255
        // blocks, which hardly any encoder makes longer than this.
        const LAST_PAGE: u64 = 255 * 1024 + 8192;
        let memory = self.memory(rate);
        let to = frame.checked_sub(memory)?;
        if self.codec != CODEC_ID_VORBIS {
            return Some(to);
        }
        // As much is read of the start: what lies just behind that is gone to by reading on.
        Some(to.min(frames?.checked_sub(LAST_PAGE)?)).filter(|&to| to > memory)
    }

    /// How long before a frame, in frames at `rate`, decoding must begin for that frame to come out as if all before it had
    /// been decoded.
    fn memory(&self, rate: u32) -> u64 {
        if is_mpeg(self.codec) {
            // A frame's bits may begin 511 bytes before it, which are nine frames at the lowest rates; the filters remember
            // two more.
            12 * 1152
        } else if self.codec == CODEC_ID_AAC {
            2 * 1024
        } else if self.codec == CODEC_ID_VORBIS {
            // Decoding needs no more than two blocks; the rest is read for its time stamps.
            vorbis::SETTLE_SECONDS * u64::from(rate)
        } else {
            0
        }
    }

    /// The frame, at `rate`, that the time stamp stands for; negative before the clip.
    pub(super) fn frame_at(&self, stamp: Timestamp, rate: u32) -> i64 {
        let ticks = i128::from(stamp.get()) - i128::from(self.origin);
        let frames = match self.time_base {
            // Rounded to the nearest: time bases other than the rate are not exact.
            Some(base) => {
                let (numerator, denominator) =
                    (i128::from(base.numer.get()) * i128::from(rate), i128::from(base.denom.get()));
                (2 * ticks * numerator + denominator).div_euclid(2 * denominator)
            }
            None => ticks,
        };
        i64::try_from(frames).unwrap_or(if frames < 0 { i64::MIN } else { i64::MAX })
    }

    /// The time stamp of `frame` at `rate`, or the last before it.
    pub(super) fn stamp_of(&self, frame: u64, rate: u32) -> Timestamp {
        let ticks = match self.time_base {
            Some(base) => {
                let per_frame = u128::from(base.numer.get()) * u128::from(rate.max(1));
                u128::from(frame) * u128::from(base.denom.get()) / per_frame
            }
            None => u128::from(frame),
        };
        Timestamp::new(self.origin.saturating_add(i64::try_from(ticks).unwrap_or(i64::MAX)))
    }
}

/// What the headers say of the default sound track, which `sound` was opened for, and whose clip begins `delay` frames late.
pub(super) fn facts(
    reader: &dyn FormatReader,
    sound: &Sound,
    delay: u64,
    bytes: u64,
) -> Result<FileFacts, DecodeError> {
    let (track, parameters) = sound_track(reader)?;
    let channels = parameters.channels.as_ref().or(sound.decoder.codec_params().channels.as_ref());
    let bits = |parameters: &AudioCodecParameters| parameters.bits_per_coded_sample.or(parameters.bits_per_sample);
    let codecs = symphonia::default::get_codecs();
    let codec = codecs.get_audio_decoder(parameters.codec).map_or("unknown", |codec| codec.codec.info.short_name);
    // Adts has no header, and mp3 may have none: their length is guessed from the first frames.
    let info = reader.format_info();
    let guessed = info.format == FORMAT_ID_ADTS || is_mpeg(parameters.codec) && track.delay.is_none();
    let frames = match exact_frames(track, parameters) {
        _ if guessed => track.num_frames,
        // Where the last page ends, which need not count from zero; negative if it says nothing. With more
        // before zero than a page can hold, or a start behind the end, the first page is wrong and the length not known.
        Some(end) if parameters.codec == CODEC_ID_VORBIS => i64::try_from(end)
            .ok()
            .filter(|_| sound.origin >= vorbis::BEFORE_ZERO.start)
            .and_then(|end| u64::try_from(end.saturating_sub(sound.origin)).ok()),
        frames => frames,
    };
    Ok(FileFacts {
        format: info.short_name,
        codec,
        rate: sound.rate,
        channels: channels.map_or(0, |channels| channels.count() as u32),
        bits: bits(parameters).or_else(|| bits(sound.decoder.codec_params())).or_else(|| bits_of_pcm(codec)),
        frames: frames.map(|frames| frames.saturating_sub(delay)),
        exact: frames.is_some() && !guessed,
        bytes,
    })
}

/// The width in the name of a codec that does not compress, such as `pcm_f32le`: headers of floats do not say it.
fn bits_of_pcm(codec: &str) -> Option<u32> {
    let digits = codec.strip_prefix("pcm_")?.trim_matches(|letter: char| !letter.is_ascii_digit());
    digits.parse().ok()
}

fn sound_track(reader: &dyn FormatReader) -> Result<(&Track, &AudioCodecParameters), DecodeError> {
    let track = reader
        .default_track(TrackType::Audio)
        .ok_or(DecodeError::Unsupported { what: "the file has no sound track in a known codec" })?;
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => Ok((track, parameters)),
        _ => Err(DecodeError::Unsupported { what: "the sound track names no codec" }),
    }
}

fn is_mpeg(codec: AudioCodecId) -> bool {
    [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3].contains(&codec)
}

/// The frames that the header announces, if it knows.
fn exact_frames(track: &Track, parameters: &AudioCodecParameters) -> Option<u64> {
    let frames = track.num_frames?;
    // Recorders that cannot go back write the largest size there is, meaning "until the end".
    let bits = parameters.bits_per_coded_sample.or(parameters.bits_per_sample).unwrap_or(0);
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count() as u64);
    let bytes = frames.saturating_mul(u64::from(bits / 8)).saturating_mul(channels);
    let endless = u64::from(u32::MAX) - (1 << 16);
    (bytes < endless || bits == 0).then_some(frames)
}
