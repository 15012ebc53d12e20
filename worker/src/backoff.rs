//! How long to wait before the next try.

use std::time::Duration;

/// Doubles from 50 ms to 5 s, each wait shortened by up to half so that many workers do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    tries: u32,
    /// Tells workers apart; no randomness is needed for that.
    salt: u64,
}

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

impl Backoff {
    /// Waits of the worker that `name` names.
    pub(crate) fn new(name: &str) -> Backoff {
        // FNV-1a.
        let salt = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Backoff { tries: 0, salt }
    }

    /// A connection stood: the next wait is short again.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.tries.min(7)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        self.salt = self.salt.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (self.salt >> 40) as f64 / (1u64 << 24) as f64;
        full.mul_f64(1.0 - share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_differ_between_workers() {
        let waits = |name| {
            let mut backoff = Backoff::new(name);
            (0..20).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        let a = waits("a");
        assert!(a[0] <= FIRST && a[0] >= FIRST / 2);
        assert!(a.iter().all(|w| *w <= LONGEST) && a[19] >= LONGEST / 2);
        assert_ne!(a, waits("b"));
    }
}
