//! `resnet18`, `34`, `50`, `101` (torchvision's; papers.md 1.5, 5.5) and `resnet18_d2l` (papers.md 4.3). Names are
//! torchvision's.
//!
//! | stage | channels | 18 | 34 | 50 | 101 |
//! | --- | --- | --- | --- | --- | --- |
//! | conv 7x7 /2 p3, norm, max-pool 3/2 p1 | 64 | | | | |
//! | 1 | 64 | 2 | 3 | 3 | 3 |
//! | 2, first block /2 | 128 | 2 | 4 | 4 | 4 |
//! | 3, first block /2 | 256 | 2 | 6 | 6 | 23 |
//! | 4, first block /2 | 512 | 2 | 3 | 3 | 3 |
//! | average of all places, fc | | | | | |
//!
//! Blocks of 18 and 34 layers are two 3x3 convolutions; those of 50 and 101 are 1x1, 3x3 (with the stride) and 1x1 to four times
//! the channels. "Dive into Deep Learning" has biases in convolutions and no batch norm in shortcuts.

use gliss_types::recipe::{Resnet, ResnetForm};

use super::blocks::conv_norm;
use super::layer::{Conv, Norm};
use super::parameter::Scheme;
use super::table::{Made, Node, Table};
use crate::ops::{Activation, Padding, Window};

pub(super) fn write(t: &mut Table, net: &Resnet, x: Node, classes: usize) -> Made {
    let blocks = match net.depth {
        18 => [2, 2, 2, 2],
        34 | 50 => [3, 4, 6, 3],
        _ => [3, 4, 23, 3],
    };
    t.scheme = if net.form == ResnetForm::D2l { Scheme::Xavier } else { Scheme::FanOut };
    let stem = biased(net, Conv::square(64, 7).stride(2).pad(3));
    let x = conv_norm(t, ["conv1", "bn1"], x, stem, Norm::PYTORCH.relu())?;
    let mut x = t.max_pool_of(x, Window::square(3, 2, Padding::Both(1)))?;
    for (stage, (channels, count)) in [64, 128, 256, 512].into_iter().zip(blocks).enumerate() {
        for i in 0..count {
            let stride = if stage > 0 && i == 0 { 2 } else { 1 };
            x = t.within(&format!("layer{}.{i}", stage + 1), |t| block(t, net, x, channels, stride))?;
        }
    }
    let x = t.global_avg(x)?;
    if net.form == ResnetForm::Torchvision {
        t.scheme = Scheme::PyTorch;
    }
    t.linear("fc", x, classes, Activation::None)
}

fn biased(net: &Resnet, conv: Conv) -> Conv {
    if net.form == ResnetForm::D2l { conv } else { conv.without_bias() }
}

fn block(t: &mut Table, net: &Resnet, x: Node, channels: usize, stride: usize) -> Made {
    let bottleneck = net.depth >= 50;
    let width = if bottleneck { 4 * channels } else { channels };
    let conv = |side: usize, channels, stride| biased(net, Conv::square(channels, side).stride(stride).pad(side / 2));
    let relu = Norm::PYTORCH.relu();
    let y = if bottleneck {
        let y = conv_norm(t, ["conv1", "bn1"], x, conv(1, channels, 1), relu)?;
        let y = conv_norm(t, ["conv2", "bn2"], y, conv(3, channels, stride), relu)?;
        conv_norm(t, ["conv3", "bn3"], y, conv(1, width, 1), Norm::PYTORCH)?
    } else {
        let y = conv_norm(t, ["conv1", "bn1"], x, conv(3, channels, stride), relu)?;
        conv_norm(t, ["conv2", "bn2"], y, conv(3, channels, 1), Norm::PYTORCH)?
    };
    let changes = stride > 1 || t.shape(x).first() != Some(&width);
    let shortcut = match net.form {
        _ if !changes => x,
        ResnetForm::D2l => t.conv("conv3", x, conv(1, width, stride))?,
        ResnetForm::Torchvision => {
            conv_norm(t, ["downsample.0", "downsample.1"], x, conv(1, width, stride), Norm::PYTORCH)?
        }
    };
    let sum = t.sum(y, shortcut)?;
    t.relu(sum)
}
