//! A net with its parameters: built from a recipe, run forward on batches.

use candle_core::{Device, Tensor, Var};
use gliss_types::recipe::Net;

use super::NetError;
use super::layer::{Kind, Layer};
use super::walk::rows;
use crate::draw::{Draw, Stream};
use crate::init;
use crate::ops::{ConvMethod, conv_relu_pool, dropout, linear};

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A training step: values are dropped, as a function of all three, and gradients can follow.
    Train {
        /// The recipe's.
        seed: u64,
        /// From 0.
        epoch: u64,
        /// From 0, in its epoch or over all: any numbering in which no step of an epoch comes twice.
        step: u64,
    },
    /// Predictions: nothing is dropped and no graph is kept.
    Eval,
}

/// A net with its parameters.
#[derive(Debug)]
pub struct Network {
    input: Vec<usize>,
    layers: Vec<Built>,
    parameters: Vec<(String, Var)>,
}

#[derive(Debug)]
struct Built {
    layer: Layer,
    /// Where its weight is among the parameters; its bias is next.
    weight: usize,
}

impl Network {
    /// A net for examples of shape `input` (`[features]`, `[channels, height, width]`, or any other that it takes), with first
    /// weights that are a function of `seed`. f32.
    ///
    /// # Errors
    /// What [`super::walk`] refuses, or a device without room.
    pub fn build(net: &Net, input: &[usize], classes: usize, seed: u64, device: &Device) -> Result<Network, NetError> {
        let (mut layers, mut parameters) = (Vec::new(), Vec::new());
        for (layer, from, row) in rows(net, input, classes)? {
            let weight = parameters.len();
            for parameter in layer.parameters(&from) {
                let number = parameters.len() as u32;
                let var = init::uniform(seed, number, &parameter.shape, parameter.bound, device)
                    .map_err(|source| NetError::Layer { layer: row.name.clone(), source })?;
                parameters.push((format!("{}.{}", row.name, parameter.part), var));
            }
            layers.push(Built { layer, weight });
        }
        Ok(Network { input: input.to_vec(), layers, parameters })
    }

    /// The logits (batch, classes) of a batch of f32 (batch, then the shape of one example).
    ///
    /// # Errors
    /// A batch of another shape, or an operation that fails.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor, NetError> {
        if x.dims().split_first().map(|(_, example)| example) != Some(self.input.as_slice()) {
            return Err(NetError::Batch { got: x.dims().to_vec(), expected: self.input.clone() });
        }
        let mut x = x.clone();
        for (number, built) in self.layers.iter().enumerate() {
            let result = self.layer(built, number as u32, &x, mode);
            x = result.map_err(|source| NetError::Layer { layer: built.layer.name.clone(), source })?;
        }
        Ok(x)
    }

    fn layer(&self, built: &Built, number: u32, x: &Tensor, mode: Mode) -> candle_core::Result<Tensor> {
        let parameter = |i: usize| match mode {
            Mode::Train { .. } => self.parameters[built.weight + i].1.as_tensor().clone(),
            Mode::Eval => self.parameters[built.weight + i].1.as_detached_tensor(),
        };
        match built.layer.kind {
            Kind::ConvReluPool { kernel, .. } => {
                conv_relu_pool(x, &parameter(0), &parameter(1), Layer::same(kernel), ConvMethod::Quickest)
            }
            Kind::Flatten => x.flatten_from(1),
            Kind::Dropout { p } => match mode {
                Mode::Train { seed, epoch, step } => {
                    dropout(x, p, Draw::new(seed, Stream::Dropout(number), epoch, step))
                }
                Mode::Eval => Ok(x.clone()),
            },
            Kind::Linear { activation, .. } => linear(x, &parameter(0), &parameter(1), activation),
        }
    }

    /// Names and values of everything that is learnt, in the order of the layers, each weight before its bias. Names are
    /// those of checkpoints: `conv.0.weight`, `fc.2.bias`.
    pub fn parameters(&self) -> &[(String, Var)] {
        &self.parameters
    }

    /// How many numbers are learnt.
    pub fn parameter_count(&self) -> usize {
        self.parameters.iter().map(|(_, var)| var.elem_count()).sum()
    }
}
