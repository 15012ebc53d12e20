//! A worker as the facts tell of it. Whether it is there now is the session's matter.

use std::collections::BTreeSet;

use gliss_types::{AttemptId, WorkerId};

/// A worker process that said hello.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    pub(super) id: WorkerId,
    pub(super) instance: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) devices: Vec<String>,
    pub(super) slots: u32,
    pub(super) leases: BTreeSet<AttemptId>,
}

impl Worker {
    /// Its id.
    pub fn id(&self) -> WorkerId {
        self.id
    }

    /// The process that it is.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the program it runs.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its devices.
    pub fn devices(&self) -> &[String] {
        &self.devices
    }

    /// Attempts that it can run at once.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// The live attempts that it has, never more than slots.
    pub fn leases(&self) -> &BTreeSet<AttemptId> {
        &self.leases
    }

    /// Slots without an attempt.
    pub fn free(&self) -> u32 {
        self.slots.saturating_sub(u32::try_from(self.leases.len()).unwrap_or(u32::MAX))
    }
}
