//! Prepares features before the first trial, so that a broken data set is seen at once. What takes longer than patience
//! lasts is left to the trials, which begin while the rest of their clips is prepared.

use std::collections::{BTreeMap, BTreeSet};
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

/// Every combination of data, features and, where clips are changed, of splits in a plan, once: which clips are changed
/// depends on who trains.
fn combinations(plan: &SweepPlan) -> Vec<Training> {
    let points = plan.space.len().unwrap_or(u64::MAX).min(SEARCHED);
    let mut found = BTreeMap::new();
    for index in 0..points {
        let Some(settings) = plan.settings(index) else { break };
        if let Ok((Recipe::Train(training), _)) = Recipe::read(&settings) {
            let Training { data, split, features, augment, .. } = &*training;
            let changed = !(augment.copies.is_empty() && augment.online.is_empty());
            let key = json!([data, features, augment, changed.then_some(split)]).to_string();
            found.entry(key).or_insert(*training);
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
    // Of one data set that is dealt out in several ways the same is odd.
    let mut told = BTreeSet::new();
    let mut tell = |text: String| {
        if !told.contains(&text) {
            printer.talk(&text);
            told.insert(text);
        }
    };
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
            tell(format!("warning: {warning}"));
        }
        for skipped in examples.skipped() {
            tell(format!("  skipped {}: {}", skipped.path.display(), skipped.reason));
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

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_spec::Source;

    fn folds(augment: &str) -> usize {
        let text = format!(
            "name: folds
method: grid
metric: {{name: valid_accuracy, goal: maximize}}
recipe:
  data: {{source: folder, path: clips}}
  split: {{method: kfold, folds: 5}}
  net: {{name: mlp}}
  {augment}
parameters:
  split.fold: {{values: [0, 1, 2, 3, 4]}}
  epochs: {{values: [1, 2]}}
"
        );
        let source = Source::from_bytes("folds.yaml".to_owned(), text.as_bytes()).expect("text");
        let planned = gliss_spec::plan(&source, &[], Path::new("/")).expect("a sweep");
        combinations(&planned.plan).len()
    }

    // The first fold's training side alone had its copies made before the trials.
    #[test]
    fn each_fold_has_copies_of_its_own() {
        assert_eq!(folds(""), 1);
        assert_eq!(folds("augment: {copies: [[{noise: 0.01}]]}"), 5);
    }
}
