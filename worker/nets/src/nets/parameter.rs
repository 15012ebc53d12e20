//! Parameters before they exist: names, shapes, and whence first values come.

use gliss_types::recipe::Initial;

use crate::init::{First, fans};

/// A parameter, or a number that training keeps beside them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter {
    /// The second part of its name, PyTorch's.
    pub(super) part: &'static str,
    pub(super) shape: Vec<usize>,
    pub(super) first: First,
    /// Whether it is learnt from gradients.
    pub(super) learnt: bool,
    /// `l2` times the sum of its squares is part of the loss.
    pub(super) l2: f64,
}

impl Parameter {
    pub(super) fn learnt(part: &'static str, shape: Vec<usize>, first: First) -> Parameter {
        Parameter { part, shape, first, learnt: true, l2: 0.0 }
    }

    pub(super) fn buffer(part: &'static str, shape: Vec<usize>, value: f64) -> Parameter {
        Parameter { part, shape, first: First::Same(value), learnt: false, l2: 0.0 }
    }
}

/// How the weights of a layer begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// PyTorch: uniform within ±1 / sqrt(fan in), biases too.
    PyTorch,
    /// Keras: Glorot uniform, orthogonal where a layer recurs, biases 0.
    Keras,
    /// Xavier (Glorot) uniform, PyTorch's biases.
    Xavier,
    /// Keras' `he_normal`: normal, cut off at two deviations, of variance 2 / fan in; biases 0.
    He,
    /// torchvision's VGG and ResNet convolutions: normal of variance 2 / fan out, biases 0.
    FanOut,
    /// torchvision's VGG classifier: normal with a deviation of 0.01, biases 0.
    Small,
    /// The same with biases of 2: a ReLU behind it is open for every class, and can learn.
    Open,
}

impl Scheme {
    pub(super) fn of(initial: Initial) -> Scheme {
        match initial {
            Initial::Pytorch => Scheme::PyTorch,
            Initial::Keras => Scheme::Keras,
            Initial::Xavier => Scheme::Xavier,
            Initial::He => Scheme::He,
        }
    }

    pub(super) fn weight(self, shape: &[usize]) -> First {
        let (fan_in, fan_out) = fans(shape);
        match self {
            Scheme::PyTorch => First::Uniform(1.0 / fan_in.max(1.0).sqrt()),
            Scheme::Keras | Scheme::Xavier => First::Uniform((6.0 / (fan_in + fan_out).max(1.0)).sqrt()),
            Scheme::He => First::CutNormal((2.0 / fan_in.max(1.0)).sqrt()),
            Scheme::FanOut => First::Normal((2.0 / fan_out.max(1.0)).sqrt()),
            Scheme::Small | Scheme::Open => First::Normal(0.01),
        }
    }

    /// Of the bias that belongs to a weight of that shape.
    pub(super) fn bias(self, weight: &[usize]) -> First {
        match self {
            Scheme::PyTorch | Scheme::Xavier => Scheme::PyTorch.weight(weight),
            Scheme::Keras | Scheme::He | Scheme::FanOut | Scheme::Small => First::Same(0.0),
            Scheme::Open => First::Same(2.0),
        }
    }

    /// Input weights, recurrent weights and biases of a recurrent layer.
    pub(super) fn gru(self, width: usize, features: usize) -> [First; 3] {
        match self {
            Scheme::Keras | Scheme::He => {
                let glorot = (6.0 / (features as f64 + 3.0 * width as f64).max(1.0)).sqrt();
                [First::Uniform(glorot), First::Orthogonal, First::Same(0.0)]
            }
            _ => [First::Uniform(1.0 / (width.max(1) as f64).sqrt()); 3],
        }
    }
}
