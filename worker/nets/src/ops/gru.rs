//! A gated recurrent unit (Cho et al. 2014) over a whole sequence.
//!
//! The inputs of all steps are projected in one matrix product; the steps themselves are one operation, whose backward pass
//! goes back through time and leaves the weight gradients to one matrix product at the end.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType};

use super::lanes::{Kernel, Lanes};
use super::linear::{Activation, linear};
use super::matrix::{View, product};
use super::smooth::{logistic, tanh};
use super::{Element, OpError, by_type, slice, with_slice};

const OP: &str = "gru";

/// Where the reset gate acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// On the product of the state with its weights: `n = tanh(W x + b + r (U h + c))`. PyTorch's, and Keras' `reset_after`.
    After,
    /// On the state: `n = tanh(W x + b + U (r h) + c)`. The paper's, and Keras' default before 2.4.
    Before,
}

/// Which steps are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// All: (batch, steps, width).
    All,
    /// The last: (batch, width).
    Last,
}

/// The weights of a layer of `width`; gates in the order reset, update, new, as PyTorch has them.
#[derive(Debug, Clone, Copy)]
pub struct GruWeights<'a> {
    /// (3 width, features).
    pub input: &'a Tensor,
    /// (3 width, width).
    pub hidden: &'a Tensor,
    /// (3 width).
    pub input_bias: &'a Tensor,
    /// (3 width); none for zeros.
    pub hidden_bias: Option<&'a Tensor>,
}

/// The states of a recurrent layer over `x` (batch, steps, features), from a state of zeros: with the gates r and z,
/// `h' = (1 - z) n + z h`.
///
/// # Errors
/// Shapes that do not fit, no steps; numbers other than f32 and f64.
pub fn gru(x: &Tensor, weights: &GruWeights<'_>, reset: Reset, output: Steps) -> Result<Tensor> {
    let (batch, steps, features) = x.dims3()?;
    let gates = weights.hidden.dim(0)?;
    let rows = x.reshape((batch * steps, features))?;
    let projected = linear(&rows, weights.input, weights.input_bias, Activation::None)?;
    let projected = projected.reshape((batch, steps, gates))?;
    let zeros;
    let bias = match weights.hidden_bias {
        Some(bias) => bias,
        None => {
            zeros = Tensor::zeros(gates, x.dtype(), x.device())?;
            &zeros
        }
    };
    let op = Scan { reset, output, saved: Mutex::new(None) };
    projected.contiguous()?.apply_op3(&weights.hidden.contiguous()?, &bias.contiguous()?, op)
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: usize,
    steps: usize,
    width: usize,
}

/// What the backward pass needs, step by step; of each step (batch, width). In the storage's number type.
#[derive(Debug)]
enum Saved {
    F32(Steady<f32>),
    F64(Steady<f64>),
}

#[derive(Debug)]
struct Steady<T> {
    /// Gates and new values.
    reset: Vec<T>,
    update: Vec<T>,
    new: Vec<T>,
    /// What the reset gate multiplies: the product for the new value (`After`), the gated state (`Before`).
    inner: Vec<T>,
    /// The states before each step and after the last.
    states: Vec<T>,
}

struct Scan {
    reset: Reset,
    output: Steps,
    saved: Mutex<Option<Saved>>,
}

/// A number type whose states can be saved.
trait Saves: Element {
    fn wrap(steady: Steady<Self>) -> Saved;
    fn unwrap(saved: &Saved) -> Option<&Steady<Self>>;
}

macro_rules! saves {
    ($t:ty, $variant:ident) => {
        impl Saves for $t {
            fn wrap(steady: Steady<Self>) -> Saved {
                Saved::$variant(steady)
            }
            fn unwrap(saved: &Saved) -> Option<&Steady<Self>> {
                match saved {
                    Saved::$variant(steady) => Some(steady),
                    _ => None,
                }
            }
        }
    };
}
saves!(f32, F32);
saves!(f64, F64);

