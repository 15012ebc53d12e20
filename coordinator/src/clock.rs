//! The one place that reads clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use gliss_engine::Millis;

/// Milliseconds since 1970 that never run backwards while the process lives: the wall clock at the start, the
/// monotonic clock from there on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    wall: u64,
}

impl Clock {
    /// Reads the wall clock once. A clock before 1970 counts as 1970.
    pub(crate) fn start() -> Clock {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        Clock { start: Instant::now(), wall }
    }

    /// The time.
    pub(crate) fn now(&self) -> Millis {
        Millis(self.wall + self.start.elapsed().as_millis() as u64)
    }
}
