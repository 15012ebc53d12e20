//! Real processes, killed: whatever is killed when, a sweep ends with the results of an undisturbed one, bit for bit,
//! and nothing is done or counted twice.
//!
//! `GLISS_KILLS=200` kills that often in the test of pseudo-random kills; without it a few times.

#[path = "../world/mod.rs"]
mod world;

mod care;
mod coordinator_killed;
mod fleet;
mod halted;
mod many;
mod random_kills;
mod results;
mod run;
mod sweep;
mod token;
mod told;
mod trained;
mod undisturbed;
mod wishes;
mod worker_killed;
