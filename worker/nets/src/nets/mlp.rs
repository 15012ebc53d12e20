//! `mlp` (papers.md 1.5): fully connected layers with ReLU and dropout between them; with batch norm before the ReLU, the
//! embedding net of papers.md 5.5. PyTorch's initial weights, as its authors had. What is no row of values is flattened first.
//!
//! | layers | parameters |
//! | --- | --- |
//! | 57-32-10 | 2,186 |
//! | 57-100-10 | 6,810 |
//! | 57-128-64-10 | 16,330 |
//! | 753-32-8 with batch norm | 24,456 |

use gliss_types::recipe::Mlp;

use super::layer::Norm;
use super::table::{Made, Node, Table};
use crate::ops::Activation;

pub(super) fn write(t: &mut Table, net: &Mlp, x: Node, classes: usize) -> Made {
    let mut x = if t.shape(x).len() == 1 { x } else { t.flatten(x)? };
    for (i, &width) in net.hidden.iter().enumerate() {
        let name = format!("fc.{i}");
        x = if net.norm {
            let x = t.linear(&name, x, width as usize, Activation::None)?;
            t.norm(&format!("norm.{i}"), x, Norm::PYTORCH.relu())?
        } else {
            t.linear(&name, x, width as usize, Activation::Relu)?
        };
        x = t.dropout(x, net.dropout)?;
    }
    t.linear(&format!("fc.{}", net.hidden.len()), x, classes, Activation::None)
}
