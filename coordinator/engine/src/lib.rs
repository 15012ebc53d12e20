//! The engine: decides which worker trains which trial, and remembers what came of it. Pure: no clock, no I/O, no
//! randomness, no threads. What goes in is an [`Input`] and the time; what comes out is a [`Step`]: facts to store,
//! effects to carry out, and a reply.
//!
//! The driver owns the engine and keeps this order:
//!
//! 1. [`Engine::replay`] the journal's facts, then [`Engine::restarted`].
//! 2. For each input call [`Engine::handle`]; at [`Engine::next_deadline`] send [`Input::Tick`].
//! 3. Store the facts of a step together or not at all; then, and only then, carry out its effects and send its reply.
//!    If storing fails, stop the process: the engine is ahead of the journal, and replay puts that right.
//!
//! Facts change the [`State`] in one place, [`State::apply`], live and in replay alike. What is not worth a fact
//! (sessions, lease deadlines, progress) is volatile and gone after a restart. `DESIGN.md` tells the rest.

mod deadlines;
mod decide;
mod effect;
mod engine;
mod fact;
mod input;
mod rejection;
mod resolve;
mod sessions;
mod state;
mod time;
mod told;
mod turn;
pub mod view;

pub use effect::{Effect, Held, Reply, Step, StopReason};
pub use engine::{Engine, Options, ReplayError};
pub use fact::Fact;
pub use input::{HeldAttempt, Input, Progress, ReportBody};
pub use rejection::Rejection;
pub use state::{Attempt, AttemptEnd, Broken, Closed, Contradiction, Phase, State, Sweep, Trial, Worker};
pub use time::Millis;
