//! The gRPC face: sessions of workers, requests of people, and the limits that keep both in bounds.

mod auth;
mod control;
mod incoming;
mod server;
mod session;

pub use server::{Config, Coordinator, StartError};
