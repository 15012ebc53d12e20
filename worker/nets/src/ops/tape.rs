//! Gradients without candle's graph.
//!
//! candle's backward pass fills the gradient of every argument with zeros and adds to it, which of a small net takes a sixth of
//! a step. While a [`Recording`] lives on a thread, operations of this crate note themselves on a tape instead, and the pass
//! back over the tape adds only where a value was used twice. Operations of candle's own leave no note: a net may use those
//! of this module alone. Without a recording everything is candle's.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use candle_core::backprop::GradStore;
use candle_core::{CustomOp1, CustomOp2, CustomOp3, Result, Tensor, TensorId};

/// The gradients of an operation's arguments from them, its result and that one's gradient.
type Back = Box<dyn Fn(&[Tensor], &Tensor, &Tensor) -> Result<Vec<Option<Tensor>>>>;

struct Note {
    arguments: Vec<Tensor>,
    result: Tensor,
    back: Back,
}

#[derive(Default)]
struct Tape {
    notes: Vec<Note>,
    /// Results that gradients reach.
    tracked: HashSet<TensorId>,
}

thread_local! {
    static TAPE: RefCell<Option<Tape>> = const { RefCell::new(None) };
}

/// What the operations of this thread do, from its start until its gradients are asked for.
#[derive(Debug)]
#[must_use = "without its gradients nothing is learnt"]
pub struct Recording(());

impl Recording {
    /// Begins; one that was begun before is forgotten.
    pub fn start() -> Recording {
        TAPE.set(Some(Tape::default()));
        Recording(())
    }

    /// The gradients of `loss` by every variable that led to it, as `loss.backward()` would give them.
    ///
    /// # Errors
    /// An operation's own.
    pub fn gradients(self, loss: &Tensor) -> Result<GradStore> {
        let notes = TAPE.with_borrow_mut(|tape| tape.as_mut().map(|tape| std::mem::take(&mut tape.notes)));
        let mut gradients = HashMap::from([(loss.id(), loss.ones_like()?)]);
        for Note { arguments, result, back } in notes.unwrap_or_default().into_iter().rev() {
            // Nothing came of it.
            let Some(gradient) = gradients.remove(&result.id()) else { continue };
            for (argument, own) in arguments.iter().zip(back(&arguments, &result, &gradient)?) {
                let Some(own) = own.filter(|_| tracks(argument)) else { continue };
                let sum = match gradients.remove(&argument.id()) {
                    Some(sum) => (sum + own)?,
                    None => own,
                };
                gradients.insert(argument.id(), sum);
            }
        }
        let mut store = GradStore::default();
        for (id, gradient) in gradients {
            store.insert_id(id, gradient);
        }
        Ok(store)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        TAPE.set(None);
    }
}

/// Whether a gradient of `x` is asked for: it is a variable, or came of one.
pub(super) fn tracks(x: &Tensor) -> bool {
    x.track_op() || TAPE.with_borrow(|tape| tape.as_ref().is_some_and(|tape| tape.tracked.contains(&x.id())))
}

fn is_on() -> bool {
    TAPE.with_borrow(Option::is_some)
}

/// Whether an operation on these is to be noted.
pub(super) fn notes(arguments: &[&Tensor]) -> bool {
    is_on() && arguments.iter().any(|argument| tracks(argument))
}

/// Notes that `result` came of `arguments`.
pub(super) fn note(
    arguments: &[&Tensor],
    result: &Tensor,
    back: impl Fn(&[Tensor], &Tensor, &Tensor) -> Result<Vec<Option<Tensor>>> + 'static,
) {
    let arguments = arguments.iter().map(|argument| (*argument).clone()).collect();
    TAPE.with_borrow_mut(|tape| {
        if let Some(tape) = tape {
            tape.tracked.insert(result.id());
            tape.notes.push(Note { arguments, result: result.clone(), back: Box::new(back) });
        }
    });
}

/// An operation of one argument.
pub(super) fn apply1<C: CustomOp1 + Send + Sync + 'static>(x: &Tensor, op: C) -> Result<Tensor> {
    if !notes(&[x]) {
        return x.apply_op1(op);
    }
    let y = x.apply_op1_no_bwd(&op)?;
    note(&[x], &y, move |of, y, dy| Ok(vec![op.bwd(&of[0], y, dy)?]));
    Ok(y)
}

