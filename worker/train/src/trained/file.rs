//! The file of a trained net: safetensors, with all that the net's answers rest on in its metadata.
//!
//! One metadata entry, `glissando.net`, holds JSON: the format's version, the recipe in canonical form, classes and lengths,
//! and where the net came from. Tensors are the net's under their names, and `basis/0`, `basis/1`, the constants that scale
//! its inputs. Other programs can read the weights as from any safetensors file.

use std::collections::HashMap;
use std::path::Path;

use gliss_types::Recipe;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::{Trained, TrainedError};
use crate::atomic::{self, Durable};
use crate::checkpoint::Basis;
use crate::trainer::restore::{BASIS, pack, unpack};
use crate::weights::WeightsFile;

const KEY: &str = "glissando.net";
const VERSION: u32 = 1;

/// Where a net came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The trial, such as `s1/t3`.
    pub trial: String,
    /// The epoch whose weights they are, from 1.
    pub epoch: u32,
    /// The metrics of that epoch and of the test, by name.
    pub metrics: Vec<(String, f64)>,
}

#[derive(Serialize, Deserialize)]
struct State {
    format: u32,
    recipe: String,
    basis: Basis,
    origin: Option<Origin>,
}

/// Writes a net to a file, which appears whole or not at all.
///
/// # Errors
/// The disk failed or is full.
pub fn write(trained: &Trained, origin: Option<&Origin>, path: &Path) -> Result<(), TrainedError> {
    let wrong = |reason: String| TrainedError::File { path: path.to_owned(), reason };
    let mut all: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let bytes = |values: Vec<f32>| values.into_iter().flat_map(f32::to_le_bytes).collect();
    for (name, var) in trained.network.state() {
        all.push((name.clone(), var.dims().to_vec(), bytes(var.flatten_all()?.to_vec1::<f32>()?)));
    }
    for (input, constants) in trained.constants.iter().enumerate() {
        all.push((format!("{BASIS}{input}"), vec![constants.len(), 2, 3], bytes(pack(constants))));
    }
    let (recipe, basis) = (trained.recipe.canonical(), trained.basis.clone());
    let state = State { format: VERSION, recipe, basis, origin: origin.cloned() };
    let state = serde_json::to_string(&state).map_err(|error| wrong(error.to_string()))?;
    let views: Result<Vec<(&str, TensorView<'_>)>, _> = all
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect();
    let views = views.map_err(|error: safetensors::SafeTensorError| wrong(error.to_string()))?;
    let file = safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), state)])));
    let file = file.map_err(|error| wrong(error.to_string()))?;
    atomic::write(path, &file, Durable::Yes).map_err(|source| TrainedError::Write { path: path.to_owned(), source })
}

/// Reads a file that [`write()`] wrote.
///
/// # Errors
/// A file that is not there, or is none, or whose parts do not belong together.
pub fn read(path: &Path) -> Result<(Trained, Option<Origin>), TrainedError> {
    let wrong = |reason: String| TrainedError::File { path: path.to_owned(), reason };
    let file = WeightsFile::open(path)?;
    let state = file.note(KEY).ok_or_else(|| {
        wrong(format!("it holds weights alone, without `{KEY}`; `gliss export` writes files that answer"))
    })?;
    let state: State = serde_json::from_str(state).map_err(|error| wrong(error.to_string()))?;
    if state.format != VERSION {
        return Err(wrong(format!("its format is {}, this program knows {VERSION}", state.format)));
    }
    let recipe = Recipe::from_canonical(&state.recipe).map_err(|error| wrong(error.to_string()))?;
    let mut constants = Vec::new();
    for input in 0..state.basis.lengths.len().min(2) {
        let tensor = file.tensor(&format!("{BASIS}{input}"))?;
        constants.push(unpack(&tensor.flatten_all()?.to_vec1::<f32>()?));
    }
    let trained = Trained::new(recipe, state.basis, constants, |name| file.tensor(name).ok())?;
    Ok((trained, state.origin))
}
