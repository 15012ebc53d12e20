//! The bytes of a checkpoint.
//!
//! A safetensors file. One metadata entry, `glissando`, holds the format's version and a [`Progress`] as JSON; the tensors,
//! all f32, are `weights/<parameter>`, `best/<parameter>` (absent while the weights are the best),
//! `optimiser/<parameter>.<moment>` and `basis/<input>`, the constants of [`Basis`]. Version 1 is the only one. A program reads its own version and refuses newer ones;
//! reading never rewrites.

use std::borrow::Cow;
use std::collections::HashMap;

use gliss_nets::schedules::Plateau;
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::CheckpointError;
use crate::patience::Patience;

const VERSION: u32 = 1;
const KEY: &str = "glissando";
/// Some hundred bytes a tensor: room for tens of thousands of them.
const HEADER_LIMIT: u64 = 8 << 20;

/// Training state after an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// How far training has come.
    pub progress: Progress,
    /// What the net's answers rest on besides its weights; none in files of earlier versions.
    pub basis: Option<Basis>,
    /// Every tensor, by name in ascending order.
    pub tensors: Vec<Stored>,
}

/// What a net's answers rest on besides its recipe and weights: what was learnt of the data before the first step. The
/// constants that scale each input are tensors `basis/0`, `basis/1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The classes, in the order of the net's outputs.
    pub classes: Vec<String>,
    /// Of each input, the length that its examples are brought to: frames, samples, or values of a row.
    pub lengths: Vec<usize>,
    /// Of a table's columns, their names in the order of the net's inputs; none otherwise, and in files of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// How far a trial has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The trial's key: whose state this is.
    pub key: String,
    /// Finished epochs.
    pub epoch: u32,
    /// Steps made, over all epochs.
    pub steps: u64,
    /// Seconds spent on these epochs, over all attempts.
    pub seconds: f64,
    /// The best epoch so far; none before the first.
    pub best: Option<Best>,
    /// How far the rate has come that is cut at a plateau; none with other schedules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plateau: Option<Plateau>,
    /// How long there has been no progress; none in a trial that does not end for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Patience>,
}

/// The best epoch so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The epoch, from 1.
    pub epoch: u32,
    /// The objective's value.
    pub score: f64,
    /// Its metrics, by name in ascending order.
    pub metrics: Vec<(String, f64)>,
}

/// One tensor, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// As many values as the shape says.
    pub values: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
struct State {
    format: u32,
    // Read only once the format is known to be ours.
    progress: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basis: Option<serde_json::Value>,
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values.as_slice())
    }
}

/// The same state always gives the same bytes.
pub(super) fn encode(checkpoint: &Checkpoint) -> Result<Vec<u8>, CheckpointError> {
    let progress = serde_json::to_value(&checkpoint.progress).map_err(CheckpointError::State)?;
    let basis = checkpoint.basis.as_ref().map(serde_json::to_value).transpose().map_err(CheckpointError::State)?;
    let state = serde_json::to_string(&State { format: VERSION, progress, basis }).map_err(CheckpointError::State)?;
    // One entry only: the order of several would not be fixed.
    let metadata = HashMap::from([(KEY.to_owned(), state)]);
    let tensors = checkpoint.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    safetensors::serialize(tensors, Some(metadata)).map_err(CheckpointError::Tensors)
}

/// The state that `bytes` hold.
pub(super) fn decode(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let announced = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    if !(2..=HEADER_LIMIT).contains(&announced) || announced > bytes.len() as u64 - 8 {
        return Err(CheckpointError::Header { bytes: announced, limit: HEADER_LIMIT });
    }
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(CheckpointError::Tensors)?;
    let text = header.metadata().as_ref().and_then(|entries| entries.get(KEY));
    let text = text.ok_or(CheckpointError::NoState { key: KEY })?;
    let state: State = serde_json::from_str(text).map_err(CheckpointError::State)?;
    if state.format != VERSION {
        return Err(CheckpointError::Newer { found: state.format, known: VERSION });
    }
    let progress = serde_json::from_value(state.progress).map_err(CheckpointError::State)?;
    let basis = state.basis.map(serde_json::from_value).transpose().map_err(CheckpointError::State)?;
    let file = SafeTensors::deserialize(bytes).map_err(CheckpointError::Tensors)?;
    let mut tensors = file.iter().map(|(name, view)| stored(name, &view)).collect::<Result<Vec<_>, _>>()?;
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Checkpoint { progress, basis, tensors })
}

