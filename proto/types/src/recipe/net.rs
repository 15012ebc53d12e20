//! The nets that a recipe can name.

use serde::Serialize;

use super::{Features, Kind};
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
        let dims = features.dims();
        let default = if dims.len() == 3 { "liu_cnn" } else { "mlp" };
        let name = r.choice("net.name", Some(default), &["liu_cnn", "mlp"]);
        if let Some(beside) = &features.beside {
            let rule = "no net of this version takes two inputs: leave `features.beside` out";
            r.impossible("features.beside.kind", beside.kind.name(), rule);
        }
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
        match dims.as_slice() {
            [_, height, width] => {
                // A side that the data decide is found when they are looked at.
                let sides = [height, width].into_iter().flatten().copied();
                if sides.min().is_some_and(|least| least >> net.depth == 0) {
                    let side = |side: &Option<usize>| side.map_or("?".to_owned(), |side| side.to_string());
                    let rule =
                        format!("{} pools halve a {} x {} picture to nothing", net.depth, side(height), side(width));
                    r.impossible("net.depth", net.depth, rule);
                }
            }
            _ => r.impossible("net.name", "liu_cnn", no_picture(&features.input.kind)),
        }
        Net::LiuCnn(net)
    }
}

/// Why a net that looks at pictures cannot look at that kind, and what would help.
fn no_picture(kind: &Kind) -> String {
    let name = kind.name();
    match kind {
        Kind::Columns(_) => "it needs pictures, and `data.source: table` gives columns".to_owned(),
        Kind::Mel(_) | Kind::Stft(_) => {
            "it needs pictures, and `features.channels: 0` gives planes without channels: take 1 or 3".to_owned()
        }
        _ => format!("it needs pictures, and `features.kind: {name}` gives none: take `mel_picture`, `mel` or `stft`"),
    }
}
