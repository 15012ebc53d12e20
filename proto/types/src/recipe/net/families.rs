//! The families of nets and their settings. Layers and shapes are papers.md's; the tables that build them lie beside the
//! operations.

use serde::Serialize;

/// A multi-layer perceptron (papers.md 1.5): fully connected layers with ReLU between them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mlp {
    /// Widths of the hidden layers; none is a linear classifier.
    pub hidden: Vec<u32>,
    /// Probability of dropping a value after each hidden layer.
    pub dropout: f64,
    /// Whether hidden layers are batch-normalised before their ReLU (papers.md 5.5, Q2).
    #[serde(skip_serializing_if = "is_false")]
    pub norm: bool,
}

/// Blocks of convolution, ReLU, max-pool 2 and dropout, then fully connected layers (papers.md 2.4). As published: depth 4,
/// filters 4, dropout 0.5, dense 128, 128, 64, 32, 16.
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
    /// Whether convolutions see zeros around their input.
    #[serde(skip_serializing_if = "Edge::is_same")]
    pub padding: Edge,
}

/// What lies around the input of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// Zeros, so that nothing shrinks.
    Same,
    /// Nothing.
    Valid,
}

/// Two convolutions whose maximum and average pools, of two depths, stand side by side (papers.md 2.4, DCNN).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiuDcnn {
    /// Side of the pools: 2 in the figure, 11 in the published code.
    pub pool: u32,
    /// Probability of dropping a value after the first convolution.
    pub dropout: f64,
    /// Widths of the fully connected layers before the last.
    pub dense: Vec<u32>,
    /// Probability of dropping a value before the last layer.
    pub dense_dropout: f64,
}

/// Blocks of convolution, batch norm, ReLU and max-pool 2, read column by column by recurrent layers (papers.md 2.4, CRNN).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiuCrnn {
    /// Blocks, as those of [`LiuCnn`].
    pub depth: u32,
    /// Filters of the first block.
    pub filters: u32,
    /// Widths of the recurrent layers; the last one hands over its last step.
    pub gru: Vec<u32>,
    /// Probability of dropping a value after each recurrent layer.
    pub gru_dropout: f64,
    /// Widths of the fully connected layers before the last.
    pub dense: Vec<u32>,
    /// Probability of dropping a value before the last layer.
    pub dense_dropout: f64,
}

/// The pools of [`LiuDcnn`], read column by column by recurrent layers (papers.md 2.4, DCRNN).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiuDcrnn {
    /// Probability of dropping a value after the first convolution.
    pub dropout: f64,
    /// Widths of the recurrent layers; the last one hands over its last step.
    pub gru: Vec<u32>,
    /// Probability of dropping a value after each recurrent layer.
    pub gru_dropout: f64,
    /// Widths of the fully connected layers before the last.
    pub dense: Vec<u32>,
    /// Probability of dropping a value before the last layer.
    pub dense_dropout: f64,
}

/// torchvision's AlexNet (papers.md 1.5), or the rectangular one (papers.md 4.3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alexnet {
    /// Probability of dropping a value before (in the rectangular one, after) each of the two hidden fully connected layers.
    pub dropout: f64,
}

/// torchvision's VGG (papers.md 1.5, 5.5).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Vgg {
    /// Layers with weights: 13, 16 or 19.
    pub depth: u32,
    /// Whether convolutions are batch-normalised.
    #[serde(skip_serializing_if = "is_false")]
    pub norm: bool,
    /// Probability of dropping a value after each hidden fully connected layer.
    pub dropout: f64,
}

/// A residual net (papers.md 1.5, 4.3, 5.5).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resnet {
    /// Layers with weights: 18, 34, 50 or 101.
    pub depth: u32,
    /// Whose.
    pub form: ResnetForm,
}

/// Whose residual net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResnetForm {
    /// torchvision's: convolutions without biases, shortcuts with batch norm.
    Torchvision,
    /// "Dive into Deep Learning"'s: convolutions with biases, shortcuts without batch norm, Xavier's first weights.
    D2l,
}

/// SqueezeNet 1.0 (Iandola et al. 2016), of the published Caffe weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Squeezenet {
    /// Probability of dropping a value before the last convolution.
    pub dropout: f64,
}

/// MobileNet v1 (Howard et al. 2017), of the published Keras weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mobilenet {
    /// Share of the full width that layers have.
    pub width: f64,
    /// Probability of dropping a value before the last layer.
    pub dropout: f64,
}

/// The residual block over columns of a spectrum, a waveform, or both (papers.md 3.3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nnet2 {
    /// Which inputs.
    pub form: Nnet2Form,
    /// Length of the kernel over a waveform.
    pub kernel: u32,
    /// Zeros at both ends of a waveform.
    pub pad: u32,
    /// Probability of dropping a value after each layer but the last.
    pub dropout: f64,
}

/// The inputs of [`Nnet2`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Nnet2Form {
    /// A waveform.
    #[serde(rename = "1d")]
    Wave,
    /// A spectrogram.
    #[serde(rename = "2d")]
    Spectrum,
    /// A spectrogram, and the waveform beside it.
    #[serde(rename = "mix")]
    Mix,
}

/// Blocks of convolution, batch norm, ReLU and max-pool, then the average over all places and fully connected layers
/// (papers.md 5.5). The first three lists are of one length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConvStack {
    /// Filters of each block.
    pub filters: Vec<u32>,
    /// Length (or side) of each block's kernel; zeros around the input keep its size where it is odd.
    pub kernels: Vec<u32>,
    /// Length (or side) of each block's pool, and its step.
    pub pools: Vec<u32>,
    /// Probability of dropping a value after each pool.
    #[serde(skip_serializing_if = "is_zero")]
    pub dropout: f64,
    /// Whether convolutions are batch-normalised.
    #[serde(skip_serializing_if = "is_true")]
    pub norm: bool,
    /// Widths of the fully connected layers before the last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dense: Vec<u32>,
}

/// A spectrogram net and a net for an embedding, whose answers are joined by one more layer (papers.md 5.5).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpecEmbed {
    /// The spectrogram net.
    pub spectrum: Spectrum,
    /// Width of the embedding net's hidden layer.
    pub hidden: u32,
}

/// musicnn (papers.md 5.2), of the published weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Musicnn {
    /// Probability of dropping a value before each of the two dense layers.
    pub dropout: f64,
}

/// The spectrogram nets of [`SpecEmbed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spectrum {
    /// One-dimensional, four blocks.
    GctQ1,
    /// Two-dimensional, four blocks.
    GctBase2d,
    /// torchvision's.
    Resnet34,
}

impl Edge {
    /// Whether nothing shrinks.
    pub fn is_same(&self) -> bool {
        *self == Edge::Same
    }
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

impl Spectrum {
    /// The net that it names.
    pub fn preset(self) -> &'static str {
        match self {
            Spectrum::GctQ1 => "gct_q1",
            Spectrum::GctBase2d => "gct_base2d",
            Spectrum::Resnet34 => "resnet34",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}
