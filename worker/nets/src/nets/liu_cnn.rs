//! `liu_cnn` (papers.md 2.4): blocks of convolution, ReLU, max-pool 2 and dropout; fully connected layers with ReLU; dropout;
//! the classes. Keras' initial weights, as its authors had.
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

use super::blocks::{dense, doubled};
use super::layer::Conv;
use super::parameter::Scheme;
use super::table::{Made, Node, Table};

pub(super) fn write(t: &mut Table, net: &LiuCnn, x: Node, classes: usize) -> Made {
    t.scheme = Scheme::Keras;
    let mut x = x;
    for i in 0..net.depth {
        let mut conv = Conv::square(doubled(net.filters, i), LiuCnn::kernel(i) as usize);
        if net.padding.is_same() {
            conv = conv.same();
        }
        x = t.conv_relu_pool(&format!("conv.{i}"), x, conv)?;
        x = t.dropout(x, net.dropout)?;
    }
    let x = t.flatten(x)?;
    dense(t, x, &net.dense, net.dense_dropout, classes)
}
