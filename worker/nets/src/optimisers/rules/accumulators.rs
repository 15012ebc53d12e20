//! Methods that divide by the root of squares that they have gathered: RMSprop, Adadelta, Adagrad.

use super::normal;
use crate::ops::Element;

/// RMSprop.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct RmsProp {
    pub(super) lr: f64,
    pub(super) keep: f64,
    pub(super) eps: f64,
    pub(super) momentum: f64,
    pub(super) centered: bool,
}

impl RmsProp {
    /// The moments are the mean of squares, then the mean if centred, then the buffer if there is a momentum.
    #[inline(always)]
    pub(super) fn run<T: Element>(
        self,
        values: &mut [T],
        [squares, second, third]: [&mut [T]; 3],
        gradient: &[T],
        seen: impl Fn(T, T) -> T,
    ) {
        let of = T::from_f64;
        let (lr, keep, take) = (of(self.lr), of(self.keep), of(1.0 - self.keep));
        let (eps, momentum) = (of(self.eps), of(self.momentum));
        let squared = |v: T, g: T| normal(keep * v + take * g * g);
        // Rounding must not make a variance less than nothing, whose root is no number.
        let deviation = |v: T, mean: T| {
            let variance = v - mean * mean;
            let variance = if variance < T::zero() { T::zero() } else { variance };
            variance.sqrt()
        };
        let all = values.iter_mut().zip(gradient).zip(squares.iter_mut());
        match (self.centered, self.momentum > 0.0) {
            (false, false) => {
                for ((p, &g), v) in all {
                    let g = seen(g, *p);
                    *v = squared(*v, g);
                    *p -= lr * (g / (v.sqrt() + eps));
                }
            }
            (false, true) => {
                for (((p, &g), v), buffer) in all.zip(second.iter_mut()) {
                    let g = seen(g, *p);
                    *v = squared(*v, g);
                    *buffer = normal(momentum * *buffer + g / (v.sqrt() + eps));
                    *p -= lr * *buffer;
                }
            }
            (true, false) => {
                for (((p, &g), v), mean) in all.zip(second.iter_mut()) {
                    let g = seen(g, *p);
                    *v = squared(*v, g);
                    *mean = normal(*mean + take * (g - *mean));
                    *p -= lr * (g / (deviation(*v, *mean) + eps));
                }
            }
            (true, true) => {
                for ((((p, &g), v), mean), buffer) in all.zip(second.iter_mut()).zip(third.iter_mut()) {
                    let g = seen(g, *p);
                    *v = squared(*v, g);
                    *mean = normal(*mean + take * (g - *mean));
                    *buffer = normal(momentum * *buffer + g / (deviation(*v, *mean) + eps));
                    *p -= lr * *buffer;
                }
            }
        }
    }
}

/// Adadelta.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Adadelta {
    pub(super) lr: f64,
    pub(super) keep: f64,
    pub(super) eps: f64,
}

impl Adadelta {
    #[inline(always)]
    pub(super) fn run<T: Element>(
        self,
        values: &mut [T],
        squares: &mut [T],
        deltas: &mut [T],
        gradient: &[T],
        seen: impl Fn(T, T) -> T,
    ) {
        let of = T::from_f64;
        let (lr, keep, take, eps) = (of(self.lr), of(self.keep), of(1.0 - self.keep), of(self.eps));
        let moments = squares.iter_mut().zip(deltas.iter_mut());
        for ((p, &g), (v, u)) in values.iter_mut().zip(gradient).zip(moments) {
            let g = seen(g, *p);
            *v = normal(keep * *v + take * g * g);
            let delta = (*u + eps).sqrt() / (*v + eps).sqrt() * g;
            *u = normal(keep * *u + take * delta * delta);
            *p -= lr * delta;
        }
    }
}

/// Adagrad.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Adagrad {
    pub(super) lr: f64,
    pub(super) eps: f64,
}

impl Adagrad {
    #[inline(always)]
    pub(super) fn run<T: Element>(self, values: &mut [T], sums: &mut [T], gradient: &[T], seen: impl Fn(T, T) -> T) {
        let (lr, eps) = (T::from_f64(self.lr), T::from_f64(self.eps));
        for ((p, &g), sum) in values.iter_mut().zip(gradient).zip(sums.iter_mut()) {
            let g = seen(g, *p);
            *sum += g * g;
            *p -= lr * (g / (sum.sqrt() + eps));
        }
    }
}
