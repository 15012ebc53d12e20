//! Processor time of the calling thread, so that a busy machine does not lengthen what is measured.

use std::time::{Duration, Instant};

/// A point in the processor time of this thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// On Linux, what the scheduler has counted for this thread.
    Spent(Duration),
    /// Elsewhere the wall's clock.
    Wall(Instant),
}

impl Moment {
    /// Now. `/proc/thread-self/schedstat` starts with the nanoseconds that the thread has had a processor.
    pub(crate) fn now() -> Self {
        let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        match spent.and_then(|text| text.split(' ').next()?.parse().ok()) {
            Some(nanoseconds) => Self::Spent(Duration::from_nanos(nanoseconds)),
            None => Self::Wall(Instant::now()),
        }
    }

    /// The time since then; on the thread that took it.
    pub(crate) fn elapsed(self) -> Duration {
        match (self, Self::now()) {
            (Self::Spent(then), Self::Spent(now)) => now.saturating_sub(then),
            (Self::Wall(then), _) => then.elapsed(),
            (Self::Spent(_), Self::Wall(_)) => Duration::ZERO,
        }
    }
}
