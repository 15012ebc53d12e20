//! Long short-term memory over a whole sequence, with backpropagation through time in one call.
//!
//! With gates i (input), f (forget), g (candidate), o (output), x the input's share of each gate with all biases and s the
//! sigmoid, a step is
//!
//! ```text
//! i = s(x_i + U_i h)    f = s(x_f + U_f h)    g = tanh(x_g + U_g h)    o = s(x_o + U_o h)
//! c' = f c + i g        h' = o tanh(c')
//! ```

use std::sync::Mutex;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType};

use super::lanes::{Kernel, Lanes, sigmoids, tanhs};
use super::matrix::{View, product};
use super::recurrent::{Arguments, Sizes, Steps, parts, transposed};
use super::{Element, OpError, by_type, slice, tape, with_slice};

const OP: &str = "lstm";

/// Gates of a unit: i, f, g, o.
const GATES: usize = 4;
/// What is kept of a row and step for the backward pass, each as wide as a state: the gates and `tanh(c')`.
const KEPT: usize = 5;

/// The weights of a layer of h units, gates in PyTorch's order i, f, g, o.
#[derive(Debug, Clone, Copy)]
pub struct LstmWeights<'a> {
    /// (4h, features)
    pub input: &'a Tensor,
    /// (4h, h)
    pub hidden: &'a Tensor,
    /// (4h)
    pub input_bias: &'a Tensor,
    /// (4h); zeros where there is none.
    pub hidden_bias: Option<&'a Tensor>,
}

struct Lstm {
    sizes: Sizes,
    output: Steps,
    /// [`KEPT`] values, and cells and states before the first step and after each; all step by step.
    kept: Mutex<Option<[CpuStorage; 3]>>,
}

/// The states of a layer of long short-term memory over `x` (batch, steps, features), states and cells beginning at zero.
///
/// # Errors
/// Shapes that do not fit, or sizes of 0; numbers other than f32 and f64.
pub fn lstm(x: &Tensor, weights: &LstmWeights<'_>, output: Steps) -> Result<Tensor> {
    let LstmWeights { input, hidden, input_bias, hidden_bias } = *weights;
    let biases = [Some(input_bias), hidden_bias];
    let arguments = Arguments { op: OP, gates: GATES, x, input, hidden, biases };
    let sizes = arguments.sizes()?;
    let bias = match hidden_bias {
        Some(bias) => &(input_bias + bias)?,
        None => input_bias,
    };
    let gates = arguments.projected(sizes, bias)?;
    tape::apply2(&gates, &hidden.contiguous()?, Lstm { sizes, output, kept: Mutex::new(None) })
}

/// One step of the batch.
struct Step<'a, T> {
    sizes: Sizes,
    step: usize,
    /// The input's share, of all steps.
    x: &'a [T],
    /// The hidden weights' share.
    hidden: &'a [T],
    cell_before: &'a [T],
    kept: &'a mut [T],
    cell: &'a mut [T],
    state: &'a mut [T],
}

impl<T: Element> Kernel<T> for Step<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Step { sizes, step, x, hidden, cell_before, kept, cell, state } = self;
        let states = sizes.states;
        let rows = cell.chunks_exact_mut(states).zip(state.chunks_exact_mut(states));
        let rows = rows.zip(cell_before.chunks_exact(states)).zip(kept.chunks_exact_mut(KEPT * states));
        for (row, (((cell, state), before), kept)) in rows.enumerate() {
            let (gates, tanh) = kept.split_at_mut(GATES * states);
            let x = &x[sizes.at(row, step, sizes.row())];
            let hidden = &hidden[row * sizes.row()..];
            gates.iter_mut().zip(x).zip(hidden).for_each(|((gate, &x), &hidden)| *gate = x + hidden);
            sigmoids::<T, V>(&mut gates[..2 * states]);
            tanhs::<T, V>(&mut gates[2 * states..3 * states]);
            sigmoids::<T, V>(&mut gates[3 * states..]);
            let [i, f, g, o] = parts(gates, states);
            for at in 0..states {
                cell[at] = f[at] * before[at] + i[at] * g[at];
            }
            tanh.copy_from_slice(cell);
            tanhs::<T, V>(tanh);
            state.iter_mut().zip(o).zip(&*tanh).for_each(|((state, &o), &tanh)| *state = o * tanh);
        }
    }
}

/// What is kept, and cells and states before the first step and after each.
fn forward<T: Element>(sizes: Sizes, x: &[T], weight: &[T]) -> [Vec<T>; 3] {
    let Sizes { batch, steps, states, .. } = sizes;
    let (row, one_state) = (sizes.row(), sizes.state());
    let turned = transposed(weight, row, states);
    let mut kept = vec![T::zero(); steps * KEPT * one_state];
    let mut cells = vec![T::zero(); (steps + 1) * one_state];
    let mut all = vec![T::zero(); (steps + 1) * one_state];
    let mut hidden = vec![T::zero(); batch * row];
    for (step, kept) in kept.chunks_exact_mut(KEPT * one_state).enumerate() {
        let (before, state) = all[step * one_state..].split_at_mut(one_state);
        let (cell_before, cell) = cells[step * one_state..].split_at_mut(one_state);
        // The state before the first step is 0, and so is what it multiplies.
        if step > 0 {
            let weight = View::rows(&turned, row);
            product((batch, row, states), View::rows(before, states), weight, &mut hidden, row, false);
        }
        let (cell, state) = (&mut cell[..one_state], &mut state[..one_state]);
        T::vectors(Step { sizes, step, x, hidden: &hidden, cell_before, kept, cell, state });
    }
    [kept, cells, all]
}

