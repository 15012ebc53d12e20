//! `musicnn` (Pons and Serra 2019; papers.md 5.2), of the published weights, whose names it has: convolutions over bands and over
//! time, a residual block over time, and two dense layers. Batch norm comes after each ReLU. 787,159 parameters with 50 tags.
//!
//! | layer | output on 1 x 187 x 96 (time x bands) |
//! | --- | --- |
//! | norm | 1x187x96 |
//! | timbral 1, 2: conv 204, 7x38 and 7x67, over time p3; largest of all bands | 204x187 each |
//! | temporal 1, 2, 3: conv 51, 128x1, 64x1, 32x1, over time "same"; largest of all bands | 51x187 each |
//! | conv 64, 7; two more, each added to what it gets | 64x187 each |
//! | all of these | 753x187 |
//! | maximum and mean over time, one beside the other | 1506 |
//! | norm, drop .5, fc 200, norm, drop .5, fc | tags |

use gliss_types::recipe::Musicnn;

use super::layer::{Conv, Norm};
use super::parameter::Scheme;
use super::table::{Made, Node, Table};
use crate::ops::{Activation, Axis, Padding, Window};

/// Published constants, those of Keras.
const NORM: Norm = Norm::KERAS;

pub(super) fn write(t: &mut Table, net: &Musicnn, x: Node, classes: usize) -> Made {
    let features = features(t, x)?;
    let top = t.global_max(features)?;
    let mean = t.global_avg(features)?;
    t.within("backend", |t| {
        let x = t.interleave(top, mean)?;
        let x = t.norm("bn_pool", x, NORM)?;
        let x = t.dropout(x, net.dropout)?;
        let x = t.linear("dense", x, 200, Activation::Relu)?;
        let x = t.norm("bn_dense", x, NORM)?;
        let x = t.dropout(x, net.dropout)?;
        t.linear("output", x, classes, Activation::None)
    })
}

/// The largest values over time of the 753 features: what 004 calls an embedding.
pub(super) fn write_embedding(t: &mut Table, x: Node) -> Made {
    let features = features(t, x)?;
    t.global_max(features)
}

/// 753 features at each time: (753, time, 1).
fn features(t: &mut Table, x: Node) -> Made {
    t.scheme = Scheme::Keras;
    let x = t.norm("input_bn", x, NORM)?;
    let mut all = Vec::new();
    for (name, bands) in [("timbral1", 38), ("timbral2", 67)] {
        let conv = Conv::rect(204, 7, bands).pads(3, 0);
        all.push(t.within(&format!("frontend.{name}"), |t| of_bands(t, x, conv))?);
    }
    for (name, frames) in [("temporal1", 128), ("temporal2", 64), ("temporal3", 32)] {
        let conv = Conv::rect(51, frames, 1).same();
        all.push(t.within(&format!("frontend.{name}"), |t| of_bands(t, x, conv))?);
    }
    let frontend = t.concat(&all)?;
    t.within("midend", |t| {
        let over_time = Conv::rect(64, 7, 1).pads(3, 0);
        let first = block(t, 1, frontend, over_time)?;
        let second = block(t, 2, first, over_time)?;
        let second = t.sum(second, first)?;
        let third = block(t, 3, second, over_time)?;
        let third = t.sum(third, second)?;
        t.concat(&[frontend, first, second, third])
    })
}

/// A convolution's largest value of all bands.
fn of_bands(t: &mut Table, x: Node, conv: Conv) -> Made {
    let x = t.conv("conv", x, conv)?;
    let x = t.relu(x)?;
    let x = t.norm("bn", x, NORM)?;
    let bands = t.shape(x).get(2).copied().unwrap_or(1);
    let axis = |kernel| Axis { kernel, stride: 1, padding: Padding::Both(0) };
    t.max_pool_of(x, Window { rows: axis(1), columns: axis(bands) })
}

fn block(t: &mut Table, number: usize, x: Node, conv: Conv) -> Made {
    let x = t.conv(&format!("conv{number}"), x, conv)?;
    let x = t.relu(x)?;
    t.norm(&format!("bn{number}"), x, NORM)
}
