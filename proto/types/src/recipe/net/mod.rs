//! The nets that a recipe can name.

mod families;
mod presets;
mod read;

pub use families::{
    Alexnet, ConvStack, Edge, LiuCnn, LiuCrnn, LiuDcnn, LiuDcrnn, Mlp, Mobilenet, Musicnn, Nnet2, Nnet2Form, Resnet,
    ResnetForm, SpecEmbed, Spectrum, Squeezenet, Vgg,
};
pub use presets::{PRESETS, Preset};

use serde::Serialize;

/// A net and its settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Net {
    /// Its layers.
    #[serde(flatten)]
    pub family: Family,
    /// How its first weights are drawn, where not as its authors did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<Initial>,
    /// A file of weights to begin with (safetensors, or PyTorch's `.pth`); the last layer begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
}

/// The families of nets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Family {
    /// Fully connected layers.
    Mlp(Mlp),
    /// torchvision's AlexNet.
    Alexnet(Alexnet),
    /// torchvision's VGG.
    Vgg(Vgg),
    /// Residual nets.
    Resnet(Resnet),
    /// SqueezeNet 1.0.
    Squeezenet(Squeezenet),
    /// MobileNet v1.
    Mobilenet(Mobilenet),
    /// The second document's CNN.
    LiuCnn(LiuCnn),
    /// The second document's DCNN.
    LiuDcnn(LiuDcnn),
    /// The second document's CRNN.
    LiuCrnn(LiuCrnn),
    /// The second document's DCRNN.
    LiuDcrnn(LiuDcrnn),
    /// The third document's net.
    Nnet2(Nnet2),
    /// The fourth document's AlexNet.
    AlexnetRect(Alexnet),
    /// Blocks of convolution over time.
    Conv1d(ConvStack),
    /// Blocks of convolution over a picture.
    Conv2d(ConvStack),
    /// A spectrogram net beside an embedding net.
    SpecEmbed(SpecEmbed),
    /// musicnn.
    Musicnn(Musicnn),
}

/// How first weights are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Initial {
    /// PyTorch's defaults: weights and biases uniform within ±1 / sqrt(fan in).
    Pytorch,
    /// Keras' defaults: Glorot uniform, orthogonal where a layer recurs, biases 0.
    Keras,
    /// Xavier (Glorot) uniform, PyTorch's biases.
    Xavier,
    /// Normal with a deviation of sqrt(2 / fan in), biases 0 (He et al. 2015).
    He,
}

impl Family {
    /// The word of `net.name` that stands for the family.
    pub fn name(&self) -> &'static str {
        match self {
            Family::Mlp(_) => "mlp",
            Family::Alexnet(_) => "alexnet",
            Family::Vgg(_) => "vgg",
            Family::Resnet(_) => "resnet",
            Family::Squeezenet(_) => "squeezenet",
            Family::Mobilenet(_) => "mobilenet",
            Family::LiuCnn(_) => "liu_cnn",
            Family::LiuDcnn(_) => "liu_dcnn",
            Family::LiuCrnn(_) => "liu_crnn",
            Family::LiuDcrnn(_) => "liu_dcrnn",
            Family::Nnet2(_) => "nnet2",
            Family::AlexnetRect(_) => "alexnet_rect",
            Family::Conv1d(_) => "conv1d",
            Family::Conv2d(_) => "conv2d",
            Family::SpecEmbed(_) => "spec_embed",
            Family::Musicnn(_) => "musicnn",
        }
    }

    /// Whether it looks at two inputs.
    pub fn takes_two(&self) -> bool {
        matches!(self, Family::SpecEmbed(_) | Family::Nnet2(Nnet2 { form: Nnet2Form::Mix, .. }))
    }
}

impl From<Family> for Net {
    fn from(family: Family) -> Net {
        Net { family, init: None, weights: None }
    }
}
