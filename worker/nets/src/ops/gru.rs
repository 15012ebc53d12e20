//! Gated recurrent unit over a whole sequence, with backpropagation through time in one call.
//!
//! With gates r (reset), z (update) and n (candidate), x the input's share of each gate and s the sigmoid, a step is
//!
//! ```text
//! r = s(x_r + U_r h + b_r)
//! z = s(x_z + U_z h + b_z)
//! n = tanh(x_n + r (U_n h + b_n))      Reset::After
//! n = tanh(x_n + U_n (r h) + b_n)      Reset::Before
//! h' = (1 - z) n + z h
//! ```
//!
//! (Cho et al. 2014 is `Before`; `After` needs one matrix product a step instead of two).

use std::sync::Mutex;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType};

#[cfg(feature = "cuda")]
use super::cuda;
use super::lanes::{Kernel, Lanes, sigmoids, tanhs};
use super::matrix::{View, product};
use super::recurrent::{Arguments, Sizes, Steps, column_sums, parts, transposed};
use super::{Element, OpError, by_type, on_gpu, slice, tape, with_slice};

const OP: &str = "gru";

/// Gates of a unit: r, z, n.
const GATES: usize = 3;
/// What is kept of a row and step for the backward pass, each as wide as a state: r, z, n and what r meets, which is
/// `U_n h + b_n` or `r h`.
const KEPT: usize = 4;

/// Where the reset gate acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// On the candidate's product: PyTorch's, and Keras's with `reset_after`.
    After,
    /// On the state, before the product: Keras 2.3's default.
    Before,
}

/// The weights of a layer of h units, gates in PyTorch's order r, z, n.
#[derive(Debug, Clone, Copy)]
pub struct GruWeights<'a> {
    /// (3h, features)
    pub input: &'a Tensor,
    /// (3h, h)
    pub hidden: &'a Tensor,
    /// (3h)
    pub input_bias: &'a Tensor,
    /// (3h); zeros where there is none.
    pub hidden_bias: Option<&'a Tensor>,
}

struct Gru {
    sizes: Sizes,
    reset: Reset,
    output: Steps,
    /// [`KEPT`] values, and the states before the first step and after each; both step by step.
    kept: Mutex<Option<(CpuStorage, CpuStorage)>>,
}

/// The states of a layer of gated recurrent units over `x` (batch, steps, features), beginning at zero.
///
/// # Errors
/// Shapes that do not fit, or sizes of 0; numbers other than f32 and f64.
pub fn gru(x: &Tensor, weights: &GruWeights<'_>, reset: Reset, output: Steps) -> Result<Tensor> {
    let GruWeights { input, hidden, input_bias, hidden_bias } = *weights;
    let biases = [Some(input_bias), hidden_bias];
    let arguments = Arguments { op: OP, gates: GATES, x, input, hidden, biases };
    let sizes = arguments.sizes()?;
    let gates = arguments.projected(sizes, input_bias)?;
    let bias = match hidden_bias {
        Some(bias) => bias.contiguous()?,
        None => Tensor::zeros(sizes.row(), x.dtype(), x.device())?,
    };
    let hidden = hidden.contiguous()?;
    on_gpu!(x, cuda::gru(OP, &gates, &hidden, &bias, (sizes, reset, output)));
    tape::apply3(&gates, &hidden, &bias, Gru { sizes, reset, output, kept: Mutex::new(None) })
}

/// r and z of one step.
struct Gates<'a, T> {
    sizes: Sizes,
    step: usize,
    reset: Reset,
    /// The input's share, of all steps.
    x: &'a [T],
    /// The hidden weights' share.
    hidden: &'a [T],
    before: &'a [T],
    kept: &'a mut [T],
}

impl<T: Element> Kernel<T> for Gates<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Gates { sizes, step, reset, x, hidden, before, kept } = self;
        let states = sizes.states;
        for (row, kept) in kept.chunks_exact_mut(KEPT * states).enumerate() {
            let (gates, rest) = kept.split_at_mut(2 * states);
            let x = &x[sizes.at(row, step, sizes.row())];
            let hidden = &hidden[row * sizes.row()..];
            gates.iter_mut().zip(x).zip(hidden).for_each(|((gate, &x), &hidden)| *gate = x + hidden);
            sigmoids::<T, V>(gates);
            if reset == Reset::Before {
                let reached = rest[states..].iter_mut().zip(&*gates).zip(&before[row * states..]);
                reached.for_each(|((reached, &r), &before)| *reached = r * before);
            }
        }
    }
}

/// n of one step, and the state after it.
struct Candidate<'a, T> {
    sizes: Sizes,
    step: usize,
    reset: Reset,
    x: &'a [T],
    hidden: &'a [T],
    before: &'a [T],
    kept: &'a mut [T],
    after: &'a mut [T],
}

