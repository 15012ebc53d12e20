//! `vgg13`, `vgg16`, `vgg19` (torchvision's; papers.md 1.5, 5.5): stages of 3x3 convolutions, each ending in a max-pool 2;
//! averages of 7x7 bins; fully connected layers 4096, 4096 and the classes. Names are torchvision's.
//!
//! | stage | channels | 13 | 16 | 19 |
//! | --- | --- | --- | --- | --- |
//! | 1 | 64 | 2 | 2 | 2 |
//! | 2 | 128 | 2 | 2 | 2 |
//! | 3 | 256 | 2 | 3 | 4 |
//! | 4 | 512 | 2 | 3 | 4 |
//! | 5 | 512 | 2 | 3 | 4 |

use gliss_types::recipe::Vgg;

use super::layer::{Conv, Norm};
use super::parameter::Scheme;
use super::table::{Made, Node, Table};
use crate::ops::Activation;

pub(super) fn write(t: &mut Table, net: &Vgg, x: Node, classes: usize) -> Made {
    let deep = match net.depth {
        13 => 2,
        16 => 3,
        _ => 4,
    };
    t.scheme = Scheme::FanOut;
    let mut x = x;
    let mut place = 0;
    for (filters, convs) in [(64, 2), (128, 2), (256, deep), (512, deep), (512, deep)] {
        for _ in 0..convs {
            x = t.conv(&format!("features.{place}"), x, Conv::square(filters, 3).pad(1))?;
            if net.norm {
                x = t.norm(&format!("features.{}", place + 1), x, Norm::PYTORCH.relu())?;
            } else {
                x = t.relu(x)?;
            }
            place += if net.norm { 3 } else { 2 };
        }
        x = t.max_pool(x, 2, 2)?;
        place += 1;
    }
    t.scheme = Scheme::Small;
    let x = t.adaptive_avg(x, 7, 7)?;
    let x = t.flatten(x)?;
    let x = t.linear("classifier.0", x, 4096, Activation::Relu)?;
    let x = t.dropout(x, net.dropout)?;
    let x = t.linear("classifier.3", x, 4096, Activation::Relu)?;
    let x = t.dropout(x, net.dropout)?;
    t.linear("classifier.6", x, classes, Activation::None)
}
