//! The nets by name: what each preset is, and the settings that its name stands for.

/// A net that a recipe can name: a family with some of its settings filled in otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    /// The word of `net.name`.
    pub name: &'static str,
    /// The family whose settings it fills in.
    pub family: &'static str,
    /// What it is, and where from.
    pub about: &'static str,
    /// Shapes of the inputs that it was published with; two for nets that take two.
    pub inputs: &'static [&'static [usize]],
    /// The classes that it was published with.
    pub classes: usize,
}

const COLUMNS: &[&[usize]] = &[&[57]];
const PICTURE: &[&[usize]] = &[&[3, 128, 128]];
const MEL_256: &[&[usize]] = &[&[3, 256, 1320]];
const MEL_96: &[&[usize]] = &[&[3, 96, 936]];
const IMAGENET: &[&[usize]] = &[&[3, 224, 224]];

/// All of them, in the order of their documents.
pub const PRESETS: &[Preset] = &[
    preset("mlp", "mlp", "fully connected layers, ReLU; 57-128-64 (papers 1.5)", COLUMNS, 10),
    preset("mlp_32", "mlp", "57-32 (papers 1.5)", COLUMNS, 10),
    preset("mlp_100", "mlp", "57-100 (papers 1.5)", COLUMNS, 10),
    preset("mlp_128_64", "mlp", "57-128-64 (papers 1.5)", COLUMNS, 10),
    preset("alexnet", "alexnet", "AlexNet as in torchvision (papers 1.5)", MEL_256, 10),
    preset("vgg13", "vgg", "VGG, 13 layers (papers 5.5)", MEL_96, 8),
    preset("vgg16", "vgg", "VGG, 16 layers (papers 1.5, 5.5)", MEL_256, 10),
    preset("vgg19", "vgg", "VGG, 19 layers (papers 5.5)", MEL_96, 8),
    preset("resnet18", "resnet", "ResNet, 18 layers (papers 1.5, 5.5)", MEL_256, 10),
    preset("resnet34", "resnet", "ResNet, 34 layers (papers 5.5)", MEL_96, 8),
    preset("resnet50", "resnet", "ResNet, 50 layers, bottlenecks (papers 5.5)", MEL_96, 8),
    preset("resnet101", "resnet", "ResNet, 101 layers, bottlenecks (papers 5.5)", MEL_96, 8),
    preset("squeezenet1_0", "squeezenet", "SqueezeNet 1.0 as in Caffe", &[&[3, 227, 227]], 1000),
    preset("mobilenet_v1_025", "mobilenet", "MobileNet v1, a quarter of its width", IMAGENET, 1000),
    preset("liu_cnn", "liu_cnn", "four convolutions (papers 2.4, CNN)", PICTURE, 8),
    preset("liu_cnn_3valid", "liu_cnn", "three convolutions without padding (papers 2.4)", PICTURE, 8),
    preset("liu_cnn_3same", "liu_cnn", "three convolutions with padding (papers 2.4)", PICTURE, 8),
    preset("liu_cnn_code", "liu_cnn", "three convolutions, one dense layer of 256 (papers 2.4)", PICTURE, 8),
    preset("liu_dcnn", "liu_dcnn", "maximum and average pools side by side (papers 2.4, DCNN)", PICTURE, 8),
    preset("liu_crnn", "liu_crnn", "convolutions, then GRUs over columns (papers 2.4, CRNN)", PICTURE, 8),
    preset("liu_dcrnn", "liu_dcrnn", "pools side by side, then GRUs (papers 2.4, DCRNN)", PICTURE, 8),
    preset("nnet2_1d", "nnet2", "residual block over a waveform (papers 3.3)", &[&[1, 1_000_000]], 8),
    preset("nnet2_2d", "nnet2", "residual block over a spectrogram (papers 3.3)", &[&[1, 1025, 977]], 8),
    preset("nnet2_mix", "nnet2", "residual block over both (papers 3.3)", &[&[1, 1025, 977], &[1, 1_000_000]], 8),
    preset("alexnet_rect", "alexnet_rect", "AlexNet with rectangular kernels (papers 4.3)", &[&[1, 668, 64]], 10),
    preset("resnet18_d2l", "resnet", "ResNet18 of Dive into Deep Learning (papers 4.3)", &[&[1, 668, 64]], 10),
    preset("gct_base1d", "conv1d", "three convolutions over time (papers 5.5, Baseline)", &[&[96, 936]], 8),
    preset("gct_q1", "conv1d", "four convolutions over time (papers 5.5, Q1)", &[&[96, 936]], 8),
    preset("gct_mlp753", "mlp", "753-32, batch norm (papers 5.5, Q2)", &[&[753]], 8),
    preset("gct_base2d", "conv2d", "four convolutions over a picture (papers 5.5, Base2DCNN)", &[&[1, 96, 936]], 8),
    preset(
        "spec_embed",
        "spec_embed",
        "a spectrogram net and an embedding net (papers 5.5)",
        &[&[1, 96, 936], &[753]],
        8,
    ),
    preset("musicnn", "musicnn", "musicnn's tagger, on 3 s (papers 5.2)", &[&[1, 187, 96]], 50),
];

const fn preset(
    name: &'static str,
    family: &'static str,
    about: &'static str,
    inputs: &'static [&'static [usize]],
    classes: usize,
) -> Preset {
    Preset { name, family, about, inputs, classes }
}

/// The families in the order of their documents, each once.
pub(super) const FAMILIES: [&str; 16] = [
    "mlp",
    "alexnet",
    "vgg",
    "resnet",
    "squeezenet",
    "mobilenet",
    "liu_cnn",
    "liu_dcnn",
    "liu_crnn",
    "liu_dcrnn",
    "nnet2",
    "alexnet_rect",
    "conv1d",
    "conv2d",
    "spec_embed",
    "musicnn",
];

/// Every word of `net.name`: presets, then families that are no preset.
pub(super) fn words() -> Vec<&'static str> {
    let presets = PRESETS.iter().map(|preset| preset.name);
    let families = FAMILIES.into_iter().filter(|family| PRESETS.iter().all(|preset| preset.name != *family));
    presets.chain(families).collect()
}

/// The family that a word of `net.name` stands for.
pub(super) fn family(word: &'static str) -> &'static str {
    PRESETS.iter().find(|preset| preset.name == word).map_or(word, |preset| preset.family)
}