impl Sizes {
    fn of(x: &[usize], hidden: &[usize], bias: &[usize]) -> std::result::Result<Sizes, OpError> {
        let shape = |what, got: &[usize], rule: String| OpError::Shape { op: OP, what, got: got.to_vec(), rule };
        let (&[batch, steps, gates], &[rows, width]) = (x, hidden) else {
            return Err(shape("the weight", hidden, "[3 width, width]".to_owned()));
        };
        if rows != 3 * width || gates != rows || width == 0 {
            return Err(shape("the weight", hidden, format!("[{gates}, {}]", gates / 3)));
        }
        if bias != [gates] {
            return Err(shape("the bias", bias, format!("[{gates}]")));
        }
        if steps == 0 || batch == 0 {
            return Err(shape("the input", x, "at least one step and one example".to_owned()));
        }
        Ok(Sizes { batch, steps, width })
    }

    fn state(self) -> usize {
        self.batch * self.width
    }
}

/// The values of one step for one example: what is element by element.
struct StepRow<'a, T> {
    after: bool,
    /// Projected input, three gates one after the other; likewise the state's products (for `Before` of two gates).
    x: &'a [T],
    h: &'a [T],
    state: &'a [T],
    reset: &'a mut [T],
    update: &'a mut [T],
    new: &'a mut [T],
    inner: &'a mut [T],
    next: &'a mut [T],
}

impl<T: Element> Kernel<T> for StepRow<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let width = self.state.len();
        let StepRow { after, x, h, state, reset, update, new, inner, next } = self;
        let (x, h) = (&x[..3 * width], &h[..3 * width]);
        let (reset, update, new) = (&mut reset[..width], &mut update[..width], &mut new[..width]);
        let (inner, next) = (&mut inner[..width], &mut next[..width]);
        for i in 0..width {
            reset[i] = logistic(x[i] + h[i]);
            update[i] = logistic(x[width + i] + h[width + i]);
        }
        if after {
            for i in 0..width {
                inner[i] = h[2 * width + i];
                new[i] = tanh(x[2 * width + i] + reset[i] * inner[i]);
                next[i] = new[i] + update[i] * (state[i] - new[i]);
            }
        } else {
            for i in 0..width {
                inner[i] = reset[i] * state[i];
            }
        }
    }
}

impl Scan {
    fn forward<T: Saves>(&self, sizes: Sizes, x: &[T], weights: &[T], bias: &[T]) -> Vec<T> {
        let Sizes { batch, steps, width } = sizes;
        let (gates, state) = (3 * width, sizes.state());
        let after = self.reset == Reset::After;
        let all = || vec![T::zero(); steps * state];
        let mut steady = Steady {
            reset: all(),
            update: all(),
            new: all(),
            inner: all(),
            states: vec![T::zero(); (steps + 1) * state],
        };
        let mut h = vec![T::zero(); batch * gates];
        for step in 0..steps {
            let span = step * state..(step + 1) * state;
            h.chunks_exact_mut(gates).for_each(|row| row.copy_from_slice(bias));
            let (past, next) = steady.states.split_at_mut((step + 1) * state);
            let past = &past[step * state..];
            let next = &mut next[..state];
            // The product for the new value waits for the reset gate where that acts before it.
            let first = if after { gates } else { 2 * width };
            let columns = View::rows(&weights[..first * width], width).transposed();
            product((batch, first, width), View::rows(past, width), columns, &mut h, gates, true);
            let (reset, update) = (&mut steady.reset[span.clone()], &mut steady.update[span.clone()]);
            let (new, inner) = (&mut steady.new[span.clone()], &mut steady.inner[span]);
            for row in 0..batch {
                let of = row * width..(row + 1) * width;
                T::vectors(StepRow {
                    after,
                    x: &x[(row * steps + step) * gates..][..gates],
                    h: &h[row * gates..][..gates],
                    state: &past[of.clone()],
                    reset: &mut reset[of.clone()],
                    update: &mut update[of.clone()],
                    new: &mut new[of.clone()],
                    inner: &mut inner[of.clone()],
                    next: &mut next[of],
                });
            }
            if !after {
                let columns = View::rows(&weights[first * width..], width).transposed();
                product((batch, width, width), View::rows(inner, width), columns, &mut h[first..], gates, true);
                for row in 0..batch {
                    let of = row * width..(row + 1) * width;
                    T::vectors(LateRow {
                        x: &x[(row * steps + step) * gates + first..][..width],
                        h: &h[row * gates + first..][..width],
                        state: &past[of.clone()],
                        update: &update[of.clone()],
                        new: &mut new[of.clone()],
                        next: &mut next[of],
                    });
                }
            }
        }
        let y = match self.output {
            Steps::Last => steady.states[steps * state..].to_vec(),
            Steps::All => {
                let mut y = Vec::with_capacity(steps * state);
                for row in 0..batch {
                    for step in 1..=steps {
                        y.extend_from_slice(&steady.states[step * state + row * width..][..width]);
                    }
                }
                y
            }
        };
        *self.saved.lock().expect("no holder of this lock panics") = Some(T::wrap(steady));
        y
    }

