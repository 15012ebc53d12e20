//! One pass over a parameter, its moments and its gradient, in candle's own storage: no copies, no temporaries.

use std::cell::RefCell;

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Result, Storage, Tensor};

use super::rules::{Rule, Update};
use crate::ops::{Element, OpError, slice};

const OP: &str = "optimiser step";

/// Applies a rule to a parameter. `moments` has as many tensors as the rule remembers, at most two.
///
/// # Errors
/// Tensors of different shapes or number types, not contiguous, or outside the CPU's memory.
pub(super) fn update(rule: Rule, parameter: &Tensor, moments: &[&Tensor], gradient: &Tensor) -> Result<()> {
    for tensor in moments.iter().chain([&gradient]) {
        if tensor.shape() != parameter.shape() {
            let rule = format!("{:?}, the parameter's", parameter.dims());
            let error = OpError::Shape { op: OP, what: "a gradient or moment", got: tensor.dims().to_vec(), rule };
            return Err(error.into_candle());
        }
    }
    let gradient = gradient.contiguous()?;
    match parameter.dtype() {
        DType::F32 => update_as::<f32>(rule, parameter, moments, &gradient),
        DType::F64 => update_as::<f64>(rule, parameter, moments, &gradient),
        got => Err(OpError::Numbers { op: OP, got }.into_candle()),
    }
}

/// candle lends one tensor at a time for writing, to an operation; so each operation runs the next inside it.
fn update_as<T: Element>(rule: Rule, parameter: &Tensor, moments: &[&Tensor], gradient: &Tensor) -> Result<()> {
    write::<T>(parameter, |values| {
        let finish = |first: &mut [T], second: &mut [T], values: &mut [T]| {
            let (storage, layout) = gradient.storage_and_layout();
            let Storage::Cpu(storage) = &*storage else { return Err(OpError::Device { op: OP }.into_candle()) };
            let gradient = slice(storage, layout, OP)?;
            T::vectors(Update { rule, values, moments: [first, second], gradient });
            Ok(())
        };
        match *moments {
            [] => finish(&mut [], &mut [], values),
            [first] => write::<T>(first, |first| finish(first, &mut [], values)),
            [first, second, ..] => {
                write::<T>(first, |first| write::<T>(second, |second| finish(first, second, values)))
            }
        }
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
