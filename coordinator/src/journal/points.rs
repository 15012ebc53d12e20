//! Metric points as they are stored, and as curves.

use std::collections::BTreeMap;

use gliss_types::{Curve, MetricPoint, TrialId};
use serde::{Deserialize, Serialize};

/// The points of one report, as one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PointRow {
    /// The trial.
    pub(crate) trial: TrialId,
    /// Its points.
    pub(crate) points: Vec<MetricPoint>,
}

/// Points in stored order as curves, ascending by name and step.
pub(crate) fn curves(points: &[MetricPoint]) -> Vec<Curve> {
    let mut by_name: BTreeMap<&str, BTreeMap<u32, f64>> = BTreeMap::new();
    for point in points {
        by_name.entry(&point.metric).or_default().insert(point.step, point.value);
    }
    let curve = |(name, points): (&str, BTreeMap<u32, f64>)| Curve {
        metric: name.to_owned(),
        points: points.into_iter().collect(),
    };
    by_name.into_iter().map(curve).collect()
}
