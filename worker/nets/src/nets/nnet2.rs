//! `nnet2` (papers.md 3.3): a residual block over the columns of a spectrum (`2d`), over a waveform (`1d`), or over both
//! (`mix`). Batch norm between each layer and its ELU.
//!
//! | layer | spectrum 1025x977 | waveform 10^6 | output |
//! | --- | --- | --- | --- |
//! | conv 1 | 256, 1025x4 | 256, 4096 /1024 p512 | 256x1x974 |
//! | conv 2 | 256, 1x4 p1 | the same | 256x1x973 |
//! | conv 3 | 256, 1x4 p2 | the same | 256x1x974 |
//! | conv 1 + conv 3; maximum and average of all places | | | 512 |
//! | fc 300, fc 150, fc | | | classes |
//!
//! With both, conv 1 has 128 filters on each. Parameters with 8 classes: 1,777,350 (2d), 1,776,326 (1d), 1,776,838 (mix).

use gliss_types::recipe::{Nnet2, Nnet2Form};

use super::layer::{Conv, Norm};
use super::table::{Made, Node, Table};
use crate::ops::Activation;

const FILTERS: usize = 256;
/// Samples from one column of a waveform to the next.
const STEP: usize = 1024;

pub(super) fn write(t: &mut Table, net: &Nnet2, inputs: &[Node], classes: usize) -> Made {
    let x = inputs.first().copied().unwrap_or(Node::Input(0));
    let first = match (net.form, inputs) {
        (Nnet2Form::Wave, _) => wave(t, net, "conv1", x, FILTERS)?,
        (Nnet2Form::Mix, &[x, beside, ..]) => {
            let spectrum = spectrum(t, net, "conv1.spectrum", x, FILTERS / 2)?;
            let wave = wave(t, net, "conv1.wave", beside, FILTERS / 2)?;
            t.concat(&[spectrum, wave])?
        }
        _ => spectrum(t, net, "conv1", x, FILTERS)?,
    };
    let narrow = |pad| Conv::rect(FILTERS, 1, 4).pads(0, pad);
    let y = conv(t, net, "conv2", first, narrow(1))?;
    let y = conv(t, net, "conv3", y, narrow(2))?;
    let x = t.sum(first, y)?;
    let top = t.global_max(x)?;
    let mean = t.global_avg(x)?;
    let mut x = t.concat(&[top, mean])?;
    for (i, width) in [300, 150].into_iter().enumerate() {
        x = t.linear(&format!("fc.{i}"), x, width, Activation::None)?;
        x = finish(t, net, &format!("fc.{i}"), x)?;
    }
    t.linear("fc.2", x, classes, Activation::None)
}

/// As tall as the spectrum.
fn spectrum(t: &mut Table, net: &Nnet2, name: &str, x: Node, filters: usize) -> Made {
    let height = t.shape(x).get(1).copied().unwrap_or(1);
    conv(t, net, name, x, Conv::rect(filters, height, 4))
}

fn wave(t: &mut Table, net: &Nnet2, name: &str, x: Node, filters: usize) -> Made {
    let x = t.one_row(x)?;
    let mut wide = Conv::rect(filters, 1, net.kernel as usize).pads(0, net.pad as usize);
    wide.window.columns.stride = STEP;
    conv(t, net, name, x, wide)
}

fn conv(t: &mut Table, net: &Nnet2, name: &str, x: Node, of: Conv) -> Made {
    let x = t.conv(name, x, of)?;
    finish(t, net, name, x)
}

fn finish(t: &mut Table, net: &Nnet2, name: &str, x: Node) -> Made {
    let x = t.norm(&format!("{name}.norm"), x, Norm::PYTORCH)?;
    let x = t.elu(x)?;
    t.dropout(x, net.dropout)
}
