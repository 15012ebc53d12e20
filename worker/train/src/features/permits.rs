//! How many threads prepare at once, over all data sets of a library.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often somebody who waits looks whether to give up.
const LOOK: Duration = Duration::from_millis(50);

/// Leave to work, for so many at a time.
#[derive(Debug)]
pub(crate) struct Permits {
    free: Mutex<usize>,
    changed: Condvar,
}

/// Leave to work, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit<'a>(&'a Permits);

impl Permits {
    /// For at least one at a time.
    pub(crate) fn new(count: usize) -> Self {
        Permits { free: Mutex::new(count.max(1)), changed: Condvar::new() }
    }

    /// Waits for leave to work. None once `given_up` says so.
    pub(super) fn wait(&self, given_up: impl Fn() -> bool) -> Option<Permit<'_>> {
        let mut free = self.free();
        while !given_up() {
            if *free > 0 {
                *free -= 1;
                return Some(Permit(self));
            }
            free = self.changed.wait_timeout(free, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        None
    }

    /// A number is whole whatever happened to who held it.
    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.changed.notify_one();
    }
}
