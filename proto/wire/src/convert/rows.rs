//! Rows of listings.

use gliss_types::{
    AttemptRow, Curve, LogLine, LogPage, MetricPoint, Point, SweepId, SweepRow, SweepState, TrialDetail, TrialId,
    TrialRow, TrialState, WorkerId, WorkerRow,
};

use super::{WireError, invalid, needed};
use crate::v1;

fn sweep_state(word: &str) -> Result<SweepState, WireError> {
    let found = SweepState::ALL.into_iter().find(|s| s.as_str() == word);
    found.ok_or_else(|| invalid("state", "a sweep's state"))
}

fn trial_state(word: &str) -> Result<TrialState, WireError> {
    let found = TrialState::ALL.into_iter().find(|s| s.as_str() == word);
    found.ok_or_else(|| invalid("state", "a trial's state"))
}

fn time(ms: u64) -> Option<u64> {
    (ms != 0).then_some(ms)
}

impl From<SweepRow> for v1::SweepRow {
    fn from(s: SweepRow) -> Self {
        v1::SweepRow {
            id: s.id.0,
            name: s.name,
            state: s.state.as_str().into(),
            objective: Some(s.objective.into()),
            trials: s.trials,
            counts: s.counts.to_vec(),
            best_trial: s.best.map_or(0, |(id, _)| id.number),
            best_score: s.best.map_or(0.0, |(_, score)| score),
            submitted: s.submitted,
            started: s.started.unwrap_or(0),
            ended: s.ended.unwrap_or(0),
            attempts: s.attempts,
            halted: s.halted.unwrap_or_default(),
            epochs_done: s.epochs_done,
            epochs_total: s.epochs_total,
        }
    }
}

impl TryFrom<v1::SweepRow> for SweepRow {
    type Error = WireError;

    fn try_from(s: v1::SweepRow) -> Result<Self, WireError> {
        let id = SweepId(s.id);
        Ok(SweepRow {
            id,
            name: s.name,
            state: sweep_state(&s.state)?,
            objective: needed(s.objective, "sweep.objective")?.try_into()?,
            trials: s.trials,
            counts: s.counts.try_into().map_err(|_| invalid("sweep.counts", "seven numbers"))?,
            best: (s.best_trial != 0).then_some((TrialId { sweep: id, number: s.best_trial }, s.best_score)),
            submitted: s.submitted,
            started: time(s.started),
            ended: time(s.ended),
            attempts: s.attempts,
            halted: (!s.halted.is_empty()).then_some(s.halted),
            epochs_done: s.epochs_done,
            epochs_total: s.epochs_total,
        })
    }
}

fn pack_point(point: Point) -> Vec<v1::Choice> {
    point.into_iter().map(|(path, value)| v1::Choice { path: path.to_string(), json: value.to_string() }).collect()
}

fn unpack_point(choices: Vec<v1::Choice>) -> Result<Point, WireError> {
    let unpack = |c: v1::Choice| {
        let path = c.path.parse().map_err(|_| invalid("point.path", "a setting's path"))?;
        let value = serde_json::from_str(&c.json).map_err(|_| invalid("point.json", "a value in JSON"))?;
        Ok((path, value))
    };
    choices.into_iter().map(unpack).collect()
}

impl From<TrialRow> for v1::TrialRow {
    fn from(t: TrialRow) -> Self {
        v1::TrialRow {
            id: Some(t.id.into()),
            state: t.state.as_str().into(),
            point: pack_point(t.point),
            key: t.key,
            summary: t.summary.map(Into::into),
            epoch: t.epoch,
            epochs: t.epochs,
            worker: t.worker.map_or(0, |w| w.0),
            attempts: t.attempts,
            reason: t.reason.unwrap_or_default(),
        }
    }
}

impl TryFrom<v1::TrialRow> for TrialRow {
    type Error = WireError;

    fn try_from(t: v1::TrialRow) -> Result<Self, WireError> {
        Ok(TrialRow {
            id: needed(t.id, "trial.id")?.try_into()?,
            state: trial_state(&t.state)?,
            point: unpack_point(t.point)?,
            key: t.key,
            summary: t.summary.map(TryInto::try_into).transpose()?,
            epoch: t.epoch,
            epochs: t.epochs,
            worker: (t.worker != 0).then_some(WorkerId(t.worker)),
            attempts: t.attempts,
            reason: (!t.reason.is_empty()).then_some(t.reason),
        })
    }
}

