//! The kinds of layer that tables are made of: their shapes and costs. Holds no numbers.

use super::NetError;
use crate::init::Init;
use crate::ops::{Activation, Padding, Window};

/// A row of a net's table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    /// `conv.0`, `fc.2`...: the first part of its parameters' names.
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a layer does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Square convolution of stride 1 with "same" padding, ReLU, max-pool 2.
    ConvReluPool { filters: usize, kernel: usize, init: Init },
    /// Whatever an example is, to one row.
    Flatten,
    /// Drops values with that probability in training.
    Dropout { p: f64 },
    /// Fully connected.
    Linear { outputs: usize, activation: Activation, init: Init },
}

impl Layer {
    pub(super) fn conv(i: usize, filters: usize, kernel: usize, init: Init) -> Layer {
        Layer { name: format!("conv.{i}"), kind: Kind::ConvReluPool { filters, kernel, init } }
    }

    pub(super) fn flatten() -> Layer {
        Layer { name: "flatten".to_owned(), kind: Kind::Flatten }
    }

    pub(super) fn dropout(i: usize, p: f64) -> Layer {
        Layer { name: format!("dropout.{i}"), kind: Kind::Dropout { p } }
    }

    pub(super) fn linear(i: usize, outputs: usize, activation: Activation, init: Init) -> Layer {
        Layer { name: format!("fc.{i}"), kind: Kind::Linear { outputs, activation, init } }
    }

    /// What comes out of one example of shape `input`.
    pub(super) fn output(&self, input: &[usize]) -> Result<Vec<usize>, NetError> {
        let wrong =
            |rule: &str| Err(NetError::Input { layer: self.name.clone(), got: input.to_vec(), rule: rule.to_owned() });
        match (&self.kind, input) {
            (Kind::Dropout { .. }, _) => Ok(input.to_vec()),
            (Kind::ConvReluPool { filters, .. }, &[channels, height, width])
                if channels > 0 && height.min(width) > 1 =>
            {
                Ok(vec![*filters, height / 2, width / 2])
            }
            (Kind::ConvReluPool { .. }, _) => wrong("[channels, height, width] with sides of at least 2, to be halved"),
            (Kind::Flatten, _) => match input.iter().try_fold(1usize, |all, n| all.checked_mul(*n)) {
                Some(features) => Ok(vec![features]),
                None => wrong("as many values as can be counted"),
            },
            (Kind::Linear { outputs, .. }, &[features]) if features > 0 => Ok(vec![*outputs]),
            (Kind::Linear { .. }, _) => wrong("[features], at least 1"),
        }
    }

    /// The shapes of its parameters, weight first, and whence their first values come. `input` is one that
    /// [`Layer::output`] takes.
    pub(super) fn parameters(&self, input: &[usize]) -> Vec<Parameter> {
        let inputs = input.first().copied().unwrap_or(0);
        let (weight, init) = match self.kind {
            Kind::ConvReluPool { filters, kernel, init } => (vec![filters, inputs, kernel, kernel], init),
            Kind::Linear { outputs, init, .. } => (vec![outputs, inputs], init),
            Kind::Flatten | Kind::Dropout { .. } => return Vec::new(),
        };
        let bias = Parameter { part: "bias", shape: vec![weight[0]], bound: init.bias_bound(&weight) };
        vec![Parameter { part: "weight", bound: init.weight_bound(&weight), shape: weight }, bias]
    }

    /// Multiplications and additions, as pairs, of one example's forward pass; those of biases, ReLUs and pools do not
    /// count.
    pub(super) fn macs(&self, input: &[usize]) -> u64 {
        let product = |shape: &[usize]| shape.iter().fold(1u64, |product, &n| product.saturating_mul(n as u64));
        let weights = self.parameters(input).first().map_or(0, |w| product(&w.shape));
        match (&self.kind, input) {
            (Kind::ConvReluPool { .. }, &[_, height, width]) => {
                weights.saturating_mul(height as u64).saturating_mul(width as u64)
            }
            _ => weights,
        }
    }

    /// The window of a convolution.
    pub(super) fn same(kernel: usize) -> Window {
        Window::square(kernel, 1, Padding::Same)
    }
}

/// A parameter before it exists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter {
    /// The second part of its name.
    pub(super) part: &'static str,
    pub(super) shape: Vec<usize>,
    /// Half width of its first values.
    pub(super) bound: f64,
}
