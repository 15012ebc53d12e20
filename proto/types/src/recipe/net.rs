//! The nets that a recipe can name.

use serde::Serialize;

use super::Features;
use crate::settings::Reader;

/// A net and its settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Net {
    /// papers.md 2.4, `liu_cnn`, with its depth as a setting.
    LiuCnn(LiuCnn),
    /// papers.md 1.5: fully connected layers with ReLU between them.
    Mlp(Mlp),
}

/// Blocks of convolution, ReLU, max-pool 2 and dropout, then fully connected layers. As published: depth 4, filters 4,
/// dropout 0.5, dense 128, 128, 64, 32, 16.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiuCnn {
    /// Blocks; block i has `filters * 2^i` filters and kernels 11, 7, 3, 3, 3, 3.
    pub depth: u32,
    /// Filters of the first block.
    pub filters: u32,
    /// Probability of dropping a value after each pool.
    pub dropout: f64,
    /// Widths of the fully connected layers before the last.
    pub dense: Vec<u32>,
    /// Probability of dropping a value before the last layer.
    pub dense_dropout: f64,
}

/// A multi-layer perceptron.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mlp {
    /// Widths of the hidden layers; none is a linear classifier.
    pub hidden: Vec<u32>,
    /// Probability of dropping a value after each hidden layer.
    pub dropout: f64,
}

impl LiuCnn {
    /// Side of the square kernel of block `i`, from 0.
    pub fn kernel(i: u32) -> u32 {
        match i {
            0 => 11,
            1 => 7,
            _ => 3,
        }
    }
}

impl Net {
    pub(super) fn read(r: &mut Reader<'_>, features: &Features) -> Net {
        let picture = features.picture_shape();
        let default = if picture.is_some() { "liu_cnn" } else { "mlp" };
        let name = r.choice("net.name", Some(default), &["liu_cnn", "mlp"]);
        let probability = |p: f64| (0.0..1.0).contains(&p);
        let rule = "a probability from 0 to less than 1";
        let why = format!("`net.name: {name}` has no such setting");
        if name == "mlp" {
            r.unused(&["net.depth", "net.filters", "net.dense", "net.dense_dropout"], &why);
            return Net::Mlp(Mlp {
                hidden: r.ints("net.hidden", &[128, 64], 1..=65_536, 16),
                dropout: r.float("net.dropout", 0.0, probability, rule),
            });
        }
        r.unused(&["net.hidden"], &why);
        let net = LiuCnn {
            depth: r.int32("net.depth", 4, 1..=6),
            filters: r.int32("net.filters", 4, 1..=256),
            dropout: r.float("net.dropout", 0.5, probability, rule),
            dense: r.ints("net.dense", &[128, 128, 64, 32, 16], 1..=65_536, 16),
            dense_dropout: r.float("net.dense_dropout", 0.5, probability, rule),
        };
        match picture {
            None => r.impossible("net.name", "liu_cnn", "it needs pictures, and `data.source: table` gives columns"),
            Some([_, height, width]) if height.min(width) >> net.depth == 0 => {
                let rule = format!("{} pools halve a {height} x {width} picture to nothing", net.depth);
                r.impossible("net.depth", net.depth, rule);
            }
            Some(_) => {}
        }
        Net::LiuCnn(net)
    }
}
