//! SqueezeNet 1.0 (Iandola et al. 2016), as in Caffe, whose names it has: fire modules squeeze to few channels and expand by 1x1
//! and 3x3 convolutions side by side. 1,248,424 parameters with 1000 classes.
//!
//! | layer | 3 x 227 x 227 |
//! | --- | --- |
//! | conv1 96, 7x7 /2; max-pool 3/2 | 96x55x55 |
//! | fire2, fire3: 16, 64 + 64; fire4: 32, 128 + 128; max-pool 3/2 | 256x27x27 |
//! | fire5: 32, 128 + 128; fire6, fire7: 48, 192 + 192; fire8: 64, 256 + 256; max-pool 3/2 | 512x13x13 |
//! | fire9: 64, 256 + 256; drop .5 | 512x13x13 |
//! | conv10, 1x1 p1; average of all places | 1000 |

use gliss_types::recipe::Squeezenet;

use super::layer::Conv;
use super::parameter::Scheme;
use super::table::{Made, Node, Table};
use crate::ops::{Axis, Padding, Window};

pub(super) fn write(t: &mut Table, net: &Squeezenet, x: Node, classes: usize) -> Made {
    t.scheme = Scheme::He;
    let x = t.conv("conv1", x, Conv::square(96, 7).stride(2))?;
    let x = t.relu(x)?;
    let mut x = pool(t, x)?;
    for (i, squeeze) in [(2, 16), (3, 16), (4, 32), (5, 32), (6, 48), (7, 48), (8, 64), (9, 64)] {
        x = t.within(&format!("fire{i}"), |t| fire(t, x, squeeze))?;
        if i == 4 || i == 8 {
            x = pool(t, x)?;
        }
    }
    let x = t.dropout(x, net.dropout)?;
    // The ReLU behind it lets nothing be learnt of a class that it shuts out from the start, as Caffe's zeros may.
    t.scheme = Scheme::Open;
    let x = t.conv("conv10", x, Conv::square(classes, 1).pad(1))?;
    let x = t.relu(x)?;
    t.global_avg(x)
}

fn fire(t: &mut Table, x: Node, squeeze: usize) -> Made {
    let x = t.conv("squeeze", x, Conv::square(squeeze, 1))?;
    let x = t.relu(x)?;
    let near = t.conv("expand1x1", x, Conv::square(4 * squeeze, 1))?;
    let wide = t.conv("expand3x3", x, Conv::square(4 * squeeze, 3).pad(1))?;
    let both = t.concat(&[near, wide])?;
    t.relu(both)
}

/// Caffe's max-pool 3/2: what is left over at the ends is pooled too.
fn pool(t: &mut Table, x: Node) -> Made {
    let sides = t.shape(x).get(1..).unwrap_or_default();
    let axis = |i: usize| {
        let side = sides.get(i).copied().unwrap_or(0);
        Axis { kernel: 3, stride: 2, padding: Padding::Ends(0, usize::from(side > 3 && side.is_multiple_of(2))) }
    };
    let window = Window { rows: axis(0), columns: axis(1) };
    t.max_pool_of(x, window)
}
