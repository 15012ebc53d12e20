//! A folder of a test's own, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use super::Process;

/// A folder with a data folder, a cache and whatever the test puts there. Removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    started: AtomicU32,
}

/// How a process ended and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Its stdout.
    pub(crate) data: String,
    /// Its stderr.
    pub(crate) talk: String,
}

impl Place {
    /// A new folder.
    pub(crate) fn new() -> Place {
        Place { folder: tempfile::tempdir().expect("a temporary folder"), started: AtomicU32::new(0) }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder, which the program makes.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file and yields its name.
    pub(crate) fn write<'a>(&self, name: &'a str, content: impl AsRef<[u8]>) -> &'a str {
        std::fs::write(self.path().join(name), content).expect("the test's folder is writable");
        name
    }

    /// The program with these arguments, in this folder, with nothing of the tester's own settings.
    pub(crate) fn command<S: AsRef<str>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gliss"));
        let own = ["GLISS_", "CLICOLOR", "RAYON_", "CANDLE_", "XDG_", "RUST_"];
        for (name, _) in std::env::vars_os() {
            if own.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.env("NO_COLOR", "1").env("HOME", self.path());
        command.env("GLISS_DATA_DIR", "data").env("GLISS_CACHE_DIR", "cache");
        command.current_dir(self.path()).args(args.iter().map(AsRef::as_ref));
        command
    }

    /// Starts the program.
    pub(crate) fn start<S: AsRef<str>>(&self, args: &[S]) -> Process {
        self.begin(&mut self.command(args), args.first().map_or("gliss", AsRef::as_ref))
    }

    /// Starts a command; what it says goes to files of this folder.
    pub(crate) fn begin(&self, command: &mut Command, name: &str) -> Process {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        Process::start(command, self.path(), &format!("{name}-{number}"))
    }

    /// Runs the program to its end.
    pub(crate) fn run<S: AsRef<str>>(&self, args: &[S]) -> Said {
        self.complete(&mut self.command(args))
    }

    /// Runs a command to its end.
    pub(crate) fn complete(&self, command: &mut Command) -> Said {
        let mut process = self.begin(command, "run");
        let code = process.end();
        Said { code, data: process.data(), talk: process.talk() }
    }

    /// Runs the program to its end, which must be a good one, and yields its stdout.
    pub(crate) fn ask<S: AsRef<str>>(&self, args: &[S]) -> String {
        let said = self.run(args);
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        assert_eq!(said.code, Some(0), "gliss {} said: {}", args.join(" "), said.talk);
        said.data
    }

    /// As [`Place::ask`], with `--output json`.
    pub(crate) fn json<S: AsRef<str>>(&self, args: &[S]) -> Value {
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).chain(["--output", "json"]).collect();
        serde_json::from_str(&self.ask(&args)).expect("what was asked for is JSON")
    }
}
