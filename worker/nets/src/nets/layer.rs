//! The kinds of layer that nets are made of: their shapes, parameters and costs. Holds no numbers.

use super::NetError;
use super::parameter::{Parameter, Scheme};
use crate::init::First;
use crate::ops::{Activation, Padding, PaddingCounts, Reset, Steps, Window};

/// A layer of a net.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    /// `conv.0`, `layer1.0.bn1`...: the first part of its parameters' names.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// L2 of its weight.
    pub(super) l2: f64,
    /// How its weights begin.
    pub(super) scheme: Scheme,
}

/// What a layer does. Shapes are of one example; pictures are [channels, rows, columns].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Convolution.
    Conv(Conv),
    /// Convolution, ReLU and max-pool 2 as one operation.
    ConvReluPool(Conv),
    /// Normalises each channel by the statistics of the batch.
    Norm(Norm),
    /// max(0, x).
    Relu,
    /// min(6, max(0, x)).
    Relu6,
    /// x, or exp(x) - 1 below 0.
    Elu,
    MaxPool(Window),
    AvgPool(Window, PaddingCounts),
    /// The average of so many rows and columns of bins.
    AdaptiveAvg(usize, usize),
    /// The average of a channel; to one row of values.
    GlobalAvg,
    /// The maximum of a channel; to one row of values.
    GlobalMax,
    /// One channel after another.
    Concat,
    /// The sum of two of one shape.
    Add,
    /// Values of two rows in turn.
    Interleave,
    /// Whatever an example is, to one row.
    Flatten,
    /// Planes without channels, or with one, to channels of one row: [bands, frames] to [bands, 1, frames].
    OneRow,
    /// Columns as steps of a sequence: [channels, rows, columns] to [columns, channels * rows].
    Columns,
    /// Drops values with that probability in training.
    Dropout {
        p: f64,
    },
    /// Fully connected.
    Linear {
        outputs: usize,
        activation: Activation,
    },
    /// A recurrent layer.
    Gru {
        width: usize,
        reset: Reset,
        steps: Steps,
    },
}

/// A convolution's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conv {
    pub(super) filters: usize,
    pub(super) window: Window,
    pub(super) groups: usize,
    pub(super) bias: bool,
}

/// A batch norm's constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Norm {
    pub(super) eps: f64,
    /// Share of the batch in running statistics.
    pub(super) momentum: f64,
    /// Whether the running variance is unbiased.
    pub(super) unbiased: bool,
    pub(super) activation: Activation,
}

impl Conv {
    /// A square kernel of step 1 without zeros around the input.
    pub(super) fn square(filters: usize, side: usize) -> Conv {
        Conv { filters, window: Window::square(side, 1, Padding::Both(0)), groups: 1, bias: true }
    }

    /// A kernel of that many rows and columns.
    pub(super) fn rect(filters: usize, rows: usize, columns: usize) -> Conv {
        let mut conv = Conv::square(filters, rows);
        conv.window.columns.kernel = columns;
        conv
    }

    pub(super) fn stride(mut self, stride: usize) -> Conv {
        (self.window.rows.stride, self.window.columns.stride) = (stride, stride);
        self
    }

    pub(super) fn pad(self, pad: usize) -> Conv {
        self.pads(pad, pad)
    }

    /// Zeros above and below, left and right.
    pub(super) fn pads(mut self, rows: usize, columns: usize) -> Conv {
        self.window.rows.padding = Padding::Both(rows);
        self.window.columns.padding = Padding::Both(columns);
        self
    }

    pub(super) fn same(mut self) -> Conv {
        (self.window.rows.padding, self.window.columns.padding) = (Padding::Same, Padding::Same);
        self
    }

    pub(super) fn groups(mut self, groups: usize) -> Conv {
        self.groups = groups;
        self
    }

    pub(super) fn without_bias(mut self) -> Conv {
        self.bias = false;
        self
    }
}

