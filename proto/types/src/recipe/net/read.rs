//! Reading a net's settings, and whether it goes with the inputs.

use serde_json::json;

use super::families::{
    Alexnet, ConvStack, Edge, LiuCnn, LiuCrnn, LiuDcnn, LiuDcrnn, Mlp, Mobilenet, Musicnn, Nnet2, Nnet2Form, Resnet,
    ResnetForm, SpecEmbed, Spectrum, Squeezenet, Vgg,
};
use super::presets::{FAMILIES, family, words};
use super::{Family, Initial, Net};
use crate::recipe::{Features, Kind};
use crate::settings::{Issue, Reader, Settings};

/// The settings of a family.
fn settings(family: &str) -> &'static [&'static str] {
    match family {
        "mlp" => &["hidden", "dropout", "norm"],
        "vgg" => &["depth", "norm", "dropout"],
        "resnet" => &["depth", "form"],
        "mobilenet" => &["width", "dropout"],
        "liu_cnn" => &["depth", "filters", "dropout", "dense", "dense_dropout", "padding"],
        "liu_dcnn" => &["pool", "dropout", "dense", "dense_dropout"],
        "liu_crnn" => &["depth", "filters", "gru", "gru_dropout", "dense", "dense_dropout"],
        "liu_dcrnn" => &["dropout", "gru", "gru_dropout", "dense", "dense_dropout"],
        "nnet2" => &["form", "kernel", "pad", "dropout"],
        "conv1d" | "conv2d" => &["filters", "kernels", "pools", "dropout", "norm", "dense"],
        "spec_embed" => &["spectrum", "hidden"],
        _ => &["dropout"],
    }
}

const DENSE: [u32; 5] = [128, 128, 64, 32, 16];

/// A reader of `net.*`.
struct NetReader<'r, 's> {
    r: &'r mut Reader<'s>,
}

impl NetReader<'_, '_> {
    fn probability(&mut self, name: &str, default: f64) -> f64 {
        let rule = |p: f64| (0.0..1.0).contains(&p);
        self.r.float(&format!("net.{name}"), default, rule, "a probability from 0 to less than 1")
    }

    fn widths(&mut self, name: &str, default: &[u32]) -> Vec<u32> {
        self.r.ints(&format!("net.{name}"), default, 1..=65_536, 16)
    }

    /// Recurrent layers, one at least.
    fn gru(&mut self, default: &[u32]) -> Vec<u32> {
        let widths = self.r.ints("net.gru", default, 1..=8192, 8);
        if widths.is_empty() {
            self.r.impossible("net.gru", "no widths", "at least one recurrent layer");
            return default.to_vec();
        }
        widths
    }

    /// One of the numbers of layers that exist.
    fn depth(&mut self, default: u32, depths: &[u32]) -> u32 {
        let depth = self.r.int32("net.depth", default, 1..=1000);
        if depths.contains(&depth) {
            return depth;
        }
        let known: Vec<String> = depths.iter().map(u32::to_string).collect();
        self.r.impossible("net.depth", depth, format!("one of {}", known.join(", ")));
        default
    }

