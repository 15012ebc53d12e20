//! A fleet under a virtual clock: the real engine behind the real driver, the real conduct of workers, every message
//! through the real wire format; training, network, disk and people are models. Faults are drawn from a seed.
//!
//! After every step of the coordinator the promises are checked (see `judge`). When the faults are over everything is
//! mended, and every trial must come to the end that it comes to without faults.
//!
//! What happens depends on the scenario alone: each latency, duration and whim is a hash of the seed and of what it is
//! for, so that leaving a fault out disturbs nothing else. That is what lets `shrink` find the few that matter.

mod coordinating;
mod draw;
mod judge;
mod link;
mod office;
mod people;
mod scenario;
mod shrink;
mod training;
mod worker;
mod working;
mod world;

pub use scenario::{Fault, Scenario};
pub use shrink::{Failure, find_out};
pub use world::Told;
