//! What is done to a gradient before a rule sees it, and what must be known of all gradients for that.

use crate::ops::Element;
use crate::ops::lanes::{Kernel, Lanes};

/// How a rule sees the gradient `g` of weight `p`: as `clip(g + l2 * p) + decay * p`, where clipping is a factor on the
/// gradients of all weights, or a limit to each number, or nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The factor.
    pub(super) scale: f64,
    /// What the loss itself says of the weight's size: part of the gradient, and clipped with it.
    pub(super) l2: f64,
    /// The method's own weight decay, which is not clipped.
    pub(super) decay: f64,
    /// The largest size of a number; then the factor is 1.
    pub(super) limit: Option<f64>,
}

/// The sum of squares of a gradient with its `l2 * weights`, in f64 and in an order that no vector unit changes.
pub(super) struct Squares<'a, T> {
    pub(super) gradient: &'a [T],
    pub(super) weights: &'a [T],
    pub(super) l2: f64,
    pub(super) total: &'a mut f64,
}

/// Sums that go on beside each other: one after another would wait for each addition.
const SUMS: usize = 16;

impl<T: Element> Kernel<T> for Squares<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let mut sums = [0.0f64; SUMS];
        let l2 = T::from_f64(self.l2);
        let (gradients, weights) = (self.gradient.chunks(SUMS), self.weights.chunks(SUMS));
        if self.l2 == 0.0 {
            for gradient in gradients {
                for (sum, &g) in sums.iter_mut().zip(gradient) {
                    *sum += g.wide() * g.wide();
                }
            }
        } else {
            for (gradient, weights) in gradients.zip(weights) {
                for ((sum, &g), &p) in sums.iter_mut().zip(gradient).zip(weights) {
                    let g = (g + l2 * p).wide();
                    *sum += g * g;
                }
            }
        }
        *self.total = sums.iter().sum();
    }
}

/// `sum = share * gradient`, added to what is there unless it is `fresh`.
pub(super) struct Gather<'a, T> {
    pub(super) sum: &'a mut [T],
    pub(super) gradient: &'a [T],
    pub(super) share: f64,
    pub(super) fresh: bool,
}

impl<T: Element> Kernel<T> for Gather<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let share = T::from_f64(self.share);
        let pairs = self.sum.iter_mut().zip(self.gradient);
        if self.fresh {
            pairs.for_each(|(sum, &g)| *sum = share * g);
        } else {
            pairs.for_each(|(sum, &g)| *sum += share * g);
        }
    }
}
