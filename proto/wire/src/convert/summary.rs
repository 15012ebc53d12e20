//! Summaries and epoch reports.

use gliss_types::{Confusion, ConfusionError, EpochReport, MetricPoint, Summary};

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
            confusion: s.confusion.map(Into::into),
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
            confusion: s.confusion.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<Confusion> for v1::Confusion {
    fn from(c: Confusion) -> Self {
        v1::Confusion { classes: c.classes().to_vec(), counts: c.counts().to_vec() }
    }
}

impl TryFrom<v1::Confusion> for Confusion {
    type Error = WireError;

    fn try_from(c: v1::Confusion) -> Result<Self, WireError> {
        Confusion::new(c.classes, c.counts).map_err(|error| match error {
            ConfusionError::Classes { .. } => invalid("summary.confusion.classes", "2 to 256 classes"),
            ConfusionError::Name { .. } => invalid("summary.confusion.classes", "names of 1 to 1024 bytes"),
            ConfusionError::Twice { .. } => invalid("summary.confusion.classes", "no two of one name"),
            ConfusionError::Counts { .. } => invalid("summary.confusion.counts", "one for each pair of classes"),
            ConfusionError::Total { .. } => invalid("summary.confusion.counts", "1 to 2^32 - 1 examples in all"),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let classes = vec!["jazz".to_owned(), "für Elise".to_owned()];
        Summary {
            score: 0.1 + 0.2,
            best_epoch: 3,
            epochs: 4,
            metrics: vec![("test_accuracy".to_owned(), 0.75), ("test_macro_f1".to_owned(), 0.7)],
            parameters: 5,
            train_seconds: 6.5,
            confusion: Some(Confusion::new(classes, vec![2, 1, 0, u32::MAX - 3]).expect("a matrix")),
        }
    }

    #[test]
    fn a_summary_survives_the_wire() {
        for summary in [summary(), summary().brief(), Summary::default()] {
            assert_eq!(v1::Summary::from(summary.clone()).try_into(), Ok(summary));
        }
    }

    #[test]
    fn a_hostile_confusion_matrix_is_refused() {
        let good: v1::Confusion = summary().confusion.expect("it has one").into();
        let refused = |change: &dyn Fn(&mut v1::Confusion)| {
            let mut matrix = good.clone();
            change(&mut matrix);
            let message = v1::Summary { confusion: Some(matrix), ..summary().into() };
            match Summary::try_from(message) {
                Err(WireError::Invalid { rule, .. }) => rule,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(&|m| *m = v1::Confusion::default()), "2 to 256 classes");
        assert_eq!(refused(&|m| m.classes = (0..257).map(|c| c.to_string()).collect()), "2 to 256 classes");
        assert_eq!(refused(&|m| m.classes[1] = "x".repeat(1 << 20)), "names of 1 to 1024 bytes");
        assert_eq!(refused(&|m| m.classes[1] = m.classes[0].clone()), "no two of one name");
        assert_eq!(refused(&|m| m.counts.truncate(3)), "one for each pair of classes");
        assert_eq!(refused(&|m| m.counts.push(0)), "one for each pair of classes");
        assert_eq!(refused(&|m| m.counts.fill(0)), "1 to 2^32 - 1 examples in all");
        assert_eq!(refused(&|m| m.counts[0] += 1), "1 to 2^32 - 1 examples in all");
    }
}