impl From<AttemptRow> for v1::AttemptRow {
    fn from(a: AttemptRow) -> Self {
        v1::AttemptRow {
            id: Some(a.id.into()),
            worker: a.worker.0,
            leased: a.leased,
            ended: a.ended.unwrap_or(0),
            resumed_after: a.resumed_after,
            outcome: a.outcome,
        }
    }
}

impl TryFrom<v1::AttemptRow> for AttemptRow {
    type Error = WireError;

    fn try_from(a: v1::AttemptRow) -> Result<Self, WireError> {
        Ok(AttemptRow {
            id: needed(a.id, "attempt.id")?.try_into()?,
            worker: WorkerId(a.worker),
            leased: a.leased,
            ended: time(a.ended),
            resumed_after: a.resumed_after,
            outcome: a.outcome,
        })
    }
}

impl From<Curve> for v1::Curve {
    fn from(c: Curve) -> Self {
        let metric = c.metric;
        let point = |(step, value)| v1::MetricPoint { metric: metric.clone(), step, value };
        v1::Curve { points: c.points.into_iter().map(point).collect(), metric }
    }
}

impl TryFrom<v1::Curve> for Curve {
    type Error = WireError;

    fn try_from(c: v1::Curve) -> Result<Self, WireError> {
        let points: Result<Vec<MetricPoint>, WireError> = c.points.into_iter().map(TryInto::try_into).collect();
        Ok(Curve { metric: c.metric, points: points?.into_iter().map(|p| (p.step, p.value)).collect() })
    }
}

impl From<TrialDetail> for v1::TrialDetail {
    fn from(d: TrialDetail) -> Self {
        v1::TrialDetail {
            row: Some(d.row.into()),
            objective: Some(d.objective.into()),
            recipe: d.recipe,
            attempts: d.attempts.into_iter().map(Into::into).collect(),
            checkpoint: d.checkpoint.map(Into::into),
            curves: d.curves.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::TrialDetail> for TrialDetail {
    type Error = WireError;

    fn try_from(d: v1::TrialDetail) -> Result<Self, WireError> {
        let attempts: Result<Vec<AttemptRow>, WireError> = d.attempts.into_iter().map(TryInto::try_into).collect();
        let curves: Result<Vec<Curve>, WireError> = d.curves.into_iter().map(TryInto::try_into).collect();
        Ok(TrialDetail {
            row: needed(d.row, "row")?.try_into()?,
            objective: needed(d.objective, "objective")?.try_into()?,
            recipe: d.recipe,
            attempts: attempts?,
            checkpoint: d.checkpoint.map(TryInto::try_into).transpose()?,
            curves: curves?,
        })
    }
}

impl From<WorkerRow> for v1::WorkerRow {
    fn from(w: WorkerRow) -> Self {
        v1::WorkerRow {
            id: w.id.0,
            name: w.name,
            devices: w.devices,
            slots: w.slots,
            busy: w.busy,
            connected: w.connected,
        }
    }
}

impl From<v1::WorkerRow> for WorkerRow {
    fn from(w: v1::WorkerRow) -> Self {
        WorkerRow {
            id: WorkerId(w.id),
            name: w.name,
            devices: w.devices,
            slots: w.slots,
            busy: w.busy,
            connected: w.connected,
        }
    }
}

impl From<LogPage> for v1::ReadLogResponse {
    fn from(page: LogPage) -> Self {
        let line = |line: LogLine| v1::LogLine {
            batch: line.batch,
            at: line.at.unwrap_or(0),
            json: line.json,
            text: line.text,
        };
        v1::ReadLogResponse { lines: page.lines.into_iter().map(line).collect(), next: page.next, end: page.end }
    }
}

impl From<v1::ReadLogResponse> for LogPage {
    fn from(page: v1::ReadLogResponse) -> Self {
        let line = |line: v1::LogLine| LogLine {
            batch: line.batch,
            at: Some(line.at).filter(|at| *at > 0),
            json: line.json,
            text: line.text,
        };
        LogPage { lines: page.lines.into_iter().map(line).collect(), next: page.next, end: page.end }
    }
}