/// An operation of two arguments.
pub(super) fn apply2<C: CustomOp2 + Send + Sync + 'static>(a: &Tensor, b: &Tensor, op: C) -> Result<Tensor> {
    if !notes(&[a, b]) {
        return a.apply_op2(b, op);
    }
    let y = a.apply_op2_no_bwd(b, &op)?;
    note(&[a, b], &y, move |of, y, dy| op.bwd(&of[0], &of[1], y, dy).map(|(a, b)| vec![a, b]));
    Ok(y)
}

/// An operation of three arguments.
pub(super) fn apply3<C: CustomOp3 + Send + Sync + 'static>(
    a: &Tensor,
    b: &Tensor,
    c: &Tensor,
    op: C,
) -> Result<Tensor> {
    if !notes(&[a, b, c]) {
        return a.apply_op3(b, c, op);
    }
    let y = a.apply_op3_no_bwd(b, c, &op)?;
    note(&[a, b, c], &y, move |of, y, dy| op.bwd(&of[0], &of[1], &of[2], y, dy).map(|(a, b, c)| vec![a, b, c]));
    Ok(y)
}

/// A view, or a copy in another order, of one tensor: `made` of it, and `back` its gradient from that of the view.
fn viewed(
    x: &Tensor,
    made: Result<Tensor>,
    back: impl Fn(&Tensor, &Tensor) -> Result<Tensor> + 'static,
) -> Result<Tensor> {
    let made = made?;
    // What is no view at all is the tensor itself.
    if made.id() != x.id() && notes(&[x]) {
        note(&[x], &made, move |of, _, dy| Ok(vec![Some(back(&of[0], dy)?)]));
    }
    Ok(made)
}

/// `x` with its values side by side.
pub(crate) fn contiguous(x: &Tensor) -> Result<Tensor> {
    viewed(x, x.contiguous(), |_, dy| Ok(dy.clone()))
}

/// The same values in another shape.
pub(crate) fn reshape(x: &Tensor, shape: impl Into<candle_core::Shape>) -> Result<Tensor> {
    viewed(x, x.reshape(shape.into()), |x, dy| dy.contiguous()?.reshape(x.shape()))
}

/// All axes from `axis` on as one.
pub(crate) fn flatten_from(x: &Tensor, axis: usize) -> Result<Tensor> {
    viewed(x, x.flatten_from(axis), |x, dy| dy.contiguous()?.reshape(x.shape()))
}

/// With a new axis of one.
pub(crate) fn unsqueeze(x: &Tensor, axis: usize) -> Result<Tensor> {
    viewed(x, x.unsqueeze(axis), |x, dy| dy.contiguous()?.reshape(x.shape()))
}

/// With two axes changed for one another.
pub(crate) fn transpose(x: &Tensor, a: usize, b: usize) -> Result<Tensor> {
    viewed(x, x.transpose(a, b), move |_, dy| dy.transpose(a, b)?.contiguous())
}

/// A part of an axis.
#[cfg_attr(not(feature = "cuda"), expect(dead_code, reason = "GPUs convolve groups one by one"))]
pub(crate) fn narrow(x: &Tensor, axis: usize, from: usize, length: usize) -> Result<Tensor> {
    viewed(x, x.narrow(axis, from, length), move |x, dy| {
        dy.contiguous()?.pad_with_zeros(axis, from, x.dim(axis)? - from - length)
    })
}

/// One after another along an axis.
pub(crate) fn cat(parts: &[&Tensor], axis: usize) -> Result<Tensor> {
    let made = Tensor::cat(parts, axis)?;
    if notes(parts) {
        note(parts, &made, move |of, _, dy| {
            let mut from = 0;
            let part = |part: &Tensor| {
                let length = part.dim(axis)?;
                from += length;
                Ok(Some(dy.narrow(axis, from - length, length)?.contiguous()?))
            };
            of.iter().map(part).collect()
        });
    }
    Ok(made)
}

/// The sum of two of one shape.
pub(crate) fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let made = a.add(b)?;
    if notes(&[a, b]) {
        note(&[a, b], &made, |_, _, dy| Ok(vec![Some(dy.clone()), Some(dy.clone())]));
    }
    Ok(made)
}
