//! Files of weights: safetensors, or PyTorch's `.pth`. Read whole and checked before anything is trained.

mod error;
mod file;

pub use error::WeightsError;
pub use file::WeightsFile;

use std::path::Path;

use gliss_nets::{NetError, Network, Part};
use gliss_types::recipe::Net;

/// Whether the file holds what a part of a net needs, for examples of shapes `inputs` and that many classes.
///
/// # Errors
/// A file that cannot be read, or the first tensor that is missing or misshapen.
pub fn check(path: &Path, net: &Net, inputs: &[&[usize]], classes: usize, part: Part) -> Result<(), WeightsError> {
    let wanted = gliss_nets::wanted(net, inputs, classes, part).map_err(|error| misfit(path, error))?;
    let file = WeightsFile::open(path)?;
    gliss_nets::compare(&wanted, |name| file.shape(name)).map_err(|error| misfit(path, error))
}

/// Puts a file's weights into a part of a net.
///
/// # Errors
/// A file that cannot be read, or the first tensor that is missing or misshapen.
pub fn load(path: &Path, network: &Network, part: Part) -> Result<(), WeightsError> {
    let file = WeightsFile::open(path)?;
    let wanted = network.wanted(part);
    gliss_nets::compare(&wanted, |name| file.shape(name)).map_err(|error| misfit(path, error))?;
    let tensors: Result<std::collections::HashMap<_, _>, _> =
        wanted.into_iter().map(|(name, _)| file.tensor(&name).map(|tensor| (name, tensor))).collect();
    let tensors = tensors?;
    network.load(part, |name| tensors.get(name).cloned()).map_err(|error| misfit(path, error))
}

fn misfit(path: &Path, error: NetError) -> WeightsError {
    WeightsError::Net { path: path.to_owned(), source: Box::new(error) }
}
