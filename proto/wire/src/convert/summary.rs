//! Summaries and epoch reports.

use gliss_types::{EpochReport, MetricPoint, Summary};

use super::{WireError, invalid, needed};
use crate::v1;

/// More names than any recipe reports.
const NAMES: usize = 256;

fn finite(value: f64, field: &'static str) -> Result<f64, WireError> {
    if value.is_finite() { Ok(value) } else { Err(invalid(field, "a finite number")) }
}

fn name(name: String, field: &'static str) -> Result<String, WireError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        Ok(name)
    } else {
        Err(invalid(field, "1 to 64 letters, digits, `_`, `-` or `.`"))
    }
}

impl From<Summary> for v1::Summary {
    fn from(s: Summary) -> Self {
        v1::Summary {
            score: s.score,
            best_epoch: s.best_epoch,
            epochs: s.epochs,
            metrics: s.metrics.into_iter().map(|(name, value)| v1::NamedValue { name, value }).collect(),
            parameters: s.parameters,
            train_seconds: s.train_seconds,
        }
    }
}

impl TryFrom<v1::Summary> for Summary {
    type Error = WireError;

    fn try_from(s: v1::Summary) -> Result<Self, WireError> {
        if s.metrics.len() > NAMES {
            return Err(invalid("summary.metrics", "at most 256 metrics"));
        }
        let metrics: Result<Vec<_>, WireError> = s
            .metrics
            .into_iter()
            .map(|m| Ok((name(m.name, "summary.metrics.name")?, finite(m.value, "summary.metrics.value")?)))
            .collect();
        Ok(Summary {
            score: finite(s.score, "summary.score")?,
            best_epoch: s.best_epoch,
            epochs: s.epochs,
            metrics: metrics?,
            parameters: s.parameters,
            train_seconds: finite(s.train_seconds, "summary.train_seconds")?,
        })
    }
}

impl From<MetricPoint> for v1::MetricPoint {
    fn from(p: MetricPoint) -> Self {
        v1::MetricPoint { metric: p.metric, step: p.step, value: p.value }
    }
}

impl TryFrom<v1::MetricPoint> for MetricPoint {
    type Error = WireError;

    fn try_from(p: v1::MetricPoint) -> Result<Self, WireError> {
        Ok(MetricPoint {
            metric: name(p.metric, "points.metric")?,
            step: p.step,
            value: finite(p.value, "points.value")?,
        })
    }
}

impl From<EpochReport> for v1::EpochReport {
    fn from(r: EpochReport) -> Self {
        v1::EpochReport {
            epoch: r.epoch,
            points: r.points.into_iter().map(Into::into).collect(),
            checkpoint: Some(r.checkpoint.into()),
        }
    }
}

impl TryFrom<v1::EpochReport> for EpochReport {
    type Error = WireError;

    fn try_from(r: v1::EpochReport) -> Result<Self, WireError> {
        if r.points.len() > NAMES || r.points.iter().any(|p| p.step != r.epoch) {
            return Err(invalid("epoch.points", "at most 256 metrics, all of this epoch"));
        }
        let points: Result<Vec<MetricPoint>, WireError> = r.points.into_iter().map(TryInto::try_into).collect();
        let checkpoint = needed(r.checkpoint, "epoch.checkpoint")?.try_into()?;
        Ok(EpochReport { epoch: r.epoch, points: points?, checkpoint })
    }
}
