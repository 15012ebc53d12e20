//! The learning-rate schedule of a recipe.

use serde::Serialize;

use super::Watch;
use crate::settings::Reader;

/// How the learning rate moves: warmed up or not, then on a course. Lengths are in epochs, fractions allowed; the rate
/// is set before every step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schedule {
    /// The course, from the end of the warm-up on.
    #[serde(flatten)]
    pub course: Course,
    /// What comes before it.
    #[serde(flatten)]
    pub warmup: Option<Warmup>,
}

/// A straight line up to the rate with which the course begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Warmup {
    /// How long.
    #[serde(rename = "warmup")]
    pub epochs: f64,
    /// The share of that rate with which it begins.
    #[serde(rename = "warmup_from")]
    pub from: f64,
}

/// Courses of the rate; PyTorch's definitions. `lr` is the optimiser's rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Course {
    /// It does not move.
    Constant,
    /// `StepLR`: times `gamma` after `every` epochs, again and again.
    Step {
        /// Epochs from one change to the next.
        every: f64,
        /// The factor.
        gamma: f64,
    },
    /// `MultiStepLR`: times `gamma` after each of some epochs.
    MultiStep {
        /// After how many epochs; ascending.
        milestones: Vec<u32>,
        /// The factor.
        gamma: f64,
    },
    /// `ExponentialLR`, step by step: `lr * gamma^epoch`.
    Exponential {
        /// The factor of an epoch.
        gamma: f64,
    },
    /// `PolynomialLR`: `lr * (1 - epoch / length)^power`, then 0.
    Polynomial {
        /// Epochs to 0.
        length: f64,
        /// The power; 1 is a straight line.
        power: f64,
    },
    /// `CosineAnnealingLR`: half a cosine from `lr` to `min_lr`, where it stays.
    Cosine {
        /// Epochs to the bottom.
        length: f64,
        /// The rate there.
        min_lr: f64,
    },
    /// `CosineAnnealingWarmRestarts`: half a cosine from `lr` to `min_lr`, again and again.
    CosineRestarts {
        /// Epochs of the first.
        length: f64,
        /// Each is so many times as long as the one before.
        grow: u32,
        /// The rate at the bottom.
        min_lr: f64,
    },
    /// `OneCycleLR`, with `lr` at the top: up from `lr / div_factor`, then down to that divided by `final_div_factor`.
    OneCycle {
        /// Epochs from begin to end; beyond it the rate stays.
        length: f64,
        /// The share of them that goes up.
        pct_start: f64,
        /// The line between rates.
        anneal: Anneal,
        /// The top over the first rate.
        div_factor: f64,
        /// The first rate over the last.
        final_div_factor: f64,
        /// Whether it goes down to the first rate in as many steps as up, and to the last rate in the rest.
        three_phase: bool,
    },
    /// `ReduceLROnPlateau`: times `factor` once a metric has not become better for more than `patience` epochs.
    Plateau(Plateau),
    /// Smith's triangular cycle: from the optimiser's rate up to `max_lr` and back, straight lines (papers.md 2.5).
    Triangular(Cycle),
    /// The same, half as high in each further cycle.
    Triangular2(Cycle),
    /// The same, its height times `gamma^epoch`.
    ExpRange {
        /// The cycle.
        #[serde(flatten)]
        cycle: Cycle,
        /// The factor of an epoch.
        gamma: f64,
    },
}

/// A cycle between `lr` and a higher rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cycle {
    /// The rate at the top.
    pub max_lr: f64,
    /// Epochs from bottom to top.
    pub half_cycle: f64,
    /// Epochs from top to bottom where they are not as many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_cycle_down: Option<f64>,
}

/// When the rate is cut, and how.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plateau {
    /// The metric, of the validation side.
    pub watch: Watch,
    /// What the rate is multiplied by.
    pub factor: f64,
    /// Epochs without a better value that are borne.
    pub patience: u32,
    /// How much better a value must be than the best before.
    pub threshold: f64,
    /// What that is a share of.
    pub threshold_mode: Threshold,
    /// Epochs after a cut in which none is counted.
    pub cooldown: u32,
    /// The rate is not cut further.
    pub min_lr: f64,
}

