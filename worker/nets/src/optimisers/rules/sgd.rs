//! Stochastic gradient descent.

use super::normal;
use crate::ops::Element;

/// Without momentum.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Sgd {
    pub(super) lr: f64,
}

impl Sgd {
    #[inline(always)]
    pub(super) fn run<T: Element>(self, values: &mut [T], gradient: &[T], seen: impl Fn(T, T) -> T) {
        let lr = T::from_f64(self.lr);
        for (p, &g) in values.iter_mut().zip(gradient) {
            *p -= lr * seen(g, *p);
        }
    }
}

/// With momentum.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Momentum {
    pub(super) lr: f64,
    pub(super) keep: f64,
    /// The share of a gradient that goes into the buffer.
    pub(super) take: f64,
    pub(super) nesterov: bool,
}

impl Momentum {
    // PyTorch's first step sets the buffer to the gradient; from a buffer of zeros that is the same.
    #[inline(always)]
    pub(super) fn run<T: Element>(self, values: &mut [T], buffer: &mut [T], gradient: &[T], seen: impl Fn(T, T) -> T) {
        let of = T::from_f64;
        let (lr, keep, take) = (of(self.lr), of(self.keep), of(self.take));
        let (now, buffer_share) = if self.nesterov { (of(1.0), keep) } else { (of(0.0), of(1.0)) };
        for ((p, &g), m) in values.iter_mut().zip(gradient).zip(buffer.iter_mut()) {
            let g = seen(g, *p);
            *m = normal(keep * *m + take * g);
            *p -= lr * (now * g + buffer_share * *m);
        }
    }
}
