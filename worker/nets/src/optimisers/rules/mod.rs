//! The arithmetic of optimisers, value by value: PyTorch's.
//!
//! A rule is one step's arithmetic, with everything worked out that is the same for all values. Rules are plain loops,
//! which the compiler turns into vectors of the unit that it compiles them for; so all of them are always inlined.

mod accumulators;
mod adam;
mod sgd;

use gliss_types::recipe::{Adam as AdamSettings, AdamForm, Method};

use super::seen::Seen;
use crate::ops::Element;
use crate::ops::lanes::{Kernel, Lanes};
use accumulators::{Adadelta, Adagrad, RmsProp};
use adam::{Adam, Adamax, AmsGrad, NAdam, Unadapted};
use sgd::{Momentum, Sgd};

/// One step's arithmetic.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Adam(Adam),
    AmsGrad(AmsGrad),
    NAdam(NAdam),
    Unadapted(Unadapted),
    Adamax(Adamax),
    Sgd(Sgd),
    Momentum(Momentum),
    RmsProp(RmsProp),
    Adadelta(Adadelta),
    Adagrad(Adagrad),
}

/// How many steps an optimiser has made, and what a rule needs of them that would be long to work out anew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steps {
    /// How many.
    pub(super) made: u64,
    /// NAdam's product of the decays of all steps; 1 for others. PyTorch keeps it in single precision.
    nadam: f32,
}

impl Steps {
    /// None made.
    pub(super) const NONE: Steps = Steps { made: 0, nadam: 1.0 };

    /// After one more.
    pub(super) fn next(self, method: &Method) -> Steps {
        let made = self.made + 1;
        let nadam = match *method {
            Method::NAdam { adam, momentum_decay } => self.nadam * nadam_decay(adam.beta1, momentum_decay, made) as f32,
            _ => 1.0,
        };
        Steps { made, nadam }
    }

    /// After `made` steps.
    pub(super) fn after(made: u64, method: &Method) -> Steps {
        match method {
            Method::NAdam { .. } => (0..made).fold(Steps::NONE, |steps, _| steps.next(method)),
            _ => Steps { made, ..Steps::NONE },
        }
    }
}

/// The first moment's decay in a step of NAdam, from 1.
fn nadam_decay(beta1: f64, momentum_decay: f64, step: u64) -> f64 {
    beta1 * (1.0 - 0.5 * 0.96f64.powf(step as f64 * momentum_decay))
}

