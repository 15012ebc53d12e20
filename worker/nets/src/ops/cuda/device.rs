//! A GPU as the operations here want it.

#![expect(unsafe_code, reason = "the driver's own settings, which have no safe way in")]

use candle_core::cuda_backend::cudarc::driver::{result, sys};
use candle_core::{CudaDevice, Device, Error, Result};

/// The GPU of that number, with a stream of its own, on which everything that is done with its tensors happens in order.
///
/// # Errors
/// No driver, no such GPU, or one that refuses.
pub fn open_gpu(number: usize) -> Result<Device> {
    let device = CudaDevice::new_with_stream(number)?;
    // SAFETY: tensors of this device never leave its one stream (streams of other devices' tensors are never mixed in one
    // operation, which candle checks), so that its order is all the order that is needed.
    unsafe { device.disable_event_tracking() };
    keep_memory(&device)?;
    Ok(Device::Cuda(device))
}

/// Has the driver keep what is freed for the next tensors: otherwise it gives memory back whenever the host waits, and each
/// step begins by asking for it again.
fn keep_memory(device: &CudaDevice) -> Result<()> {
    let stream = device.cuda_stream();
    let mut all = u64::MAX;
    // SAFETY: the pool is the device's own, which lives as long as its context; the attribute takes a 64-bit number, which
    // the call copies.
    unsafe {
        let pool = result::device::get_default_mem_pool(stream.context().cu_device()).map_err(Error::wrap)?;
        let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        result::mem_pool::set_attribute(pool, attribute, (&raw mut all).cast()).map_err(Error::wrap)
    }
}