/// Gradients of the gates' sums of one step.
struct FromState<'a, T> {
    sizes: Sizes,
    kept: &'a [T],
    cell_before: &'a [T],
    /// Of the states after the step.
    state: &'a [T],
    /// Of the cells after the step from what follows; left is that of the cells before it.
    cell: &'a mut [T],
    gates: &'a mut [T],
}

impl<T: Element> Kernel<T> for FromState<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let FromState { sizes, kept, cell_before, state, cell, gates } = self;
        let (states, one) = (sizes.states, T::one());
        let rows = kept.chunks_exact(KEPT * states).zip(gates.chunks_exact_mut(GATES * states));
        let rows = rows.zip(cell_before.chunks_exact(states));
        let rows = rows.zip(state.chunks_exact(states)).zip(cell.chunks_exact_mut(states));
        for ((((kept, gates), before), state), cell) in rows {
            let [i, f, g, o, tanh] = parts(kept, states);
            let (first, second) = gates.split_at_mut(2 * states);
            let ((di, df), (dg, d_o)) = (first.split_at_mut(states), second.split_at_mut(states));
            for at in 0..states {
                let from = cell[at] + state[at] * o[at] * (one - tanh[at] * tanh[at]);
                di[at] = from * g[at] * i[at] * (one - i[at]);
                df[at] = from * before[at] * f[at] * (one - f[at]);
                dg[at] = from * i[at] * (one - g[at] * g[at]);
                d_o[at] = state[at] * tanh[at] * o[at] * (one - o[at]);
                cell[at] = from * f[at];
            }
        }
    }
}

/// Gradients of the projected input and of the hidden weights.
fn backward<T: Element>(
    (sizes, output): (Sizes, Steps),
    weight: &[T],
    [kept, cells, all]: [&[T]; 3],
    dy: &[T],
) -> (Vec<T>, Vec<T>) {
    let Sizes { batch, steps, states, .. } = sizes;
    let (row, one_state) = (sizes.row(), sizes.state());
    let mut x = vec![T::zero(); steps * batch * row];
    let mut gates = vec![T::zero(); steps * batch * row];
    let (mut state, mut cell) = (vec![T::zero(); one_state], vec![T::zero(); one_state]);
    for step in (0..steps).rev() {
        sizes.take(dy, output, step, &mut state);
        let kept = &kept[step * KEPT * one_state..][..KEPT * one_state];
        let cell_before = &cells[step * one_state..][..one_state];
        let gates = &mut gates[step * batch * row..][..batch * row];
        T::vectors(FromState { sizes, kept, cell_before, state: &state, cell: &mut cell, gates });
        for (b, gates) in gates.chunks_exact(row).enumerate() {
            x[sizes.at(b, step, row)].copy_from_slice(gates);
        }
        if step > 0 {
            let sums = (batch, states, row);
            product(sums, View::rows(gates, row), View::rows(weight, states), &mut state, states, false);
        }
    }
    let mut dw = vec![T::zero(); weight.len()];
    if steps > 1 {
        let before = View::rows(&all[one_state..], states);
        sizes.weight_gradient(&gates[batch * row..], row, before, &mut dw);
    }
    (x, dw)
}

impl CustomOp2 for Lstm {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        by_type!(OP, x.dtype(), T => {
            let [kept, cells, all] = forward(self.sizes, slice::<T>(x, lx, OP)?, slice::<T>(w, lw, OP)?);
            let given = self.sizes.given(&all[self.sizes.state()..], self.output);
            let kept = [kept, cells, all].map(T::to_cpu_storage_owned);
            *self.kept.lock().expect("no holder of this lock panics") = Some(kept);
            Ok((T::to_cpu_storage_owned(given), Shape::from(self.sizes.output(self.output))))
        })
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let kept = self.kept.lock().expect("no holder of this lock panics");
        let [kept, cells, all] = kept.as_ref().ok_or_else(|| OpError::NothingSaved { op: OP }.into_candle())?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(w, OP, |ws| with_slice::<T, _>(&dy, OP, |dy| {
            let values = |of| T::cpu_storage_as_slice(of);
            let kept = [values(kept)?, values(cells)?, values(all)?];
            let (dx, dw) = backward((self.sizes, self.output), ws, kept, dy);
            let wanted = |of: &Tensor, values: Vec<T>| {
                tape::tracks(of).then(|| Tensor::from_vec(values, of.shape(), of.device())).transpose()
            };
            Ok((wanted(x, dx)?, wanted(w, dw)?))
        })))
    }
}
