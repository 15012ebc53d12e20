//! MobileNet v1 (Howard et al. 2017), as in Keras, whose names it has: 3x3 convolutions of one channel each, then 1x1
//! convolutions, each with batch norm and a ReLU that ends at 6. 475,544 numbers at a quarter of the width, 1000 classes.
//!
//! | block | channels at full width |
//! | --- | --- |
//! | conv1, 3x3 /2 | 32 |
//! | 1 | 64 |
//! | 2 /2, 3 | 128 |
//! | 4 /2, 5 | 256 |
//! | 6 /2, 7 to 11 | 512 |
//! | 12 /2, 13 | 1024 |
//! | average of all places, drop .001, conv_preds 1x1 | classes |

use gliss_types::recipe::Mobilenet;

use super::layer::{Conv, Norm};
use super::parameter::Scheme;
use super::table::{Made, Node, Table};
use crate::ops::{Activation, Padding};

const BLOCKS: [(usize, usize); 13] = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
];

pub(super) fn write(t: &mut Table, net: &Mobilenet, x: Node, classes: usize) -> Made {
    t.scheme = Scheme::Keras;
    let channels = |full: usize| ((full as f64 * net.width) as usize).max(1);
    let mut x = layer(t, "conv1", x, Conv::square(channels(32), 3), 2)?;
    for (i, (full, stride)) in BLOCKS.into_iter().enumerate() {
        let each = t.shape(x).first().copied().unwrap_or(1);
        let one_each = Conv::square(each, 3).groups(each);
        x = layer(t, &format!("conv_dw_{}", i + 1), x, one_each, stride)?;
        x = layer(t, &format!("conv_pw_{}", i + 1), x, Conv::square(channels(full), 1), 1)?;
    }
    let x = t.global_avg(x)?;
    let x = t.dropout(x, net.dropout)?;
    t.linear("conv_preds", x, classes, Activation::None)
}

/// Keras pads strided convolutions below and right alone.
fn layer(t: &mut Table, name: &str, x: Node, conv: Conv, stride: usize) -> Made {
    let mut conv = conv.stride(stride).without_bias();
    if conv.window.rows.kernel == 3 {
        let padding = if stride == 2 { Padding::Ends(0, 1) } else { Padding::Both(1) };
        (conv.window.rows.padding, conv.window.columns.padding) = (padding, padding);
    }
    let x = t.conv(name, x, conv)?;
    let x = t.norm(&format!("{name}_bn"), x, Norm::KERAS)?;
    t.relu6(x)
}
