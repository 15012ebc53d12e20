//! A net with its parameters: built from a recipe, run forward on batches.

use candle_core::{Device, Tensor, Var};
use gliss_types::recipe::Net;

use super::layer::{Kind, Norm};
use super::table::{Node, Row, Table};
use super::walk::rows;
use super::{NetError, table};
use crate::draw::{Draw, Stream};
use crate::init;
use crate::ops::{self, ConvMethod, GruWeights, Reset, tape};

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A training step: values are dropped, as a function of all three, batches are normalised by their own statistics, of
    /// which running ones take note, and gradients can follow.
    Train {
        /// The recipe's.
        seed: u64,
        /// From 0.
        epoch: u64,
        /// From 0, in its epoch or over all: any numbering in which no step of an epoch comes twice.
        step: u64,
    },
    /// A training step of a net that behaves as if it predicted: gradients can follow, but nothing is dropped, and running
    /// statistics normalise and stay as they are.
    Frozen,
    /// Predictions: nothing is dropped, running statistics normalise, and no graph is kept.
    Eval,
}

/// A net with its parameters.
#[derive(Debug)]
pub struct Network {
    pub(super) table: Table,
    /// Of each row of the table, its parameters and buffers in their order.
    values: Vec<Vec<Var>>,
    parameters: Vec<(String, Var)>,
    buffers: Vec<(String, Var)>,
    l2: Vec<f64>,
    /// For each row, the last row that needs what it gives.
    last_use: Vec<usize>,
}

