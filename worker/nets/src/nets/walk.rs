//! The walk over a net's layers: shapes, parameters and work, without any of its memory.

use gliss_types::recipe::Net;

use super::layer::count;
use super::table::{Row, Table};
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
    /// Numbers that are kept beside them: running statistics.
    pub buffers: u64,
    /// Multiplications and additions, as pairs, of a forward pass.
    pub macs: u64,
}

/// The layers of a net for examples of shapes `inputs`, one for each input (`[features]`, `[channels, height, width]`, or any
/// other that the net takes), and that many classes.
///
/// # Errors
/// A net that cannot take such examples, or that is too large. What `walk` accepts, [`super::Network::build`] builds.
pub fn walk(net: &Net, inputs: &[&[usize]], classes: usize) -> Result<Vec<LayerRow>, NetError> {
    let table = table(net, inputs, classes)?;
    rows(&table)
}

/// The rows of a table.
pub(super) fn rows(table: &Table) -> Result<Vec<LayerRow>, NetError> {
    let mut total = 0u64;
    table.rows.iter().map(|row| counted(table, row, &mut total)).collect()
}

fn counted(table: &Table, row: &Row, total: &mut u64) -> Result<LayerRow, NetError> {
    let inputs = table.inputs_of(row);
    let (mut learnt, mut buffers) = (0u64, 0u64);
    for parameter in row.layer.parameters(&inputs) {
        let numbers = count(&parameter.shape).map_or(u64::MAX, |count| count as u64);
        let sum = if parameter.learnt { &mut learnt } else { &mut buffers };
        *sum = sum.saturating_add(numbers);
    }
    *total = total.saturating_add(learnt);
    if *total > LIMIT {
        let layer = row.layer.name.clone();
        return Err(NetError::TooLarge { layer, parameters: *total, limit: LIMIT });
    }
    let (name, output) = (row.layer.name.clone(), row.output.clone());
    Ok(LayerRow { name, output, parameters: learnt, buffers, macs: row.layer.macs(&inputs) })
}
