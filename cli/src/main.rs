//! `gliss`: plans, runs, survives and explains hyperparameter sweeps.
//!
//! A verb per file in `verbs`; what they share stands beside them. Output passes through [`printer::Printer`]: stdout is
//! data, stderr is talk.

mod access;
mod allocator;
mod args;
mod cache;
mod confusion;
mod data_args;
mod examine;
mod exit;
mod failure;
mod local;
mod nets_args;
mod pace;
mod prepare;
mod printer;
mod progress;
mod remote;
mod shown;
mod signals;
mod store_args;
mod sweep_file;
mod table;
mod trained_args;
mod verbs;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Verb};
use crate::exit::Exit;
use crate::printer::Printer;
use crate::verbs::Setting;

fn main() -> ExitCode {
    settle_threads();
    let mut cli = Cli::parse();
    // A variable that is set to nothing is a variable that is not set.
    cli.global.coordinator = cli.global.coordinator.filter(|address| !address.is_empty());
    let printer = Printer::new(cli.global.quiet);
    // A run that trains here tells of skipped clips itself, once.
    let told = matches!(cli.verb, Verb::Run(_) | Verb::Resume { .. });
    log(cli.global.quiet, cli.global.verbose, told);
    let hears = matches!(cli.verb, Verb::Run(_) | Verb::Resume { .. } | Verb::Worker(_) | Verb::Data { .. });
    if hears && !allocator::keep_blocks() {
        tracing::debug!("the C library keeps its thresholds");
    }
    let setting = Setting { global: cli.global, printer };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.failure(&failure::Failure::io("start", &error));
            return Exit::Fault.into();
        }
    };
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(verbs::perform(&setting, cli.verb))));
    // A thread that still renders clips must not hold up the end.
    runtime.shutdown_background();
    // The panic has said on stderr what it was.
    let result = result.unwrap_or_else(|_| {
        let remedy = "please report it with what stands above and the log of `-vv`";
        Err(failure::Failure::new(Exit::Bug, "this is a bug in gliss", remedy))
    });
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            printer.failure(&failure);
            failure.exit().into()
        }
    }
}

/// Each trial owns one core; what candle would spread over all of them is told to stay on its thread. Said by the
/// environment, because candle reads nothing else, and not where the user has said otherwise.
#[expect(unsafe_code, reason = "the environment is the only way to tell candle")]
fn settle_threads() {
    for name in ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"] {
        if std::env::var_os(name).is_none() {
            // SAFETY: first thing in `main`, before any other thread exists that could read the environment.
            unsafe { std::env::set_var(name, "1") };
        }
    }
}

/// The log goes to stderr; warnings alone unless asked for more, or for quiet.
fn log(quiet: bool, verbose: u8, told: bool) {
    let default = match verbose {
        0 if quiet => "error",
        0 if told => "warn,gliss_train=error",
        0 => "warn",
        1 => "info",
        _ => "debug,h2=info,hyper=info,tower=info,symphonia=info",
    };
    let filter = EnvFilter::try_from_env("GLISS_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let colour = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        && std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .without_time()
        .init();
}
