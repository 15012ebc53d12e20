//! Runs a scenario, and finds the few faults that matter where it fails.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::scenario::Scenario;
use super::world::{Told, World};

/// A promise that was broken.
#[derive(Debug)]
pub struct Failure {
    /// With these faults left, which all are needed.
    pub scenario: Scenario,
    /// What was broken.
    pub what: String,
    /// What happened, the last of it.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenario { seed, slots, sweeps, faults, .. } = &self.scenario;
        writeln!(f, "seed {seed}: {}", self.what)?;
        writeln!(f, "GLISS_SIM_SEED={seed} cargo test -p gliss-tests --test simulation shows it again")?;
        writeln!(f, "slots {slots:?}, sweeps (trials, epochs, submitted at) {sweeps:?}, faults that it takes:")?;
        for (at, fault) in faults {
            writeln!(f, "  {at:>7} ms  {fault:?}")?;
        }
        writeln!(f, "what happened, the last of it:")?;
        self.trace.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Runs a scenario to its end.
///
/// # Errors
/// A promise was broken; the scenario is then the smallest that was found to break one.
pub fn find_out(scenario: &Scenario) -> Result<Told, Box<Failure>> {
    if let Ok(told) = run(scenario, false).0 {
        return Ok(told);
    }
    let mut least = scenario.clone();
    // From halves to single faults, as in delta debugging: what is not needed goes.
    let mut size = least.faults.len().div_ceil(2);
    while size > 0 {
        let mut begin = 0;
        while begin < least.faults.len() {
            let mut without = least.clone();
            without.faults.drain(begin..(begin + size).min(without.faults.len()));
            if run(&without, false).0.is_err() {
                least = without;
            } else {
                begin += size;
            }
        }
        size /= 2;
    }
    let (result, trace) = run(&least, true);
    let what =
        result.err().unwrap_or_else(|| "it failed once and not again: a run is not a function of its scenario".into());
    Err(Box::new(Failure { scenario: least, what, trace }))
}

/// Runs it; a panic anywhere is a failure like any other.
fn run(scenario: &Scenario, trace: bool) -> (Result<Told, String>, Vec<String>) {
    let mut world = World::new(scenario.clone(), trace);
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    let result = result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "a panic".into()))
    });
    (result, world.into_trace())
}
