//! The sweep language: a YAML file becomes a checked [`gliss_types::SweepPlan`], or errors that each show the place, the
//! offending text and a remedy. A sweep file has W&B's keys (`name`, `description`, `method`, `metric`, `parameters`)
//! and some of its own: `recipe` (settings fixed for every trial), `rows` (points listed one by one), `attempts`,
//! `priority`, `max_running` and `give_up_after`.
//!
//! ```
//! use std::path::Path;
//! let file = "parameters: {optimiser.lr: {values: [0.1, 0.01]}}\nrecipe: {data.source: synth}";
//! let planned = gliss_spec::plan(&gliss_spec::Source::new("two.yaml", file), &[], Path::new("/sweeps"))?;
//! assert_eq!(planned.points, 2);
//! # Ok::<(), gliss_spec::SpecErrors>(())
//! ```
//!
//! Pure: no file, no network, no clock. What a recipe may say is decided in `gliss-types` alone. A hostile file costs
//! little: budgets on bytes, values, depth and points are kept before anything is built.

mod check;
mod draft;
mod finding;
mod overrides;
mod place;
mod plan;
mod shown;
mod source;
mod tree;
mod words;

pub use finding::{Finding, Severity, SpecErrors};
pub use overrides::Override;
pub use plan::{Planned, plan};
pub use source::Source;
