//! The exit codes, which scripts rely on.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The sweep ended, and some of its trials failed; or some of several files could not be used.
    TrialsFailed = 1,
    /// The command line or the sweep file is wrong; nothing was started.
    Usage = 2,
    /// No coordinator answers.
    Unreachable = 3,
    /// A bug in this program.
    Bug = 70,
    /// The disk or the store failed; everything acknowledged is stored.
    Fault = 74,
    /// Interrupted; what was printed last resumes it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
