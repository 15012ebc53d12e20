//! `conv1d` and `conv2d`: blocks of convolution, batch norm (or none), ReLU and max-pool; the average of all places; fully
//! connected layers. Presets of papers.md 5.5, with 8 classes:
//!
//! | preset | filters | kernels | pools | parameters |
//! | --- | --- | --- | --- | --- |
//! | `gct_base1d`, 96 bands | 32, 32, 32 | 7, 7, 7 | 7, 7, 7 | 36,392 |
//! | `gct_q1`, 96 bands | 16, 32, 64, 128 | 7, 5, 3, 3 | 7, 5, 3, 3 | 45,784 |
//! | `gct_base2d`, 1 channel | 16, 32, 64, 128 | 7, 5, 3, 3 | 5, 3, 3, 2 | 107,496 |

use gliss_types::recipe::ConvStack;

use super::blocks::conv_norm;
use super::layer::{Conv, Norm};
use super::table::{Made, Node, Table};
use crate::ops::{Activation, Padding, Window};

pub(super) fn write(t: &mut Table, net: &ConvStack, x: Node, classes: usize, planar: bool) -> Made {
    let mut x = if planar { x } else { t.one_row(x)? };
    let sides = net.kernels.iter().zip(&net.pools);
    for (i, (&filters, (&kernel, &pool))) in net.filters.iter().zip(sides).enumerate() {
        let (filters, kernel, pool) = (filters as usize, kernel as usize, pool as usize);
        let mut window = Window::square(pool, pool, Padding::Both(0));
        let conv = if planar {
            Conv::square(filters, kernel).pad(kernel / 2)
        } else {
            (window.rows.kernel, window.rows.stride) = (1, 1);
            Conv::rect(filters, 1, kernel).pads(0, kernel / 2)
        };
        let name = format!("conv.{i}");
        if !net.norm && planar && pool == 2 {
            x = t.conv_relu_pool(&name, x, conv)?;
        } else {
            x = if net.norm {
                conv_norm(t, [&name, &format!("norm.{i}")], x, conv, Norm::PYTORCH.relu())?
            } else {
                let x = t.conv(&name, x, conv)?;
                t.relu(x)?
            };
            if pool > 1 {
                x = t.max_pool_of(x, window)?;
            }
        }
        if net.dropout > 0.0 {
            x = t.dropout(x, net.dropout)?;
        }
    }
    let mut x = t.global_avg(x)?;
    for (i, &width) in net.dense.iter().enumerate() {
        x = t.linear(&format!("dense.{i}"), x, width as usize, Activation::Relu)?;
    }
    t.linear("fc", x, classes, Activation::None)
}
