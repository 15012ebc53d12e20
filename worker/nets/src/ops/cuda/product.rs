//! Matrix products by cuBLAS, on matrices as they lie.

#![expect(unsafe_code, reason = "cuBLAS takes addresses, and reads and writes what it is told to")]

use std::cell::Cell;
use std::ffi::{c_int, c_longlong, c_void};

use candle_core::cuda_backend::cudarc::cublas::{result, sys};
use candle_core::{DType, Error, Result};

use gliss_types::recipe::Precision;

use super::{Arg, Gpu};

thread_local! {
    static PRECISION: Cell<Precision> = const { Cell::new(Precision::Single) };
}

/// What matrix products of operations that this thread begins round their factors to; gradients do as their operation did.
pub(in crate::ops) fn set_precision(precision: Precision) {
    PRECISION.set(precision);
}

/// What [`set_precision`] was last told.
pub(super) fn precision() -> Precision {
    PRECISION.get()
}

/// Matrices of a batch, in rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix {
    /// The first value.
    pub(super) at: Arg,
    /// From a row to the next.
    pub(super) row: usize,
    /// From a matrix to the next; 0 if all are the same.
    pub(super) step: usize,
    /// Whether what is meant is its transpose.
    pub(super) turned: bool,
}

impl Matrix {
    /// One matrix for the whole batch.
    pub(super) fn one(at: Arg, row: usize) -> Matrix {
        Matrix { at, row, step: 0, turned: false }
    }

    /// One in each `step` values.
    pub(super) fn each(at: Arg, row: usize, step: usize) -> Matrix {
        Matrix { at, row, step, turned: false }
    }

    /// Its transpose.
    pub(super) fn turned(self) -> Matrix {
        Matrix { turned: !self.turned, ..self }
    }
}

/// Sizes of products.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// How many products.
    pub(super) batch: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// What is summed over.
    pub(super) inner: usize,
}

impl Gpu {
    /// `to = a b`, for each matrix of the batch.
    pub(super) fn product(&self, sizes: Sizes, a: Matrix, b: Matrix, to: Matrix) -> Result<()> {
        let (one, zero, one32, zero32) = (1f64, 0f64, 1f32, 0f32);
        let (kind, factors): (_, [*const c_void; 2]) = match self.dtype {
            DType::F64 => (sys::cudaDataType_t::CUDA_R_64F, [(&raw const one).cast(), (&raw const zero).cast()]),
            _ => (sys::cudaDataType_t::CUDA_R_32F, [(&raw const one32).cast(), (&raw const zero32).cast()]),
        };
        let compute = match (self.dtype, self.precision) {
            (DType::F64, _) => sys::cublasComputeType_t::CUBLAS_COMPUTE_64F,
            (_, Precision::Single) => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
            (_, Precision::Tf32) => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
            (_, Precision::Bf16) => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_16BF,
        };
        let turn = |matrix: Matrix| match matrix.turned {
            true => sys::cublasOperation_t::CUBLAS_OP_T,
            false => sys::cublasOperation_t::CUBLAS_OP_N,
        };
        let size = |value: usize| c_int::try_from(value).map_err(Error::wrap);
        let step = |matrix: Matrix| c_longlong::try_from(matrix.step).map_err(Error::wrap);
        let address = |matrix: Matrix| match matrix.at {
            Arg::Pointer(address) => address as *mut c_void,
            _ => std::ptr::null_mut(),
        };
        let blas = self.device().cublas_handle();
        // SAFETY: addresses and sizes are those of tensors, by the callers in this folder; the handle is the device's and has
        // its stream. cuBLAS counts in columns, so the transposes of both factors are multiplied the other way round.
        unsafe {
            result::gemm_strided_batched_ex(
                *blas.handle(),
                turn(b),
                turn(a),
                size(sizes.columns)?,
                size(sizes.rows)?,
                size(sizes.inner)?,
                factors[0],
                address(b).cast_const(),
                kind,
                size(b.row)?,
                step(b)?,
                address(a).cast_const(),
                kind,
                size(a.row)?,
                step(a)?,
                factors[1],
                address(to),
                kind,
                size(to.row)?,
                step(to)?,
                size(sizes.batch)?,
                compute,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        }
        .map_err(Error::wrap)
    }
}
