//! `alexnet` (torchvision's; papers.md 1.5) and `alexnet_rect` (papers.md 4.3). Names are torchvision's.
//!
//! | layer | 3 x 256 x 1320 | parameters |
//! | --- | --- | --- |
//! | conv 64, 11x11 /4 p2; max-pool 3/2 | 64x31x164 | 23,296 |
//! | conv 192, 5x5 p2; max-pool 3/2 | 192x15x81 | 307,392 |
//! | conv 384, 256, 256, 3x3 p1; max-pool 3/2 | 256x7x40 | 2,139,008 |
//! | average of 6x6 bins, flatten | 9216 | |
//! | drop .5, fc 4096, drop .5, fc 4096, fc 10 | 10 | 54,575,114 |

use gliss_types::recipe::Alexnet;

use super::layer::Conv;
use super::table::{Made, Node, Table};
use crate::ops::{Activation, Axis, Padding, Window};

pub(super) fn write(t: &mut Table, net: &Alexnet, x: Node, classes: usize) -> Made {
    let mut x = x;
    let convs = [
        ("features.0", Conv::square(64, 11).stride(4).pad(2), true),
        ("features.3", Conv::square(192, 5).pad(2), true),
        ("features.6", Conv::square(384, 3).pad(1), false),
        ("features.8", Conv::square(256, 3).pad(1), false),
        ("features.10", Conv::square(256, 3).pad(1), true),
    ];
    for (name, conv, pooled) in convs {
        x = t.conv(name, x, conv)?;
        x = t.relu(x)?;
        if pooled {
            x = t.max_pool(x, 3, 2)?;
        }
    }
    let x = t.adaptive_avg(x, 6, 6)?;
    let x = t.flatten(x)?;
    let x = t.dropout(x, net.dropout)?;
    let x = t.linear("classifier.1", x, 4096, Activation::Relu)?;
    let x = t.dropout(x, net.dropout)?;
    let x = t.linear("classifier.4", x, 4096, Activation::Relu)?;
    t.linear("classifier.6", x, classes, Activation::None)
}

/// On 1 x 668 x 64: 8960 values are flattened, 93,550,218 parameters with 10 classes.
pub(super) fn write_rect(t: &mut Table, net: &Alexnet, x: Node, classes: usize) -> Made {
    let axis = |kernel| Axis { kernel, stride: 2, padding: Padding::Both(0) };
    let tall = Some(Window { rows: axis(9), columns: axis(3) });
    let square = Some(Window { rows: axis(3), columns: axis(3) });
    let convs = [
        (Conv::rect(96, 33, 11).stride(4).pads(0, 80), tall),
        (Conv::square(256, 5).pad(2), tall),
        (Conv::rect(384, 9, 3).pad(1), None),
        (Conv::rect(384, 9, 3).pad(1), None),
        (Conv::rect(256, 9, 3).pad(1), square),
    ];
    let mut x = x;
    for (i, (conv, pool)) in convs.into_iter().enumerate() {
        x = t.conv(&format!("conv.{i}"), x, conv)?;
        x = t.relu(x)?;
        if let Some(window) = pool {
            x = t.max_pool_of(x, window)?;
        }
    }
    let x = t.flatten(x)?;
    let x = t.linear("fc.0", x, 6400, Activation::Relu)?;
    let x = t.dropout(x, net.dropout)?;
    let x = t.linear("fc.1", x, 4096, Activation::Relu)?;
    let x = t.dropout(x, net.dropout)?;
    t.linear("fc.2", x, classes, Activation::None)
}
