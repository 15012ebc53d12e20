//! The store on disk, and both journals held to one contract.

use std::path::Path;

use gliss_coordinator::{Batch, FILE_NAME, Journal, MemoryJournal, Store, StoreError};
use gliss_engine::{Fact, Millis};
use gliss_types::{MetricPoint, SweepId, TrialId, TrialState};

fn trial(number: u32) -> TrialId {
    TrialId { sweep: SweepId(1), number }
}

fn paused(at: u64) -> Fact {
    Fact::SweepPaused { sweep: SweepId(1), reason: None, at: Millis(at) }
}

fn closed(number: u32) -> Fact {
    Fact::TrialClosed { trial: trial(number), state: TrialState::Completed, summary: None, reason: None, at: Millis(9) }
}

fn point(metric: &str, step: u32, value: f64) -> MetricPoint {
    MetricPoint { metric: metric.into(), step, value }
}

fn batch(facts: Vec<Fact>, points: Vec<(TrialId, Vec<MetricPoint>)>) -> Batch {
    Batch { facts, points }
}

/// What every journal must do.
fn contract(journal: &mut dyn Journal) {
    assert_eq!(journal.facts().expect("readable"), []);
    assert_eq!(journal.curves(trial(1)).expect("readable"), []);
    let steps = [
        batch(vec![paused(1), paused(2)], vec![]),
        batch(vec![paused(3)], vec![(trial(1), vec![point("b", 1, 0.5), point("a", 1, 0.1)])]),
        batch(vec![paused(4)], vec![(trial(1), vec![point("b", 2, 0.25)]), (trial(2), vec![point("b", 1, 7.0)])]),
        // Stored again, as after a checkpoint that was lost: the later value counts.
        batch(vec![paused(5), closed(1)], vec![(trial(1), vec![point("b", 2, 0.125)])]),
    ];
    for step in &steps {
        journal.append(step).expect("stored");
    }
    let facts: Vec<Fact> = steps.into_iter().flat_map(|s| s.facts).collect();
    assert_eq!(journal.facts().expect("readable"), facts);
    let curves = journal.curves(trial(1)).expect("readable");
    let named: Vec<_> = curves.iter().map(|c| (c.metric.as_str(), c.points.clone())).collect();
    assert_eq!(named, [("a", vec![(1, 0.1)]), ("b", vec![(1, 0.5), (2, 0.125)])]);
    assert_eq!(journal.curves(trial(2)).expect("readable")[0].points, [(1, 7.0)]);
}

#[test]
fn both_journals_keep_the_contract() {
    contract(&mut MemoryJournal::default());
    let folder = tempfile::tempdir().expect("a folder");
    contract(&mut Store::open(folder.path()).expect("a new store"));
}

#[test]
fn what_was_stored_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(folder.path()).expect("a new store");
    store.append(&batch(vec![paused(1)], vec![(trial(1), vec![point("a", 1, 0.1)])])).expect("stored");
    store.append(&batch(vec![paused(2)], vec![(trial(2), vec![point("a", 1, 0.2)])])).expect("stored");
    store.append(&batch(vec![closed(2)], vec![])).expect("stored");
    assert_eq!(store.folded().expect("readable"), 1);
    drop(store);
    let mut store = Store::open_existing(folder.path()).expect("it is there");
    assert_eq!(store.facts().expect("readable"), [paused(1), paused(2), closed(2)]);
    assert_eq!(store.batches(), 3);
    store.append(&batch(vec![closed(1)], vec![(trial(1), vec![point("a", 2, 0.3)])])).expect("stored");
    assert_eq!(store.curves(trial(1)).expect("readable")[0].points, [(1, 0.1), (2, 0.3)]);
    assert_eq!(store.curves(trial(2)).expect("readable")[0].points, [(1, 0.2)]);
    assert_eq!(store.folded().expect("readable"), 2);
}

#[test]
fn a_store_has_one_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let _owner = Store::open(folder.path()).expect("a new store");
    assert!(matches!(Store::open(folder.path()), Err(StoreError::InUse { .. })));
}

#[test]
fn what_is_not_there_is_not_made_by_looking() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(Store::open_existing(folder.path()), Err(StoreError::Absent { .. })));
    assert!(!folder.path().join(FILE_NAME).exists());
}

/// Writes another format number into a store, as a newer version would.
fn age(folder: &Path, format: &str) {
    let meta: redb::TableDefinition<'_, &str, &str> = redb::TableDefinition::new("meta");
    let db = redb::Database::open(folder.join(FILE_NAME)).expect("it is there");
    let write = db.begin_write().expect("writable");
    write.open_table(meta).expect("a table").insert("format", format).expect("written");
    write.open_table(meta).expect("a table").insert("program", "9.9.9").expect("written");
    write.commit().expect("written");
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Store::open(folder.path()).expect("a new store"));
    age(folder.path(), "2");
    let bytes = std::fs::read(folder.path().join(FILE_NAME)).expect("readable");
    let error = Store::open(folder.path()).expect_err("it is newer");
    assert!(matches!(&error, StoreError::Newer { found: 2, known: 1, program, .. } if program == "9.9.9"), "{error}");
    assert_eq!(std::fs::read(folder.path().join(FILE_NAME)).expect("readable").len(), bytes.len());
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(FILE_NAME), b"this is not a store at all, but it is here").expect("written");
    let error = Store::open(folder.path()).expect_err("it is no store");
    assert!(matches!(error, StoreError::Medium { .. }), "{error}");
}
