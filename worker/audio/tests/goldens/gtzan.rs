//! The vector of 57 features against librosa.

use crate::{
    reference::{Arrays, goldens, json},
    table::Table,
};
use gliss_audio::{
    decode::{DecodeLimits, decode_file},
    features::gtzan::{COLUMNS, GtzanFeatures},
    spectrum::PadMode,
};

/// Means of waveforms lie near zero: what they are off by counts, not by what share.
const ABSOLUTE: [&str; 2] = ["harmony_mean", "perceptr_mean"];

#[test]
fn all_57_agree() {
    let Some(goldens) = goldens() else { return };
    let (_, expected) = Arrays::open(&goldens.join("features.safetensors")).get_f64("features57");
    let by_name = json(&goldens.join("features.json"))["features57"].clone();
    let clip = decode_file(&goldens.join("audio/mix22k.wav"), &DecodeLimits::default()).expect("a sound clip");
    let row = GtzanFeatures::new(PadMode::Zero).expect("legal").of(&clip.samples).expect("a legal clip");
    assert_eq!(expected.len(), row.len());
    let mut table = Table::new("57 features, relative");
    for ((name, seen), expected) in COLUMNS.iter().zip(row).zip(expected) {
        assert_eq!(by_name[name].as_f64(), Some(expected), "{name}: columns are in the published order");
        let difference = (seen - expected).abs();
        if ABSOLUTE.contains(name) {
            table.at_most(format!("{name}, absolute"), difference, 1e-6);
        } else {
            table.at_most(*name, difference / expected.abs(), 1e-4);
        }
    }
}
