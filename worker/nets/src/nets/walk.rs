//! The walk over a net's layers: shapes, parameters and work, without any of its memory.

use gliss_types::recipe::Net;

use super::layer::Layer;
use super::{NetError, table};

/// The most parameters of a net: 8 GiB of weights.
const LIMIT: u64 = 1 << 31;

/// One layer of a net, for one example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// The first part of its parameters' names.
    pub name: String,
    /// Shape of what comes out.
    pub output: Vec<usize>,
    /// Numbers that are learnt.
    pub parameters: u64,
    /// Multiplications and additions, as pairs, of a forward pass.
    pub macs: u64,
}

/// The layers of a net for examples of shape `input` (`[features]`, `[channels, height, width]`, or any other that the net takes) and that many classes.
///
/// # Errors
/// A net that cannot take such examples, or that is too large. What `walk` accepts, [`super::Network::build`] builds.
pub fn walk(net: &Net, input: &[usize], classes: usize) -> Result<Vec<LayerRow>, NetError> {
    Ok(rows(net, input, classes)?.into_iter().map(|(_, _, row)| row).collect())
}

/// Each layer with its input and its row.
pub(super) fn rows(net: &Net, input: &[usize], classes: usize) -> Result<Vec<(Layer, Vec<usize>, LayerRow)>, NetError> {
    if classes == 0 {
        return Err(NetError::Classes { classes });
    }
    let mut input = input.to_vec();
    let mut total = 0u64;
    let mut rows = Vec::new();
    for layer in table(net, &input, classes) {
        let output = layer.output(&input)?;
        let mut parameters = 0u64;
        for parameter in layer.parameters(&input) {
            let count = parameter.shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n as u64));
            parameters = parameters.saturating_add(count.unwrap_or(u64::MAX));
        }
        total = total.saturating_add(parameters);
        if total > LIMIT {
            return Err(NetError::TooLarge { layer: layer.name, parameters: total, limit: LIMIT });
        }
        let row = LayerRow { name: layer.name.clone(), output: output.clone(), parameters, macs: layer.macs(&input) };
        rows.push((layer, std::mem::replace(&mut input, output), row));
    }
    Ok(rows)
}
