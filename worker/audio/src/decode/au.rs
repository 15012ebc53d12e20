//! Sun/NeXT `.au`, the format that GTZAN comes in, which symphonia does not read.
//!
//! Layout, big-endian: magic, offset of the data, its size in bytes (`u32::MAX`: until the end), encoding, rate, channels.

use super::{
    DecodeError, FileFacts,
    backend::{Backend, Block, Losses},
    mix::mean_of_frames,
    source::Source,
};
use std::io::{ErrorKind, Read, Seek as _, SeekFrom};

pub(super) const MAGIC: &[u8; 4] = b".snd";

const HEADER_BYTES: u32 = 24;
const MAX_CHANNELS: u32 = 255;
const FRAMES_AT_ONCE: usize = 4096;

/// An open `.au` file.
pub(super) struct Au {
    source: Source,
    encoding: Encoding,
    rate: u32,
    channels: usize,
    /// Where the data starts, in bytes.
    data: u64,
    /// Frames that the header announces.
    announced: Option<u64>,
    /// The next frame.
    at: u64,
    bytes: Vec<u8>,
    interleaved: Vec<f32>,
}

impl Au {
    pub(super) fn open(mut source: Source) -> Result<Self, DecodeError> {
        let mut header = [0; HEADER_BYTES as usize];
        source.read_exact(&mut header).map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => malformed("au: the header is cut off"),
            _ => DecodeError::Read { source },
        })?;
        let [_, offset, size, encoding, rate, channels] = std::array::from_fn(|field| {
            header.as_chunks::<4>().0.get(field).map_or(0, |bytes| u32::from_be_bytes(*bytes))
        });
        if offset < HEADER_BYTES {
            return Err(malformed("au: the data starts within the header"));
        }
        if !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(malformed("au: the number of channels is not within 1 to 255"));
        }
        let encoding = Encoding::from_code(encoding)
            .ok_or(DecodeError::Unsupported { what: "au: an encoding other than linear integers and floats" })?;
        let channels = channels as usize;
        let frame_bytes = (encoding.bytes() * channels) as u64;
        let announced = (size != u32::MAX).then(|| u64::from(size) / frame_bytes);
        let data = u64::from(offset);
        source.allowance().opened();
        source.seek(SeekFrom::Start(data)).map_err(|source| DecodeError::Read { source })?;
        let (bytes, interleaved) = (Vec::new(), Vec::new());
        Ok(Self { source, encoding, rate, channels, data, announced, at: 0, bytes, interleaved })
    }

    fn frame_bytes(&self) -> usize {
        self.encoding.bytes() * self.channels
    }
}

impl Backend for Au {
    fn facts(&self) -> FileFacts {
        let held = self.source.length().saturating_sub(self.data) / self.frame_bytes() as u64;
        FileFacts {
            format: "au",
            codec: self.encoding.name(),
            rate: self.rate,
            channels: self.channels as u32,
            bits: Some(8 * self.encoding.bytes() as u32),
            frames: Some(self.announced.unwrap_or(held)),
            exact: self.announced.is_some(),
            bytes: self.source.length(),
        }
    }

    fn seek(&mut self, frame: u64, _rate: u32) -> Result<(), DecodeError> {
        // A start beyond any file saturates, and finds the end.
        let position = frame.saturating_mul(self.frame_bytes() as u64).saturating_add(self.data);
        self.source.seek(SeekFrom::Start(position)).map_err(|source| DecodeError::Read { source })?;
        self.at = frame;
        Ok(())
    }

    fn next(&mut self, mono: &mut Vec<f32>) -> Result<Option<Block>, DecodeError> {
        let left = self.announced.map_or(u64::MAX, |announced| announced.saturating_sub(self.at));
        let most = left.min(FRAMES_AT_ONCE as u64) * self.frame_bytes() as u64;
        self.bytes.clear();
        self.source
            .by_ref()
            .take(most)
            .read_to_end(&mut self.bytes)
            .map_err(|source| self.source.allowance().explain(DecodeError::Read { source }))?;
        let frames = self.bytes.len() / self.frame_bytes();
        if frames == 0 {
            return Ok(None);
        }
        let encoding = self.encoding;
        self.interleaved.clear();
        self.interleaved.extend(self.bytes.chunks_exact(encoding.bytes()).map(|sample| encoding.sample(sample)));
        mono.clear();
        mean_of_frames(&self.interleaved, self.channels, mono);
        let block = Block { at: self.at, rate: self.rate };
        self.at += frames as u64;
        Ok(Some(block))
    }

