//! `mlp` (papers.md 1.5): fully connected layers with ReLU and dropout between them. PyTorch's initial weights, as its
//! authors had. What is no row of values is flattened first.
//!
//! | layers | parameters |
//! | --- | --- |
//! | 57-32-10 | 2,186 |
//! | 57-100-10 | 6,810 |
//! | 57-128-64-10 | 16,330 |

use gliss_types::recipe::Mlp;

use super::layer::Layer;
use crate::init::Init;
use crate::ops::Activation;

pub(super) fn table(net: &Mlp, input: &[usize], classes: usize) -> Vec<Layer> {
    let mut table = Vec::new();
    if input.len() != 1 {
        table.push(Layer::flatten());
    }
    for (i, &width) in net.hidden.iter().enumerate() {
        table.push(Layer::linear(i, width as usize, Activation::Relu, Init::PyTorch));
        table.push(Layer::dropout(i, net.dropout));
    }
    table.push(Layer::linear(net.hidden.len(), classes, Activation::None, Init::PyTorch));
    table
}
