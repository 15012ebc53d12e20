//! `liu_crnn` and `liu_dcrnn` (papers.md 2.4, CRNN and DCRNN): convolutions whose columns recurrent layers read as steps in
//! time. Keras' initial weights (the first convolution He's) and constants; one bias a gate, reset before the product.
//!
//! `liu_crnn` as published, on 3 x 128 x 128 with 8 classes:
//!
//! | layer | output | parameters |
//! | --- | --- | --- |
//! | conv 4, 11x11; norm; pool 2 | 4x64x64 | 1,464 |
//! | conv 8, 7x7; norm; pool 2 | 8x32x32 | 1,592 |
//! | conv 16, 3x3; norm; pool 2 | 16x16x16 | 1,200 |
//! | conv 32, 3x3; norm; pool 2 | 32x8x8 | 4,704 |
//! | columns as steps | 8 of 256 | |
//! | GRU 256, drop .5, GRU 256 (last step), drop .5 | 256 | 787,968 |
//! | norm | 256 | 512 |
//! | fc 128, 128, 64, 32, 16, drop .5, fc 8 | 8 | 60,408 |

use gliss_types::recipe::{LiuCnn, LiuCrnn, LiuDcrnn};

use super::blocks::{conv_norm, dense, doubled};
use super::layer::{Conv, Norm};
use super::liu_dcnn;
use super::parameter::Scheme;
use super::table::{Made, Node, Table};
use crate::ops::{Reset, Steps};

pub(super) fn write(t: &mut Table, net: &LiuCrnn, x: Node, classes: usize) -> Made {
    let mut x = x;
    for i in 0..net.depth {
        t.scheme = if i == 0 { Scheme::He } else { Scheme::Keras };
        let conv = Conv::square(doubled(net.filters, i), LiuCnn::kernel(i) as usize).same();
        t.l2(if i == 0 { 0.02 } else { 0.01 });
        x = conv_norm(t, [&format!("conv.{i}"), &format!("norm.{i}")], x, conv, Norm::KERAS.relu())?;
        x = t.max_pool(x, 2, 2)?;
    }
    let x = t.columns(x)?;
    let x = recur(t, x, &net.gru, net.gru_dropout)?;
    let x = t.norm("norm.gru", x, Norm::KERAS)?;
    dense(t, x, &net.dense, net.dense_dropout, classes)
}

/// `liu_dcrnn`: 342,530 numbers with 8 classes.
pub(super) fn write_double(t: &mut Table, net: &LiuDcrnn, x: Node, classes: usize) -> Made {
    t.scheme = Scheme::Keras;
    let x = t.norm("norm.input", x, Norm::KERAS)?;
    let x = liu_dcnn::pools(t, x, 2, net.dropout)?;
    let x = t.columns(x)?;
    let x = recur(t, x, &net.gru, net.gru_dropout)?;
    dense(t, x, &net.dense, net.dense_dropout, classes)
}

/// Recurrent layers `gru.0`, `gru.1`..., each with dropout; the last one's last step.
fn recur(t: &mut Table, x: Node, widths: &[u32], dropout: f64) -> Made {
    let mut x = x;
    for (i, &width) in widths.iter().enumerate() {
        let steps = if i + 1 < widths.len() { Steps::All } else { Steps::Last };
        x = t.gru(&format!("gru.{i}"), x, width as usize, Reset::Before, steps)?;
        x = t.dropout(x, dropout)?;
    }
    Ok(x)
}
