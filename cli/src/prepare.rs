//! Prepares features before the first trial, so that a broken data set is seen at once. What takes longer than patience
//! lasts is left to the trials, which begin while the rest of their clips is prepared.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gliss_train::data::DataError;
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

/// So long trials wait until every clip was seen. After that, training beside preparation is worth more.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every combination of data and features in a plan, once.
fn combinations(plan: &SweepPlan) -> Vec<Training> {
    let points = plan.space.len().unwrap_or(u64::MAX).min(SEARCHED);
    let mut found = BTreeMap::new();
    for index in 0..points {
        let Some(settings) = plan.settings(index) else { break };
        if let Ok((Recipe::Train(training), _)) = Recipe::read(&settings) {
            found.entry(json!([training.data, training.features, training.augment]).to_string()).or_insert(*training);
        }
    }
    found.into_values().collect()
}

/// Prepares everything that a plan needs, as far as patience lasts. Blocks; `stop` ends it early without an error.
pub(crate) fn prepare(
    printer: &Printer,
    plan: &SweepPlan,
    cache: &Path,
    threads: usize,
    stop: &Arc<Control>,
) -> Result<(), Failure> {
    let library = Library::new(cache, threads);
    let (began, mut late) = (Instant::now(), None);
    for training in combinations(plan) {
        let bar = clips_bar(printer);
        bar.set_message("preparing features");
        let show = |done: usize, total: usize| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        };
        let prepared = (|| {
            let examples = library.examples(&training, &mut |done, total| show(done, total), stop)?;
            let deal = examples.deal(&training.split);
            let enough = Control::new();
            let mut counts = (0, examples.len());
            let mut progress = |done, total| {
                show(done, total);
                counts = (done, total);
                if stop.stopped() || began.elapsed() > PATIENCE {
                    enough.stop();
                }
            };
            // Without a deal nothing is trained, but what is wrong with the clips is worth knowing.
            let waited = match &deal {
                Ok(deal) => examples.wait_for(&training, deal, &mut progress, &enough),
                Err(_) => examples.wait_all(&mut progress, &enough),
            };
            match waited {
                Err(DataError::Stopped) => late = late.or(Some(counts)),
                other => other?,
            }
            Ok::<_, DataError>((examples, deal))
        })();
        bar.finish_and_clear();
        if stop.stopped() {
            return Ok(());
        }
        let refuse = |error: &dyn std::error::Error| {
            Failure::new(Exit::Usage, format!("failed to {}", chain(error)), "nothing was started")
        };
        let (examples, deal) = prepared.map_err(|error| refuse(&error))?;
        for warning in examples.warnings() {
            printer.talk(&format!("warning: {warning}"));
        }
        for skipped in examples.skipped() {
            printer.talk(&format!("  skipped {}: {}", skipped.path.display(), skipped.reason));
        }
        let deal = deal.map_err(|error| refuse(&error))?;
        examples.refuse_empty_sides(&deal).map_err(|error| refuse(&error))?;
    }
    if let Some((done, total)) = late {
        printer.talk(&format!(
            "{done} of {total} clips are prepared; trials begin while the rest is prepared beside them"
        ));
    }
    Ok(())
}
