//! The one way out: stdout is data, stderr is talk.

use std::io::{self, IsTerminal, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use crate::exit::Exit;
use crate::failure::Failure;

/// Prints, with colours where a terminal wants them (`NO_COLOR` and `CLICOLOR_FORCE` are heard).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    quiet: bool,
}

/// Columns of the terminal that stderr is, 100 where it is none.
fn width() -> usize {
    comfy_table::Table::new().use_stderr().width().map_or(100, usize::from).clamp(60, 120)
}

impl Printer {
    /// A printer; a quiet one drops talk, but never failures.
    pub(crate) fn new(quiet: bool) -> Printer {
        Printer { quiet }
    }

    /// Data, with a line end. A reader that has gone (`| head`) ends the program silently, as it should; what cannot be
    /// written for any other reason ends it as a failure.
    pub(crate) fn data(&self, text: &str) {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        if let Err(error) = written {
            let exit = if error.kind() == io::ErrorKind::BrokenPipe {
                Exit::Done
            } else {
                self.failure(&Failure::io("write to stdout", &error));
                Exit::Fault
            };
            std::process::exit(exit as i32);
        }
    }

    /// Talk.
    pub(crate) fn talk(&self, text: &str) {
        if !self.quiet {
            // Without a stderr there is nobody to tell.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Whether somebody watches stderr.
    pub(crate) fn is_watched(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// A warning with its place: talk.
    pub(crate) fn warning(&self, warning: &dyn Diagnostic) {
        if !self.quiet {
            self.diagnostic(warning);
        }
    }

    fn diagnostic(&self, diagnostic: &dyn Diagnostic) {
        let colour = owo_colors::Stream::Stderr;
        let coloured = supports_colour(colour);
        let theme = if coloured { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        // A file or a pipe gets whole lines: a path or an option that is broken in two cannot be searched or copied.
        let handler =
            GraphicalReportHandler::new_themed(theme).with_width(width()).with_wrap_lines(io::stderr().is_terminal());
        let mut text = String::new();
        if handler.render_report(&mut text, diagnostic).is_err() {
            text = diagnostic.to_string();
        }
        let _ = write!(io::stderr().lock(), "{text}");
    }

    /// Why a command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Said(said) => self.diagnostic(said.as_ref()),
            Failure::Spec(errors) => {
                for finding in errors.findings() {
                    self.diagnostic(finding);
                }
                let _ = writeln!(io::stderr().lock(), "{errors}");
            }
        }
    }
}

/// Whether a stream shows colours.
fn supports_colour(stream: owo_colors::Stream) -> bool {
    use owo_colors::OwoColorize;
    "x".if_supports_color(stream, |t| t.red()).to_string() != "x"
}
