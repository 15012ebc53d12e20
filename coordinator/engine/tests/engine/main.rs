//! Tests of the engine through its public face: a world of virtual time, scenarios in it, the table of transitions,
//! random histories, and the form in which facts are stored.

mod agent;
mod facts;
mod ledger;
mod properties;
mod scenarios;
mod sessions;
mod sharing;
mod silence;
mod transitions;
mod views;
mod world;
