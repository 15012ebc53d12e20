//! Decides: reads the state, records facts, asks for effects, answers. One file for each kind of decision.

mod control;
mod dispatch;
mod ending;
mod expire;
mod hello;
mod report;
mod session;
mod submit;

use crate::turn::Turn;
use crate::{Input, Reply};

/// Decides what follows from one input, then fills the slots that are free.
pub(crate) fn decide(turn: &mut Turn<'_>, input: Input) -> Reply {
    let reply = match input {
        Input::Submit { plan } => submit::submit(turn, plan),
        Input::Hello { instance, name, version, devices, slots, held } => {
            hello::hello(turn, hello::Hello { instance, name, version, devices, slots }, &held)
        }
        Input::Heartbeat { worker, progress } => session::heartbeat(turn, worker, progress),
        Input::Report { worker, attempt, seq, body } => report::report(turn, worker, attempt, seq, body),
        Input::Disconnected { worker } => session::disconnected(turn, worker),
        Input::Goodbye { worker } => session::goodbye(turn, worker),
        Input::Pause { sweep } => control::pause(turn, sweep),
        Input::Resume { sweep } => control::resume(turn, sweep),
        Input::Cancel { sweep } => control::cancel(turn, sweep),
        Input::Tick => expire::expire(turn),
    };
    dispatch::dispatch(turn);
    reply
}