    fn stack(&mut self, [filters, kernels, pools]: [&[u32]; 3]) -> ConvStack {
        let filters = self.r.ints("net.filters", filters, 1..=8192, 16);
        let list = |r: &mut Reader<'_>, name: &str, default: &[u32]| {
            let mut list = r.ints(&format!("net.{name}"), default, 1..=255, 16);
            if let (1, Some(&one)) = (list.len(), list.first()) {
                list = vec![one; filters.len()];
            }
            list
        };
        // Defaults go with the default filters only; other numbers of blocks take the first of them throughout.
        let fitting = |default: &[u32]| match default.len() == filters.len() {
            true => default.to_vec(),
            false => default.first().copied().into_iter().collect(),
        };
        let (kernels, pools) = (fitting(kernels), fitting(pools));
        let kernels = list(self.r, "kernels", &kernels);
        let pools = list(self.r, "pools", &pools);
        for (name, list) in [("kernels", &kernels), ("pools", &pools)] {
            if list.len() != filters.len() {
                let rule = format!("one number, or {}, as many as `net.filters` has", filters.len());
                self.r.impossible(&format!("net.{name}"), format!("{} numbers", list.len()), rule);
            }
        }
        if filters.is_empty() {
            self.r.impossible("net.filters", "no numbers", "at least one block");
        }
        ConvStack {
            filters,
            kernels,
            pools,
            dropout: self.probability("dropout", 0.0),
            norm: self.r.boolean("net.norm", true),
            dense: self.widths("dense", &[]),
        }
    }

    fn family(&mut self, word: &'static str) -> Family {
        match family(word) {
            "mlp" => {
                let (hidden, norm): (&[u32], bool) = match word {
                    "mlp_32" => (&[32], false),
                    "mlp_100" => (&[100], false),
                    "gct_mlp753" => (&[32], true),
                    _ => (&[128, 64], false),
                };
                Family::Mlp(Mlp {
                    hidden: self.widths("hidden", hidden),
                    dropout: self.probability("dropout", 0.0),
                    norm: self.r.boolean("net.norm", norm),
                })
            }
            "alexnet" => Family::Alexnet(Alexnet { dropout: self.probability("dropout", 0.5) }),
            "alexnet_rect" => Family::AlexnetRect(Alexnet { dropout: self.probability("dropout", 0.5) }),
            "vgg" => {
                let depth = match word {
                    "vgg13" => 13,
                    "vgg19" => 19,
                    _ => 16,
                };
                Family::Vgg(Vgg {
                    depth: self.depth(depth, &[13, 16, 19]),
                    norm: self.r.boolean("net.norm", false),
                    dropout: self.probability("dropout", 0.5),
                })
            }
            "resnet" => self.resnet(word),
            "musicnn" => Family::Musicnn(Musicnn { dropout: self.probability("dropout", 0.5) }),
            "squeezenet" => Family::Squeezenet(Squeezenet { dropout: self.probability("dropout", 0.5) }),
            "mobilenet" => {
                let width = if word == "mobilenet_v1_025" { 0.25 } else { 1.0 };
                let rule = |width: f64| (0.05..=4.0).contains(&width);
                Family::Mobilenet(Mobilenet {
                    width: self.r.float("net.width", width, rule, "from 0.05 to 4"),
                    dropout: self.probability("dropout", 0.001),
                })
            }
            "liu_cnn" => self.liu_cnn(word),
            "liu_dcnn" => Family::LiuDcnn(LiuDcnn {
                pool: self.r.int32("net.pool", 2, 1..=64),
                dropout: self.probability("dropout", 0.2),
                dense: self.widths("dense", &[128]),
                dense_dropout: self.probability("dense_dropout", 0.3),
            }),
            "liu_crnn" => Family::LiuCrnn(LiuCrnn {
                depth: self.r.int32("net.depth", 4, 1..=6),
                filters: self.r.int32("net.filters", 4, 1..=256),
                gru: self.gru(&[256, 256]),
                gru_dropout: self.probability("gru_dropout", 0.5),
                dense: self.widths("dense", &DENSE),
                dense_dropout: self.probability("dense_dropout", 0.5),
            }),
            "liu_dcrnn" => Family::LiuDcrnn(LiuDcrnn {
                dropout: self.probability("dropout", 0.2),
                gru: self.gru(&[64, 64]),
                gru_dropout: self.probability("gru_dropout", 0.5),
                dense: self.widths("dense", &[64, 32]),
                dense_dropout: self.probability("dense_dropout", 0.2),
            }),
            "nnet2" => self.nnet2(word),
            "conv1d" => Family::Conv1d(self.stack(match word {
                "gct_base1d" => [&[32, 32, 32], &[7, 7, 7], &[7, 7, 7]],
                _ => [&[16, 32, 64, 128], &[7, 5, 3, 3], &[7, 5, 3, 3]],
            })),
            "conv2d" => Family::Conv2d(self.stack([&[16, 32, 64, 128], &[7, 5, 3, 3], &[5, 3, 3, 2]])),
            _ => {
                let words = ["gct_q1", "gct_base2d", "resnet34"];
                let spectrum = match self.r.choice("net.spectrum", Some("gct_base2d"), &words) {
                    "gct_q1" => Spectrum::GctQ1,
                    "resnet34" => Spectrum::Resnet34,
                    _ => Spectrum::GctBase2d,
                };
                Family::SpecEmbed(SpecEmbed { spectrum, hidden: self.r.int32("net.hidden", 32, 1..=65_536) })
            }
        }
    }

    fn liu_cnn(&mut self, word: &str) -> Family {
        let (depth, padding, dense): (u32, &str, &[u32]) = match word {
            "liu_cnn_3valid" => (3, "valid", &DENSE),
            "liu_cnn_3same" => (3, "same", &DENSE),
            "liu_cnn_code" => (3, "same", &[256]),
            _ => (4, "same", &DENSE),
        };
        let default = if padding == "valid" { "valid" } else { "same" };
        let padding = match self.r.choice("net.padding", Some(default), &["same", "valid"]) {
            "valid" => Edge::Valid,
            _ => Edge::Same,
        };
        Family::LiuCnn(LiuCnn {
            depth: self.r.int32("net.depth", depth, 1..=6),
            filters: self.r.int32("net.filters", 4, 1..=256),
            dropout: self.probability("dropout", 0.5),
            dense: self.widths("dense", dense),
            dense_dropout: self.probability("dense_dropout", 0.5),
            padding,
        })
    }

    fn resnet(&mut self, word: &str) -> Family {
        let (depth, form) = match word {
            "resnet18_d2l" => (18, "d2l"),
            "resnet34" => (34, "torchvision"),
            "resnet50" => (50, "torchvision"),
            "resnet101" => (101, "torchvision"),
            _ => (18, "torchvision"),
        };
        let depth = self.depth(depth, &[18, 34, 50, 101]);
        let form = match self.r.choice("net.form", Some(form), &["torchvision", "d2l"]) {
            "d2l" => ResnetForm::D2l,
            _ => ResnetForm::Torchvision,
        };
        if form == ResnetForm::D2l && depth > 34 {
            self.r.impossible("net.depth", depth, "18 or 34: `net.form: d2l` has no bottlenecks");
        }
        Family::Resnet(Resnet { depth, form })
    }

    fn nnet2(&mut self, word: &str) -> Family {
        let form = match word {
            "nnet2_1d" => "1d",
            "nnet2_mix" => "mix",
            _ => "2d",
        };
        let form = match self.r.choice("net.form", Some(form), &["1d", "2d", "mix"]) {
            "1d" => Nnet2Form::Wave,
            "mix" => Nnet2Form::Mix,
            _ => Nnet2Form::Spectrum,
        };
        Family::Nnet2(Nnet2 {
            form,
            kernel: self.r.int32("net.kernel", 4096, 1..=1 << 20),
            pad: self.r.int32("net.pad", 512, 0..=1 << 19),
            dropout: self.probability("dropout", 0.0),
        })
    }
}