impl<T: Element> Kernel<T> for Candidate<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Candidate { sizes, step, reset, x, hidden, before, kept, after } = self;
        let states = sizes.states;
        let rows = kept.chunks_exact_mut(KEPT * states).zip(after.chunks_exact_mut(states));
        for (row, (kept, after)) in rows.enumerate() {
            let (gates, rest) = kept.split_at_mut(2 * states);
            let (r, z) = gates.split_at(states);
            let (n, reached) = rest.split_at_mut(states);
            let x = &x[sizes.at(row, step, sizes.row())][2 * states..];
            let hidden = &hidden[row * sizes.row()..][2 * states..][..states];
            match reset {
                Reset::After => {
                    reached.copy_from_slice(hidden);
                    let sums = n.iter_mut().zip(x).zip(hidden).zip(r);
                    sums.for_each(|(((n, &x), &hidden), &r)| *n = x + r * hidden);
                }
                Reset::Before => n.iter_mut().zip(x).zip(hidden).for_each(|((n, &x), &hidden)| *n = x + hidden),
            }
            tanhs::<T, V>(n);
            let mixed = after.iter_mut().zip(&*n).zip(z).zip(&before[row * states..]);
            mixed.for_each(|(((after, &n), &z), &before)| *after = n + z * (before - n));
        }
    }
}

/// All of the forward pass: what is kept, and the states before the first step and after each.
fn forward<T: Element>(sizes: Sizes, reset: Reset, x: &[T], weight: &[T], bias: &[T]) -> (Vec<T>, Vec<T>) {
    let Sizes { batch, steps, states, .. } = sizes;
    let row = sizes.row();
    let turned = transposed(weight, row, states);
    let mut kept = vec![T::zero(); steps * KEPT * sizes.state()];
    let mut all = vec![T::zero(); (steps + 1) * sizes.state()];
    let mut hidden = vec![T::zero(); batch * row];
    for (step, kept) in kept.chunks_exact_mut(KEPT * sizes.state()).enumerate() {
        let (before, after) = all[step * sizes.state()..].split_at_mut(sizes.state());
        let after = &mut after[..sizes.state()];
        hidden.chunks_exact_mut(row).for_each(|hidden| hidden.copy_from_slice(bias));
        // The state before the first step is 0, and so is what it multiplies.
        let first = step == 0;
        let direct = if reset == Reset::After { row } else { 2 * states };
        if !first {
            let weight = View::rows(&turned, row);
            product((batch, direct, states), View::rows(before, states), weight, &mut hidden, row, true);
        }
        T::vectors(Gates { sizes, step, reset, x, hidden: &hidden, before, kept });
        if !first && reset == Reset::Before {
            let reached = View::rows(&kept[3 * states..], KEPT * states);
            let weight = View::rows(&turned[2 * states..], row);
            product((batch, states, states), reached, weight, &mut hidden[2 * states..], row, true);
        }
        T::vectors(Candidate { sizes, step, reset, x, hidden: &hidden, before, kept, after });
    }
    (kept, all)
}

/// Gradients of the candidate's and the update gate's sums of one step, and, for [`Reset::After`], of the reset gate's.
struct FromState<'a, T> {
    sizes: Sizes,
    reset: Reset,
    kept: &'a [T],
    before: &'a [T],
    /// Of the states after the step; left is what reaches the states before it past the gates.
    state: &'a mut [T],
    /// Of the sums that the hidden weights make; [`Reset::After`] puts that of the candidate's input share into `input`.
    gates: &'a mut [T],
    input: &'a mut [T],
}

impl<T: Element> Kernel<T> for FromState<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let FromState { sizes, reset, kept, before, state, gates, input } = self;
        let (states, one) = (sizes.states, T::one());
        let rows = kept.chunks_exact(KEPT * states).zip(gates.chunks_exact_mut(GATES * states));
        let rows = rows.zip(before.chunks_exact(states)).zip(state.chunks_exact_mut(states));
        for (row, (((kept, gates), before), state)) in rows.enumerate() {
            let [r, z, n, reached] = parts(kept, states);
            let (dr, rest) = gates.split_at_mut(states);
            let (dz, dn) = rest.split_at_mut(states);
            for i in 0..states {
                let from = state[i];
                let candidate = from * (one - z[i]) * (one - n[i] * n[i]);
                dz[i] = from * (before[i] - n[i]) * z[i] * (one - z[i]);
                dn[i] = candidate;
                state[i] = from * z[i];
            }
            if reset == Reset::After {
                let input = &mut input[row * states..][..states];
                for i in 0..states {
                    input[i] = dn[i];
                    dr[i] = dn[i] * reached[i] * r[i] * (one - r[i]);
                    dn[i] *= r[i];
                }
            }
        }
    }
}

/// The gradient of the reset gate's sums of one step for [`Reset::Before`], from that of `r h`.
struct FromReached<'a, T> {
    sizes: Sizes,
    kept: &'a [T],
    before: &'a [T],
    reached: &'a [T],
    state: &'a mut [T],
    gates: &'a mut [T],
}

