//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Longer than anything takes that works, on a machine that has much else to do.
const LONG: Duration = Duration::from_secs(120);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until `probe` yields something.
///
/// # Panics
/// When it yields nothing for too long; `what` says what was waited for.
pub(crate) fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(begin.elapsed() < LONG, "waited {LONG:?} for {what}");
        std::thread::sleep(PAUSE);
    }
}
