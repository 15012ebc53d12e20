//! Writes 16-bit mono PCM in a RIFF container; the one format the synthetic set uses.

/// Bytes before the first sample.
const HEADER: usize = 44;

/// The size in bytes of a file with so many samples.
pub(super) fn size(samples: usize) -> u64 {
    (HEADER + 2 * samples) as u64
}

/// The whole file. Samples are in [-1, 1], clamped, and rounded to the nearest of 32767 steps.
pub(super) fn encode(samples: &[f32], sample_rate: u32) -> Vec<u8> {
    let data = (2 * samples.len()) as u32;
    let mut bytes = Vec::with_capacity(HEADER + 2 * samples.len());
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(HEADER as u32 - 8 + data).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    bytes.extend_from_slice(&1u16.to_le_bytes()); // PCM
    bytes.extend_from_slice(&1u16.to_le_bytes()); // one channel
    bytes.extend_from_slice(&sample_rate.to_le_bytes());
    bytes.extend_from_slice(&(2 * sample_rate).to_le_bytes()); // bytes per second
    bytes.extend_from_slice(&2u16.to_le_bytes()); // bytes per frame
    bytes.extend_from_slice(&16u16.to_le_bytes()); // bits per sample
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    for sample in samples {
        bytes.extend_from_slice(&quantise(*sample).to_le_bytes());
    }
    bytes
}

/// The 16-bit value of a sample.
pub(super) fn quantise(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_samples_are_where_they_belong() {
        let bytes = encode(&[0.0, 1.0, -1.0, 0.5, 7.0], 22_050);
        assert_eq!(bytes.len() as u64, size(5));
        assert_eq!(&bytes[..4], b"RIFF");
        assert_eq!(bytes[4..8], 46u32.to_le_bytes());
        assert_eq!(bytes[24..28], 22_050u32.to_le_bytes());
        assert_eq!(bytes[28..32], 44_100u32.to_le_bytes());
        assert_eq!(bytes[40..44], 10u32.to_le_bytes());
        let samples: Vec<i16> = bytes[44..].chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        assert_eq!(samples, [0, 32_767, -32_767, 16_384, 32_767]);
    }
}