    /// Gradients of the projected input, the weights and the bias.
    fn backward<T: Saves>(
        &self,
        sizes: Sizes,
        steady: &Steady<T>,
        weights: &[T],
        dy: &[T],
    ) -> (Vec<T>, Vec<T>, Vec<T>) {
        let Sizes { batch, steps, width } = sizes;
        let (gates, state) = (3 * width, sizes.state());
        let after = self.reset == Reset::After;
        let mut dx = vec![T::zero(); batch * steps * gates];
        // Of the products with the state, row by row as the states lie: step, example.
        let mut dh = vec![T::zero(); steps * batch * gates];
        let mut carried = vec![T::zero(); state];
        let mut gated = vec![T::zero(); state];
        for step in (0..steps).rev() {
            let span = step * state..(step + 1) * state;
            let dh = &mut dh[step * batch * gates..][..batch * gates];
            let past = &steady.states[span.clone()];
            for row in 0..batch {
                let of = row * width..(row + 1) * width;
                let given = match self.output {
                    Steps::All => &dy[(row * steps + step) * width..][..width],
                    Steps::Last if step + 1 == steps => &dy[of.clone()],
                    Steps::Last => &[],
                };
                T::vectors(BackRow {
                    after,
                    given,
                    past: &past[of.clone()],
                    reset: &steady.reset[span.clone()][of.clone()],
                    update: &steady.update[span.clone()][of.clone()],
                    new: &steady.new[span.clone()][of.clone()],
                    inner: &steady.inner[span.clone()][of.clone()],
                    carried: &mut carried[of],
                    dx: &mut dx[(row * steps + step) * gates..][..gates],
                    dh: &mut dh[row * gates..][..gates],
                });
            }
            if !after {
                // Back through the product for the new value, then through the reset gate.
                let late = View { data: &dh[2 * width..], row_step: gates, column_step: 1 };
                let columns = View::rows(&weights[2 * width * width..], width);
                product((batch, width, width), late, columns, &mut gated, width, false);
                for row in 0..batch {
                    let of = row * width..(row + 1) * width;
                    let (reset, past) = (&steady.reset[span.clone()][of.clone()], &past[of.clone()]);
                    let dx = &mut dx[(row * steps + step) * gates..][..width];
                    let dh = &mut dh[row * gates..][..width];
                    let (carried, gated) = (&mut carried[of.clone()], &gated[of]);
                    for i in 0..width {
                        let r = reset[i];
                        let slope = gated[i] * past[i] * r * (T::one() - r);
                        dx[i] = slope;
                        dh[i] = slope;
                        carried[i] += gated[i] * r;
                    }
                }
            }
            let first = if after { gates } else { 2 * width };
            let early = View { data: dh, row_step: gates, column_step: 1 };
            let columns = View::rows(&weights[..first * width], width);
            product((batch, width, first), early, columns, &mut carried, width, true);
        }
        let mut dw = vec![T::zero(); gates * width];
        let rows = steps * batch;
        let all = View { data: &dh, row_step: gates, column_step: 1 }.transposed();
        let past = View::rows(&steady.states[..rows * width], width);
        let early = if after { gates } else { 2 * width };
        product((early, width, rows), all, past, &mut dw[..early * width], width, false);
        if !after {
            let late = View { data: &dh[early..], row_step: gates, column_step: 1 }.transposed();
            let inner = View::rows(&steady.inner, width);
            product((width, width, rows), late, inner, &mut dw[early * width..], width, false);
        }
        let mut db = vec![T::zero(); gates];
        for row in dh.chunks_exact(gates) {
            db.iter_mut().zip(row).for_each(|(sum, &g)| *sum += g);
        }
        (dx, dw, db)
    }
}