/// How a difference is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// As a share of the best value.
    Rel,
    /// As it is.
    Abs,
}

/// The line between two rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Anneal {
    /// Half a cosine.
    Cos,
    /// Straight.
    Linear,
}

impl From<Course> for Schedule {
    /// The course without a warm-up.
    fn from(course: Course) -> Self {
        Schedule { course, warmup: None }
    }
}

/// The courses' names and the settings of each.
const COURSES: [(&str, &[&str]); 12] = [
    ("constant", &[]),
    ("step", &[EVERY, GAMMA]),
    ("multi_step", &[MILESTONES, GAMMA]),
    ("exponential", &[GAMMA]),
    ("polynomial", &[LENGTH, POWER]),
    ("cosine", &[LENGTH, MIN_LR]),
    ("cosine_restarts", &[LENGTH, GROW, MIN_LR]),
    ("one_cycle", &[LENGTH, PCT_START, ANNEAL, DIV, FINAL_DIV, THREE_PHASE]),
    ("plateau", &[WATCH, FACTOR, PATIENCE, THRESHOLD, THRESHOLD_MODE, COOLDOWN, MIN_LR]),
    ("triangular", &[MAX_LR, HALF_CYCLE, HALF_CYCLE_DOWN]),
    ("triangular2", &[MAX_LR, HALF_CYCLE, HALF_CYCLE_DOWN]),
    ("exp_range", &[MAX_LR, HALF_CYCLE, HALF_CYCLE_DOWN, GAMMA]),
];
const EVERY: &str = "schedule.every";
const GAMMA: &str = "schedule.gamma";
const MILESTONES: &str = "schedule.milestones";
const LENGTH: &str = "schedule.length";
const POWER: &str = "schedule.power";
const MIN_LR: &str = "schedule.min_lr";
const GROW: &str = "schedule.grow";
const PCT_START: &str = "schedule.pct_start";
const ANNEAL: &str = "schedule.anneal";
const DIV: &str = "schedule.div_factor";
const FINAL_DIV: &str = "schedule.final_div_factor";
const THREE_PHASE: &str = "schedule.three_phase";
const WATCH: &str = "schedule.watch";
const FACTOR: &str = "schedule.factor";
const PATIENCE: &str = "schedule.patience";
const THRESHOLD: &str = "schedule.threshold";
const THRESHOLD_MODE: &str = "schedule.threshold_mode";
const COOLDOWN: &str = "schedule.cooldown";
const MAX_LR: &str = "schedule.max_lr";
const HALF_CYCLE: &str = "schedule.half_cycle";
const HALF_CYCLE_DOWN: &str = "schedule.half_cycle_down";
const WARMUP: &str = "schedule.warmup";
const WARMUP_FROM: &str = "schedule.warmup_from";

impl Schedule {
    /// Reads the schedule of a training of `epochs` epochs with an optimiser of rate `lr`.
    pub(super) fn read(r: &mut Reader<'_>, lr: f64, epochs: u32) -> Schedule {
        let name = r.choice("schedule.name", Some("constant"), &COURSES.map(|(name, _)| name));
        let own = COURSES.iter().find(|(course, _)| *course == name).map_or(&[][..], |(_, own)| own);
        let others: Vec<&str> =
            COURSES.iter().flat_map(|(_, theirs)| *theirs).filter(|s| !own.contains(s)).copied().collect();
        r.unused(&others, &format!("`schedule.name: {name}` has no such setting"));
        if name == "one_cycle" {
            r.unused(&[MAX_LR], "the top of `schedule.name: one_cycle` is `optimiser.lr`");
        }
        let warmup = warmup(r, epochs);
        // What is left of the training, unless that is nothing, which `warmup` has reported.
        let left = f64::from(epochs) - warmup.map_or(0.0, |warmup| warmup.epochs);
        let course = course(r, name, lr, if left > 0.0 { left } else { f64::from(epochs) });
        Schedule { course, warmup }
    }
}

