//! Tells the C library's allocator to keep what training gives back.

/// Blocks up to this size come from the heap; the C library takes no higher threshold.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const FROM_THE_HEAP: i32 = 32 << 20;

/// What may lie unused at the end of a heap before it goes back to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: i32 = 512 << 20;

/// Keeps big blocks in the process. A training step and a clip's preparation take and give back the same blocks of
/// megabytes again and again; by default each is mapped anew and its pages are cleared, which is a fifth of the time of
/// preparing clips (docs/measurements.md). Leaves the user's own `MALLOC_MMAP_THRESHOLD_`, `MALLOC_TRIM_THRESHOLD_` and
/// `GLIBC_TUNABLES` alone. False where the C library refuses; another C library than glibc is not asked.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the allocator has no other interface")]
pub(crate) fn keep_blocks() -> bool {
    let names = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"];
    if names.iter().any(|name| std::env::var_os(name).is_some()) {
        return true;
    }
    let settings = [(libc::M_MMAP_THRESHOLD, FROM_THE_HEAP), (libc::M_TRIM_THRESHOLD, KEPT)];
    // SAFETY: `mallopt` takes two numbers, may be called at any time, and locks what it changes.
    settings.into_iter().all(|(name, value)| unsafe { libc::mallopt(name, value) } == 1)
}

/// Other C libraries keep to their ways.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_blocks() -> bool {
    true
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_c_library_takes_the_thresholds() {
        assert!(super::keep_blocks());
    }
}
