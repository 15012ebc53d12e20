//! A journal in memory, for tests.

use std::collections::BTreeMap;

use gliss_engine::Fact;
use gliss_types::{Curve, MetricPoint, TrialId};

use super::{Batch, Journal, curves};
use crate::store::StoreError;

/// Remembers until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    commits: Vec<Vec<Fact>>,
    points: BTreeMap<TrialId, Vec<MetricPoint>>,
}

impl Journal for MemoryJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.commits.push(batch.facts.clone());
        for (trial, points) in &batch.points {
            self.points.entry(*trial).or_default().extend(points.iter().cloned());
        }
        Ok(())
    }

    fn facts(&self) -> Result<Vec<Fact>, StoreError> {
        Ok(self.commits.concat())
    }

    fn commits(&self, from: u64, most: usize) -> Result<Vec<(u64, Vec<Fact>)>, StoreError> {
        let numbered = (0u64..).zip(&self.commits).skip_while(|(number, _)| *number < from);
        Ok(numbered.take(most).map(|(number, facts)| (number, facts.clone())).collect())
    }

    fn curves(&self, trial: TrialId) -> Result<Vec<Curve>, StoreError> {
        Ok(curves(self.points.get(&trial).map(Vec::as_slice).unwrap_or_default()))
    }
}
