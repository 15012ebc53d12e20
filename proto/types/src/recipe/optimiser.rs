//! The optimiser of a recipe.

use serde::Serialize;

use crate::settings::Reader;

/// How weights are moved: by which method, and with how much of a gradient that is too large.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Optimiser {
    /// The method and its settings.
    #[serde(flatten)]
    pub method: Method,
    /// Gradients of all weights together are scaled down to this norm where theirs is larger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Each number of a gradient is kept between this and its negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
}

/// Methods by PyTorch's names and definitions. `weight_decay` is an L2 coefficient, added to the gradient times the
/// weight, except in AdamW.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Method {
    /// `torch.optim.Adam`.
    Adam {
        /// Rate, decays and eps.
        #[serde(flatten)]
        adam: Adam,
        /// Whether the second moment that divides is the largest so far.
        #[serde(skip_serializing_if = "is_false")]
        amsgrad: bool,
        /// Where `eps` is added.
        #[serde(skip_serializing_if = "AdamForm::is_pytorch")]
        form: AdamForm,
    },
    /// `torch.optim.AdamW`: weights are multiplied by 1 - `lr * weight_decay` before the step, gradients left alone.
    AdamW {
        /// Rate, decays and eps.
        #[serde(flatten)]
        adam: Adam,
        /// Whether the second moment that divides is the largest so far.
        #[serde(skip_serializing_if = "is_false")]
        amsgrad: bool,
    },
    /// `torch.optim.NAdam`: Adam with Nesterov's look ahead.
    NAdam {
        /// Rate, decays and eps.
        #[serde(flatten)]
        adam: Adam,
        /// How fast the first moment's decay grows to `beta1`.
        momentum_decay: f64,
    },
    /// `torch.optim.RAdam`: the second moment divides only once it rests on enough steps.
    RAdam(Adam),
    /// `torch.optim.Adamax`: the largest gradient, fading, in place of the second moment.
    Adamax(Adam),
    /// `torch.optim.SGD`.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// Share of the last step that is kept.
        momentum: f64,
        /// Share of each gradient but the first that the momentum leaves out.
        #[serde(skip_serializing_if = "is_zero")]
        dampening: f64,
        /// Whether the momentum looks ahead.
        nesterov: bool,
        /// L2 coefficient.
        weight_decay: f64,
    },
    /// `torch.optim.RMSprop`. That of Keras 2.3 is this one with `alpha: 0.9` and `eps: 1e-7`.
    RmsProp {
        /// Learning rate.
        lr: f64,
        /// Decay of the mean of squares.
        alpha: f64,
        /// Added to its root.
        eps: f64,
        /// Share of the last step that is kept.
        momentum: f64,
        /// Whether gradients are divided by their deviation, not by the root of their mean square.
        centered: bool,
        /// L2 coefficient.
        weight_decay: f64,
    },
    /// `torch.optim.Adadelta`. That of Keras 2.3 is this one with `rho: 0.95` and `eps: 1e-7`.
    Adadelta {
        /// Learning rate: a factor on steps that have their own size.
        lr: f64,
        /// Decay of the means of squares.
        rho: f64,
        /// Added to them under the root.
        eps: f64,
        /// L2 coefficient.
        weight_decay: f64,
    },
    /// `torch.optim.Adagrad`. That of Keras 2.3 is this one with `eps: 1e-7`.
    Adagrad {
        /// Learning rate.
        lr: f64,
        /// Step `t`, from 0, is made at rate `lr / (1 + t * lr_decay)`.
        lr_decay: f64,
        /// Where the sums of squares begin.
        initial_accumulator: f64,
        /// Added to their root.
        eps: f64,
        /// L2 coefficient.
        weight_decay: f64,
    },
}

/// What Adam and its kin have in common.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Adam {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// L2 coefficient; in AdamW the share of a weight that a rate of 1 takes away.
    pub weight_decay: f64,
}

/// Where Adam's `eps` is added. `v` is the second moment, `c` its correction `1 - beta2^t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdamForm {
    /// To the corrected root: `sqrt(v / c) + eps`.
    #[default]
    PyTorch,
    /// To the root before its correction, `(sqrt(v) + eps) / sqrt(c)`: "epsilon hat" of Kingma and Ba, which first
    /// steps feel most. So Keras 2.3 and TensorFlow do.
    Keras,
}

