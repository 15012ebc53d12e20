//! Which attempt trains where.

use std::sync::{Arc, Mutex};

use gliss_train::Device;

/// The devices of a worker, and how many attempts each has.
#[derive(Debug)]
pub(crate) struct Devices(Mutex<Vec<(Device, usize)>>);

/// A device while an attempt has it.
#[derive(Debug)]
pub(crate) struct Taken {
    devices: Arc<Devices>,
    place: usize,
    device: Device,
}

impl Devices {
    /// These, without attempts; the CPU if there are none.
    pub(crate) fn new(devices: &[Device]) -> Devices {
        let devices = if devices.is_empty() { &[Device::Cpu] } else { devices };
        Devices(Mutex::new(devices.iter().map(|device| (*device, 0)).collect()))
    }

    /// The device with the fewest attempts, the first of equals.
    pub(crate) fn take(self: &Arc<Self>) -> Taken {
        let mut all = self.0.lock().expect("no holder of this lock panics");
        let fewest = all.iter_mut().enumerate().min_by_key(|(_, (_, attempts))| *attempts);
        let (place, (device, attempts)) = fewest.expect("there is at least one device");
        *attempts += 1;
        Taken { devices: Arc::clone(self), place, device: *device }
    }
}

impl Taken {
    pub(crate) fn device(&self) -> Device {
        self.device
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Ok(mut all) = self.devices.0.lock() {
            all[self.place].1 -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_spread_and_places_given_back() {
        let devices = Arc::new(Devices::new(&[Device::Cuda(0), Device::Cuda(1)]));
        let first = devices.take();
        let second = devices.take();
        assert_eq!([first.device(), second.device()], [Device::Cuda(0), Device::Cuda(1)]);
        assert_eq!(devices.take().device(), Device::Cuda(0));
        drop(second);
        assert_eq!(devices.take().device(), Device::Cuda(1), "the third is gone, too");
        drop(first);
        let all = devices.0.lock().expect("nobody panicked");
        assert_eq!(*all, [(Device::Cuda(0), 0), (Device::Cuda(1), 0)]);
    }

    #[test]
    fn a_worker_without_devices_has_the_cpu() {
        assert_eq!(Arc::new(Devices::new(&[])).take().device(), Device::Cpu);
    }
}
