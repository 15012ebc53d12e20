//! One pass over a parameter, its moments and its gradient, in candle's own storage: no copies, no temporaries.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor};

use super::rules::{Rule, Update};
use super::seen::{Gather, Seen, Squares};
#[cfg(feature = "cuda")]
use crate::ops::cuda;
use crate::ops::{Element, OpError, by_type, on_gpu, with_slice};

const OP: &str = "optimiser step";

/// Applies a rule to a parameter. `moments` has as many tensors as the rule remembers, at most three.
///
/// # Errors
/// Tensors of different shapes or number types, or not contiguous.
pub(super) fn update(rule: Rule, seen: Seen, parameter: &Tensor, moments: &[&Tensor], gradient: &Tensor) -> Result<()> {
    moments.iter().chain([&gradient]).try_for_each(|tensor| same_shape(parameter, tensor))?;
    on_gpu!(parameter, {
        let (rule, numbers) = rule.numbers();
        // No limit is 0, which no recipe can say.
        let seen = [seen.scale, seen.l2, seen.decay, seen.limit.unwrap_or(0.0)];
        cuda::update(OP, &cuda::Step { rule, seen, numbers }, parameter, moments, gradient)
    });
    let all: Vec<&Tensor> = [&parameter].into_iter().chain(moments).copied().collect();
    by_type!(OP, parameter.dtype(), T => with_slice::<T, _>(gradient, OP, |gradient| {
        write_all(&all, Vec::with_capacity(all.len()), &mut |lent| {
            let mut lent = lent.into_iter();
            let mut next = || lent.next().unwrap_or_default();
            T::vectors(Update { rule, seen, values: next(), moments: [next(), next(), next()], gradient });
        })
    }))
}

/// The sum of squares of `gradient + l2 * parameter`.
///
/// # Errors
/// As for [`update`].
pub(super) fn squares(parameter: &Tensor, gradient: &Tensor, l2: f64) -> Result<f64> {
    same_shape(parameter, gradient)?;
    let mut total = 0.0;
    by_type!(OP, parameter.dtype(), T => with_slice::<T, _>(gradient, OP, |gradient| {
        with_slice::<T, _>(parameter, OP, |weights| {
            T::vectors(Squares { gradient, weights, l2, total: &mut total });
            Ok(())
        })
    }))?;
    Ok(total)
}

/// The same for many on a GPU, so that the host waits once.
///
/// # Errors
/// As for [`update`].
#[cfg(feature = "cuda")]
pub(super) fn squares_on_gpu(of: &[(&Tensor, &Tensor, f64)]) -> Result<Vec<f64>> {
    of.iter().try_for_each(|(parameter, gradient, _)| same_shape(parameter, gradient))?;
    cuda::squares(OP, of)
}

/// Puts `share * gradient` into `sum`, in place of what is there if that is to be forgotten.
///
/// # Errors
/// As for [`update`].
pub(super) fn gather(sum: &Tensor, gradient: &Tensor, share: f64, fresh: bool) -> Result<()> {
    same_shape(sum, gradient)?;
    on_gpu!(sum, cuda::gather(OP, sum, gradient, share, fresh));
    by_type!(OP, sum.dtype(), T => with_slice::<T, _>(gradient, OP, |gradient| {
        write::<T>(sum, |sum| {
            T::vectors(Gather { sum, gradient, share, fresh });
            Ok(())
        })
    }))
}

fn same_shape(parameter: &Tensor, other: &Tensor) -> Result<()> {
    if other.shape() == parameter.shape() {
        return Ok(());
    }
    let rule = format!("{:?}, the parameter's", parameter.dims());
    Err(OpError::Shape { op: OP, what: "a gradient or moment", got: other.dims().to_vec(), rule }.into_candle())
}

/// Lends the values of `tensors`, behind those that are `lent` already. candle lends one tensor at a time for writing,
/// to an operation; so each operation runs the next inside it.
fn write_all<T: Element>(tensors: &[&Tensor], lent: Vec<&mut [T]>, f: &mut dyn FnMut(Vec<&mut [T]>)) -> Result<()> {
    let Some((first, rest)) = tensors.split_first() else {
        f(lent);
        return Ok(());
    };
    write::<T>(first, |values| {
        let mut lent = lent;
        lent.push(values);
        write_all(rest, lent, f)
    })
}

fn write<T: Element>(tensor: &Tensor, f: impl FnOnce(&mut [T]) -> Result<()>) -> Result<()> {
    tensor.inplace_op1(&Write { f: RefCell::new(Some(f)), of: std::marker::PhantomData::<T> })
}

/// Lends a tensor's values to a closure, once.
struct Write<T, F> {
    f: RefCell<Option<F>>,
    of: std::marker::PhantomData<T>,
}

impl<T: Element, F: FnOnce(&mut [T]) -> Result<()>> InplaceOp1 for Write<T, F> {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let got = candle_core::backend::BackendStorage::dtype(storage);
        let values = T::values_mut(storage).ok_or_else(|| OpError::Numbers { op: OP, got }.into_candle())?;
        let (from, to) = layout.contiguous_offsets().ok_or(candle_core::Error::RequiresContiguous { op: OP })?;
        let f = self.f.borrow_mut().take().expect("candle runs an operation once");
        f(&mut values[from..to])
    }
}