impl<T: Element> Kernel<T> for FromReached<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let FromReached { sizes, kept, before, reached, state, gates } = self;
        let (states, one) = (sizes.states, T::one());
        let rows = kept.chunks_exact(KEPT * states).zip(gates.chunks_exact_mut(GATES * states));
        for (row, (kept, gates)) in rows.enumerate() {
            let [r] = parts(kept, states);
            let (reached, before) = (&reached[row * states..][..states], &before[row * states..][..states]);
            let (state, dr) = (&mut state[row * states..][..states], &mut gates[..states]);
            for i in 0..states {
                dr[i] = reached[i] * before[i] * r[i] * (one - r[i]);
                state[i] += reached[i] * r[i];
            }
        }
    }
}

/// Gradients of the projected input, the hidden weights and their bias.
struct Gradients<T> {
    x: Vec<T>,
    weight: Vec<T>,
    bias: Vec<T>,
}

fn backward<T: Element>(
    (sizes, reset, output): (Sizes, Reset, Steps),
    weight: &[T],
    (kept, all): (&[T], &[T]),
    dy: &[T],
) -> Gradients<T> {
    let Sizes { batch, steps, states, .. } = sizes;
    let (row, one_state) = (sizes.row(), sizes.state());
    let mut x = vec![T::zero(); steps * batch * row];
    let mut gates = vec![T::zero(); steps * batch * row];
    let mut state = vec![T::zero(); one_state];
    // For `After` the gradient of the candidate's input share, for `Before` that of `r h`.
    let mut other = vec![T::zero(); one_state];
    for step in (0..steps).rev() {
        sizes.take(dy, output, step, &mut state);
        let kept = &kept[step * KEPT * one_state..][..KEPT * one_state];
        let before = &all[step * one_state..][..one_state];
        let gates = &mut gates[step * batch * row..][..batch * row];
        T::vectors(FromState { sizes, reset, kept, before, state: &mut state, gates, input: &mut other });
        let mut direct = row;
        if reset == Reset::Before {
            direct = 2 * states;
            let (dn, weight) =
                (View::rows(&gates[2 * states..], row), View::rows(&weight[2 * states * states..], states));
            product((batch, states, states), dn, weight, &mut other, states, false);
            T::vectors(FromReached { sizes, kept, before, reached: &other, state: &mut state, gates });
        }
        for (b, gates) in gates.chunks_exact(row).enumerate() {
            let x = &mut x[sizes.at(b, step, row)];
            x.copy_from_slice(gates);
            if reset == Reset::After {
                x[2 * states..].copy_from_slice(&other[b * states..][..states]);
            }
        }
        if step > 0 {
            let sums = (batch, states, direct);
            product(sums, View::rows(gates, row), View::rows(weight, states), &mut state, states, true);
        }
    }
    let mut dw = vec![T::zero(); weight.len()];
    if steps > 1 {
        let later = &gates[batch * row..];
        let before = View::rows(&all[one_state..], states);
        match reset {
            Reset::After => sizes.weight_gradient(later, row, before, &mut dw),
            Reset::Before => {
                let (direct, candidate) = dw.split_at_mut(2 * states * states);
                sizes.weight_gradient(later, 2 * states, before, direct);
                let reached = View::rows(&kept[(KEPT * batch + 3) * states..], KEPT * states);
                sizes.weight_gradient(&later[2 * states..], states, reached, candidate);
            }
        }
    }
    Gradients { x, weight: dw, bias: column_sums(&gates, row) }
}

impl CustomOp3 for Gru {
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
        by_type!(OP, x.dtype(), T => {
            let (x, w, b) = (slice::<T>(x, lx, OP)?, slice::<T>(w, lw, OP)?, slice::<T>(b, lb, OP)?);
            let (kept, all) = forward(self.sizes, self.reset, x, w, b);
            let given = self.sizes.given(&all[self.sizes.state()..], self.output);
            let kept = (T::to_cpu_storage_owned(kept), T::to_cpu_storage_owned(all));
            *self.kept.lock().expect("no holder of this lock panics") = Some(kept);
            Ok((T::to_cpu_storage_owned(given), Shape::from(self.sizes.output(self.output))))
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: &Tensor,
        _y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let kept = self.kept.lock().expect("no holder of this lock panics");
        let (kept, all) = kept.as_ref().ok_or_else(|| OpError::NothingSaved { op: OP }.into_candle())?;
        let dy = dy.contiguous()?;
        by_type!(OP, x.dtype(), T => with_slice::<T, _>(w, OP, |ws| with_slice::<T, _>(&dy, OP, |dy| {
            let kept = (T::cpu_storage_as_slice(kept)?, T::cpu_storage_as_slice(all)?);
            let Gradients { x: dx, weight, bias } = backward((self.sizes, self.reset, self.output), ws, kept, dy);
            let wanted = |of: &Tensor, values: Vec<T>| {
                tape::tracks(of).then(|| Tensor::from_vec(values, of.shape(), of.device())).transpose()
            };
            Ok((wanted(x, dx)?, wanted(w, weight)?, wanted(b, bias)?))
        })))
    }
}
