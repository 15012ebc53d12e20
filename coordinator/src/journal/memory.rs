//! A journal in memory, for tests.

use std::collections::BTreeMap;

use gliss_engine::Fact;
use gliss_types::{Curve, MetricPoint, TrialId};

use super::{Batch, Journal, curves};
use crate::store::StoreError;

/// Remembers until it is dropped.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    facts: Vec<Fact>,
    points: BTreeMap<TrialId, Vec<MetricPoint>>,
}

impl Journal for MemoryJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.facts.extend(batch.facts.iter().cloned());
        for (trial, points) in &batch.points {
            self.points.entry(*trial).or_default().extend(points.iter().cloned());
        }
        Ok(())
    }

    fn facts(&self) -> Result<Vec<Fact>, StoreError> {
        Ok(self.facts.clone())
    }

    fn curves(&self, trial: TrialId) -> Result<Vec<Curve>, StoreError> {
        Ok(curves(self.points.get(&trial).map(Vec::as_slice).unwrap_or_default()))
    }
}
