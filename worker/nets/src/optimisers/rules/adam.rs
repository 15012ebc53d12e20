//! Adam and its kin.

use super::normal;
use crate::ops::Element;

/// Adam, AdamW, and RAdam once it adapts.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Adam {
    pub(super) keep1: f64,
    pub(super) keep2: f64,
    pub(super) eps: f64,
    /// The learning rate over the first moment's correction.
    pub(super) rate: f64,
    /// Root of the second moment's correction.
    pub(super) root_correction: f64,
    /// What a weight is multiplied by.
    pub(super) shrink: f64,
}

impl Adam {
    #[inline(always)]
    pub(super) fn run<T: Element>(
        self,
        values: &mut [T],
        first: &mut [T],
        second: &mut [T],
        gradient: &[T],
        seen: impl Fn(T, T) -> T,
    ) {
        let of = T::from_f64;
        let (take1, keep2, take2) = (of(1.0 - self.keep1), of(self.keep2), of(1.0 - self.keep2));
        let (eps, rate, root, shrink) = (of(self.eps), of(self.rate), of(self.root_correction), of(self.shrink));
        let moments = first.iter_mut().zip(second.iter_mut());
        for ((p, &g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
            let g = seen(g, *p);
            *m = normal(*m + take1 * (g - *m));
            *v = normal(keep2 * *v + take2 * g * g);
            *p = shrink * *p - rate * (*m / (v.sqrt() / root + eps));
        }
    }
}

/// Adam or AdamW whose step is divided by the root of the largest second moment so far.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct AmsGrad(pub(super) Adam);

impl AmsGrad {
    #[inline(always)]
    pub(super) fn run<T: Element>(
        self,
        values: &mut [T],
        [first, second, largest]: [&mut [T]; 3],
        gradient: &[T],
        seen: impl Fn(T, T) -> T,
    ) {
        let of = T::from_f64;
        let AmsGrad(Adam { keep1, keep2, eps, rate, root_correction, shrink }) = self;
        let (take1, keep2, take2) = (of(1.0 - keep1), of(keep2), of(1.0 - keep2));
        let (eps, rate, root, shrink) = (of(eps), of(rate), of(root_correction), of(shrink));
        let moments = first.iter_mut().zip(second.iter_mut()).zip(largest.iter_mut());
        for ((p, &g), ((m, v), most)) in values.iter_mut().zip(gradient).zip(moments) {
            let g = seen(g, *p);
            *m = normal(*m + take1 * (g - *m));
            *v = normal(keep2 * *v + take2 * g * g);
            *most = if *v > *most { *v } else { *most };
            *p = shrink * *p - rate * (*m / (most.sqrt() / root + eps));
        }
    }
}

/// NAdam: a share of the step follows the gradient itself.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct NAdam {
    pub(super) adam: Adam,
    pub(super) gradient_rate: f64,
}

impl NAdam {
    #[inline(always)]
    pub(super) fn run<T: Element>(
        self,
        values: &mut [T],
        first: &mut [T],
        second: &mut [T],
        gradient: &[T],
        seen: impl Fn(T, T) -> T,
    ) {
        let of = T::from_f64;
        let Adam { keep1, keep2, eps, rate, root_correction, .. } = self.adam;
        let (take1, keep2, take2) = (of(1.0 - keep1), of(keep2), of(1.0 - keep2));
        let (eps, rate, gradient_rate, root) = (of(eps), of(rate), of(self.gradient_rate), of(root_correction));
        let moments = first.iter_mut().zip(second.iter_mut());
        for ((p, &g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
            let g = seen(g, *p);
            *m = normal(*m + take1 * (g - *m));
            *v = normal(keep2 * *v + take2 * g * g);
            *p -= (gradient_rate * g + rate * *m) / (v.sqrt() / root + eps);
        }
    }
}

/// RAdam while the second moment is not to be trusted: it is kept, and the first moment alone moves the weights.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Unadapted {
    pub(super) keep1: f64,
    pub(super) keep2: f64,
    pub(super) rate: f64,
}

impl Unadapted {
    #[inline(always)]
    pub(super) fn run<T: Element>(
        self,
        values: &mut [T],
        first: &mut [T],
        second: &mut [T],
        gradient: &[T],
        seen: impl Fn(T, T) -> T,
    ) {
        let of = T::from_f64;
        let (take1, keep2, take2) = (of(1.0 - self.keep1), of(self.keep2), of(1.0 - self.keep2));
        let rate = of(self.rate);
        let moments = first.iter_mut().zip(second.iter_mut());
        for ((p, &g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
            let g = seen(g, *p);
            *m = normal(*m + take1 * (g - *m));
            *v = normal(keep2 * *v + take2 * g * g);
            *p -= rate * *m;
        }
    }
}

/// Adamax.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Adamax {
    pub(super) keep1: f64,
    pub(super) keep2: f64,
    pub(super) eps: f64,
    /// The learning rate over the first moment's correction.
    pub(super) rate: f64,
}

impl Adamax {
    #[inline(always)]
    pub(super) fn run<T: Element>(
        self,
        values: &mut [T],
        first: &mut [T],
        largest: &mut [T],
        gradient: &[T],
        seen: impl Fn(T, T) -> T,
    ) {
        let of = T::from_f64;
        let (take1, keep2) = (of(1.0 - self.keep1), of(self.keep2));
        let (eps, rate) = (of(self.eps), of(self.rate));
        let moments = first.iter_mut().zip(largest.iter_mut());
        for ((p, &g), (m, most)) in values.iter_mut().zip(gradient).zip(moments) {
            let g = seen(g, *p);
            *m = normal(*m + take1 * (g - *m));
            let size = eps + if g < T::zero() { T::zero() - g } else { g };
            let faded = keep2 * *most;
            // `size` where it is no number, so that what went wrong is not hidden.
            *most = if faded > size { faded } else { size };
            *p -= rate * (*m / *most);
        }
    }
}
