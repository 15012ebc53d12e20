//! Prepares features before the first trial, so that no trial waits and a broken data set is seen at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gliss_train::{Control, Library};
use gliss_types::recipe::Training;
use gliss_types::{Recipe, SweepPlan};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::printer::Printer;
use crate::progress::clips_bar;

/// Points that are searched for different features; a sweep over more than that prepares the rest as it goes on.
const SEARCHED: u64 = 20_000;

/// Every combination of data and features in a plan, once.
fn combinations(plan: &SweepPlan) -> Vec<Training> {
    let points = plan.space.len().unwrap_or(u64::MAX).min(SEARCHED);
    let mut found = BTreeMap::new();
    for index in 0..points {
        let Some(settings) = plan.settings(index) else { break };
        if let Ok((Recipe::Train(training), _)) = Recipe::read(&settings) {
            found.entry(json!([training.data, training.features]).to_string()).or_insert(*training);
        }
    }
    found.into_values().collect()
}

/// Prepares everything that a plan needs. Blocks; `stop` ends it early without an error.
pub(crate) fn prepare(
    printer: &Printer,
    plan: &SweepPlan,
    cache: &Path,
    threads: usize,
    stop: &Arc<Control>,
) -> Result<(), Failure> {
    let library = Library::new(cache, threads);
    for training in combinations(plan) {
        let bar = clips_bar(printer);
        bar.set_message("preparing features");
        let mut progress = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        let examples = library.examples(&training, &mut progress, stop);
        bar.finish_and_clear();
        if stop.stopped() {
            return Ok(());
        }
        let examples = examples.map_err(|error| {
            Failure::new(Exit::Usage, format!("failed to {}", chain(&error)), "nothing was started")
        })?;
        for warning in &examples.warnings {
            printer.talk(&format!("warning: {warning}"));
        }
        for skipped in &examples.skipped {
            printer.talk(&format!("  skipped {}: {}", skipped.path.display(), skipped.reason));
        }
        examples.deal(&training.split).map_err(|error| {
            Failure::new(Exit::Usage, format!("failed to {}", chain(&error)), "nothing was started")
        })?;
    }
    Ok(())
}
