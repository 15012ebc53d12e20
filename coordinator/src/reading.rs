//! What people ask, answered from engine and journal: the same answers whether a coordinator runs or a store is read.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use gliss_engine::{Engine, Fact, view};
use gliss_types::{
    About, Goal, LogLine, LogPage, SettingPath, SweepId, SweepRow, TrialDetail, TrialId, TrialRow, WorkerRow,
};
use serde_json::{Value, json};

use crate::journal::Journal;
use crate::store::StoreError;

/// Rows of a listing at most, also where none were asked for.
pub(crate) const ROWS: u32 = 10_000;

/// Commits of a part of the log at most, and bytes after which no further one is begun: far below what a message holds.
const LOG_COMMITS: usize = 512;
const LOG_BYTES: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such sweep.
    #[error("there is no sweep {0}; `gliss list` shows all")]
    NoSweep(SweepId),
    /// No such trial.
    #[error("there is no trial {0}; `gliss show {sweep}` shows all of its sweep", sweep = .0.sweep)]
    NoTrial(TrialId),
    /// Nothing to sort by.
    #[error("nothing is called `{name}` here; sort by one of {}", known.join(", "))]
    NoColumn {
        /// As given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn limited(limit: u64) -> u32 {
    if limit == 0 { ROWS } else { limit.min(ROWS.into()) as u32 }
}

/// All sweeps, oldest first.
pub(crate) fn sweeps(engine: &Engine) -> Vec<SweepRow> {
    view::sweep_rows(engine)
}

/// One sweep.
///
/// # Errors
/// There is none of that number.
pub(crate) fn sweep(engine: &Engine, id: SweepId) -> Result<SweepRow, ReadError> {
    view::sweep_row(engine, id).ok_or(ReadError::NoSweep(id))
}

/// The file that a sweep was submitted as.
///
/// # Errors
/// There is none of that number.
pub(crate) fn source(engine: &Engine, id: SweepId) -> Result<String, ReadError> {
    engine.state().sweep(id).map(|s| s.plan().source.clone()).ok_or(ReadError::NoSweep(id))
}

/// A page of a sweep's trials in the order of their numbers; no limit means [`ROWS`].
///
/// # Errors
/// There is no such sweep.
pub(crate) fn trials(engine: &Engine, id: SweepId, offset: u64, limit: u64) -> Result<Vec<TrialRow>, ReadError> {
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    view::trial_rows(engine, id, offset, limited(limit)).ok_or(ReadError::NoSweep(id))
}

/// Everything about one trial.
///
/// # Errors
/// There is none of that number, or its curves cannot be read.
pub(crate) fn trial(engine: &Engine, journal: &dyn Journal, id: TrialId) -> Result<TrialDetail, ReadError> {
    let mut detail = view::trial_detail(engine, id).ok_or(ReadError::NoTrial(id))?;
    detail.curves = journal.curves(id)?;
    Ok(detail)
}

/// A part of the log from commit `from` on.
///
/// # Errors
/// There is no such sweep or trial, or the store failed.
pub(crate) fn log(engine: &Engine, journal: &dyn Journal, about: About, from: u64) -> Result<LogPage, ReadError> {
    match about {
        About::Everything => {}
        About::Sweep(id) => drop(sweep(engine, id)?),
        About::Trial(id) => drop(view::trial_detail(engine, id).ok_or(ReadError::NoTrial(id))?),
    }
    let commits = journal.commits(from, LOG_COMMITS)?;
    let end = commits.len() < LOG_COMMITS;
    let (mut lines, mut next, mut bytes) = (Vec::new(), from, 0);
    for (batch, facts) in commits {
        if bytes > LOG_BYTES {
            return Ok(LogPage { lines, next, end: false });
        }
        next = batch + 1;
        let asked = |fact: &&Fact| match about {
            About::Everything => true,
            About::Sweep(id) => fact.sweep() == Some(id),
            About::Trial(id) => fact.trial() == Some(id),
        };
        for fact in facts.iter().filter(asked) {
            let line = LogLine { batch, at: fact.at().map(|at| at.0), json: log_json(fact), text: fact.told() };
            bytes += line.json.len() + line.text.len();
            lines.push(line);
        }
    }
    Ok(LogPage { lines, next, end })
}

/// A fact as JSON, without the plan, which can be of any size.
fn log_json(fact: &Fact) -> String {
    let mut json = serde_json::to_value(fact).expect("plain data always serialises into memory");
    if let (Fact::SweepSubmitted { plan, .. }, Some(object)) = (fact, json.as_object_mut()) {
        object.insert("plan".to_owned(), json!({"name": plan.name, "trials": plan.space.len()}));
    }
    json.to_string()
}

/// All workers, connected ones first.
pub(crate) fn workers(engine: &Engine) -> Vec<WorkerRow> {
    let mut rows = view::worker_rows(engine);
    rows.sort_by_key(|w| !w.connected);
    rows
}

/// A sweep's leaderboard: by the objective, a number of the summary, or a setting; a leading `-` turns the order round.
///
/// # Errors
/// There is no such sweep, or nothing of that name.
pub(crate) fn top(engine: &Engine, id: SweepId, limit: u64, sort: &str) -> Result<Vec<TrialRow>, ReadError> {
    let limit = limited(limit);
    let all = |limit, sort: &view::Sort| view::leaderboard(engine, id, limit, sort).ok_or(ReadError::NoSweep(id));
    let (name, turned) = match sort.strip_prefix('-') {
        Some(name) => (name, true),
        None => (sort, false),
    };
    if name.is_empty() && !turned {
        return all(limit, &view::Sort::Objective);
    }
    let mut rows = all(u32::MAX, &view::Sort::Objective)?;
    let numbers: BTreeSet<&str> = rows
        .iter()
        .filter_map(|r| r.summary.as_ref())
        .flat_map(|s| s.metrics.iter().map(|(n, _)| n.as_str()))
        .collect();
    const FIXED: [&str; 5] = ["score", "best_epoch", "epochs", "parameters", "train_seconds"];
    if name.is_empty() || name == "score" {
        if turned {
            rows.reverse();
        }
    } else if FIXED.contains(&name) || numbers.contains(name) {
        let larger = ["accuracy", "macro_f1"].iter().any(|end| name.ends_with(end));
        let up = if larger { Goal::Maximize } else { Goal::Minimize };
        let goal = match (up, turned) {
            (Goal::Maximize, false) | (Goal::Minimize, true) => Goal::Maximize,
            _ => Goal::Minimize,
        };
        return all(limit, &view::Sort::By { metric: name.to_owned(), goal });
    } else {
        let paths: BTreeSet<&SettingPath> = rows.iter().flat_map(|r| r.point.iter().map(|(p, _)| p)).collect();
        if !rows.is_empty() && !paths.iter().any(|p| p.as_str() == name) {
            let known = FIXED.iter().copied().chain(numbers).chain(paths.iter().map(|p| p.as_str()));
            return Err(ReadError::NoColumn {
                name: name.to_owned(),
                known: known.map(|n| format!("`{n}`")).collect(),
            });
        }
        rows.sort_by(|a, b| setting_order(choice(a, name), choice(b, name)));
        if turned {
            rows.reverse();
        }
    }
    rows.truncate(limit as usize);
    Ok(rows)
}

fn choice<'a>(row: &'a TrialRow, path: &str) -> Option<&'a Value> {
    row.point.iter().find(|(p, _)| p.as_str() == path).map(|(_, value)| value)
}

/// Numbers by size, everything else by its text, missing last.
fn setting_order(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.to_string().cmp(&b.to_string()),
        },
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
