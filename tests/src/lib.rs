//! What tests of the whole need: a simulated fleet. `tests/processes` and `tests/command_line` are tests of `gliss` itself.

#[path = "../../coordinator/engine/tests/engine/ledger.rs"]
mod ledger;
pub mod sim;