impl Net {
    pub(in crate::recipe) fn read(r: &mut Reader<'_>, features: &Features) -> Net {
        let dims = features.dims();
        let default = if dims.len() == 3 { "liu_cnn" } else { "mlp" };
        let word = r.choice("net.name", Some(default), &words());
        let net = Net::read_as(r, word);
        check(r, word, &net.family, features);
        net
    }

    /// The net that a word of `net.name` stands for, with none of its settings changed; none for another word.
    pub fn named(word: &str) -> Option<Net> {
        let settings = json!({"net": {"name": word}});
        Net::of(&serde_json::from_value(settings).ok()?).ok()
    }

    /// The net of settings that say nothing but `net.*`.
    ///
    /// # Errors
    /// Every issue at once.
    pub fn of(settings: &Settings) -> Result<Net, Vec<Issue>> {
        let mut r = Reader::new(settings);
        let word = r.choice("net.name", None, &words());
        let net = Net::read_as(&mut r, word);
        r.finish().map(|_| net)
    }

    fn read_as(r: &mut Reader<'_>, word: &'static str) -> Net {
        let own = settings(family(word));
        let others = FAMILIES.iter().flat_map(|family| settings(family)).filter(|name| !own.contains(name));
        let others: Vec<String> = others.map(|name| format!("net.{name}")).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        r.unused(&others, &format!("`net.name: {word}` has no such setting"));
        let family = NetReader { r }.family(word);
        let init = match r.choice("net.init", Some("default"), &["default", "pytorch", "keras", "xavier", "he"]) {
            "pytorch" => Some(Initial::Pytorch),
            "keras" => Some(Initial::Keras),
            "xavier" => Some(Initial::Xavier),
            "he" => Some(Initial::He),
            _ => None,
        };
        Net { family, init, weights: r.text("net.weights") }
    }
}

