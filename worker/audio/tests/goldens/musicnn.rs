//! musicnn's log-mel against that of its published front end.

use crate::{
    reference::{Arrays, data, largest_difference},
    table::Table,
};
use gliss_audio::{
    decode::{DecodeLimits, decode_file},
    features::musicnn::{LogMel, MELS, PATCH_FRAMES, Rounding, SAMPLE_RATE, patches},
    mel::{MelFilters, MelFrontEnd, MelSettings},
    spectrum::PadMode,
};

#[test]
fn log_mels_agree() {
    let Some(data) = data() else { return };
    let folder = data.join("musicnn");
    let mut table = Table::new("musicnn");
    for name in ["vibeace", "brahms", "fishin"] {
        let arrays = Arrays::open(&folder.join(format!("golden_{name}.safetensors")));
        let clip =
            decode_file(&folder.join(format!("{name}_16k.wav")), &DecodeLimits::default()).expect("a sound clip");
        assert_eq!(clip.rate, SAMPLE_RATE);
        for (golden, pad, rounding, allowed) in [
            ("logmel_reflect", PadMode::Reflect, Rounding::None, 1e-4),
            ("logmel_constant", PadMode::Zero, Rounding::None, 1e-4),
            // A mel power next to the middle of two f16 may round the other way: half a thousandth in the logarithm.
            ("logmel_f16_reflect", PadMode::Reflect, Rounding::Mel, 5e-4),
        ] {
            let (shape, expected) = arrays.get(golden);
            let seen = LogMel::new(pad).expect("legal").of(&clip.samples, rounding).expect("a legal clip");
            assert_eq!(shape, [seen.len() / MELS, MELS]);
            assert_eq!(patches(&seen, PATCH_FRAMES).count(), 3);
            table.at_most(format!("{name} {golden}"), largest_difference(&seen, &expected), allowed);
        }
        let (_, expected) = arrays.get("mel_reflect");
        let settings = MelSettings::librosa(SAMPLE_RATE, 512, 256, MELS, PadMode::Reflect);
        let power = MelFrontEnd::new(settings).expect("legal").power(&clip.samples).expect("a legal clip");
        let loudest = expected.iter().copied().fold(0.0, f32::max);
        let by_frame: Vec<f32> = (0..power.frames)
            .flat_map(|frame| (0..MELS).map(move |band| (band, frame)))
            .map(|(band, frame)| power.band(band)[frame])
            .collect();
        let difference = largest_difference(&by_frame, &expected) / f64::from(loudest);
        table.at_most(format!("{name} mel_reflect, of the largest value"), difference, 1e-5);
    }
    let (shape, expected) = Arrays::open(&folder.join("mel_basis.safetensors")).get("mel_basis_slaney_96x257");
    let bank = MelFilters::new(&MelSettings::librosa(SAMPLE_RATE, 512, 256, MELS, PadMode::Reflect)).expect("legal");
    assert_eq!(shape, [MELS, 257]);
    table.at_most("mel_basis", largest_difference(&bank.dense(), &expected), 1e-7);
}
