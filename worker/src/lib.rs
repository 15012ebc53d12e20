//! The agent: holds a session with the coordinator, runs attempts in slots, and keeps every report until it is durable.
//!
//! Training is blocking work on its own threads; the session is async and never waits for it. A lost coordinator does
//! not stop training: the agent reconnects, presents what it holds, and sends again what was not acknowledged. Only when
//! its own copy of a lease has run out does it stop an attempt.

mod agent;
mod attempts;
mod backoff;
mod conduct;
mod config;
mod devices;
mod session;
mod slot;

pub use agent::Agent;
pub use attempts::{Attempts, Gauge};
pub use conduct::Heard;
pub use config::Config;
pub use gliss_train::{Device, DeviceError};
pub use session::AgentError;