/// Whether the net goes with the inputs, as far as settings say.
fn check(r: &mut Reader<'_>, word: &str, family: &Family, features: &Features) {
    let dims = features.dims();
    match (&features.beside, family.takes_two()) {
        (Some(beside), false) => {
            let rule = format!("`net.name: {word}` takes one input: leave `features.beside` out, or take `spec_embed`");
            r.impossible("features.beside.kind", beside.kind.name(), rule);
        }
        (None, true) => {
            let beside = match family {
                Family::SpecEmbed(_) => "features.beside: {kind: embedding, ...}",
                _ => "features.beside: {kind: waveform, ...}",
            };
            r.impossible("net.name", word, format!("it takes two inputs: add `{beside}`"));
        }
        (Some(beside), true) => {
            let second = beside.dims(features.segments.as_ref(), None).len();
            let wanted = if matches!(family, Family::SpecEmbed(_)) { 1 } else { 2 };
            if second != wanted {
                let rule = if wanted == 1 { "a vector, such as `embedding`" } else { "a `waveform`" };
                r.impossible("features.beside.kind", beside.kind.name(), format!("`net.name: {word}` needs {rule}"));
            }
        }
        (None, false) => {}
    }
    let kind = &features.input.kind;
    let fits = match family {
        Family::Mlp(_) => true,
        Family::Nnet2(Nnet2 { form: Nnet2Form::Wave, .. }) => matches!(kind, Kind::Waveform(_)),
        Family::Conv1d(_) | Family::SpecEmbed(SpecEmbed { spectrum: Spectrum::GctQ1, .. }) => dims.len() >= 2,
        _ => dims.len() == 3,
    };
    if !fits {
        let rule = match family {
            Family::Nnet2(Nnet2 { form: Nnet2Form::Wave, .. }) => "it looks at sound: take `features.kind: waveform`",
            Family::Conv1d(_) => "it needs bands by frames: take `mel`, `stft` or `waveform`",
            _ => return r.impossible("net.name", word, no_picture(kind)),
        };
        return r.impossible("net.name", word, rule);
    }
    if let (Family::LiuCnn(LiuCnn { depth, .. }) | Family::LiuCrnn(LiuCrnn { depth, .. }), &[_, height, width]) =
        (family, dims.as_slice())
    {
        // A side that the data decide is found when they are looked at.
        let sides = [height, width].into_iter().flatten();
        if sides.min().is_some_and(|least| least >> depth == 0) {
            let side = |side: Option<usize>| side.map_or("?".to_owned(), |side| side.to_string());
            let rule = format!("{depth} pools halve a {} x {} picture to nothing", side(height), side(width));
            r.impossible("net.depth", depth, rule);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::PRESETS;

    #[test]
    fn every_word_is_a_net_that_reads_back_as_itself() {
        for word in words() {
            let net = Net::named(word).unwrap_or_else(|| panic!("{word} is a net"));
            let mut again = serde_json::to_value(&net).expect("is plain data");
            again = json!({ "net": again });
            let read = Net::of(&serde_json::from_value(again).expect("is a mapping"));
            assert_eq!(read.as_ref(), Ok(&net), "{word}");
            assert_eq!(net.family.name(), family(word));
            assert!(PRESETS.iter().all(|preset| preset.name != word || FAMILIES.contains(&preset.family)));
        }
        assert!(Net::named("resnet19").is_none());
    }

    #[test]
    fn what_a_net_cannot_be_is_named() {
        let cases = [
            (json!({"name": "resnet", "depth": 19}), "net.depth"),
            (json!({"name": "resnet50", "form": "d2l"}), "net.depth"),
            (json!({"name": "conv2d", "filters": [8, 16], "pools": [2, 2, 2]}), "net.pools"),
            (json!({"name": "conv1d", "filters": []}), "net.filters"),
            (json!({"name": "liu_crnn", "gru": []}), "net.gru"),
            (json!({"name": "vgg16", "dropout": 1.0}), "net.dropout"),
            (json!({"name": "mlp", "init": "zeros"}), "net.init"),
            (json!({"depth": 3}), "net.name"),
        ];
        for (net, path) in cases {
            let settings = serde_json::from_value(json!({ "net": net })).expect("a mapping");
            let issues = Net::of(&settings).expect_err("cannot be");
            assert!(issues.iter().any(|issue| issue.path == path), "{net}: {issues:?}");
        }
        // One number stands for all blocks.
        let one = json!({"net": {"name": "conv2d", "filters": [8, 16], "kernels": 3, "pools": 2}});
        let net = Net::of(&serde_json::from_value(one).expect("a mapping")).expect("is a net");
        let [filters, kernels, pools] = [vec![8, 16], vec![3, 3], vec![2, 2]];
        let stack = ConvStack { filters, kernels, pools, dropout: 0.0, norm: true, dense: vec![] };
        assert_eq!(net.family, Family::Conv2d(stack));
    }
}