/// The rest of a step whose reset gate acts before the product.
struct LateRow<'a, T> {
    x: &'a [T],
    h: &'a [T],
    state: &'a [T],
    update: &'a [T],
    new: &'a mut [T],
    next: &'a mut [T],
}

impl<T: Element> Kernel<T> for LateRow<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let width = self.state.len();
        let LateRow { x, h, state, update, new, next } = self;
        let (x, h, update) = (&x[..width], &h[..width], &update[..width]);
        let (new, next) = (&mut new[..width], &mut next[..width]);
        for i in 0..width {
            new[i] = tanh(x[i] + h[i]);
            next[i] = new[i] + update[i] * (state[i] - new[i]);
        }
    }
}

/// One step back for one example, as far as it is element by element. `carried` holds the gradient of the state after the step,
/// less what was `given` for it, and then of the state before, less what comes through matrix products.
struct BackRow<'a, T> {
    after: bool,
    given: &'a [T],
    past: &'a [T],
    reset: &'a [T],
    update: &'a [T],
    new: &'a [T],
    inner: &'a [T],
    carried: &'a mut [T],
    dx: &'a mut [T],
    dh: &'a mut [T],
}

impl<T: Element> Kernel<T> for BackRow<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let width = self.past.len();
        let BackRow { after, given, past, reset, update, new, inner, carried, dx, dh } = self;
        let (reset, update, new, inner) = (&reset[..width], &update[..width], &new[..width], &inner[..width]);
        let carried = &mut carried[..width];
        let (dx, dh) = (&mut dx[..3 * width], &mut dh[..3 * width]);
        carried.iter_mut().zip(given).for_each(|(sum, &g)| *sum += g);
        let one = T::one();
        for i in 0..width {
            let (g, z, n) = (carried[i], update[i], new[i]);
            let slope_n = g * (one - z) * (one - n * n);
            let slope_z = g * (past[i] - n) * z * (one - z);
            dx[2 * width + i] = slope_n;
            dx[width + i] = slope_z;
            dh[width + i] = slope_z;
            carried[i] = g * z;
            if after {
                let r = reset[i];
                let slope_r = slope_n * inner[i] * r * (one - r);
                dx[i] = slope_r;
                dh[i] = slope_r;
                dh[2 * width + i] = slope_n * r;
            } else {
                dh[2 * width + i] = slope_n;
            }
        }
    }
}

impl CustomOp3 for Scan {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::of(lx.dims(), lw.dims(), lb.dims()).map_err(OpError::into_candle)?;
        let shape = match self.output {
            Steps::All => Shape::from((sizes.batch, sizes.steps, sizes.width)),
            Steps::Last => Shape::from((sizes.batch, sizes.width)),
        };
        let dtype = candle_core::backend::BackendStorage::dtype(x);
        by_type!(OP, dtype, T => {
            let y = self.forward::<T>(sizes, slice(x, lx, OP)?, slice(w, lw, OP)?, slice(b, lb, OP)?);
            Ok((<T as WithDType>::to_cpu_storage_owned(y), shape))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        weights: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let sizes = Sizes::of(x.dims(), weights.dims(), bias.dims()).map_err(OpError::into_candle)?;
        let saved = self.saved.lock().expect("no holder of this lock panics");
        let nothing = || OpError::NothingSaved { op: OP }.into_candle();
        let saved = saved.as_ref().ok_or_else(nothing)?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(weights, OP, |ws| with_slice::<T, _>(&dy, OP, |dy| {
            let steady = <T as Saves>::unwrap(saved).ok_or_else(nothing)?;
            let (dx, dw, db) = self.backward::<T>(sizes, steady, ws, dy);
            let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
            let dw = Tensor::from_vec(dw, weights.shape(), x.device())?;
            Ok((Some(dx), Some(dw), Some(Tensor::from_vec(db, bias.shape(), x.device())?)))
        })))
    }
}
