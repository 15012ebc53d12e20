//! Conversions of single values. From the wire they check; to the wire they cannot fail.

mod rows;
mod summary;

use gliss_types::{AttemptId, CheckpointRef, Goal, Objective, SweepId, TrialId};

use crate::v1;

/// What a peer got wrong in a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A field that must be set is not.
    #[error("`{field}` is missing")]
    Missing {
        /// Its name in the .proto file.
        field: &'static str,
    },
    /// A field breaks its rule.
    #[error("`{field}` is not possible: {rule}")]
    Invalid {
        /// Its name in the .proto file.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
}

/// Shorthand for a field that breaks its rule.
pub(crate) fn invalid(field: &'static str, rule: &'static str) -> WireError {
    WireError::Invalid { field, rule }
}

/// Unwraps a field that must be set.
pub(crate) fn needed<T>(value: Option<T>, field: &'static str) -> Result<T, WireError> {
    value.ok_or(WireError::Missing { field })
}

/// Turns any value of `gliss-types` into its message.
pub fn pack<T, M: From<T>>(value: T) -> M {
    value.into()
}

impl From<AttemptId> for v1::AttemptId {
    fn from(id: AttemptId) -> Self {
        v1::AttemptId { sweep: id.trial.sweep.0, trial: id.trial.number, ordinal: id.ordinal }
    }
}

impl TryFrom<v1::AttemptId> for AttemptId {
    type Error = WireError;

    fn try_from(id: v1::AttemptId) -> Result<Self, WireError> {
        if id.sweep == 0 || id.trial == 0 || id.ordinal == 0 {
            return Err(invalid("attempt", "its numbers count from 1"));
        }
        Ok(AttemptId { trial: TrialId { sweep: SweepId(id.sweep), number: id.trial }, ordinal: id.ordinal })
    }
}

impl From<TrialId> for v1::TrialId {
    fn from(id: TrialId) -> Self {
        v1::TrialId { sweep: id.sweep.0, number: id.number }
    }
}

impl TryFrom<v1::TrialId> for TrialId {
    type Error = WireError;

    fn try_from(id: v1::TrialId) -> Result<Self, WireError> {
        if id.sweep == 0 || id.number == 0 {
            return Err(invalid("trial", "its numbers count from 1"));
        }
        Ok(TrialId { sweep: SweepId(id.sweep), number: id.number })
    }
}

impl From<CheckpointRef> for v1::Checkpoint {
    fn from(c: CheckpointRef) -> Self {
        v1::Checkpoint { hash: c.hash, epoch: c.epoch }
    }
}

impl TryFrom<v1::Checkpoint> for CheckpointRef {
    type Error = WireError;

    fn try_from(c: v1::Checkpoint) -> Result<Self, WireError> {
        let hex = c.hash.len() == 64 && c.hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !hex || c.epoch == 0 {
            return Err(invalid("checkpoint", "64 lower-case hex digits and an epoch from 1"));
        }
        Ok(CheckpointRef { hash: c.hash, epoch: c.epoch })
    }
}

impl From<Objective> for v1::Objective {
    fn from(o: Objective) -> Self {
        v1::Objective { metric: o.metric, minimize: o.goal == Goal::Minimize }
    }
}

impl TryFrom<v1::Objective> for Objective {
    type Error = WireError;

    fn try_from(o: v1::Objective) -> Result<Self, WireError> {
        if !Objective::METRICS.contains(&o.metric.as_str()) {
            return Err(invalid("objective.metric", "a metric that workers report each epoch"));
        }
        Ok(Objective { metric: o.metric, goal: if o.minimize { Goal::Minimize } else { Goal::Maximize } })
    }
}
