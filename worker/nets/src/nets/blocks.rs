//! What several nets have in common.

use super::layer::{Conv, Norm};
use super::table::{Made, Node, Table};
use crate::ops::Activation;

/// `filters * 2^i`, as far as that can be counted.
pub(super) fn doubled(filters: u32, i: u32) -> usize {
    (filters as usize).saturating_mul(1usize.checked_shl(i).unwrap_or(usize::MAX))
}

/// Fully connected layers `fc.0`, `fc.1`... with ReLU, dropout, and the classes.
pub(super) fn dense(t: &mut Table, x: Node, widths: &[u32], dropout: f64, classes: usize) -> Made {
    let mut x = x;
    for (i, &width) in widths.iter().enumerate() {
        x = t.linear(&format!("fc.{i}"), x, width as usize, Activation::Relu)?;
    }
    let x = t.dropout(x, dropout)?;
    t.linear(&format!("fc.{}", widths.len()), x, classes, Activation::None)
}

/// Convolution `conv` and batch norm `norm`, as PyTorch has them, with a ReLU after it or without.
pub(super) fn conv_norm(t: &mut Table, [conv, norm]: [&str; 2], x: Node, of: Conv, constants: Norm) -> Made {
    let x = t.conv(conv, x, of)?;
    t.norm(norm, x, constants)
}
