//! `liu_dcnn` (papers.md 2.4, DCNN): two convolutions, of which maximum and average pools of two depths stand side by side.
//! Every convolution with "same" padding and ReLU. Keras' initial weights.
//!
//! | node | from | layer | output (pool 2) | parameters |
//! | --- | --- | --- | --- | --- |
//! | a | input | conv 4, 11x11; drop .2 | 4x128x128 | 1,456 |
//! | b | a | conv 4, 7x7 | 4x128x128 | 788 |
//! | | a | max-pool | 4x64x64 | |
//! | | b | average pool | 4x64x64 | |
//! | c | b | conv 8, 5x5; max-pool | 8x64x64 | 808 |
//! | d | b | conv 8, 5x5; average pool | 8x64x64 | 808 |
//! | | all four | concat, flatten | 98,304 | |
//! | | | fc 128, drop .3, fc 8 | 8 | 12,584,072 |

use gliss_types::recipe::LiuDcnn;

use super::blocks::dense;
use super::layer::Conv;
use super::parameter::Scheme;
use super::table::{Made, Node, Table};

pub(super) fn write(t: &mut Table, net: &LiuDcnn, x: Node, classes: usize) -> Made {
    t.scheme = Scheme::Keras;
    let x = pools(t, x, net.pool as usize, net.dropout)?;
    let x = t.flatten(x)?;
    dense(t, x, &net.dense, net.dense_dropout, classes)
}

/// The four pools, side by side.
pub(super) fn pools(t: &mut Table, x: Node, pool: usize, dropout: f64) -> Made {
    let a = t.l2(0.02).conv("conv.a", x, Conv::square(4, 11).same())?;
    let a = t.relu(a)?;
    let a = t.dropout(a, dropout)?;
    let b = t.l2(0.01).conv("conv.b", a, Conv::square(4, 7).same())?;
    let b = t.relu(b)?;
    let shallow_max = t.max_pool(a, pool, pool)?;
    let shallow_avg = t.avg_pool(b, pool, pool)?;
    let deep = Conv::square(8, 5).same();
    let deep_max = if pool == 2 {
        t.l2(0.01).conv_relu_pool("conv.c", b, deep)?
    } else {
        let c = t.l2(0.01).conv("conv.c", b, deep)?;
        let c = t.relu(c)?;
        t.max_pool(c, pool, pool)?
    };
    let d = t.l2(0.01).conv("conv.d", b, deep)?;
    let d = t.relu(d)?;
    let deep_avg = t.avg_pool(d, pool, pool)?;
    t.concat(&[shallow_max, shallow_avg, deep_max, deep_avg])
}
