//! The one way to stop work that is under way.

use std::sync::atomic::{AtomicBool, Ordering};

/// Asks training and preparation to stop. Shared between the thread that asks and those that work; asking cannot be
/// taken back.
#[derive(Debug, Default)]
pub struct Control {
    stop: AtomicBool,
}

impl Control {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop. Training stops before its next step, preparation before its next clip.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