impl Network {
    /// A net for examples of shapes `inputs`, one for each input (`[features]`, `[channels, height, width]`, or any other
    /// that it takes), with first weights that are a function of `seed`. f32.
    ///
    /// # Errors
    /// What [`super::walk`] refuses, or a device without room.
    pub fn build(
        net: &Net,
        inputs: &[&[usize]],
        classes: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Network, NetError> {
        Network::of(table(net, inputs, classes)?, seed, device)
    }

    /// musicnn as an embedding front end: for patches (batch, 1, frames, 96) of its log-mel, the largest value over time of each
    /// of 753 features (papers.md 5.2). Weights are those of `musicnn`, which must be loaded.
    ///
    /// # Errors
    /// A device without room.
    pub fn musicnn_embedding(frames: usize, device: &Device) -> Result<Network, NetError> {
        let mut table = Table::new(&[&[1, frames, 96]], None);
        super::musicnn::write_embedding(&mut table, Node::Input(0))?;
        Network::of(table, 0, device)
    }

    fn of(table: Table, seed: u64, device: &Device) -> Result<Network, NetError> {
        rows(&table)?;
        let (mut values, mut parameters, mut buffers, mut l2) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in &table.rows {
            let layer = &row.layer;
            let mut own = Vec::new();
            for parameter in layer.parameters(&table.inputs_of(row)) {
                let number = parameters.len() as u32;
                let var = init::draw(seed, number, &parameter.shape, parameter.first, device)
                    .map_err(|source| NetError::Layer { layer: layer.name.clone(), source })?;
                own.push(var.clone());
                let named = (format!("{}.{}", layer.name, parameter.part), var);
                if parameter.learnt {
                    parameters.push(named);
                    l2.push(parameter.l2);
                } else {
                    buffers.push(named);
                }
            }
            values.push(own);
        }
        let mut last_use: Vec<usize> = (0..table.rows.len()).collect();
        for (number, row) in table.rows.iter().enumerate() {
            for node in &row.from {
                if let Node::Layer(from) = node {
                    last_use[*from] = number;
                }
            }
        }
        Ok(Network { table, values, parameters, buffers, l2, last_use })
    }

    /// The logits (batch, classes) of a batch of f32: for each input, (batch, then the shape of one example).
    ///
    /// # Errors
    /// A batch of other shapes, or an operation that fails.
    pub fn forward(&self, inputs: &[&Tensor], mode: Mode) -> Result<Tensor, NetError> {
        if inputs.len() != self.table.inputs.len() {
            return Err(NetError::Inputs { got: inputs.len(), expected: self.table.inputs.len() });
        }
        for (x, expected) in inputs.iter().zip(&self.table.inputs) {
            if x.dims().split_first().map(|(_, example)| example) != Some(expected.as_slice()) {
                return Err(NetError::Batch { got: x.dims().to_vec(), expected: expected.clone() });
            }
        }
        let mut outputs: Vec<Option<Tensor>> = vec![None; self.table.rows.len()];
        for (number, row) in self.table.rows.iter().enumerate() {
            let given: Vec<&Tensor> = row.from.iter().filter_map(|node| given(inputs, &outputs, *node)).collect();
            let made = self.layer(number, row, &given, mode);
            let made = made.map_err(|source| NetError::Layer { layer: row.layer.name.clone(), source })?;
            // What nobody needs any more need not stay; in training the graph keeps what it needs.
            for node in &row.from {
                if let Node::Layer(from) = *node
                    && self.last_use[from] == number
                {
                    outputs[from] = None;
                }
            }
            outputs[number] = Some(made);
        }
        Ok(outputs.pop().flatten().expect("a table has a last row, which was just made"))
    }

    fn layer(&self, number: usize, row: &Row, from: &[&Tensor], mode: Mode) -> candle_core::Result<Tensor> {
        let values = &self.values[number];
        let parameter = |i: usize| match mode {
            Mode::Train { .. } | Mode::Frozen => values[i].as_tensor().clone(),
            Mode::Eval => values[i].as_detached_tensor(),
        };
        let x = from[0];
        match &row.layer.kind {
            Kind::Conv(conv) => {
                let bias = conv.bias.then(|| parameter(1));
                let (window, method) = (conv.window, ConvMethod::Quickest);
                ops::conv2d_grouped(x, &parameter(0), bias.as_ref(), window, conv.groups, method)
            }
            Kind::ConvReluPool(conv) => {
                ops::conv_relu_pool(x, &parameter(0), &parameter(1), conv.window, ConvMethod::Quickest)
            }
            Kind::Norm(norm) => self.norm(norm, values, x, mode),
            Kind::Relu => ops::relu(x),
            Kind::Relu6 => ops::relu6(x),
            Kind::Elu => ops::elu(x, 1.0),
            Kind::MaxPool(window) => ops::max_pool2d(x, *window),
            Kind::AvgPool(window, counts) => ops::avg_pool2d(x, *window, *counts),
            &Kind::AdaptiveAvg(rows, columns) => ops::adaptive_avg_pool2d(x, rows, columns),
            Kind::GlobalAvg => ops::global_avg_pool2d(x),
            Kind::GlobalMax => ops::global_max_pool2d(x),
            Kind::Concat => tape::cat(from, 1),
            Kind::Add => tape::add(from[0], from[1]),
            Kind::Interleave => {
                let columns =
                    from.iter().map(|x| tape::unsqueeze(x, 2)).collect::<candle_core::Result<Vec<Tensor>>>()?;
                tape::flatten_from(&tape::cat(&columns.iter().collect::<Vec<_>>(), 2)?, 1)
            }
            Kind::Flatten => tape::flatten_from(x, 1),
            Kind::OneRow => match *x.dims() {
                [_, _, _] => tape::unsqueeze(x, 2),
                _ => tape::transpose(x, 1, 2),
            },
            Kind::Columns => {
                let (batch, channels, rows, columns) = x.dims4()?;
                // Columns first: (batch, columns, channels, rows).
                let turned = tape::transpose(&tape::transpose(x, 2, 3)?, 1, 2)?;
                tape::reshape(&tape::contiguous(&turned)?, (batch, columns, channels * rows))
            }
            &Kind::Dropout { p } => match mode {
                Mode::Train { seed, epoch, step } => {
                    ops::dropout(x, p, Draw::new(seed, Stream::Dropout(number as u32), epoch, step))
                }
                Mode::Frozen | Mode::Eval => Ok(x.clone()),
            },
            &Kind::Linear { activation, .. } => ops::linear(x, &parameter(0), &parameter(1), activation),
            &Kind::Gru { reset, steps, .. } => {
                let parameters: Vec<Tensor> = (0..values.len()).map(parameter).collect();
                let hidden_bias = (reset == Reset::After).then(|| &parameters[3]);
                let [input, hidden, input_bias] = [&parameters[0], &parameters[1], &parameters[2]];
                ops::gru(x, &GruWeights { input, hidden, input_bias, hidden_bias }, reset, steps)
            }
        }
    }

    fn norm(&self, norm: &Norm, values: &[Var], x: &Tensor, mode: Mode) -> candle_core::Result<Tensor> {
        let [weight, bias, mean, variance] = [0, 1, 2, 3].map(|i| &values[i]);
        let Norm { eps, momentum, unbiased, activation } = *norm;
        match mode {
            Mode::Train { .. } => {
                let (y, stats) = ops::batch_norm(x, weight.as_tensor(), bias.as_tensor(), eps, activation)?;
                ops::update_running(mean, variance, &stats, momentum, unbiased)?;
                Ok(y)
            }
            Mode::Frozen => {
                let [mean, variance] = [mean, variance].map(|var| var.as_detached_tensor());
                ops::batch_norm_frozen(x, [weight.as_tensor(), bias.as_tensor(), &mean, &variance], eps, activation)
            }
            Mode::Eval => {
                let [weight, bias, mean, variance] = [weight, bias, mean, variance].map(|var| var.as_detached_tensor());
                ops::batch_norm_eval(x, [&weight, &bias, &mean, &variance], eps, activation)
            }
        }
    }

    /// Names and values of everything that is learnt, in the order of the layers, each weight before its bias. Names are
    /// those of checkpoints: `conv.0.weight`, `fc.2.bias`.
    pub fn parameters(&self) -> &[(String, Var)] {
        &self.parameters
    }

    /// Names and values of what training keeps beside the parameters: running statistics. Without them a net predicts
    /// otherwise.
    pub fn buffers(&self) -> &[(String, Var)] {
        &self.buffers
    }

    /// All that predictions depend on: parameters, then buffers.
    pub fn state(&self) -> impl Iterator<Item = &(String, Var)> {
        self.parameters.iter().chain(&self.buffers)
    }

    /// For each of [`Network::parameters`], the factor with which the sum of its squares is part of the loss.
    pub fn l2(&self) -> &[f64] {
        &self.l2
    }

    /// How many numbers are learnt.
    pub fn parameter_count(&self) -> usize {
        self.parameters.iter().map(|(_, var)| var.elem_count()).sum()
    }
}

/// What a node gives.
fn given<'t>(inputs: &[&'t Tensor], outputs: &'t [Option<Tensor>], node: Node) -> Option<&'t Tensor> {
    match node {
        Node::Input(i) => inputs.get(i).copied(),
        Node::Layer(i) => outputs.get(i)?.as_ref(),
    }
}
