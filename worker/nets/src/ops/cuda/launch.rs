//! Kernels: their sources, compiled when first used, and how they are started.

#![expect(unsafe_code, reason = "kernels take addresses, and read and write what they are told to")]

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use candle_core::cuda_backend::DeviceId;
use candle_core::cuda_backend::cudarc::driver::{CudaFunction, DevicePtr, LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, CudaStorage, DType, Device, Error, Result, Shape, Storage, Tensor};
use gliss_types::recipe::Precision;

use super::product::precision;
use crate::ops::OpError;

/// A file of kernels.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

const COMMON: &str = include_str!("kernels/common.cu");

/// Threads of a block where nothing else is said.
const THREADS: u32 = 256;

/// How many threads a kernel is started with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// One for each of so many, or a part of them if there are too many.
    Each(usize),
    /// The same in so many rows of blocks.
    Rows(usize, u32),
    /// So many blocks of 256.
    Blocks(usize),
    /// So many blocks and rows of blocks of 256.
    Grid(u32, usize),
    /// So many blocks of so many threads that share so many bytes.
    Shared { blocks: usize, threads: usize, bytes: usize },
}

/// An argument of a kernel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arg {
    /// An address on the device.
    Pointer(u64),
    /// A whole number.
    U32(u32),
    /// A longer one.
    U64(u64),
    /// A number.
    F64(f64),
}

impl From<f64> for Arg {
    fn from(value: f64) -> Arg {
        Arg::F64(value)
    }
}

impl From<bool> for Arg {
    fn from(value: bool) -> Arg {
        Arg::U32(u32::from(value))
    }
}

/// A GPU with the number type of an operation's tensors.
#[derive(Debug, Clone)]
pub(super) struct Gpu {
    op: &'static str,
    device: CudaDevice,
    pub(super) dtype: DType,
    pub(super) precision: Precision,
}

/// Values that a kernel is to write.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) storage: CudaStorage,
    pub(super) shape: Shape,
    address: u64,
}

impl Fresh {
    /// Where value `from` is.
    pub(super) fn at(&self, from: usize) -> Arg {
        let size = candle_core::backend::BackendStorage::dtype(&self.storage).size_in_bytes();
        Arg::Pointer(self.address + (from * size) as u64)
    }

    /// As a tensor that no gradient passes.
    pub(super) fn tensor(self) -> Tensor {
        Tensor::from_storage(Storage::Cuda(self.storage), self.shape, BackpropOp::none(), false)
    }
}

impl Gpu {
    /// The device of a tensor of f32 or f64.
    pub(super) fn of(op: &'static str, tensor: &Tensor) -> Result<Gpu> {
        match (tensor.device(), tensor.dtype()) {
            (Device::Cuda(device), dtype @ (DType::F32 | DType::F64)) => {
                Ok(Gpu { op, device: device.clone(), dtype, precision: precision() })
            }
            (Device::Cuda(_), got) => Err(OpError::Numbers { op, got }.into_candle()),
            _ => Err(OpError::Device { op }.into_candle()),
        }
    }

    /// The device itself.
    pub(super) fn device(&self) -> &CudaDevice {
        &self.device
    }

    /// Room for values of the operation's type.
    pub(super) fn fresh(&self, shape: impl Into<Shape>) -> Result<Fresh> {
        self.fresh_of(self.dtype, shape)
    }

    /// Room for values of f32, f64, u32 or u8.
    pub(super) fn fresh_of(&self, dtype: DType, shape: impl Into<Shape>) -> Result<Fresh> {
        let shape = shape.into();
        // A kernel's indices have 32 bits.
        let count = whole(self.op, shape.elem_count())?.max(1) as usize;
        macro_rules! room {
            ($t:ty) => {{
                // SAFETY: nothing reads these values before a kernel of ours has written all of them, because each
                // kernel writes every value of what it is given to write, and the stream keeps the order.
                let slice = unsafe { self.device.alloc::<$t>(count)? };
                let address = slice.device_ptr(&self.device.cuda_stream()).0;
                (CudaStorage::wrap_cuda_slice(slice, self.device.clone()), address)
            }};
        }
        let (storage, address) = match dtype {
            DType::F32 => room!(f32),
            DType::F64 => room!(f64),
            DType::U32 => room!(u32),
            DType::U8 => room!(u8),
            got => return Err(OpError::Numbers { op: self.op, got }.into_candle()),
        };
        Ok(Fresh { storage, shape, address })
    }

    /// The address of a contiguous tensor's first value, on this device and of type `dtype`. The tensor must be kept until
    /// the kernel that gets it has been started: memory is given back in the order of the stream.
    pub(super) fn of_type(&self, dtype: DType, tensor: &Tensor) -> Result<Arg> {
        let op = self.op;
        let (storage, layout) = tensor.storage_and_layout();
        let Storage::Cuda(storage) = &*storage else { return Err(OpError::Device { op }.into_candle()) };
        if !tensor.device().same_device(&Device::Cuda(self.device.clone())) {
            return Err(OpError::Device { op }.into_candle());
        }
        if tensor.dtype() != dtype {
            return Err(OpError::Numbers { op, got: tensor.dtype() }.into_candle());
        }
        if !layout.is_contiguous() {
            return Err(Error::RequiresContiguous { op }.bt());
        }
        let stream = self.device.cuda_stream();
        let first = match dtype {
            DType::F32 => storage.as_cuda_slice::<f32>()?.device_ptr(&stream).0,
            DType::F64 => storage.as_cuda_slice::<f64>()?.device_ptr(&stream).0,
            DType::U32 => storage.as_cuda_slice::<u32>()?.device_ptr(&stream).0,
            DType::U8 => storage.as_cuda_slice::<u8>()?.device_ptr(&stream).0,
            got => return Err(OpError::Numbers { op, got }.into_candle()),
        };
        Ok(Arg::Pointer(first + (layout.start_offset() * dtype.size_in_bytes()) as u64))
    }

