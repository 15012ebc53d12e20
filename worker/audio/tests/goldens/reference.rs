//! Finds and reads the references.

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder of golden references.
pub(crate) fn goldens() -> Option<PathBuf> {
    folder("GLISS_TEST_GOLDEN", "golden")
}

/// The folder of real data.
pub(crate) fn data() -> Option<PathBuf> {
    folder("GLISS_TEST_DATA", "data")
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn folder(variable: &str, name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    let folder = env::var_os(variable).map_or(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: no references in {} (set {variable})", folder.display());
        return None;
    }
    Some(folder)
}

pub(crate) fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("the reference is readable");
    serde_json::from_str(&text).expect("the reference is JSON")
}

/// A file of arrays.
pub(crate) struct Arrays(Vec<u8>);

impl Arrays {
    pub(crate) fn open(path: &Path) -> Self {
        Self(fs::read(path).expect("the reference is readable"))
    }

    /// The shape and the values of an f32 array.
    pub(crate) fn get(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = SafeTensors::deserialize(&self.0).expect("the reference is a safetensors file");
        let view = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(view.dtype(), Dtype::F32, "{name}");
        let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        (view.shape().to_vec(), values)
    }

    /// The shape and the values of an f64 array.
    pub(crate) fn get_f64(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = SafeTensors::deserialize(&self.0).expect("the reference is a safetensors file");
        let view = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(view.dtype(), Dtype::F64, "{name}");
        let values = view.data().as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        (view.shape().to_vec(), values)
    }
}

/// The largest difference of two arrays of one length.
pub(crate) fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).fold(0.0, f64::max)
}

/// The largest magnitude.
pub(crate) fn largest(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(value.abs())).fold(0.0, f64::max)
}

/// How far `seen` lies below `expected`, in dB: minus the signal-to-noise ratio.
pub(crate) fn noise_db(seen: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(seen.len(), expected.len());
    let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let noise = power(&mut seen.iter().zip(expected).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let signal = power(&mut expected.iter().map(|value| f64::from(*value)));
    10.0 * ((noise + 1e-30) / signal).log10()
}
