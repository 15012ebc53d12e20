//! Where nets are trained.

use std::fmt;
use std::str::FromStr;

/// Where a net is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The processor, on one core.
    #[default]
    Cpu,
    /// An NVIDIA GPU, by its number from 0.
    Cuda(usize),
}

/// Why there is no such device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Not the name of a device.
    #[error("{text:?} is no device; devices are cpu, cuda (the first GPU) and cuda:N (the GPU with number N)")]
    Name {
        /// What was given.
        text: String,
    },
    /// A build that knows no GPUs.
    #[error("this gliss was built without CUDA; build it with `--features cuda`, or train on the cpu")]
    NotBuilt,
    /// The GPU cannot be used.
    #[error("the GPU cuda:{number} cannot be used; `nvidia-smi` lists those that are there")]
    Gpu {
        /// Its number.
        number: usize,
        /// Why.
        source: Box<candle_core::Error>,
    },
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Device, DeviceError> {
        let number = match text {
            "cpu" => return Ok(Device::Cpu),
            "cuda" => Some(0),
            _ => text.strip_prefix("cuda:").and_then(|number| number.parse().ok()),
        };
        number.map(Device::Cuda).ok_or_else(|| DeviceError::Name { text: text.to_owned() })
    }
}

impl Device {
    /// All GPUs that this build can use, in their order; none without CUDA or a driver.
    pub fn gpus() -> Vec<Device> {
        #[cfg(feature = "cuda")]
        let count = candle_core::cuda_backend::cudarc::driver::CudaContext::device_count().unwrap_or(0);
        #[cfg(not(feature = "cuda"))]
        let count = 0;
        (0..usize::try_from(count).unwrap_or(0)).map(Device::Cuda).collect()
    }

    /// Bytes of an open device's memory that nobody uses; 0 for the processor, and where it cannot be known.
    pub(crate) fn free_memory(open: &candle_core::Device) -> u64 {
        #[cfg(feature = "cuda")]
        if let candle_core::Device::Cuda(device) = open {
            let info = device.cuda_stream().context().mem_get_info();
            return info.map_or(0, |(free, _)| free as u64);
        }
        let _ = open;
        0
    }

    /// The device, for use by one thread: each call makes a stream of its own on a GPU.
    ///
    /// # Errors
    /// A build without CUDA, or a GPU that is not there or cannot be used.
    pub fn open(self) -> Result<candle_core::Device, DeviceError> {
        match self {
            Device::Cpu => Ok(candle_core::Device::Cpu),
            #[cfg(not(feature = "cuda"))]
            Device::Cuda(_) => Err(DeviceError::NotBuilt),
            #[cfg(feature = "cuda")]
            Device::Cuda(number) => {
                gliss_nets::open_gpu(number).map_err(|source| DeviceError::Gpu { number, source: Box::new(source) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for (text, device) in [("cpu", Device::Cpu), ("cuda:0", Device::Cuda(0)), ("cuda:11", Device::Cuda(11))] {
            assert_eq!((device.to_string().as_str(), text.parse::<Device>().ok()), (text, Some(device)));
        }
        assert_eq!("cuda".parse::<Device>().ok(), Some(Device::Cuda(0)));
        for wrong in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            assert!(matches!(wrong.parse::<Device>(), Err(DeviceError::Name { .. })), "{wrong}");
        }
    }

    #[test]
    fn the_processor_is_always_there() {
        assert!(Device::Cpu.open().is_ok_and(|device| device.is_cpu()));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_so() {
        assert!(Device::gpus().is_empty());
        assert!(matches!(Device::Cuda(0).open(), Err(DeviceError::NotBuilt)));
    }
}