    /// [`Gpu::of_type`] for the operation's own type.
    pub(super) fn values(&self, tensor: &Tensor) -> Result<Arg> {
        self.of_type(self.dtype, tensor)
    }

    /// A whole number for a kernel.
    pub(super) fn whole(&self, value: usize) -> Result<Arg> {
        Ok(Arg::U32(whole(self.op, value)?))
    }

    /// Starts a kernel. What it reads and writes must be of the sizes that it expects, by its source.
    pub(super) fn launch(&self, source: &Source, kernel: &'static str, size: Size, arguments: &[Arg]) -> Result<()> {
        let function = self.function(source, kernel)?;
        let stream = self.device.cuda_stream();
        let mut launch = stream.launch_builder(&function);
        for argument in arguments {
            match argument {
                Arg::Pointer(address) | Arg::U64(address) => launch.arg(address),
                Arg::U32(value) => launch.arg(value),
                Arg::F64(value) => launch.arg(value),
            };
        }
        let op = self.op;
        let blocks = |count: usize| count.div_ceil(THREADS as usize).clamp(1, 1 << 20) as u32;
        let plain = |grid| (grid, THREADS, 0);
        let (grid, threads, bytes) = match size {
            Size::Each(count) => plain((blocks(count), 1)),
            Size::Rows(count, rows) => plain((blocks(count), rows)),
            Size::Blocks(count) => plain((whole(op, count)?, 1)),
            Size::Grid(columns, rows) => plain((columns, whole(op, rows)?)),
            Size::Shared { blocks, threads, bytes } => {
                ((whole(op, blocks)?, 1), whole(op, threads)?, whole(op, bytes)?)
            }
        };
        let shape = LaunchConfig { grid_dim: (grid.0, grid.1, 1), block_dim: (threads, 1, 1), shared_mem_bytes: bytes };
        // SAFETY: the callers in this folder give each kernel arguments of the number and types of its declaration, with
        // sizes that they take from the tensors whose addresses they give; the GPU tests run every kernel.
        unsafe { launch.launch(shape) }.map_err(Error::wrap)?;
        Ok(())
    }

    /// A kernel, compiled for this device and number type.
    fn function(&self, source: &Source, kernel: &'static str) -> Result<CudaFunction> {
        type Functions = Mutex<HashMap<(DeviceId, DType, &'static str), CudaFunction>>;
        static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
        let functions = FUNCTIONS.get_or_init(Functions::default);
        let key = (self.device.id(), self.dtype, kernel);
        if let Some(function) = functions.lock().expect("no holder of this lock panics").get(&key) {
            return Ok(function.clone());
        }
        let ptx = self.compiled(source)?;
        let module = format!("{} {:?}", source.name, self.dtype);
        let function = self.device.get_or_load_custom_func(kernel, &module, &ptx)?.into_cuda_function();
        functions.lock().expect("no holder of this lock panics").insert(key, function.clone());
        Ok(function)
    }

    /// A file of kernels for this device's architecture and number type.
    fn compiled(&self, source: &Source) -> Result<String> {
        type Compiled = Mutex<HashMap<(&'static str, DType, (i32, i32)), String>>;
        static COMPILED: OnceLock<Compiled> = OnceLock::new();
        let (major, minor) = self.device.cuda_stream().context().compute_capability().map_err(Error::wrap)?;
        let mut compiled = COMPILED.get_or_init(Compiled::default).lock().expect("no holder of this lock panics");
        let key = (source.name, self.dtype, (major, minor));
        if let Some(ptx) = compiled.get(&key) {
            return Ok(ptx.clone());
        }
        let [number, smallest] = match self.dtype {
            DType::F64 => ["double", "2.2250738585072014e-308"],
            _ => ["float", "1.1754943508222875e-38f"],
        };
        let options = vec![
            format!("--gpu-architecture=compute_{major}{minor}"),
            format!("-DNUMBER={number}"),
            format!("-DSMALLEST={smallest}"),
        ];
        let text = format!("{COMMON}\n{}", source.text);
        let options = CompileOptions { options, name: Some(source.name.to_owned()), ..CompileOptions::default() };
        let ptx = compile_ptx_with_opts(text, options).map_err(Error::wrap)?.to_src();
        compiled.insert(key, ptx.clone());
        Ok(ptx)
    }
}

fn whole(op: &'static str, value: usize) -> Result<u32> {
    let too_much = |_| {
        let rule = "at most 2^32 - 1 values".to_owned();
        OpError::Shape { op, what: "a tensor on the GPU", got: vec![value], rule }.into_candle()
    };
    u32::try_from(value).map_err(too_much)
}
