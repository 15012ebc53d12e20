//! The number types of operations (f32 and f64), their storage, and what can be wrong with arguments.

use candle_core::{CpuStorage, DType, Layout, Result, Tensor, WithDType};

use super::lanes::{self, Kernel};
use super::smooth;

/// What is wrong with an operation's arguments. Reaches the caller inside [`candle_core::Error`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpError {
    /// Shapes that do not go together.
    #[error("{op}: {what} has shape {got:?}, the rule is {rule}")]
    Shape {
        /// The operation.
        op: &'static str,
        /// Which argument.
        what: &'static str,
        /// Its shape.
        got: Vec<usize>,
        /// What it must be.
        rule: String,
    },
    /// A window that is larger than the padded input, or a stride or kernel of 0.
    #[error("{op}: a window of {kernel} moving by {stride} does not fit an input of {input} with {padding} of padding")]
    Window {
        /// The operation.
        op: &'static str,
        /// Length of the window.
        kernel: usize,
        /// Its stride.
        stride: usize,
        /// Length of the input.
        input: usize,
        /// Padding at both ends together.
        padding: usize,
    },
    /// Groups that do not come out even.
    #[error("{op}: {groups} groups of {channels} channels and {filters} filters, the rule is that groups divide both")]
    Groups {
        /// The operation.
        op: &'static str,
        /// Their number.
        groups: usize,
        /// Channels of the input.
        channels: usize,
        /// Filters.
        filters: usize,
    },
    /// A number type that is neither f32 nor f64.
    #[error("{op}: numbers are {got:?}, the rule is f32 or f64")]
    Numbers {
        /// The operation.
        op: &'static str,
        /// What they are.
        got: DType,
    },
    /// A label that names no class.
    #[error("{op}: label {label} at row {row}, the rule is less than {classes}")]
    Label {
        /// The operation.
        op: &'static str,
        /// The row.
        row: usize,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A tensor in another memory than the others, or in one that this operation has no code for.
    #[error("{op}: a tensor is in a memory where the operation does not run")]
    Device {
        /// The operation.
        op: &'static str,
    },
    /// The backward pass ran before, or without, the forward pass.
    #[error("{op}: the backward pass found nothing saved by a forward pass")]
    NothingSaved {
        /// The operation.
        op: &'static str,
    },
}

impl OpError {
    /// As candle's error, for use inside its operations.
    pub(crate) fn into_candle(self) -> candle_core::Error {
        candle_core::Error::wrap(self)
    }
}

/// A number type that kernels run on: f32 or f64.
pub(crate) trait Element: WithDType {
    /// The smallest number above 0 with full precision.
    const SMALLEST: Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    /// e^x - 1, also where it is close to 0.
    fn exp_m1(self) -> Self;
    fn ln(self) -> Self;
    fn is_nan(self) -> bool;
    /// Itself as f64.
    fn wide(self) -> f64;
    /// Itself or 0, without a branch.
    fn if_so(self, so: bool) -> Self;
    /// Itself or another, without a branch.
    fn or_else(self, other: Self, so: bool) -> Self;
    /// Runs a kernel on vectors of this type.
    fn vectors<K: Kernel<Self>>(kernel: K);
    /// All values of a storage of this type, for writing.
    fn values_mut(storage: &mut CpuStorage) -> Option<&mut [Self]>;
}

macro_rules! element {
    ($t:ty, $bits:ty, $storage:path, $run:path, $exp_m1:path) => {
        impl Element for $t {
            const SMALLEST: Self = <$t>::MIN_POSITIVE;
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                <$t>::exp(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                $exp_m1(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                <$t>::ln(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                <$t>::is_nan(self)
            }
            #[inline(always)]
            fn wide(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn if_so(self, so: bool) -> Self {
                <$t>::from_bits(self.to_bits() & <$bits>::from(so).wrapping_neg())
            }
            #[inline(always)]
            fn or_else(self, other: Self, so: bool) -> Self {
                let mask = <$bits>::from(so).wrapping_neg();
                <$t>::from_bits(self.to_bits() & mask | other.to_bits() & !mask)
            }
            fn vectors<K: Kernel<Self>>(kernel: K) {
                $run(kernel);
            }
            fn values_mut(storage: &mut CpuStorage) -> Option<&mut [Self]> {
                match storage {
                    $storage(values) => Some(values),
                    _ => None,
                }
            }
        }
    };
}
element!(f32, u32, CpuStorage::F32, lanes::run_f32, smooth::exp_m1_f32);
element!(f64, u64, CpuStorage::F64, lanes::run_f64, f64::exp_m1);

/// The values of a contiguous tensor's storage, in row-major order.
pub(crate) fn slice<'a, T: Element>(storage: &'a CpuStorage, layout: &Layout, op: &'static str) -> Result<&'a [T]> {
    let all = T::cpu_storage_as_slice(storage)?;
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&all[from..to]),
        None => Err(candle_core::Error::RequiresContiguous { op }.bt()),
    }
}

/// Runs `$body` with `$t` naming the number type of `$dtype`.
macro_rules! by_type {
    ($op:expr, $dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $t = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $t = f64;
                $body
            }
            got => Err(crate::ops::OpError::Numbers { op: $op, got }.into_candle()),
        }
    };
}
pub(crate) use by_type;

/// A read lock on a contiguous tensor's values, given to `f`.
pub(crate) fn with_slice<T: Element, R>(
    tensor: &Tensor,
    op: &'static str,
    f: impl FnOnce(&[T]) -> Result<R>,
) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        candle_core::Storage::Cpu(cpu) => f(slice(cpu, layout, op)?),
        _ => Err(OpError::Device { op }.into_candle()),
    }
}