impl Norm {
    /// PyTorch's constants.
    pub(super) const PYTORCH: Norm = Norm { eps: 1e-5, momentum: 0.1, unbiased: true, activation: Activation::None };
    /// Keras'.
    pub(super) const KERAS: Norm = Norm { eps: 1e-3, momentum: 0.01, unbiased: false, activation: Activation::None };

    /// With a ReLU after it.
    pub(super) fn relu(mut self) -> Norm {
        self.activation = Activation::Relu;
        self
    }
}

/// Numbers in an example of that shape.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n))
}

impl Layer {
    /// What comes out of examples of those shapes, one for each input.
    pub(super) fn output(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, NetError> {
        let input = inputs.first().copied().unwrap_or_default();
        let wrong = |rule: &str| {
            let got = inputs.concat();
            Err(NetError::Input { layer: self.name.clone(), got, rule: rule.to_owned() })
        };
        let picture = "[channels, rows, columns], none of them 0";
        let slides = |window: &Window, height: usize, width: usize| match window.output(height, width) {
            Ok(sides) => Ok(sides),
            Err(error) => wrong(&format!("a picture that windows fit: {error}")).map(|_: Vec<usize>| (0, 0)),
        };
        match (&self.kind, input) {
            (Kind::Relu | Kind::Relu6 | Kind::Elu | Kind::Dropout { .. }, _) => Ok(input.to_vec()),
            (Kind::Norm(_), &[channels, ..]) if channels > 0 => Ok(input.to_vec()),
            (Kind::Norm(_), _) => wrong("at least one channel"),
            (Kind::Conv(conv) | Kind::ConvReluPool(conv), &[channels, height, width])
                if channels > 0 && height.min(width) > 0 =>
            {
                if !channels.is_multiple_of(conv.groups) || !conv.filters.is_multiple_of(conv.groups) {
                    return wrong("channels that its groups divide");
                }
                let (height, width) = slides(&conv.window, height, width)?;
                if matches!(self.kind, Kind::Conv(_)) {
                    return Ok(vec![conv.filters, height, width]);
                }
                if height.min(width) < 2 {
                    return wrong("[channels, height, width] with sides of at least 2, to be halved");
                }
                Ok(vec![conv.filters, height / 2, width / 2])
            }
            (Kind::MaxPool(window) | Kind::AvgPool(window, _), &[channels, height, width]) if channels > 0 => {
                let (height, width) = slides(window, height, width)?;
                Ok(vec![channels, height, width])
            }
            (&Kind::AdaptiveAvg(rows, columns), &[channels, height, width]) if channels.min(height).min(width) > 0 => {
                Ok(vec![channels, rows, columns])
            }
            (Kind::GlobalAvg | Kind::GlobalMax, &[channels, height, width]) if channels.min(height).min(width) > 0 => {
                Ok(vec![channels])
            }
            (Kind::Concat, [channels, rest @ ..]) => {
                let mut all = *channels;
                for other in inputs.iter().skip(1) {
                    match other {
                        [more, sides @ ..] if sides == rest => all = all.saturating_add(*more),
                        _ => return wrong("inputs of one size"),
                    }
                }
                Ok([&[all], rest].concat())
            }
            (Kind::Add, _) if inputs.iter().all(|other| *other == input) => Ok(input.to_vec()),
            (Kind::Add, _) => wrong("inputs of one shape"),
            (Kind::Interleave, &[n]) if inputs.iter().all(|other| *other == input) => {
                Ok(vec![n.saturating_mul(inputs.len())])
            }
            (Kind::Interleave, _) => wrong("rows of one length"),
            (Kind::Flatten, _) => match count(input) {
                Some(features) => Ok(vec![features]),
                None => wrong("as many values as can be counted"),
            },
            (Kind::OneRow, &[bands, frames] | &[1, bands, frames]) => Ok(vec![bands, 1, frames]),
            (Kind::OneRow, _) => wrong("[bands, frames] or [1, bands, frames]"),
            (Kind::Columns, &[channels, height, width]) if width > 0 => match channels.checked_mul(height) {
                Some(features) => Ok(vec![width, features]),
                None => wrong(picture),
            },
            (&Kind::Linear { outputs, .. }, &[features]) if features > 0 => Ok(vec![outputs]),
            (Kind::Linear { .. }, _) => wrong("[features], at least 1"),
            (&Kind::Gru { width, steps, .. }, &[count, features]) if count.min(features) > 0 => Ok(match steps {
                Steps::All => vec![count, width],
                Steps::Last => vec![width],
            }),
            (Kind::Gru { .. }, _) => wrong("[steps, features], at least 1 each"),
            _ => wrong(picture),
        }
    }

    /// Its parameters, weight first, and whence their first values come. `inputs` are such as [`Layer::output`] takes.
    pub(super) fn parameters(&self, inputs: &[&[usize]]) -> Vec<Parameter> {
        let channels = inputs.first().and_then(|input| input.first()).copied().unwrap_or(0);
        let scheme = self.scheme;
        let with_bias = |weight: Vec<usize>, bias: bool| {
            let biases = bias.then(|| Parameter::learnt("bias", vec![weight[0]], scheme.bias(&weight)));
            let first = scheme.weight(&weight);
            [Parameter { l2: self.l2, ..Parameter::learnt("weight", weight, first) }]
                .into_iter()
                .chain(biases)
                .collect()
        };
        match &self.kind {
            Kind::Conv(conv) | Kind::ConvReluPool(conv) => {
                let Window { rows, columns } = conv.window;
                with_bias(vec![conv.filters, channels / conv.groups.max(1), rows.kernel, columns.kernel], conv.bias)
            }
            &Kind::Linear { outputs, .. } => with_bias(vec![outputs, channels], true),
            Kind::Norm(_) => vec![
                Parameter::learnt("weight", vec![channels], First::Same(1.0)),
                Parameter::learnt("bias", vec![channels], First::Same(0.0)),
                Parameter::buffer("running_mean", vec![channels], 0.0),
                Parameter::buffer("running_var", vec![channels], 1.0),
            ],
            &Kind::Gru { width, reset, .. } => {
                let features = inputs.first().and_then(|input| input.get(1)).copied().unwrap_or(0);
                let gates = width.saturating_mul(3);
                let [input, hidden, bias] = scheme.gru(width, features);
                let mut parameters = vec![
                    Parameter::learnt("weight_ih_l0", vec![gates, features], input),
                    Parameter::learnt("weight_hh_l0", vec![gates, width], hidden),
                    Parameter::learnt("bias_ih_l0", vec![gates], bias),
                ];
                if reset == Reset::After {
                    parameters.push(Parameter::learnt("bias_hh_l0", vec![gates], bias));
                }
                parameters
            }
            _ => Vec::new(),
        }
    }

    /// Multiplications and additions, as pairs, of one example's forward pass; those of biases, norms, activations and pools
    /// do not count.
    pub(super) fn macs(&self, inputs: &[&[usize]]) -> u64 {
        let product = |shape: &[usize]| shape.iter().fold(1u64, |product, &n| product.saturating_mul(n as u64));
        let matrices = self.parameters(inputs).into_iter().filter(|p| p.shape.len() > 1);
        let weights = matrices.fold(0u64, |all, p| all.saturating_add(product(&p.shape)));
        let places = match (&self.kind, inputs.first()) {
            (Kind::Conv(conv) | Kind::ConvReluPool(conv), Some(&&[_, height, width])) => {
                conv.window.output(height, width).map_or(0, |(rows, columns)| rows.saturating_mul(columns))
            }
            (Kind::Gru { .. }, Some(&&[steps, _])) => steps,
            _ => 1,
        };
        weights.saturating_mul(places as u64)
    }
}
