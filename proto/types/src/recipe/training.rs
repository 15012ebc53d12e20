//! Optimiser and schedule of a recipe.

use serde::Serialize;

use crate::settings::Reader;

/// How weights are moved; PyTorch's definitions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Optimiser {
    /// `torch.optim.Adam`, L2 added to the gradient.
    Adam {
        /// Learning rate (the base rate of a cyclic schedule).
        lr: f64,
        /// Decay of the first moment.
        beta1: f64,
        /// Decay of the second moment.
        beta2: f64,
        /// Added to the root of the second moment.
        eps: f64,
        /// L2 coefficient.
        weight_decay: f64,
    },
    /// `torch.optim.SGD`, no dampening.
    Sgd {
        /// Learning rate (the base rate of a cyclic schedule).
        lr: f64,
        /// Share of the last step that is kept.
        momentum: f64,
        /// Whether the momentum looks ahead.
        nesterov: bool,
        /// L2 coefficient.
        weight_decay: f64,
    },
}

impl Optimiser {
    pub(super) fn read(r: &mut Reader<'_>) -> Optimiser {
        let name = r.choice("optimiser.name", Some("adam"), &["adam", "sgd"]);
        let why = format!("`optimiser.name: {name}` has no such setting");
        let rate = |v: f64| v > 0.0 && v <= 100.0;
        let rate_rule = "more than 0, at most 100";
        let decay = |v: f64| (0.0..=10.0).contains(&v);
        let decay_rule = "from 0 to 10";
        let share = |v: f64| (0.0..1.0).contains(&v);
        let share_rule = "from 0 to less than 1";
        if name == "sgd" {
            r.unused(&["optimiser.beta1", "optimiser.beta2", "optimiser.eps"], &why);
            let lr = r.float("optimiser.lr", 0.01, rate, rate_rule);
            let momentum = r.float("optimiser.momentum", 0.0, share, share_rule);
            let nesterov = r.boolean("optimiser.nesterov", false);
            if nesterov && momentum == 0.0 {
                r.impossible("optimiser.nesterov", true, "Nesterov needs a momentum above 0");
            }
            let weight_decay = r.float("optimiser.weight_decay", 0.0, decay, decay_rule);
            return Optimiser::Sgd { lr, momentum, nesterov, weight_decay };
        }
        r.unused(&["optimiser.momentum", "optimiser.nesterov"], &why);
        Optimiser::Adam {
            lr: r.float("optimiser.lr", 1e-3, rate, rate_rule),
            beta1: r.float("optimiser.beta1", 0.9, share, share_rule),
            beta2: r.float("optimiser.beta2", 0.999, share, share_rule),
            eps: r.float("optimiser.eps", 1e-8, |v| v > 0.0 && v < 1.0, "more than 0 and less than 1"),
            weight_decay: r.float("optimiser.weight_decay", 0.0, decay, decay_rule),
        }
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            Optimiser::Adam { lr, .. } | Optimiser::Sgd { lr, .. } => *lr,
        }
    }
}

/// How the learning rate moves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Schedule {
    /// It does not.
    Constant,
    /// Smith's triangular cycle: from the optimiser's rate up to `max_lr` and back, straight lines, set before every
    /// step (papers.md 2.5).
    Triangular {
        /// The rate at the top.
        max_lr: f64,
        /// Epochs from bottom to top.
        half_cycle: f64,
    },
}

impl Schedule {
    pub(super) fn read(r: &mut Reader<'_>, lr: f64) -> Schedule {
        let name = r.choice("schedule.name", Some("constant"), &["constant", "triangular"]);
        if name == "constant" {
            r.unused(&["schedule.max_lr", "schedule.half_cycle"], "`schedule.name: constant` has no such setting");
            return Schedule::Constant;
        }
        let max_lr = r.float("schedule.max_lr", 2.0 * lr, |v| v > 0.0 && v <= 100.0, "more than 0, at most 100");
        if max_lr < lr {
            r.impossible("schedule.max_lr", max_lr, format!("at least `optimiser.lr`, which is {lr}"));
        }
        let half_cycle =
            r.float("schedule.half_cycle", 8.0, |v| (0.1..=10_000.0).contains(&v), "from 0.1 to 10000 epochs");
        Schedule::Triangular { max_lr, half_cycle }
    }
}