impl Rule {
    /// Names of what is remembered per parameter, at most three; PyTorch's.
    pub(super) fn moments(method: &Method) -> &'static [&'static str] {
        match method {
            Method::Adam { amsgrad: true, .. } | Method::AdamW { amsgrad: true, .. } => {
                &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
            }
            Method::Adam { .. } | Method::AdamW { .. } | Method::NAdam { .. } | Method::RAdam(_) => {
                &["exp_avg", "exp_avg_sq"]
            }
            Method::Adamax(_) => &["exp_avg", "exp_inf"],
            Method::Sgd { momentum: 0.0, .. } => &[],
            Method::Sgd { .. } => &["momentum_buffer"],
            Method::RmsProp { momentum: 0.0, centered: false, .. } => &["square_avg"],
            Method::RmsProp { momentum: 0.0, centered: true, .. } => &["square_avg", "grad_avg"],
            Method::RmsProp { centered: false, .. } => &["square_avg", "momentum_buffer"],
            Method::RmsProp { centered: true, .. } => &["square_avg", "grad_avg", "momentum_buffer"],
            Method::Adadelta { .. } => &["square_avg", "acc_delta"],
            Method::Adagrad { .. } => &["sum"],
        }
    }

    /// What all moments begin with.
    pub(super) fn first(method: &Method) -> f64 {
        match method {
            Method::Adagrad { initial_accumulator, .. } => *initial_accumulator,
            _ => 0.0,
        }
    }

    /// What is added to a gradient for each of the weight's units: the L2 coefficient of methods that have it there.
    pub(super) fn decay(method: &Method) -> f64 {
        match *method {
            Method::Adam { adam, .. } | Method::NAdam { adam, .. } => adam.weight_decay,
            Method::RAdam(adam) | Method::Adamax(adam) => adam.weight_decay,
            Method::AdamW { .. } => 0.0,
            Method::Sgd { weight_decay, .. } | Method::RmsProp { weight_decay, .. } => weight_decay,
            Method::Adadelta { weight_decay, .. } | Method::Adagrad { weight_decay, .. } => weight_decay,
        }
    }

    /// The arithmetic of the step that has just been counted, at rate `lr`.
    pub(super) fn at(method: &Method, steps: Steps, lr: f64) -> Rule {
        let step = steps.made;
        // `1 - decay^step`: the share of a moment that does not come from its beginning at 0.
        let correction = |decay: f64| 1.0 - decay.powi(i32::try_from(step).unwrap_or(i32::MAX));
        let adam = |AdamSettings { beta1, beta2, eps, .. }: AdamSettings| Adam {
            keep1: beta1,
            keep2: beta2,
            eps,
            rate: lr / correction(beta1),
            root_correction: correction(beta2).sqrt(),
            shrink: 1.0,
        };
        let or_amsgrad =
            |amsgrad: bool, adam: Adam| if amsgrad { Rule::AmsGrad(AmsGrad(adam)) } else { Rule::Adam(adam) };
        match *method {
            Method::Adam { adam: settings, amsgrad, form } => {
                let mut adam = adam(settings);
                if form == AdamForm::Keras {
                    adam.eps /= adam.root_correction;
                }
                or_amsgrad(amsgrad, adam)
            }
            Method::AdamW { adam: settings, amsgrad } => {
                or_amsgrad(amsgrad, Adam { shrink: 1.0 - lr * settings.weight_decay, ..adam(settings) })
            }
            Method::NAdam { adam: settings, momentum_decay } => {
                let now = nadam_decay(settings.beta1, momentum_decay, step);
                let next = nadam_decay(settings.beta1, momentum_decay, step + 1);
                let product = f64::from(steps.nadam);
                Rule::NAdam(NAdam {
                    adam: Adam { rate: lr * next / (1.0 - product * next), ..adam(settings) },
                    gradient_rate: lr * (1.0 - now) / (1.0 - product),
                })
            }
            Method::RAdam(settings) => radam(adam(settings), step),
            Method::Adamax(AdamSettings { beta1, beta2, eps, .. }) => {
                Rule::Adamax(Adamax { keep1: beta1, keep2: beta2, eps, rate: lr / correction(beta1) })
            }
            Method::Sgd { momentum: 0.0, .. } => Rule::Sgd(Sgd { lr }),
            Method::Sgd { momentum, dampening, nesterov, .. } => {
                // The first gradient is not dampened.
                let take = if step == 1 { 1.0 } else { 1.0 - dampening };
                Rule::Momentum(Momentum { lr, keep: momentum, take, nesterov })
            }
            Method::RmsProp { alpha, eps, momentum, centered, .. } => {
                Rule::RmsProp(RmsProp { lr, keep: alpha, eps, momentum, centered })
            }
            Method::Adadelta { rho, eps, .. } => Rule::Adadelta(Adadelta { lr, keep: rho, eps }),
            Method::Adagrad { lr_decay, eps, .. } => {
                let before = step.saturating_sub(1) as f64;
                Rule::Adagrad(Adagrad { lr: lr / (1.0 + before * lr_decay), eps })
            }
        }
    }
}

/// RAdam (Liu et al. 2020, algorithm 2): Adam with a rate that makes up for the second moment's variance, once that is
/// finite; until then the first moment alone.
fn radam(adam: Adam, step: u64) -> Rule {
    let kept = 1.0 - adam.root_correction * adam.root_correction;
    let longest = 2.0 / (1.0 - adam.keep2) - 1.0;
    let length = longest - 2.0 * step as f64 * kept / (1.0 - kept);
    // PyTorch's limit; the paper has 4.
    if length <= 5.0 {
        return Rule::Unadapted(Unadapted { keep1: adam.keep1, keep2: adam.keep2, rate: adam.rate });
    }
    let over = (length - 4.0) * (length - 2.0) * longest;
    let under = (longest - 4.0) * (longest - 2.0) * length;
    Rule::Adam(Adam { rate: adam.rate * (over / under).sqrt(), eps: adam.eps / adam.root_correction, ..adam })
}

