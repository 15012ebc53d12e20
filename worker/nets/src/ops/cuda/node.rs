//! A result that is there already, with a closure for its gradients, as one of candle's operations.

use std::sync::Mutex;

use candle_core::{CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};

use super::Fresh;
use crate::ops::{OpError, tape};

/// `back` yields the gradients of the arguments from the result and its gradient. What it needs it holds itself, as
/// tensors that no gradient passes.
struct Node<F> {
    op: &'static str,
    made: Mutex<Option<Fresh>>,
    back: F,
}

/// Gradients of `N` arguments.
pub(super) type Gradients<const N: usize> = Result<[Option<Tensor>; N]>;

fn made<F>(op: &'static str, made: Fresh, back: F) -> Node<F> {
    Node { op, made: Mutex::new(Some(made)), back }
}

/// An operation of one argument. `back` gets the result and its gradient, contiguous.
pub(super) fn node1<F>(op: &'static str, x: &Tensor, result: Fresh, back: F) -> Result<Tensor>
where
    F: Fn(&Tensor, &Tensor) -> Gradients<1> + Send + Sync + 'static,
{
    if tape::notes(&[x]) {
        let y = result.tensor();
        tape::note(&[x], &y, move |_, y, dy| Ok(back(y, &dy.contiguous()?)?.into()));
        return Ok(y);
    }
    if x.track_op() { x.apply_op1(made(op, result, back)) } else { Ok(result.tensor()) }
}

/// An operation of two arguments.
pub(super) fn node2<F>(op: &'static str, [a, b]: [&Tensor; 2], result: Fresh, back: F) -> Result<Tensor>
where
    F: Fn(&Tensor, &Tensor) -> Gradients<2> + Send + Sync + 'static,
{
    if tape::notes(&[a, b]) {
        let y = result.tensor();
        tape::note(&[a, b], &y, move |_, y, dy| Ok(back(y, &dy.contiguous()?)?.into()));
        return Ok(y);
    }
    let tracked = a.track_op() || b.track_op();
    if tracked { a.apply_op2(b, made(op, result, back)) } else { Ok(result.tensor()) }
}

/// An operation of three arguments.
pub(super) fn node3<F>(op: &'static str, [a, b, c]: [&Tensor; 3], result: Fresh, back: F) -> Result<Tensor>
where
    F: Fn(&Tensor, &Tensor) -> Gradients<3> + Send + Sync + 'static,
{
    if tape::notes(&[a, b, c]) {
        let y = result.tensor();
        tape::note(&[a, b, c], &y, move |_, y, dy| Ok(back(y, &dy.contiguous()?)?.into()));
        return Ok(y);
    }
    let tracked = a.track_op() || b.track_op() || c.track_op();
    if tracked { a.apply_op3(b, c, made(op, result, back)) } else { Ok(result.tensor()) }
}

impl<F> Node<F> {
    fn take(&self) -> Result<(CudaStorage, Shape)> {
        let made = self.made.lock().expect("no holder of this lock panics").take();
        let made = made.ok_or_else(|| OpError::NothingSaved { op: self.op }.into_candle())?;
        Ok((made.storage, made.shape))
    }

    fn on_cpu(&self) -> Result<(CpuStorage, Shape)> {
        Err(OpError::Device { op: self.op }.into_candle())
    }
}

impl<F: Fn(&Tensor, &Tensor) -> Gradients<1> + Send + Sync> CustomOp1 for Node<F> {
    fn name(&self) -> &'static str {
        self.op
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.take()
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let [a] = (self.back)(&y.detach(), &dy.contiguous()?)?;
        Ok(a)
    }
}

impl<F: Fn(&Tensor, &Tensor) -> Gradients<2> + Send + Sync> CustomOp2 for Node<F> {
    fn name(&self) -> &'static str {
        self.op
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.take()
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, y: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b] = (self.back)(&y.detach(), &dy.contiguous()?)?;
        Ok((a, b))
    }
}

impl<F: Fn(&Tensor, &Tensor) -> Gradients<3> + Send + Sync> CustomOp3 for Node<F> {
    fn name(&self) -> &'static str {
        self.op
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu()
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.take()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = (self.back)(&y.detach(), &dy.contiguous()?)?;
        Ok((a, b, c))
    }
}
