//! Who a worker is and how it is to behave.

use std::path::PathBuf;
use std::time::Duration;

/// Where nets are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor; one core an attempt.
    Cpu,
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
        }
    }
}

/// Who a worker is.
#[derive(Debug, Clone)]
pub struct Config {
    /// The coordinator's address, `http://HOST:PORT`.
    pub coordinator: String,
    /// For people.
    pub name: String,
    /// The same instance is the same worker: a process that is restarted in place keeps it, two processes never share it.
    pub instance: String,
    /// Attempts at once, 1 to 1024.
    pub slots: usize,
    /// Where its nets are trained.
    pub device: Device,
    /// Folder of the feature cache.
    pub cache: PathBuf,
    /// Threads that prepare features.
    pub threads: usize,
    /// The coordinator's token, if it wants one.
    pub token: Option<String>,
    /// How long to look for a coordinator that was never there; `None` looks for ever.
    pub give_up: Option<Duration>,
    /// How long attempts may take to stop when the worker leaves.
    pub grace: Duration,
}