#[cfg(feature = "cuda")]
impl Rule {
    /// The rule's number in the kernel that makes its step on a GPU, and its own numbers in the order that it has there.
    pub(super) fn numbers(self) -> (u32, [f64; 6]) {
        let of_adam = |adam: Adam, last: f64| {
            let Adam { keep1, keep2, eps, rate, root_correction, .. } = adam;
            [1.0 - keep1, keep2, eps, rate, root_correction, last]
        };
        match self {
            Rule::Adam(adam) => (0, of_adam(adam, adam.shrink)),
            Rule::AmsGrad(AmsGrad(adam)) => (1, of_adam(adam, adam.shrink)),
            Rule::NAdam(NAdam { adam, gradient_rate }) => (2, of_adam(adam, gradient_rate)),
            Rule::Unadapted(Unadapted { keep1, keep2, rate }) => (3, [1.0 - keep1, keep2, rate, 0.0, 0.0, 0.0]),
            Rule::Adamax(Adamax { keep1, keep2, eps, rate }) => (4, [1.0 - keep1, keep2, eps, rate, 0.0, 0.0]),
            Rule::Sgd(Sgd { lr }) => (5, [lr, 0.0, 0.0, 0.0, 0.0, 0.0]),
            Rule::Momentum(Momentum { lr, keep, take, nesterov }) => {
                let (now, buffer) = if nesterov { (1.0, keep) } else { (0.0, 1.0) };
                (6, [lr, keep, take, now, buffer, 0.0])
            }
            Rule::RmsProp(RmsProp { lr, keep, eps, momentum, centered }) => {
                (7, [lr, keep, eps, momentum, f64::from(u8::from(centered)), 0.0])
            }
            Rule::Adadelta(Adadelta { lr, keep, eps }) => (8, [lr, keep, eps, 0.0, 0.0, 0.0]),
            Rule::Adagrad(Adagrad { lr, eps }) => (9, [lr, eps, 0.0, 0.0, 0.0, 0.0]),
        }
    }
}

/// 0 in place of numbers so small that processors take a hundred times as long over them. Moments of weights that no
/// longer get gradients, as behind a dead ReLU, would fade into them and stay.
#[inline(always)]
fn normal<T: Element>(moment: T) -> T {
    if moment < T::SMALLEST && moment > T::zero() - T::SMALLEST { T::zero() } else { moment }
}

/// A parameter, its moments (as many as the rule has; the rest are empty) and its gradient; all of one length.
pub(super) struct Update<'a, T> {
    pub(super) rule: Rule,
    pub(super) seen: Seen,
    pub(super) values: &'a mut [T],
    pub(super) moments: [&'a mut [T]; 3],
    pub(super) gradient: &'a [T],
}

impl<T: Element> Update<'_, T> {
    /// `seen` yields a gradient as the rule is to see it, from itself and its weight.
    #[inline(always)]
    fn by(self, seen: impl Fn(T, T) -> T) {
        let Update { rule, values, moments: [first, second, third], gradient, .. } = self;
        match rule {
            Rule::Adam(rule) => rule.run(values, first, second, gradient, seen),
            Rule::AmsGrad(rule) => rule.run(values, [first, second, third], gradient, seen),
            Rule::NAdam(rule) => rule.run(values, first, second, gradient, seen),
            Rule::Unadapted(rule) => rule.run(values, first, second, gradient, seen),
            Rule::Adamax(rule) => rule.run(values, first, second, gradient, seen),
            Rule::Sgd(rule) => rule.run(values, gradient, seen),
            Rule::Momentum(rule) => rule.run(values, first, gradient, seen),
            Rule::RmsProp(rule) => rule.run(values, [first, second, third], gradient, seen),
            Rule::Adadelta(rule) => rule.run(values, first, second, gradient, seen),
            Rule::Adagrad(rule) => rule.run(values, first, gradient, seen),
        }
    }
}

impl<T: Element> Kernel<T> for Update<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Seen { scale, l2, decay, limit } = self.seen;
        match limit {
            None => {
                let (scale, by_weight) = (T::from_f64(scale), T::from_f64(scale * l2 + decay));
                self.by(|g, p| scale * g + by_weight * p);
            }
            Some(limit) => {
                let (l2, decay) = (T::from_f64(l2), T::from_f64(decay));
                let (least, most) = (T::from_f64(-limit), T::from_f64(limit));
                self.by(|g, p| {
                    let g = g + l2 * p;
                    let g = if g > most { most } else { g };
                    let g = if g < least { least } else { g };
                    g + decay * p
                });
            }
        }
    }
}
