//! Prints what was measured beside what is allowed, and fails if anything is over.

/// A table of measurements.
pub(crate) struct Table {
    title: &'static str,
    rows: Vec<(String, f64, f64)>,
}

impl Table {
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, rows: Vec::new() }
    }

    /// `seen` must be at most `allowed`.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, seen: f64, allowed: f64) {
        self.rows.push((what.into(), seen, allowed));
    }
}

impl Drop for Table {
    #[expect(clippy::print_stderr, reason = "the distance to each tolerance is worth reading")]
    fn drop(&mut self) {
        eprintln!("{:<44} {:>12} {:>12}", self.title, "error", "allowed");
        let mut over = Vec::new();
        for (what, seen, allowed) in &self.rows {
            // A NaN is over.
            let good = seen <= allowed;
            eprintln!("{what:<44} {seen:>12.3e} {allowed:>12.3e}{}", if good { "" } else { "  OVER" });
            if !good {
                over.push(what);
            }
        }
        if !std::thread::panicking() {
            assert!(!self.rows.is_empty(), "{}: nothing was measured", self.title);
            assert!(over.is_empty(), "{}: over the tolerance: {over:?}", self.title);
        }
    }
}