fn warmup(r: &mut Reader<'_>, all: u32) -> Option<Warmup> {
    let epochs = r.float(WARMUP, 0.0, |v| v >= 0.0, "at least 0 epochs");
    if epochs == 0.0 {
        r.unused(&[WARMUP_FROM], "without a `schedule.warmup` above 0 there is none");
        return None;
    }
    if epochs >= f64::from(all) {
        r.impossible(WARMUP, epochs, format!("less than `epochs`, which is {all}"));
    }
    let from = r.float(WARMUP_FROM, 0.1, |v| (0.0..=1.0).contains(&v), "a share of the rate, from 0 to 1");
    Some(Warmup { epochs, from })
}

fn course(r: &mut Reader<'_>, name: &str, lr: f64, left: f64) -> Course {
    match name {
        "step" => Course::Step { every: span(r, EVERY, 10.0), gamma: gamma(r, 0.1) },
        "multi_step" => Course::MultiStep { milestones: milestones(r), gamma: gamma(r, 0.1) },
        "exponential" => Course::Exponential { gamma: gamma(r, 0.95) },
        "polynomial" => Course::Polynomial {
            length: span(r, LENGTH, left),
            power: r.float(POWER, 1.0, |v| v > 0.0 && v <= 100.0, "more than 0, at most 100"),
        },
        "cosine" => Course::Cosine { length: span(r, LENGTH, left), min_lr: min_lr(r, lr) },
        "cosine_restarts" => Course::CosineRestarts {
            length: span(r, LENGTH, 10.0),
            grow: r.int32(GROW, 1, 1..=100),
            min_lr: min_lr(r, lr),
        },
        "one_cycle" => {
            let factor = |v: f64| (1.0..=1e9).contains(&v);
            let factor_rule = "from 1 to 1000000000";
            let three_phase = r.boolean(THREE_PHASE, false);
            let pct_start = r.float(PCT_START, 0.3, |v| (0.0..=1.0).contains(&v), "a share, from 0 to 1");
            if three_phase && pct_start > 0.5 {
                r.impossible(PCT_START, pct_start, "with `schedule.three_phase` at most 0.5: down takes as long as up");
            }
            Course::OneCycle {
                length: span(r, LENGTH, left),
                pct_start,
                anneal: match r.choice(ANNEAL, Some("cos"), &["cos", "linear"]) {
                    "linear" => Anneal::Linear,
                    _ => Anneal::Cos,
                },
                div_factor: r.float(DIV, 25.0, factor, factor_rule),
                final_div_factor: r.float(FINAL_DIV, 1e4, factor, factor_rule),
                three_phase,
            }
        }
        "plateau" => Course::Plateau(plateau(r, lr)),
        "triangular" => Course::Triangular(cycle(r, lr)),
        "triangular2" => Course::Triangular2(cycle(r, lr)),
        "exp_range" => Course::ExpRange { cycle: cycle(r, lr), gamma: gamma(r, 0.95) },
        _ => Course::Constant,
    }
}

fn span(r: &mut Reader<'_>, path: &str, default: f64) -> f64 {
    r.float(path, default, |v| v > 0.0 && v <= 100_000.0, "more than 0, at most 100000 epochs")
}

fn gamma(r: &mut Reader<'_>, default: f64) -> f64 {
    r.float(GAMMA, default, |v| v > 0.0 && v <= 1.0, "more than 0, at most 1")
}

fn min_lr(r: &mut Reader<'_>, lr: f64) -> f64 {
    let min_lr = r.float(MIN_LR, 0.0, |v| (0.0..=100.0).contains(&v), "from 0 to 100");
    if min_lr > lr {
        r.impossible(MIN_LR, min_lr, format!("at most `optimiser.lr`, which is {lr}"));
    }
    min_lr
}