fn stored(name: &str, view: &safetensors::tensor::TensorView<'_>) -> Result<Stored, CheckpointError> {
    let shape = view.shape().to_vec();
    if view.dtype() != Dtype::F32 {
        return Err(CheckpointError::Tensor { name: name.to_owned(), found: Some(shape.clone()), wanted: Some(shape) });
    }
    let (values, _) = view.data().as_chunks();
    let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Ok(Stored { name: name.to_owned(), shape, values })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::checkpoint) fn example() -> Checkpoint {
        let stored = |name: &str, shape: &[usize], values: &[f32]| Stored {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: values.to_vec(),
        };
        let metrics = vec![("lr".to_owned(), 1e-3), ("valid_accuracy".to_owned(), 0.1 + 0.2)];
        Checkpoint {
            progress: Progress {
                key: "00ff".into(),
                epoch: 3,
                steps: 17,
                seconds: 1.0 / 3.0,
                best: Some(Best { epoch: 2, score: 0.1 + 0.2, metrics }),
                plateau: Some(Plateau::new(0.1 + 0.2)),
                patience: Some(Patience::default()),
            },
            basis: Some(Basis {
                classes: vec!["jazz".into(), "rock".into()],
                lengths: vec![936],
                columns: vec!["tempo".into()],
            }),
            tensors: vec![
                stored("best/fc.weight", &[2, 2], &[1.0, -0.0, f32::MIN_POSITIVE / 4.0, 3.5]),
                stored("optimiser/fc.weight.exp_avg", &[0], &[]),
                stored("weights/fc.bias", &[], &[7.0]),
                stored("weights/fc.weight", &[2, 2], &[0.1, 0.2, 0.3, 0.4]),
            ],
        }
    }

    #[test]
    fn the_same_state_gives_the_same_bytes_and_comes_back() {
        let bytes = encode(&example()).expect("writable");
        assert!((0..20).all(|_| encode(&example()).expect("writable") == bytes));
        assert_eq!(decode(&bytes).expect("readable"), example());
    }

    #[test]
    fn no_bytes_are_believed_unchecked() {
        let bytes = encode(&example()).expect("writable");
        for end in 0..bytes.len() {
            decode(&bytes[..end]).expect_err("cut short");
        }
        // Whatever a changed byte does, it does not crash.
        for place in 0..bytes.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut damaged = bytes.clone();
                damaged[place] ^= flip;
                let _ = decode(&damaged);
            }
        }
        let mut long = bytes.clone();
        long[..8].copy_from_slice(&(HEADER_LIMIT + 1).to_le_bytes());
        assert!(matches!(decode(&long), Err(CheckpointError::Header { .. })));
        long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(matches!(decode(&long), Err(CheckpointError::Header { .. })));
    }

    #[test]
    fn a_newer_format_and_other_files_are_refused() {
        let with = |metadata: Option<HashMap<String, String>>| {
            let tensor = Stored { name: "x".into(), shape: vec![1], values: vec![1.0] };
            safetensors::serialize([("x", &tensor)], metadata).expect("writable")
        };
        let newer = HashMap::from([(KEY.to_owned(), r#"{"format": 2, "progress": [], "more": 1}"#.to_owned())]);
        assert!(matches!(decode(&with(Some(newer))), Err(CheckpointError::Newer { found: 2, known: 1 })));
        assert!(matches!(decode(&with(None)), Err(CheckpointError::NoState { .. })));
        let empty = HashMap::from([(KEY.to_owned(), r#"{"format": 1, "progress": {}}"#.to_owned())]);
        assert!(matches!(decode(&with(Some(empty))), Err(CheckpointError::State(_))));
    }
}
