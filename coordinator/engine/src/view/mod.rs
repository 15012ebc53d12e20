//! What people look at, made from an engine's state. Reads only; decides nothing.

mod leaderboard;
mod running;
mod sweep;
mod trial;
mod worker;

pub use leaderboard::{Sort, leaderboard};
pub use running::{Running, running};
pub use sweep::{sweep_row, sweep_rows};
pub use trial::{trial_detail, trial_rows};
pub use worker::worker_rows;