fn milestones(r: &mut Reader<'_>) -> Vec<u32> {
    let milestones = r.ints(MILESTONES, &[], 1..=100_000, 100);
    if milestones.is_empty() {
        let wanted = "epochs after which the rate changes, such as [30, 60]".to_owned();
        r.problem(MILESTONES, crate::Problem::Missing { name: "milestones".to_owned(), wanted });
    }
    if !milestones.is_sorted_by(|a, b| a < b) {
        let got = milestones.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        r.impossible(MILESTONES, format!("[{got}]"), "epochs in ascending order, none twice");
    }
    milestones
}

fn plateau(r: &mut Reader<'_>, lr: f64) -> Plateau {
    Plateau {
        watch: Watch::read(r, WATCH, "valid_loss"),
        factor: r.float(FACTOR, 0.1, |v| v > 0.0 && v < 1.0, "more than 0 and less than 1"),
        patience: r.int32(PATIENCE, 10, 0..=100_000),
        threshold: r.float(THRESHOLD, 1e-4, |v| (0.0..=1e9).contains(&v), "from 0 to 1000000000"),
        threshold_mode: match r.choice(THRESHOLD_MODE, Some("rel"), &["rel", "abs"]) {
            "abs" => Threshold::Abs,
            _ => Threshold::Rel,
        },
        cooldown: r.int32(COOLDOWN, 0, 0..=100_000),
        min_lr: min_lr(r, lr),
    }
}

