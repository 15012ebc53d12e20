//! The world that black-box tests live in: a folder of their own, the real program in real processes, and waiting for
//! conditions. It knows nothing of sweeps, and nothing of the program but its name and its variables.

mod place;
mod process;
mod wait;

pub(crate) use place::{Place, Said};
pub(crate) use process::Process;
pub(crate) use wait::until;
