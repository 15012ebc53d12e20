//! Between a training and its checkpoints.

use std::collections::HashMap;

use candle_core::{Device, Result, Tensor, Var};
use gliss_nets::Network;

use crate::checkpoint::{Checkpoint, CheckpointError, Stored};

/// What the tensors of a checkpoint are of.
pub(crate) const WEIGHTS: &str = "weights/";
pub(crate) const BEST: &str = "best/";
pub(super) const OPTIMISER: &str = "optimiser/";
/// The constants of each input, as [`pack`] writes them. Not needed to go on: they are learnt again.
pub(crate) const BASIS: &str = "basis/";

/// The tensors of a checkpoint as `(prefix, tensors)`, in ascending order of their names.
pub(super) fn stored(parts: &[(&str, &[(String, Tensor)])]) -> Result<Vec<Stored>> {
    let mut all = Vec::new();
    for (prefix, tensors) in parts {
        for (name, tensor) in *tensors {
            let values = tensor.flatten_all()?.to_vec1()?;
            all.push(Stored { name: format!("{prefix}{name}"), shape: tensor.dims().to_vec(), values });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Constants as a tensor (constants, 2, 3): each number is the exact sum of three of f32, as far as its size is one of f32.
pub(crate) fn pack(constants: &[[f64; 2]]) -> Vec<f32> {
    let split = |value: f64| {
        let high = value as f32;
        let middle = (value - f64::from(high)) as f32;
        [high, middle, (value - f64::from(high) - f64::from(middle)) as f32]
    };
    constants.iter().flatten().flat_map(|value| split(*value)).collect()
}

/// What [`pack`] packed.
pub(crate) fn unpack(values: &[f32]) -> Vec<[f64; 2]> {
    let (constants, _) = values.as_chunks::<6>();
    let number = |parts: &[f32]| parts.iter().map(|part| f64::from(*part)).sum::<f64>();
    constants.iter().map(|parts| [number(&parts[..3]), number(&parts[3..])]).collect()
}

/// Copies of a network's weights and running statistics.
pub(super) fn weights(network: &Network) -> Result<Vec<(String, Tensor)>> {
    let copy = |(name, var): &(String, Var)| Ok((name.clone(), var.as_detached_tensor().copy()?));
    network.state().map(copy).collect()
}

/// Puts what [`weights`] copied back into a network; names and order are the same.
pub(super) fn set_weights(network: &Network, weights: &[(String, Tensor)]) -> Result<()> {
    network.state().zip(weights).try_for_each(|((_, var), (_, weight))| var.set(&weight.to_device(var.device())?))
}

/// The tensors of a checkpoint, handed out one by one.
#[derive(Debug)]
pub(super) struct Tensors {
    by_name: HashMap<String, Stored>,
}

impl Tensors {
    pub(super) fn of(checkpoint: Checkpoint) -> Self {
        let by_name = checkpoint.tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        Tensors { by_name }
    }

    /// Takes a tensor for each parameter and running statistic of `network`, of its shape.
    ///
    /// # Errors
    /// One that is missing or has another shape.
    pub(super) fn take_all(
        &mut self,
        prefix: &str,
        network: &Network,
    ) -> std::result::Result<Vec<(String, Tensor)>, CheckpointError> {
        let one = |(name, var): &(String, Var)| {
            let full = format!("{prefix}{name}");
            let found = self.by_name.remove(&full);
            let tensor = found.as_ref().filter(|found| found.shape == var.dims()).and_then(tensor);
            let unlike = || CheckpointError::Tensor {
                name: full,
                found: found.as_ref().map(|found| found.shape.clone()),
                wanted: Some(var.dims().to_vec()),
            };
            Ok((name.clone(), tensor.ok_or_else(unlike)?))
        };
        network.state().map(one).collect()
    }

    /// The tensors of a part by their names in it; none is left behind.
    pub(super) fn take_part(&mut self, prefix: &str) -> HashMap<String, Tensor> {
        let of_part = |(name, _): &(String, Stored)| name.starts_with(prefix);
        let (part, rest): (Vec<_>, Vec<_>) = self.by_name.drain().partition(of_part);
        self.by_name = rest.into_iter().collect();
        part.into_iter()
            .filter_map(|(name, stored)| Some((name[prefix.len()..].to_owned(), tensor(&stored)?)))
            .collect()
    }

    /// # Errors
    /// A tensor that nobody took.
    pub(super) fn finish(self) -> std::result::Result<(), CheckpointError> {
        match self.by_name.into_values().min_by(|a, b| a.name.cmp(&b.name)) {
            None => Ok(()),
            Some(left) => Err(CheckpointError::Tensor { name: left.name, found: Some(left.shape), wanted: None }),
        }
    }
}

fn tensor(stored: &Stored) -> Option<Tensor> {
    Tensor::from_slice(&stored.values, stored.shape.as_slice(), &Device::Cpu).ok()
}
