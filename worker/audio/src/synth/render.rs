//! Renders one clip: composes it, plays its parts, records it.

use super::compose::compose;
use super::draws::Draws;
use super::drums::Kit;
use super::recording::record;
use super::voice::Player;
use super::{Style, SynthSettings};

/// Renders a clip: mono samples at `settings.sample_rate`, [`SynthSettings::samples_per_clip`] of them, with a peak
/// of at most 0.95 and never silent.
///
/// Clip `n` of a style is the same whatever `clips_per_style` is. Settings that do not pass
/// [`SynthSettings::check`] are brought within their limits first, so that no length asked for exhausts memory.
#[must_use]
pub fn render(style: Style, clip: u32, settings: &SynthSettings) -> Vec<f32> {
    let settings = SynthSettings {
        seconds: if settings.seconds.is_nan() { 1.0 } else { settings.seconds.clamp(1.0, 60.0) },
        sample_rate: settings.sample_rate.clamp(8_000, 48_000),
        ..*settings
    };
    let rate = f64::from(settings.sample_rate);
    let draws = Draws::new(settings.seed, style, clip);
    let score = compose(style, draws, f64::from(settings.seconds));

    let mut samples = vec![0.0; settings.samples_per_clip()];
    let mut player = Player::new(rate, draws);
    for (number, note) in score.notes.iter().enumerate() {
        player.play(note, number as u64, &mut samples);
    }
    let kit = Kit::new(rate, draws);
    for (number, hit) in score.hits.iter().enumerate() {
        kit.play(hit, number as u64, &mut samples);
    }
    record(&mut samples, rate, draws);
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{STYLES, wav};

    /// FNV-1a over the 16-bit samples, little end first.
    fn checksum(samples: &[f32]) -> u64 {
        let bytes = samples.iter().flat_map(|x| wav::quantise(*x).to_le_bytes());
        bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
    }

    /// The samples are part of the format: where this fails on purpose, raise `marker::FORMAT` and pin anew.
    #[test]
    fn the_first_clip_of_every_style_is_the_one_that_was_pinned() {
        let pinned: [u64; 10] = [
            0x8C77_5949_BBC6_A1DE,
            0x179E_2802_C617_7EDF,
            0x0C42_6C6D_FCF4_E801,
            0x7502_EFBE_58E7_B348,
            0x46F6_C739_4703_FC1A,
            0xEFB1_4C2F_A6A2_6402,
            0x8F3F_08B3_6BDE_4940,
            0xDCA1_E2A1_2850_F488,
            0xA2DF_24AE_BD51_94E3,
            0x3E4B_1518_B626_1ED2,
        ];
        let settings = SynthSettings::default();
        let heard = STYLES.map(|style| checksum(&render(style, 0, &settings)));
        assert_eq!(heard, pinned, "{heard:#018X?}");
    }

    #[test]
    fn clips_are_repeatable_loud_enough_and_not_too_loud() {
        for style in STYLES {
            for sample_rate in [8_000, 16_000, 44_100] {
                let settings = SynthSettings { sample_rate, seconds: 1.5, ..SynthSettings::default() };
                for clip in 0..6 {
                    let samples = render(style, clip, &settings);
                    assert_eq!(samples.len(), settings.samples_per_clip());
                    assert!(samples.iter().all(|x| x.is_finite() && x.abs() <= 0.95));
                    let power: f32 = samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32;
                    assert!(power.sqrt() > 0.005, "{style} {clip} at {sample_rate} Hz: {}", power.sqrt());
                    assert_eq!(samples, render(style, clip, &settings));
                }
            }
        }
    }

    #[test]
    fn seed_clip_and_style_each_change_the_samples() {
        let settings = SynthSettings { seconds: 1.0, ..SynthSettings::default() };
        let mut all: Vec<u64> = STYLES.map(|style| checksum(&render(style, 0, &settings))).to_vec();
        all.push(checksum(&render(Style::March, 1, &settings)));
        all.push(checksum(&render(Style::March, 0, &SynthSettings { seed: 1, ..settings })));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 12);
    }

    #[test]
    fn settings_out_of_range_are_brought_within_it() {
        for seconds in [f32::NAN, -1.0, 0.0, f32::NEG_INFINITY] {
            let settings = SynthSettings { seconds, sample_rate: 0, ..SynthSettings::default() };
            assert_eq!(render(Style::Drone, 0, &settings).len(), 8_000);
        }
    }
}
