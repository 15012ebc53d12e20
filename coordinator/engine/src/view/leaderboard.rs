//! The trials with a score, best first.

use gliss_types::{Goal, Objective, Summary, SweepId, TrialRow};

use super::trial::row;
use crate::{Engine, Phase, Sweep};

/// What a leaderboard is ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sort {
    /// The sweep's objective. Takes time in proportion to the rows asked for.
    #[default]
    Objective,
    /// A number of the summary: a metric, or `score`, `best_epoch`, `epochs`, `parameters`, `train_seconds`. Trials
    /// without it come last. Takes time in proportion to the trials with a score.
    By {
        /// Its name.
        metric: String,
        /// Which way is better.
        goal: Goal,
    },
}

/// The best trials of a sweep, at most `limit`; of equals the lower number first. None where there is no such sweep.
pub fn leaderboard(engine: &Engine, sweep: SweepId, limit: u32, sort: &Sort) -> Option<Vec<TrialRow>> {
    let sweep = engine.state().sweep(sweep)?;
    let numbers: Vec<u32> = match sort {
        Sort::Objective => sweep.ranking().take(limit as usize).collect(),
        Sort::By { metric, goal } => {
            let order = Objective { metric: metric.clone(), goal: *goal };
            let value = |number: u32| summary(sweep, number).and_then(|summary| number_of(summary, metric));
            let mut all: Vec<(u32, Option<f64>)> = sweep.ranking().map(|number| (number, value(number))).collect();
            all.sort_by(|(n, a), (m, b)| order.rank(*a, *b).then(n.cmp(m)));
            all.into_iter().take(limit as usize).map(|(number, _)| number).collect()
        }
    };
    Some(numbers.into_iter().filter_map(|number| row(sweep, number)).collect())
}

fn summary(sweep: &Sweep, number: u32) -> Option<&Summary> {
    match sweep.trial(number)?.phase() {
        Phase::Closed(closed) => closed.summary.as_ref(),
        _ => None,
    }
}

fn number_of(summary: &Summary, name: &str) -> Option<f64> {
    match name {
        "score" => Some(summary.score),
        "best_epoch" => Some(f64::from(summary.best_epoch)),
        "epochs" => Some(f64::from(summary.epochs)),
        "parameters" => Some(summary.parameters as f64),
        "train_seconds" => Some(summary.train_seconds),
        _ => summary.metrics.iter().find(|(metric, _)| metric == name).map(|(_, value)| *value),
    }
}
