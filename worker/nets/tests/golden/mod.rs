//! Reading the golden references: where they lie, their arrays, and the hash that fills weights and inputs.
#![allow(clippy::allow_attributes, dead_code, reason = "each test uses a part of it")]

use std::error::Error;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

/// The folder of golden references; says so on stderr where there is none, and the test is skipped.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("GLISS_TEST_GOLDEN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden"), PathBuf::from);
    if folder.join("layers.json").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: no golden references in {}", folder.display());
    None
}

/// A JSON file of the folder.
pub(crate) fn json(folder: &Path, name: &str) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&std::fs::read(folder.join(name))?)?)
}

/// All numbers of a JSON value, in order.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        other => other.as_f64().into_iter().collect(),
    }
}

/// Whole numbers of a JSON list.
pub(crate) fn labels(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|v| v as u32).collect()
}

/// Number `i` of stream `s` of the hash, in [-1, 1).
pub(crate) fn hash(s: u64, i: u64) -> f64 {
    let z = (s << 40).wrapping_add(i).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let z = z ^ (z >> 31);
    (z >> 40) as f64 / (1u64 << 23) as f64 - 1.0
}

/// A tensor filled by a rule of the form `factor*u` or `1 + factor*u`, where the factor is a number or `sqrt(a/b)`.
pub(crate) fn filled(stream: u64, shape: &[usize], rule: &str, dtype: DType) -> Result<Tensor, Box<dyn Error>> {
    let (level, rule) = rule.strip_prefix("1 + ").map_or((0.0, rule), |rule| (1.0, rule));
    let factor = rule.strip_suffix("*u").ok_or_else(|| format!("unknown rule {rule}"))?;
    let factor: f64 = match factor.strip_prefix("sqrt(").and_then(|f| f.strip_suffix(')')) {
        Some(ratio) => {
            let (a, b) = ratio.split_once('/').ok_or("a ratio")?;
            (a.parse::<f64>()? / b.parse::<f64>()?).sqrt()
        }
        None => factor.parse()?,
    };
    let count: usize = shape.iter().product();
    let values: Vec<f64> = (0..count as u64).map(|i| level + factor * hash(stream, i)).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

/// The weights listed for a layer or net, in order.
pub(crate) fn weights(list: &Value, dtype: DType) -> Result<Vec<Tensor>, Box<dyn Error>> {
    let list = list.as_array().ok_or("a list of weights")?;
    let one = |w: &Value| {
        let shape: Vec<usize> = numbers(&w["shape"]).into_iter().map(|n| n as usize).collect();
        filled(w["stream"].as_u64().ok_or("a stream")?, &shape, w["rule"].as_str().ok_or("a rule")?, dtype)
    };
    list.iter().map(one).collect()
}

/// The largest difference of two lists, which must be of one length.
pub(crate) fn max_diff(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len(), "lists are of one length");
    got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// A tensor's values as f64, in row-major order.
pub(crate) fn values(tensor: &Tensor) -> Result<Vec<f64>, Box<dyn Error>> {
    Ok(tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?)
}