    fn losses(&self) -> Losses {
        Losses::default()
    }

    fn nothing(&mut self) -> DecodeError {
        DecodeError::NoSamples { lost_packets: 0 }
    }
}

fn malformed(what: &'static str) -> DecodeError {
    DecodeError::Malformed { source: what.into() }
}

#[derive(Clone, Copy)]
enum Encoding {
    I8,
    I16,
    I24,
    I32,
    F32,
    F64,
}

impl Encoding {
    fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            2 => Self::I8,
            3 => Self::I16,
            4 => Self::I24,
            5 => Self::I32,
            6 => Self::F32,
            7 => Self::F64,
            _ => return None,
        })
    }

    fn bytes(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::I8 => "pcm_s8",
            Self::I16 => "pcm_s16be",
            Self::I24 => "pcm_s24be",
            Self::I32 => "pcm_s32be",
            Self::F32 => "pcm_f32be",
            Self::F64 => "pcm_f64be",
        }
    }

    /// The value of one sample, full scale ±1; `bytes` holds [`Self::bytes`] of them.
    fn sample(self, bytes: &[u8]) -> f32 {
        let bits = bytes.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
        match self {
            Self::F32 => f32::from_bits(bits as u32),
            Self::F64 => f64::from_bits(bits) as f32,
            _ => {
                // The sample's sign bit goes to the top, which makes every width a fraction of 2^63.
                let value = (bits << (64 - 8 * self.bytes())) as i64;
                (value as f64 / 2f64.powi(63)) as f32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Clip, DecodeLimits, decode_bytes};

    fn au(size: u32, encoding: u32, rate: u32, channels: u32, data: &[u8]) -> Result<Clip, DecodeError> {
        let header = [HEADER_BYTES, size, encoding, rate, channels].map(u32::to_be_bytes).concat();
        decode_bytes([MAGIC, header.as_slice(), data].concat(), &DecodeLimits::default())
    }

    #[test]
    fn every_encoding_has_full_scale_one() {
        let f64s = [(-1f64).to_be_bytes(), 0.5f64.to_be_bytes()].concat();
        let f32s = [(-1f32).to_be_bytes(), 0.5f32.to_be_bytes()].concat();
        let samples: [(u32, &[u8]); 6] = [
            (2, &[0x80, 0x40]),
            (3, &[0x80, 0, 0x40, 0]),
            (4, &[0x80, 0, 0, 0x40, 0, 0]),
            (5, &[0x80, 0, 0, 0, 0x40, 0, 0, 0]),
            (6, &f32s),
            (7, &f64s),
        ];
        for (encoding, data) in samples {
            let clip = au(u32::MAX, encoding, 8000, 1, data).expect("legal");
            assert_eq!(clip.samples, [-1.0, 0.5], "encoding {encoding}");
            assert!(!clip.flaws.any());
        }
    }

    #[test]
    fn a_cut_file_gives_its_whole_frames_and_says_so() {
        let clip = au(12, 3, 8000, 2, &[0x40, 0, 0, 0, 0x20]).expect("one frame");
        assert_eq!(clip.samples, [0.25]);
        assert_eq!(clip.flaws.missing_frames, 2);
    }

    #[test]
    fn absurd_headers_are_errors() {
        assert!(matches!(au(0, 3, 8000, 1, &[]), Err(DecodeError::NoSamples { .. })));
        assert!(matches!(au(4, 3, 8000, 0, &[0; 4]), Err(DecodeError::Malformed { .. })));
        assert!(matches!(au(4, 3, 8000, u32::MAX, &[0; 4]), Err(DecodeError::Malformed { .. })));
        assert!(matches!(au(4, 3, 0, 1, &[0; 4]), Err(DecodeError::BadRate { rate: 0, .. })));
        assert!(matches!(au(4, 23, 8000, 1, &[0; 4]), Err(DecodeError::Unsupported { .. })));
        let nan = f32::NAN.to_be_bytes();
        assert!(matches!(au(4, 6, 8000, 1, &nan), Err(DecodeError::BadSample { frame: 0, .. })));
    }
}
