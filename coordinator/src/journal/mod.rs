//! What is remembered: facts in the order in which they were decided, and metric points beside them.
//!
//! Blocking and without async: only the driver's own thread writes. What [`Journal::append`] returned from survives a
//! kill and a power cut; what it did not return from is there whole or not at all.

mod memory;
mod points;

pub use memory::MemoryJournal;
pub(crate) use points::{PointRow, curves};

use gliss_engine::Fact;
use gliss_types::{Curve, MetricPoint, TrialId};

use crate::store::{Snapshot, StoreError};

/// Everything that one commit stores.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Batch {
    /// Facts, in order.
    pub facts: Vec<Fact>,
    /// Metric points of the epochs that those facts speak of.
    pub points: Vec<(TrialId, Vec<MetricPoint>)>,
}

impl Batch {
    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.points.is_empty()
    }
}

/// A place that remembers. Two exist: the store on disk, and memory for tests.
pub trait Journal: Send {
    /// Stores a batch, all of it or nothing.
    ///
    /// # Errors
    /// The medium failed. The caller stops: what the engine has applied is ahead of what is remembered.
    fn append(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// All facts, oldest first.
    ///
    /// # Errors
    /// The medium failed, or holds what this version cannot read.
    fn facts(&self) -> Result<Vec<Fact>, StoreError>;

    /// The facts of at most `most` commits, from number `from` on, each with its number.
    ///
    /// # Errors
    /// The medium failed, or holds what this version cannot read.
    fn commits(&self, from: u64, most: usize) -> Result<Vec<(u64, Vec<Fact>)>, StoreError>;

    /// All that is remembered as it is now, to be copied; none of a journal that is not on disk.
    fn snapshot(&self) -> Option<Result<Snapshot, StoreError>> {
        None
    }

    /// A trial's metrics over the epochs, ascending by name. A point that was stored twice counts once, the later one.
    ///
    /// # Errors
    /// The medium failed, or holds what this version cannot read.
    fn curves(&self, trial: TrialId) -> Result<Vec<Curve>, StoreError>;
}
