//! How exact matrix products on a GPU are.

/// What matrix products of f32 on a GPU round their factors to; sums are of f32 all the same, and so is everything that is
/// kept. On the CPU, and for f64, nothing is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Nothing.
    #[default]
    Single,
    /// 10 bits of fraction, on tensor cores.
    Tf32,
    /// 7 bits of fraction, on tensor cores.
    Bf16,
}

/// Says how exact the matrix products of operations are that this thread begins from now on. Their gradients are as exact.
pub fn set_precision(precision: Precision) {
    #[cfg(feature = "cuda")]
    super::cuda::set_precision(precision);
    #[cfg(not(feature = "cuda"))]
    let _ = precision;
}
