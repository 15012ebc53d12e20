//! What recurrent layers share: sizes, the order in which steps are kept, and gradients over all steps at once.
//!
//! A layer projects its input for all steps in one matrix product; the rest, from projected gates to states, is one
//! operation over the whole sequence. Inside, everything is kept step by step (`[step][batch][...]`), so that one step's
//! matrices lie in a row and the weights' gradient is one matrix product over all steps; gates arrive and states leave row
//! by row of the batch (`[batch][step][...]`).

use candle_core::{Result, Tensor};

use super::linear::{Activation, linear};
use super::matrix::{View, product};
use super::{Element, OpError, tape};

/// Which states a recurrent layer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// Those after every step: (batch, steps, states).
    All,
    /// Those after the last step: (batch, states).
    Last,
}

/// The sizes of one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) steps: usize,
    /// Values of one state.
    pub(super) states: usize,
    /// Gates, each as wide as a state.
    pub(super) gates: usize,
}

/// The arguments of a layer, for checking and projecting.
pub(super) struct Arguments<'a> {
    pub(super) op: &'static str,
    pub(super) gates: usize,
    pub(super) x: &'a Tensor,
    pub(super) input: &'a Tensor,
    pub(super) hidden: &'a Tensor,
    pub(super) biases: [Option<&'a Tensor>; 2],
}

impl Arguments<'_> {
    /// Checks all shapes against each other.
    pub(super) fn sizes(&self) -> Result<Sizes> {
        let wrong = |what, tensor: &Tensor, rule| {
            Err(OpError::Shape { op: self.op, what, got: tensor.dims().to_vec(), rule }.into_candle())
        };
        let gates = self.gates;
        let &[batch, steps, features] = self.x.dims() else {
            return wrong("the input", self.x, "[batch, steps, features]".to_owned());
        };
        if batch == 0 || steps == 0 || features == 0 {
            return wrong("the input", self.x, "[batch, steps, features], none 0".to_owned());
        }
        let states = match *self.hidden.dims() {
            [rows, states] if rows == gates * states && states > 0 => states,
            _ => return wrong("the hidden weight", self.hidden, format!("[{gates} * states, states], none 0")),
        };
        let rows = gates * states;
        if self.input.dims() != [rows, features] {
            return wrong("the input weight", self.input, format!("[{rows}, {features}]"));
        }
        for bias in self.biases.into_iter().flatten() {
            if bias.dims() != [rows] {
                return wrong("a bias", bias, format!("[{rows}]"));
            }
        }
        Ok(Sizes { batch, steps, states, gates })
    }

    /// The input's share of all gates of all steps, with `bias`: (batch * steps, gates * states).
    pub(super) fn projected(&self, sizes: Sizes, bias: &Tensor) -> Result<Tensor> {
        let rows = sizes.batch * sizes.steps;
        let x = tape::reshape(&tape::contiguous(self.x)?, (rows, self.x.dim(2)?))?;
        linear(&x, self.input, bias, Activation::None)
    }
}

impl Sizes {
    /// Values of all gates of one row.
    pub(super) fn row(self) -> usize {
        self.gates * self.states
    }

    /// Values of the states of a whole batch.
    pub(super) fn state(self) -> usize {
        self.batch * self.states
    }

    /// Where `[batch][step][width]` keeps a row.
    pub(super) fn at(self, batch: usize, step: usize, width: usize) -> std::ops::Range<usize> {
        let from = (batch * self.steps + step) * width;
        from..from + width
    }

    /// The shape of what a layer gives.
    pub(super) fn output(self, output: Steps) -> Vec<usize> {
        match output {
            Steps::All => vec![self.batch, self.steps, self.states],
            Steps::Last => vec![self.batch, self.states],
        }
    }

    /// States, kept step by step, as a layer gives them.
    pub(super) fn given<T: Element>(self, states: &[T], output: Steps) -> Vec<T> {
        if output == Steps::Last {
            return states[(self.steps - 1) * self.state()..].to_vec();
        }
        let mut given = Vec::with_capacity(states.len());
        for row in 0..self.batch {
            for step in 0..self.steps {
                given.extend_from_slice(&states[step * self.state() + row * self.states..][..self.states]);
            }
        }
        given
    }

    /// Adds the gradient of what a layer gave after `step` to the batch's state gradients.
    pub(super) fn take<T: Element>(self, given: &[T], output: Steps, step: usize, into: &mut [T]) {
        for (row, into) in into.chunks_exact_mut(self.states).enumerate() {
            let given = match output {
                Steps::All => &given[self.at(row, step, self.states)],
                Steps::Last if step + 1 == self.steps => &given[row * self.states..][..self.states],
                Steps::Last => return,
            };
            into.iter_mut().zip(given).for_each(|(sum, &g)| *sum += g);
        }
    }

    /// The gradient of the hidden weights of some gates, `width` values a row, kept in rows of `self.row()`, `by` what they
    /// multiply: both from the second step on, because the state before the first is 0.
    pub(super) fn weight_gradient<T: Element>(self, gates: &[T], width: usize, by: View<'_, T>, into: &mut [T]) {
        let later = (self.steps - 1) * self.batch;
        let gates = View::rows(gates, self.row()).transposed();
        product((width, self.states, later), gates, by, into, self.states, false);
    }
}

/// The first parts of a row, each as wide as a state.
#[inline(always)]
pub(super) fn parts<T, const N: usize>(values: &[T], states: usize) -> [&[T]; N] {
    std::array::from_fn(|i| &values[i * states..][..states])
}

/// `rows` by `columns` values with rows and columns exchanged.
pub(super) fn transposed<T: Element>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
    let mut turned = Vec::with_capacity(values.len());
    for column in 0..columns {
        turned.extend((0..rows).map(|row| values[row * columns + column]));
    }
    turned
}

/// The sums of columns.
pub(super) fn column_sums<T: Element>(values: &[T], columns: usize) -> Vec<T> {
    let mut sums = vec![T::zero(); columns];
    for row in values.chunks_exact(columns) {
        sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += v);
    }
    sums
}
