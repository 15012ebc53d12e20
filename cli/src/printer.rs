//! The one way out: stdout is data, stderr is talk.

use std::io::{self, IsTerminal, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

use crate::failure::Failure;

/// Prints, with colours where a terminal wants them (`NO_COLOR` and `CLICOLOR_FORCE` are heard).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    quiet: bool,
}

/// Columns of the terminal that stderr is, 100 where it is none.
fn width() -> usize {
    comfy_table::Table::new().width().map_or(100, usize::from).clamp(60, 120)
}

impl Printer {
    /// A printer; a quiet one drops talk, but never failures.
    pub(crate) fn new(quiet: bool) -> Printer {
        Printer { quiet }
    }

    /// Data, with a line end. A reader that has gone (`| head`) ends the program silently, as it should.
    pub(crate) fn data(&self, text: &str) {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        if written.is_err() {
            #[expect(clippy::exit, reason = "nobody reads any more: nothing is left to do")]
            std::process::exit(0);
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

    /// A warning or error with its place.
    pub(crate) fn diagnostic(&self, diagnostic: &dyn Diagnostic) {
        let colour = owo_colors::Stream::Stderr;
        let coloured = supports_colour(colour);
        let theme = if coloured { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width());
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
