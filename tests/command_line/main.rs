//! What people read: the help, and what every kind of mistake prints, with its exit code, as snapshots.
//!
//! Each failure says what happened, where, and what to do; stdout stays empty, for it is data; and nobody is shown a panic.

#[path = "../world/mod.rs"]
mod world;

mod addresses;
mod audio;
mod data;
mod ended;
mod help;
mod nets;
mod said;
mod stores;
mod sweep_files;
mod unknown;
