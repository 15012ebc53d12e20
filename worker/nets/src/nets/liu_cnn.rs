//! `liu_cnn` (papers.md 2.4): blocks of "same" convolution, ReLU, max-pool 2 and dropout; fully connected layers with ReLU;
//! dropout; the classes. Keras' initial weights, as its authors had.
//!
//! As published, on 3 x 128 x 128 with 8 classes:
//!
//! | layer | output | parameters |
//! | --- | --- | --- |
//! | conv 4, 11x11; pool 2; drop .5 | 4x64x64 | 1,456 |
//! | conv 8, 7x7; pool 2; drop .5 | 8x32x32 | 1,576 |
//! | conv 16, 3x3; pool 2; drop .5 | 16x16x16 | 1,168 |
//! | conv 32, 3x3; pool 2; drop .5 | 32x8x8 | 4,640 |
//! | flatten | 2048 | |
//! | fc 128, 128, 64, 32, 16 | 16 | 289,648 |
//! | drop .5, fc 8 | 8 | 136 |

use gliss_types::recipe::LiuCnn;

use super::layer::Layer;
use crate::init::Init;
use crate::ops::Activation;

pub(super) fn table(net: &LiuCnn, classes: usize) -> Vec<Layer> {
    let mut table = Vec::new();
    for i in 0..net.depth {
        let filters = (net.filters as usize).saturating_mul(1usize.checked_shl(i).unwrap_or(usize::MAX));
        table.push(Layer::conv(i as usize, filters, LiuCnn::kernel(i) as usize, Init::Keras));
        table.push(Layer::dropout(i as usize, net.dropout));
    }
    table.push(Layer::flatten());
    for (i, &width) in net.dense.iter().enumerate() {
        table.push(Layer::linear(i, width as usize, Activation::Relu, Init::Keras));
    }
    table.push(Layer::dropout(net.depth as usize, net.dense_dropout));
    table.push(Layer::linear(net.dense.len(), classes, Activation::None, Init::Keras));
    table
}
