//! A net as a table of layers, each with the layers that it takes its input from. Writing one works out every shape.

use super::NetError;
use super::layer::{Conv, Kind, Layer, Norm};
use super::parameter::Scheme;
use crate::ops::{Activation, Padding, PaddingCounts, Reset, Steps, Window};

/// What a layer gives, or an input of the net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// An input of the net, from 0.
    Input(usize),
    /// A layer, from 0.
    Layer(usize),
}

/// A layer in its place.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) layer: Layer,
    pub(super) from: Vec<Node>,
    pub(super) output: Vec<usize>,
}

/// The layers, in an order in which each comes after those that it needs. The last one gives the logits.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) inputs: Vec<Vec<usize>>,
    pub(super) rows: Vec<Row>,
    /// How the weights of layers written from here on begin.
    pub(super) scheme: Scheme,
    /// Wins over `scheme`.
    pub(super) init: Option<Scheme>,
    /// L2 of the weights of the next layer.
    l2: f64,
    /// The first part of the names of layers written from here on, with its dot.
    prefix: String,
}

/// What a layer gives, or why it cannot be.
pub(super) type Made = Result<Node, NetError>;

impl Table {
    pub(super) fn new(inputs: &[&[usize]], init: Option<Scheme>) -> Table {
        let inputs = inputs.iter().map(|input| input.to_vec()).collect();
        Table { inputs, rows: Vec::new(), scheme: Scheme::PyTorch, init, l2: 0.0, prefix: String::new() }
    }

    /// The shape of what a node gives.
    pub(super) fn shape(&self, node: Node) -> &[usize] {
        match node {
            Node::Input(i) => self.inputs.get(i).map(Vec::as_slice).unwrap_or_default(),
            Node::Layer(i) => &self.rows[i].output,
        }
    }

    /// The shapes of a row's inputs.
    pub(super) fn inputs_of(&self, row: &Row) -> Vec<&[usize]> {
        row.from.iter().map(|node| self.shape(*node)).collect()
    }

    /// Writes layers whose names begin with `prefix`.
    pub(super) fn within<T>(&mut self, prefix: &str, write: impl FnOnce(&mut Table) -> T) -> T {
        let before = self.prefix.len();
        self.prefix.push_str(prefix);
        self.prefix.push('.');
        let written = write(self);
        self.prefix.truncate(before);
        written
    }

    /// `l2` times the sum of squares of the next layer's weights is part of the loss.
    pub(super) fn l2(&mut self, l2: f64) -> &mut Table {
        self.l2 = l2;
        self
    }

    fn add(&mut self, name: &str, from: &[Node], kind: Kind) -> Made {
        let scheme = self.init.unwrap_or(self.scheme);
        let layer = Layer { name: format!("{}{name}", self.prefix), kind, l2: std::mem::take(&mut self.l2), scheme };
        let inputs: Vec<&[usize]> = from.iter().map(|node| self.shape(*node)).collect();
        let output = layer.output(&inputs)?;
        self.rows.push(Row { layer, from: from.to_vec(), output });
        Ok(Node::Layer(self.rows.len() - 1))
    }

    /// A layer without parameters: named by what it is and its number.
    fn bare(&mut self, name: &str, from: &[Node], kind: Kind) -> Made {
        let stem = format!("{name}.");
        let number = self.rows.iter().filter(|row| row.layer.name.starts_with(&stem)).count();
        let prefix = std::mem::take(&mut self.prefix);
        let made = self.add(&format!("{name}.{number}"), from, kind);
        self.prefix = prefix;
        made
    }

    pub(super) fn conv(&mut self, name: &str, x: Node, conv: Conv) -> Made {
        self.add(name, &[x], Kind::Conv(conv))
    }

    /// Convolution with "same" padding, ReLU and max-pool 2.
    pub(super) fn conv_relu_pool(&mut self, name: &str, x: Node, conv: Conv) -> Made {
        self.add(name, &[x], Kind::ConvReluPool(conv))
    }

    pub(super) fn norm(&mut self, name: &str, x: Node, norm: Norm) -> Made {
        self.add(name, &[x], Kind::Norm(norm))
    }

    pub(super) fn relu(&mut self, x: Node) -> Made {
        self.bare("relu", &[x], Kind::Relu)
    }

    pub(super) fn relu6(&mut self, x: Node) -> Made {
        self.bare("relu6", &[x], Kind::Relu6)
    }

    pub(super) fn elu(&mut self, x: Node) -> Made {
        self.bare("elu", &[x], Kind::Elu)
    }

    /// A square pool without zeros around the input.
    pub(super) fn max_pool(&mut self, x: Node, side: usize, stride: usize) -> Made {
        self.max_pool_of(x, Window::square(side, stride, Padding::Both(0)))
    }

    pub(super) fn max_pool_of(&mut self, x: Node, window: Window) -> Made {
        self.bare("max_pool", &[x], Kind::MaxPool(window))
    }

    pub(super) fn avg_pool(&mut self, x: Node, side: usize, stride: usize) -> Made {
        let window = Window::square(side, stride, Padding::Both(0));
        self.bare("avg_pool", &[x], Kind::AvgPool(window, PaddingCounts::Yes))
    }

    pub(super) fn adaptive_avg(&mut self, x: Node, rows: usize, columns: usize) -> Made {
        self.bare("adaptive_pool", &[x], Kind::AdaptiveAvg(rows, columns))
    }

    pub(super) fn global_avg(&mut self, x: Node) -> Made {
        self.bare("average", &[x], Kind::GlobalAvg)
    }

    pub(super) fn global_max(&mut self, x: Node) -> Made {
        self.bare("maximum", &[x], Kind::GlobalMax)
    }

    pub(super) fn concat(&mut self, from: &[Node]) -> Made {
        self.bare("concat", from, Kind::Concat)
    }

    pub(super) fn sum(&mut self, a: Node, b: Node) -> Made {
        self.bare("add", &[a, b], Kind::Add)
    }

    /// Values of two rows in turn.
    pub(super) fn interleave(&mut self, a: Node, b: Node) -> Made {
        self.bare("interleave", &[a, b], Kind::Interleave)
    }

    pub(super) fn flatten(&mut self, x: Node) -> Made {
        self.add("flatten", &[x], Kind::Flatten)
    }

    /// Bands as channels of one row.
    pub(super) fn one_row(&mut self, x: Node) -> Made {
        self.add("one_row", &[x], Kind::OneRow)
    }

    /// Columns as steps of a sequence.
    pub(super) fn columns(&mut self, x: Node) -> Made {
        self.add("columns", &[x], Kind::Columns)
    }

    pub(super) fn dropout(&mut self, x: Node, p: f64) -> Made {
        self.bare("dropout", &[x], Kind::Dropout { p })
    }

    pub(super) fn linear(&mut self, name: &str, x: Node, outputs: usize, activation: Activation) -> Made {
        self.add(name, &[x], Kind::Linear { outputs, activation })
    }

    pub(super) fn gru(&mut self, name: &str, x: Node, width: usize, reset: Reset, steps: Steps) -> Made {
        self.add(name, &[x], Kind::Gru { width, reset, steps })
    }
}