impl AdamForm {
    fn is_pytorch(&self) -> bool {
        *self == AdamForm::PyTorch
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl From<Method> for Optimiser {
    /// The method, with gradients as they are.
    fn from(method: Method) -> Self {
        Optimiser { method, clip_norm: None, clip_value: None }
    }
}

impl Adam {
    /// PyTorch's settings of Adam at a rate.
    pub fn at(lr: f64) -> Self {
        Adam { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Method {
    /// PyTorch's Adam at a rate, all else as it is without being told.
    pub fn adam(lr: f64) -> Self {
        Method::Adam { adam: Adam::at(lr), amsgrad: false, form: AdamForm::PyTorch }
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            Method::Adam { adam, .. } | Method::AdamW { adam, .. } | Method::NAdam { adam, .. } => adam.lr,
            Method::RAdam(adam) | Method::Adamax(adam) => adam.lr,
            Method::Sgd { lr, .. } | Method::RmsProp { lr, .. } => *lr,
            Method::Adadelta { lr, .. } | Method::Adagrad { lr, .. } => *lr,
        }
    }
}

/// The methods' names and the settings of each, besides `lr` and `weight_decay`, which all have.
const METHODS: [(&str, &[&str]); 9] = [
    ("adam", &[BETA1, BETA2, EPS, AMSGRAD, FORM]),
    ("adamw", &[BETA1, BETA2, EPS, AMSGRAD]),
    ("nadam", &[BETA1, BETA2, EPS, MOMENTUM_DECAY]),
    ("radam", &[BETA1, BETA2, EPS]),
    ("adamax", &[BETA1, BETA2, EPS]),
    ("sgd", &[MOMENTUM, DAMPENING, NESTEROV]),
    ("rmsprop", &[ALPHA, EPS, MOMENTUM, CENTERED]),
    ("adadelta", &[RHO, EPS]),
    ("adagrad", &[LR_DECAY, INITIAL, EPS]),
];
const BETA1: &str = "optimiser.beta1";
const BETA2: &str = "optimiser.beta2";
const EPS: &str = "optimiser.eps";
const AMSGRAD: &str = "optimiser.amsgrad";
const FORM: &str = "optimiser.form";
const MOMENTUM_DECAY: &str = "optimiser.momentum_decay";
const MOMENTUM: &str = "optimiser.momentum";
const DAMPENING: &str = "optimiser.dampening";
const NESTEROV: &str = "optimiser.nesterov";
const ALPHA: &str = "optimiser.alpha";
const CENTERED: &str = "optimiser.centered";
const RHO: &str = "optimiser.rho";
const LR_DECAY: &str = "optimiser.lr_decay";
const INITIAL: &str = "optimiser.initial_accumulator";

impl Optimiser {
    pub(super) fn read(r: &mut Reader<'_>) -> Optimiser {
        let name = r.choice("optimiser.name", Some("adam"), &METHODS.map(|(name, _)| name));
        let own = METHODS.iter().find(|(method, _)| *method == name).map_or(&[][..], |(_, own)| own);
        let others: Vec<&str> =
            METHODS.iter().flat_map(|(_, theirs)| *theirs).filter(|s| !own.contains(s)).copied().collect();
        r.unused(&others, &format!("`optimiser.name: {name}` has no such setting"));
        let method = method(r, name);
        let mut clip = |path| {
            let limit = r.float(path, 0.0, |v| (0.0..=1e9).contains(&v), "from 0, which clips nothing, to 1000000000");
            (limit > 0.0).then_some(limit)
        };
        let (clip_norm, clip_value) = (clip("optimiser.clip_norm"), clip("optimiser.clip_value"));
        if let (Some(norm), Some(value)) = (clip_norm, clip_value) {
            let rule = format!("gradients are clipped once, and `optimiser.clip_norm` is {norm}");
            r.impossible("optimiser.clip_value", value, rule);
        }
        Optimiser { method, clip_norm, clip_value }
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        self.method.lr()
    }
}

fn rate(r: &mut Reader<'_>, default: f64) -> f64 {
    r.float("optimiser.lr", default, |v| v > 0.0 && v <= 100.0, "more than 0, at most 100")
}

fn weight_decay(r: &mut Reader<'_>, default: f64) -> f64 {
    r.float("optimiser.weight_decay", default, |v| (0.0..=10.0).contains(&v), "from 0 to 10")
}

fn eps(r: &mut Reader<'_>, default: f64) -> f64 {
    r.float(EPS, default, |v| v > 0.0 && v < 1.0, "more than 0 and less than 1")
}

fn share(r: &mut Reader<'_>, path: &str, default: f64) -> f64 {
    r.float(path, default, |v| (0.0..1.0).contains(&v), "from 0 to less than 1")
}

fn method(r: &mut Reader<'_>, name: &str) -> Method {
    match name {
        "adam" => {
            let form = match r.choice(FORM, Some("pytorch"), &["pytorch", "keras"]) {
                "keras" => AdamForm::Keras,
                _ => AdamForm::PyTorch,
            };
            let default_eps = if form == AdamForm::Keras { 1e-7 } else { 1e-8 };
            Method::Adam { adam: adam(r, 1e-3, 0.0, default_eps), amsgrad: r.boolean(AMSGRAD, false), form }
        }
        "adamw" => Method::AdamW { adam: adam(r, 1e-3, 0.01, 1e-8), amsgrad: r.boolean(AMSGRAD, false) },
        "nadam" => Method::NAdam { adam: adam(r, 2e-3, 0.0, 1e-8), momentum_decay: share(r, MOMENTUM_DECAY, 4e-3) },
        "radam" => Method::RAdam(adam(r, 1e-3, 0.0, 1e-8)),
        "adamax" => Method::Adamax(adam(r, 2e-3, 0.0, 1e-8)),
        "sgd" => sgd(r),
        "rmsprop" => Method::RmsProp {
            lr: rate(r, 0.01),
            alpha: share(r, ALPHA, 0.99),
            eps: eps(r, 1e-8),
            momentum: share(r, MOMENTUM, 0.0),
            centered: r.boolean(CENTERED, false),
            weight_decay: weight_decay(r, 0.0),
        },
        "adadelta" => Method::Adadelta {
            lr: rate(r, 1.0),
            rho: share(r, RHO, 0.9),
            eps: eps(r, 1e-6),
            weight_decay: weight_decay(r, 0.0),
        },
        // The last of `METHODS`.
        _ => Method::Adagrad {
            lr: rate(r, 0.01),
            lr_decay: r.float(LR_DECAY, 0.0, |v| (0.0..=100.0).contains(&v), "from 0 to 100"),
            initial_accumulator: r.float(INITIAL, 0.0, |v| (0.0..=1e9).contains(&v), "from 0 to 1000000000"),
            eps: eps(r, 1e-10),
            weight_decay: weight_decay(r, 0.0),
        },
    }
}

fn adam(r: &mut Reader<'_>, lr: f64, decay: f64, default_eps: f64) -> Adam {
    Adam {
        lr: rate(r, lr),
        beta1: share(r, BETA1, 0.9),
        beta2: share(r, BETA2, 0.999),
        eps: eps(r, default_eps),
        weight_decay: weight_decay(r, decay),
    }
}

fn sgd(r: &mut Reader<'_>) -> Method {
    let lr = rate(r, 0.01);
    let momentum = share(r, MOMENTUM, 0.0);
    let dampening = share(r, DAMPENING, 0.0);
    let nesterov = r.boolean(NESTEROV, false);
    if nesterov && momentum == 0.0 {
        r.impossible(NESTEROV, true, "Nesterov needs a momentum above 0");
    }
    if dampening > 0.0 && momentum == 0.0 {
        r.impossible(DAMPENING, dampening, "only a momentum above 0 can be dampened");
    }
    if nesterov && dampening > 0.0 {
        r.impossible(NESTEROV, true, "Nesterov needs a dampening of 0");
    }
    Method::Sgd { lr, momentum, dampening, nesterov, weight_decay: weight_decay(r, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use serde_json::{Value, json};

    type Outcome = Result<Vec<String>, Vec<String>>;

    /// The optimiser of some settings, with the unused ones; or the settings that are wrong.
    fn read(settings: &Value) -> (Optimiser, Outcome) {
        let tree: Settings = serde_json::from_value(json!({"optimiser": settings})).expect("a mapping");
        let mut r = Reader::new(&tree);
        let optimiser = Optimiser::read(&mut r);
        let outcome = match r.finish() {
            Ok(unused) => Ok(unused.into_keys().collect()),
            Err(issues) => Err(issues.into_iter().map(|issue| issue.path).collect()),
        };
        (optimiser, outcome)
    }

    #[test]
    fn defaults_are_pytorch_s() {
        for (settings, expected) in [
            (
                json!({}),
                json!({"name": "adam", "lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}),
            ),
            (
                json!({"form": "keras", "amsgrad": true}),
                json!({"name": "adam", "lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7, "weight_decay": 0.0,
                       "amsgrad": true, "form": "keras"}),
            ),
            (
                json!({"name": "adamw"}),
                json!({"name": "adamw", "lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}),
            ),
            (
                json!({"name": "nadam"}),
                json!({"name": "nadam", "lr": 2e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0,
                       "momentum_decay": 4e-3}),
            ),
            (
                json!({"name": "radam"}),
                json!({"name": "radam", "lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}),
            ),
            (
                json!({"name": "adamax"}),
                json!({"name": "adamax", "lr": 2e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}),
            ),
            (
                json!({"name": "sgd", "clip_norm": 0}),
                json!({"name": "sgd", "lr": 0.01, "momentum": 0.0, "nesterov": false, "weight_decay": 0.0}),
            ),
            (
                json!({"name": "sgd", "momentum": 0.9, "dampening": 0.5, "clip_norm": 2}),
                json!({"name": "sgd", "lr": 0.01, "momentum": 0.9, "dampening": 0.5, "nesterov": false,
                       "weight_decay": 0.0, "clip_norm": 2.0}),
            ),
            (
                json!({"name": "rmsprop", "clip_value": 0.5}),
                json!({"name": "rmsprop", "lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": false,
                       "weight_decay": 0.0, "clip_value": 0.5}),
            ),
            (
                json!({"name": "adadelta"}),
                json!({"name": "adadelta", "lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.0}),
            ),
            (
                json!({"name": "adagrad"}),
                json!({"name": "adagrad", "lr": 0.01, "lr_decay": 0.0, "initial_accumulator": 0.0, "eps": 1e-10,
                       "weight_decay": 0.0}),
            ),
        ] {
            let (optimiser, outcome) = read(&settings);
            assert_eq!(outcome, Ok(vec![]), "{settings}");
            let written = serde_json::to_value(&optimiser).expect("writable");
            assert_eq!(written, expected, "{settings}");
            assert_eq!(read(&written), (optimiser, Ok(vec![])), "it reads back");
        }
    }

    #[test]
    fn settings_of_other_methods_are_unused_and_impossible_ones_named() {
        for (settings, expected) in [
            (json!({"name": "sgd", "beta1": 0.5}), Ok("optimiser.beta1")),
            (json!({"name": "adamw", "form": "keras"}), Ok("optimiser.form")),
            (json!({"name": "adadelta", "momentum": 0.9}), Ok("optimiser.momentum")),
            (json!({"rho": 0.9}), Ok("optimiser.rho")),
            (json!({"name": "sgd", "nesterov": true}), Err("optimiser.nesterov")),
            (json!({"name": "sgd", "dampening": 0.5}), Err("optimiser.dampening")),
            (json!({"name": "sgd", "momentum": 0.9, "dampening": 0.5, "nesterov": true}), Err("optimiser.nesterov")),
            (json!({"clip_norm": 1, "clip_value": 1}), Err("optimiser.clip_value")),
            (json!({"clip_norm": -1}), Err("optimiser.clip_norm")),
            (json!({"name": "rmsprop", "alpha": 1}), Err("optimiser.alpha")),
            (json!({"name": "lion"}), Err("optimiser.name")),
            (json!({"form": "jax"}), Err("optimiser.form")),
            (json!({"eps": 0}), Err("optimiser.eps")),
        ] {
            let one = |path: &str| vec![path.to_owned()];
            assert_eq!(read(&settings).1, expected.map(one).map_err(one), "{settings}");
        }
    }
}
