//! Weights from elsewhere into a net: by name and shape, all but the last layer's.

use candle_core::Tensor;
use gliss_types::recipe::Net;

use super::table::Table;
use super::{NetError, Network, table};

/// Which part of a net weights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// All but the last layer with parameters, which tells other classes apart.
    Body,
}

/// Names and shapes of what a part of a net holds: parameters, then running statistics, in the order of
/// [`Network::state`]. Nothing is allocated.
///
/// # Errors
/// What [`super::walk`] refuses.
pub fn wanted(
    net: &Net,
    inputs: &[&[usize]],
    classes: usize,
    part: Part,
) -> Result<Vec<(String, Vec<usize>)>, NetError> {
    let table = table(net, inputs, classes)?;
    Ok(of_table(&table, part))
}

fn of_table(table: &Table, part: Part) -> Vec<(String, Vec<usize>)> {
    let head = table.rows.iter().rposition(|row| !row.layer.parameters(&table.inputs_of(row)).is_empty());
    let (mut learnt, mut buffers) = (Vec::new(), Vec::new());
    for (number, row) in table.rows.iter().enumerate() {
        if part == Part::Body && Some(number) == head {
            continue;
        }
        for parameter in row.layer.parameters(&table.inputs_of(row)) {
            let list = if parameter.learnt { &mut learnt } else { &mut buffers };
            list.push((format!("{}.{}", row.layer.name, parameter.part), parameter.shape));
        }
    }
    learnt.append(&mut buffers);
    learnt
}

/// Whether weights of that shape can be those of a parameter: the same, but for sides of 1 at the end (a 1x1 convolution that
/// is a fully connected layer here), or with channels as columns.
fn fits(got: &[usize], expected: &[usize]) -> bool {
    let longer = got.strip_prefix(expected).is_some_and(|rest| rest.iter().all(|side| *side == 1));
    longer || columns_are_channels(got, expected)
}

/// Whether filters of that shape look at features side by side in a picture of one channel, where here they are channels: a
/// convolution over all columns of a picture is one over channels of one column.
fn columns_are_channels(got: &[usize], expected: &[usize]) -> bool {
    matches!((got, expected), (&[f, 1, rows, columns], &[g, channels, high, 1])
        if columns > 1 && (f, rows, columns) == (g, high, channels))
}

/// Compares weights with what a net wants; `shape_of` yields their shapes by name.
///
/// # Errors
/// The first that is missing or misshapen.
pub fn compare(wanted: &[(String, Vec<usize>)], shape_of: impl Fn(&str) -> Option<Vec<usize>>) -> Result<(), NetError> {
    for (name, expected) in wanted {
        let got = shape_of(name);
        if !got.as_ref().is_some_and(|got| fits(got, expected)) {
            return Err(NetError::Weights { name: name.clone(), got, expected: expected.clone() });
        }
    }
    Ok(())
}

impl Network {
    /// Names and shapes of what a part of the net holds.
    pub fn wanted(&self, part: Part) -> Vec<(String, Vec<usize>)> {
        of_table(&self.table, part)
    }

    /// Puts weights into a part of the net. `find` yields them by name, f32; what it has besides is left alone. On an error
    /// nothing has changed but tensors before the one that is named.
    ///
    /// # Errors
    /// A tensor that is missing or misshapen.
    pub fn load(&self, part: Part, find: impl Fn(&str) -> Option<Tensor>) -> Result<(), NetError> {
        for (name, expected) in self.wanted(part) {
            let found = find(&name);
            let got = found.as_ref().map(|tensor| tensor.dims().to_vec());
            let misfit = NetError::Weights { name: name.clone(), got: got.clone(), expected: expected.clone() };
            let (Some(tensor), true) = (found, got.is_some_and(|got| fits(&got, &expected))) else {
                return Err(misfit);
            };
            let put = self.state().find(|(held, _)| *held == name).map(|(_, var)| {
                let turned = columns_are_channels(tensor.dims(), &expected);
                let tensor = if turned { tensor.permute((0, 3, 2, 1))? } else { tensor };
                var.set(&tensor.reshape(expected.as_slice())?.contiguous()?.to_device(var.device())?)
            });
            put.unwrap_or(Ok(())).map_err(|source| NetError::Layer { layer: name, source })?;
        }
        Ok(())
    }
}
