//! Aac, whose decoder makes up some of the sound: of a band that was noise, the stream holds how loud it was and no more.
//! symphonia draws it from one generator, never set back, so what it draws depends on all that was decoded before, and a
//! part of a file has other noise than the whole. Nothing else differs.
//!
//! Layout of the streams written here: ISO/IEC 14496-3, sections 4.4.2 (syntax) and 4.A.1 (codes).

use crate::reference::noise_db;
use gliss_audio::spectrum::{PadMode, Stft, StftSettings};

/// Two decodings at 44.1 kHz are alike where no encoder leaves noise to be made up, and have noise of one loudness.
pub(crate) fn agrees_but_for_made_up_noise(seen: &[f32], expected: &[f32], what: &str) {
    /// ffmpeg, and the streams here, do not below 4 kHz; windows leak.
    const NOISELESS_HERTZ: usize = 2000;
    let noise = noise_db(seen, expected);
    assert!(noise < -10.0, "{what}: noise of {noise} dB");
    let settings = StftSettings { n_fft: 2048, win_length: 2048, hop: 512, pad: PadMode::Zero };
    let mut stft = Stft::new(settings).expect("legal settings");
    // Frames at the ends see edges.
    let mut power = |samples: &[f32]| -> f64 {
        let spectrum = stft.power(samples).expect("a legal clip");
        let inner = |bin: usize| &spectrum.band(bin)[2..spectrum.frames - 2];
        (0..NOISELESS_HERTZ * 2048 / 44_100).flat_map(inner).map(|value| f64::from(*value)).sum()
    };
    if expected.len() < 8 * 512 {
        return;
    }
    let difference: Vec<f32> = seen.iter().zip(expected).map(|(seen, expected)| seen - expected).collect();
    let low = 10.0 * ((power(&difference) + 1e-30) / power(expected)).log10();
    assert!(low < -85.0, "{what}: noise of {low} dB below 2 kHz");
}

/// An adts stream of one channel at 44.1 kHz: `packets` packets of coefficients up to 2.8 kHz, and with `noise` of noise to be
/// made up from 7.6 kHz on.
pub(crate) fn adts_of(packets: usize, noise: bool) -> Vec<u8> {
    let mut random = 1u32;
    let mut stream = Vec::new();
    for _ in 0..packets {
        let packet = packet(&mut random, noise);
        let length = packet.len() + 7;
        let header = [0xFF, 0xF1, 0x50, 0x40 | length >> 11, length >> 3, length << 5 | 0x1F, 0xFC];
        stream.extend(header.map(|byte| byte as u8));
        stream.extend(packet);
    }
    stream
}

/// The lowest bands hold coefficients, this many in all; above them come bands of nothing, and then of noise.
const CODED_BANDS: usize = 20;
const CODED: usize = 132;
const EMPTY_BANDS: usize = 10;
const NOISE_BANDS: usize = 19;

fn packet(random: &mut u32, noise: bool) -> Vec<u8> {
    const GAIN: u32 = 182;
    let mut bits = Bits::default();
    // A single channel, its gain, and one long window.
    bits.put(0, 3 + 4);
    bits.put(GAIN, 8);
    bits.put(0, 1 + 2 + 1);
    bits.put((CODED_BANDS + EMPTY_BANDS + NOISE_BANDS) as u32, 6);
    bits.put(0, 1);
    // Which code each band is in: 3 has four small numbers a word, 0 nothing, 13 noise.
    for (code, bands) in [(3, CODED_BANDS), (0, EMPTY_BANDS), (if noise { 13 } else { 0 }, NOISE_BANDS)] {
        bits.put(code, 4);
        bits.put(bands as u32, 5);
    }
    // No band is louder than the one before.
    bits.put(0, CODED_BANDS);
    if noise {
        bits.put(236, 9);
        bits.put(0, NOISE_BANDS - 1);
    }
    bits.put(0, 3);
    for _ in 0..CODED / 4 {
        *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Four zeros, or three and a one with its sign.
        match *random >> 30 {
            0 => bits.put(0b1_0010, 5),
            1 => bits.put(0b1_0011, 5),
            _ => bits.put(0, 1),
        }
    }
    bits.put(7, 3);
    bits.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// Appends the lowest `width` bits of `value`, the highest first.
    fn put(&mut self, value: u32, width: usize) {
        for bit in (0..width).rev() {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let set = bit < 32 && value >> bit & 1 == 1;
            *self.bytes.last_mut().expect("a byte was pushed") |= u8::from(set) << (7 - self.count % 8);
            self.count += 1;
        }
    }
}
