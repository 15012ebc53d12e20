//! The arithmetic of optimisers, value by value.

use gliss_types::recipe::Optimiser as Settings;

use crate::ops::Element;
use crate::ops::lanes::{Kernel, Lanes};

/// One step's arithmetic, with everything worked out that is the same for all values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Adam { keep1: f64, keep2: f64, eps: f64, weight_decay: f64, rate: f64, root_correction: f64 },
    Sgd { lr: f64, weight_decay: f64 },
    Momentum { lr: f64, momentum: f64, nesterov: bool, weight_decay: f64 },
}

impl Rule {
    /// Names of what is remembered per parameter; PyTorch's.
    pub(super) fn moments(settings: &Settings) -> &'static [&'static str] {
        match settings {
            Settings::Adam { .. } => &["exp_avg", "exp_avg_sq"],
            Settings::Sgd { momentum, .. } if *momentum == 0.0 => &[],
            Settings::Sgd { .. } => &["momentum_buffer"],
        }
    }

    /// The arithmetic of step `step`, from 1.
    pub(super) fn at(settings: &Settings, step: u64, lr: f64) -> Rule {
        match *settings {
            Settings::Adam { beta1, beta2, eps, weight_decay, .. } => {
                let correction = |beta: f64| 1.0 - beta.powi(i32::try_from(step).unwrap_or(i32::MAX));
                Rule::Adam {
                    keep1: beta1,
                    keep2: beta2,
                    eps,
                    weight_decay,
                    rate: lr / correction(beta1),
                    root_correction: correction(beta2).sqrt(),
                }
            }
            Settings::Sgd { momentum: 0.0, weight_decay, .. } => Rule::Sgd { lr, weight_decay },
            Settings::Sgd { momentum, nesterov, weight_decay, .. } => {
                Rule::Momentum { lr, momentum, nesterov, weight_decay }
            }
        }
    }
}

/// 0 in place of numbers so small that processors take a hundred times as long over them. Moments of weights that no longer
/// get gradients, as behind a dead ReLU, would fade into them and stay.
#[inline(always)]
fn normal<T: Element>(moment: T) -> T {
    if moment < T::SMALLEST && moment > T::zero() - T::SMALLEST { T::zero() } else { moment }
}

/// A parameter, its moments and its gradient; all of one length.
pub(super) struct Update<'a, T> {
    pub(super) rule: Rule,
    pub(super) values: &'a mut [T],
    pub(super) moments: [&'a mut [T]; 2],
    pub(super) gradient: &'a [T],
}

impl<T: Element> Kernel<T> for Update<'_, T> {
    // Plain loops, which the compiler turns into vectors of the unit that it compiles this for.
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Update { rule, values, moments: [first, second], gradient } = self;
        let of = T::from_f64;
        match rule {
            Rule::Adam { keep1, keep2, eps, weight_decay, rate, root_correction } => {
                let (take1, keep2, take2) = (of(1.0 - keep1), of(keep2), of(1.0 - keep2));
                let (eps, decay, rate, root) = (of(eps), of(weight_decay), of(rate), of(root_correction));
                let moments = first.iter_mut().zip(second.iter_mut());
                for ((p, &g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
                    let g = g + decay * *p;
                    *m = normal(*m + take1 * (g - *m));
                    *v = normal(keep2 * *v + take2 * g * g);
                    *p -= rate * (*m / (v.sqrt() / root + eps));
                }
            }
            Rule::Sgd { lr, weight_decay } => {
                let (lr, decay) = (of(lr), of(weight_decay));
                for (p, &g) in values.iter_mut().zip(gradient) {
                    *p -= lr * (g + decay * *p);
                }
            }
            // PyTorch's first step sets the buffer to the gradient; from a buffer of zeros that is the same.
            Rule::Momentum { lr, momentum, nesterov, weight_decay } => {
                let (lr, decay, keep) = (of(lr), of(weight_decay), of(momentum));
                let (now, buffer_share) = if nesterov { (of(1.0), keep) } else { (of(0.0), of(1.0)) };
                for ((p, &g), m) in values.iter_mut().zip(gradient).zip(first.iter_mut()) {
                    let g = g + decay * *p;
                    *m = normal(keep * *m + g);
                    *p -= lr * (now * g + buffer_share * *m);
                }
            }
        }
    }
}
