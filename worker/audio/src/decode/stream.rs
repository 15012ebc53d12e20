//! Decodes whatever symphonia recognises. The only module that sees its readers and decoders.

use super::{Clip, DecodeError, DecodeLimits, Flaws, collect::Collector};
use std::{fs::File, io::ErrorKind};
use symphonia::core::{
    codecs::{
        CodecParameters,
        audio::{AudioDecoder, AudioDecoderOptions, well_known::CODEC_ID_MP3},
    },
    errors::Error,
    formats::{FormatOptions, FormatReader, Track, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
};

/// Decodes the default sound track of `file`.
pub(super) fn decode(file: File, limits: &DecodeLimits) -> Result<Clip, DecodeError> {
    let source = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    // No hint: names lie.
    let mut reader = symphonia::default::get_probe()
        .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|source| match source {
            Error::Unsupported(_) => DecodeError::NotAudio,
            // The probe scores what it meets up to the end of the file: nothing was recognised by then.
            Error::IoError(end) if end.kind() == ErrorKind::UnexpectedEof => DecodeError::NotAudio,
            other => refusal(other),
        })?;
    let mut sound = Sound::open(reader.as_ref(), None)?;
    let mut clip = Collector::new(sound.rate, sound.announced, limits)?;
    let mut flaws = Flaws::default();
    let mut first_refusal = None;
    let mut interleaved = Vec::new();
    let mut enough = false;
    while !enough {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(Error::ResetRequired) => {
                sound = Sound::open(reader.as_ref(), Some(clip.rate()))?;
                continue;
            }
            Err(error) => {
                // A disk that fails is no property of the file, and must not pass for a short clip.
                if let Error::IoError(source) = error {
                    if source.kind() != ErrorKind::UnexpectedEof {
                        return Err(DecodeError::Read { source });
                    }
                    first_refusal.get_or_insert(Error::IoError(source));
                } else {
                    first_refusal.get_or_insert(error);
                }
                flaws.cut_short = true;
                break;
            }
        };
        if packet.track_id != sound.track {
            continue;
        }
        match sound.decoder.decode(&packet) {
            Ok(frames) => {
                let (rate, channels) = (frames.spec().rate(), frames.num_planes());
                if rate != clip.rate() {
                    // Headers of some containers name another rate than the codec; before any sample the codec wins.
                    if clip.len() > 0 {
                        return Err(DecodeError::RateChanged { from: clip.rate(), to: rate });
                    }
                    clip = Collector::new(rate, sound.announced, limits)?;
                }
                frames.copy_to_vec_interleaved(&mut interleaved);
                enough = clip.push(&interleaved, channels)?.is_break();
            }
            Err(error) => {
                tracing::debug!(%error, "a packet could not be decoded");
                flaws.lost_packets += 1;
                first_refusal.get_or_insert(error);
            }
        }
    }
    if clip.len() == 0 {
        return Err(match first_refusal {
            Some(Error::IoError(_)) | None => DecodeError::NoSamples { lost_packets: flaws.lost_packets },
            Some(error) => refusal(error),
        });
    }
    if !enough {
        flaws.missing_frames = sound.announced.unwrap_or(0).saturating_sub(clip.len() as u64);
    }
    Ok(Clip { rate: clip.rate(), samples: clip.into_samples(), flaws })
}

/// One sound track and its decoder.
struct Sound {
    track: u32,
    rate: u32,
    announced: Option<u64>,
    decoder: Box<dyn AudioDecoder>,
}

impl Sound {
    /// Opens the default sound track; `expected` is the rate that earlier frames of the clip had.
    fn open(reader: &dyn FormatReader, expected: Option<u32>) -> Result<Self, DecodeError> {
        let track = reader
            .default_track(TrackType::Audio)
            .ok_or(DecodeError::Unsupported { what: "the file has no sound track in a known codec" })?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(DecodeError::Unsupported { what: "the sound track names no codec" });
        };
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(refusal)?;
        let rate = parameters.sample_rate.or_else(|| decoder.codec_params().sample_rate).unwrap_or(0);
        if let Some(from) = expected.filter(|&from| from != rate) {
            return Err(DecodeError::RateChanged { from, to: rate });
        }
        Ok(Self { track: track.id, rate, announced: exact_frames(track), decoder })
    }
}

/// The frames that the header announces, if it does so exactly.
fn exact_frames(track: &Track) -> Option<u64> {
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else { return None };
    // Without a header of its own, an mp3 file's length is guessed from its first frames.
    if parameters.codec == CODEC_ID_MP3 && track.delay.is_none() {
        return None;
    }
    let frames = track.num_frames?;
    // Recorders that cannot go back write the largest size there is, meaning "until the end".
    let bits = parameters.bits_per_coded_sample.or(parameters.bits_per_sample).unwrap_or(0);
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count() as u64);
    let bytes = frames.saturating_mul(u64::from(bits / 8)).saturating_mul(channels);
    let endless = u64::from(u32::MAX) - (1 << 16);
    (bytes < endless || bits == 0).then_some(frames)
}

fn refusal(error: Error) -> DecodeError {
    match error {
        Error::Unsupported(what) => DecodeError::Unsupported { what },
        Error::IoError(source) if source.kind() != ErrorKind::UnexpectedEof => DecodeError::Read { source },
        source => DecodeError::Malformed { source: Box::new(source) },
    }
}
