//! Plain data of a sweep, shared by every crate: ids, points, recipes, reports, trial states and the rows people read.
//!
//! No I/O, no clock, no randomness. What a recipe may say, and what is wrong with one, is decided here and nowhere else:
//! the sweep language, the coordinator and the worker all read recipes through [`recipe::Recipe::read`].

mod chain;
mod confusion;
mod id;
mod key;
mod objective;
pub mod recipe;
mod report;
mod rows;
mod settings;
mod space;
mod state;

pub use chain::chain;
pub use confusion::{ClassCounts, Confusion, ConfusionError};
pub use id::{AttemptId, IdError, SweepId, TrialId, WorkerId};
pub use key::TrialKey;
pub use objective::{Goal, Objective};
pub use recipe::Recipe;
pub use report::{CheckpointRef, EpochReport, Outcome, Point as MetricPoint, Summary};
pub use rows::{About, AttemptRow, Curve, LogLine, LogPage, SweepRow, TrialDetail, TrialRow, WorkerRow};
pub use settings::{Issue, LIST_SETTINGS, Problem, Reader, SettingPath, Settings};
pub use space::{Conduct, Dimension, Point, Space, SweepPlan};
pub use state::{SweepState, TrialState};