fn cycle(r: &mut Reader<'_>, lr: f64) -> Cycle {
    let max_lr = r.float(MAX_LR, 2.0 * lr, |v| v > 0.0 && v <= 100.0, "more than 0, at most 100");
    if max_lr < lr {
        r.impossible(MAX_LR, max_lr, format!("at least `optimiser.lr`, which is {lr}"));
    }
    let half = |v: f64| (0.1..=10_000.0).contains(&v);
    let rule = "from 0.1 to 10000 epochs";
    let half_cycle = r.float(HALF_CYCLE, 8.0, half, rule);
    let down = r.float(HALF_CYCLE_DOWN, half_cycle, half, rule);
    Cycle { max_lr, half_cycle, half_cycle_down: (down != half_cycle).then_some(down) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use serde_json::{Value, json};

    type Outcome = Result<Vec<String>, Vec<String>>;

    /// The schedule of some settings, for 20 epochs at rate 0.1, with the unused ones; or the settings that are wrong.
    fn read(settings: &Value) -> (Schedule, Outcome) {
        let tree: Settings = serde_json::from_value(json!({"schedule": settings})).expect("a mapping");
        let mut r = Reader::new(&tree);
        let schedule = Schedule::read(&mut r, 0.1, 20);
        let outcome = match r.finish() {
            Ok(unused) => Ok(unused.into_keys().collect()),
            Err(issues) => Err(issues.into_iter().map(|issue| issue.path).collect()),
        };
        (schedule, outcome)
    }

    #[test]
    fn what_is_not_said_is_filled_in_and_reads_back() {
        for (settings, expected) in [
            (json!({}), json!({"name": "constant"})),
            (json!({"warmup": 0}), json!({"name": "constant"})),
            (json!({"warmup": 1.5}), json!({"name": "constant", "warmup": 1.5, "warmup_from": 0.1})),
            (json!({"name": "step"}), json!({"name": "step", "every": 10.0, "gamma": 0.1})),
            (
                json!({"name": "multi_step", "milestones": [3, 9], "gamma": 0.5}),
                json!({"name": "multi_step", "milestones": [3, 9], "gamma": 0.5}),
            ),
            (json!({"name": "exponential"}), json!({"name": "exponential", "gamma": 0.95})),
            (json!({"name": "polynomial"}), json!({"name": "polynomial", "length": 20.0, "power": 1.0})),
            (
                json!({"name": "cosine", "warmup": 5, "warmup_from": 0}),
                json!({"name": "cosine", "length": 15.0, "min_lr": 0.0, "warmup": 5.0, "warmup_from": 0.0}),
            ),
            (
                json!({"name": "cosine_restarts", "length": 2, "grow": 2}),
                json!({"name": "cosine_restarts", "length": 2.0, "grow": 2, "min_lr": 0.0}),
            ),
            (
                json!({"name": "one_cycle"}),
                json!({"name": "one_cycle", "length": 20.0, "pct_start": 0.3, "anneal": "cos", "div_factor": 25.0,
                       "final_div_factor": 10_000.0, "three_phase": false}),
            ),
            (
                json!({"name": "plateau", "watch": "valid_accuracy"}),
                json!({"name": "plateau", "watch": "valid_accuracy", "factor": 0.1, "patience": 10, "threshold": 1e-4,
                       "threshold_mode": "rel", "cooldown": 0, "min_lr": 0.0}),
            ),
            (json!({"name": "triangular"}), json!({"name": "triangular", "max_lr": 0.2, "half_cycle": 8.0})),
            (
                json!({"name": "triangular", "half_cycle": 4, "half_cycle_down": 4}),
                json!({"name": "triangular", "max_lr": 0.2, "half_cycle": 4.0}),
            ),
            (
                json!({"name": "triangular2", "half_cycle_down": 2}),
                json!({"name": "triangular2", "max_lr": 0.2, "half_cycle": 8.0, "half_cycle_down": 2.0}),
            ),
            (
                json!({"name": "exp_range", "gamma": 0.9}),
                json!({"name": "exp_range", "max_lr": 0.2, "half_cycle": 8.0, "gamma": 0.9}),
            ),
        ] {
            let (schedule, outcome) = read(&settings);
            assert_eq!(outcome, Ok(vec![]), "{settings}");
            let written = serde_json::to_value(&schedule).expect("writable");
            assert_eq!(written, expected, "{settings}");
            assert_eq!(read(&written), (schedule, Ok(vec![])), "it reads back");
        }
    }

    #[test]
    fn settings_of_other_courses_are_unused_and_impossible_ones_named() {
        for (settings, expected) in [
            (json!({"max_lr": 1}), Ok("schedule.max_lr")),
            (json!({"warmup_from": 0.5}), Ok("schedule.warmup_from")),
            (json!({"name": "cosine", "gamma": 0.5}), Ok("schedule.gamma")),
            (json!({"name": "one_cycle", "max_lr": 1}), Ok("schedule.max_lr")),
            (json!({"name": "plateau", "length": 1}), Ok("schedule.length")),
            (json!({"warmup": 20}), Err("schedule.warmup")),
            (json!({"name": "cosine", "warmup": -1}), Err("schedule.warmup")),
            (json!({"name": "cosine", "warmup": 25}), Err("schedule.warmup")),
            (json!({"name": "cosine", "min_lr": 0.11}), Err("schedule.min_lr")),
            (json!({"name": "plateau", "min_lr": 0.11}), Err("schedule.min_lr")),
            (json!({"name": "plateau", "factor": 1}), Err("schedule.factor")),
            (json!({"name": "plateau", "watch": "train_loss"}), Err("schedule.watch")),
            (json!({"name": "multi_step"}), Err("schedule.milestones")),
            (json!({"name": "multi_step", "milestones": [5, 5]}), Err("schedule.milestones")),
            (json!({"name": "multi_step", "milestones": [5, 2.5]}), Err("schedule.milestones")),
            (json!({"name": "one_cycle", "three_phase": true, "pct_start": 0.6}), Err("schedule.pct_start")),
            (json!({"name": "triangular", "max_lr": 0.01}), Err("schedule.max_lr")),
            (json!({"name": "exp_range", "gamma": 1.5}), Err("schedule.gamma")),
            (json!({"name": "zigzag"}), Err("schedule.name")),
        ] {
            let one = |path: &str| vec![path.to_owned()];
            assert_eq!(read(&settings).1, expected.map(one).map_err(one), "{settings}");
        }
    }
}
