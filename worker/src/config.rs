//! Who a worker is and how it is to behave.

use std::path::PathBuf;
use std::time::Duration;

use gliss_train::Device;

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
    /// Where its nets are trained: each attempt on the device that has the fewest.
    pub devices: Vec<Device>,
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
