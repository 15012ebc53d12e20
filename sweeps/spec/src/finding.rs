//! What is said about a sweep file: mistakes and warnings with their places. Knows nothing of what is checked.

use std::collections::BTreeSet;
use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde::Serialize;

use crate::shown::Shown;
use crate::source::{Sources, Span, printable};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No plan comes of it.
    Error,
    /// A plan comes of it that may not be the one that was meant.
    Warning,
}

/// One mistake or warning, for people (a [`miette::Diagnostic`]) and for programs (its fields).
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The name of the file, or `--set`.
    pub source_name: String,
    /// From 1; 1 where it is about the whole file.
    pub line: u32,
    /// From 1, in characters; 1 where it is about the whole file.
    pub column: u32,
    /// The offending text, at most 200 characters of its first line; empty where it is about the whole file.
    pub text: String,
    #[serde(skip)]
    shown: Option<Shown>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Finding {}

impl Diagnostic for Finding {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.shown.as_ref().map(|shown| shown as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.shown.as_ref().map(|shown| Box::new(shown.labels()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

impl Finding {
    /// The finding as people read it in a terminal `width` columns wide: the lines of the file, the offending text
    /// underlined, the help. Without colours; a caller with a terminal hands the finding to miette instead.
    pub fn rendered(&self, width: usize) -> String {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(width);
        let mut text = String::new();
        match handler.render_report(&mut text, self) {
            Ok(()) => text,
            Err(fmt::Error) => self.plain(),
        }
    }

    /// The finding in one line, or two with help: `file:line:column: what is wrong`.
    pub fn plain(&self) -> String {
        let place = format!("{}:{}:{}", self.source_name, self.line, self.column);
        match &self.help {
            Some(help) => format!("{place}: {}\n  help: {help}", self.message),
            None => format!("{place}: {}", self.message),
        }
    }
}

/// Every mistake of a sweep file, in the order of their places. Prints as a headline, with `{:#}` as the headline and
/// one line (or two) for each mistake; as a [`miette::Diagnostic`] it shows each with the lines of the file.
#[derive(Debug, Clone, Serialize)]
pub struct SpecErrors {
    findings: Vec<Finding>,
    more: usize,
}

impl SpecErrors {
    /// The most mistakes that are told apart.
    pub const SHOWN: usize = 50;

    /// The mistakes, at least 1 and at most [`SpecErrors::SHOWN`].
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many more there are.
    pub fn more(&self) -> usize {
        self.more
    }

    /// All mistakes as people read them in a terminal `width` columns wide, without colours, the headline last.
    pub fn rendered(&self, width: usize) -> String {
        let mut text: String = self.findings.iter().map(|finding| finding.rendered(width) + "\n").collect();
        text.push_str(&format!("{self}\n"));
        text
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.findings.len() + self.more;
        let names: BTreeSet<_> = self.findings.iter().map(|finding| finding.source_name.as_str()).collect();
        let names = names.into_iter().rev().collect::<Vec<_>>().join(" and ");
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        write!(f, "{count} {noun} in {names}")?;
        if self.more > 0 {
            write!(f, " (the first {} are shown, {} more)", self.findings.len(), self.more)?;
        }
        if f.alternate() {
            for finding in &self.findings {
                write!(f, "\n{}", finding.plain())?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for SpecErrors {}

impl Diagnostic for SpecErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.findings.iter().map(|finding| finding as &dyn Diagnostic)))
    }
}

/// A finding before its texts are at hand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note(Box<Body>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Body {
    /// First, so that notes sort by place; none for a note about the whole file.
    span: Option<Span>,
    message: String,
    severity: Severity,
    label: Option<String>,
    also: Option<(Span, String)>,
    help: Option<String>,
}

impl Note {
    fn new(span: Option<Span>, message: String) -> Self {
        Note(Box::new(Body { span, message, severity: Severity::Error, label: None, also: None, help: None }))
    }

    pub(crate) fn error(span: Span, message: impl Into<String>) -> Self {
        Note::new(Some(span), message.into())
    }

    /// About no place of its own.
    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Note::new(None, message.into())
    }

    pub(crate) fn warning(mut self) -> Self {
        self.0.severity = Severity::Warning;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// A better help, where there is one.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// What stands at the underlined place.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = Some(label.into());
        self
    }

    /// A second place, with what stands there.
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.0.also = Some((span, label.into()));
        self
    }

    fn is_error(&self) -> bool {
        self.0.severity == Severity::Error
    }

    fn into_finding(self, sources: &Sources) -> Finding {
        let Body { span, message, severity, label, also, help } = *self.0;
        let at = span.unwrap_or(Span::new(0, 0, 0));
        let (line, column) = sources.line_column(at);
        let text = sources.slice(at).lines().next().unwrap_or_default().chars().take(200).collect();
        let (label, also) = (label.map(|l| printable(&l)), also.map(|(span, l)| (span, printable(&l))));
        Finding {
            severity,
            // Quoted scalars can spell any character, and messages quote values.
            message: printable(&message),
            help: help.map(|help| printable(&help)),
            source_name: sources.name(at.source).to_string(),
            line,
            column,
            text,
            shown: span.map(|span| Shown::new(sources, span, label, also)),
        }
    }
}

/// Collects notes. Remembers only so many, and counts the rest: a hostile file must not fill the memory with errors.
#[derive(Debug, Default)]
pub(crate) struct Log {
    notes: BTreeSet<Note>,
    errors: usize,
    dropped: usize,
}

impl Log {
    const KEPT: usize = 2000;

    pub(crate) fn push(&mut self, note: Note) {
        let error = note.is_error();
        if self.notes.len() >= Log::KEPT {
            self.dropped += usize::from(error && !self.notes.contains(&note));
        } else if self.notes.insert(note) {
            self.errors += usize::from(error);
        }
    }

    /// Whether further notes are only counted, so that it is no use to polish them.
    pub(crate) fn is_full(&self) -> bool {
        self.notes.len() >= Log::KEPT
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The errors alone; warnings are left out.
    pub(crate) fn into_errors(self, sources: &Sources) -> SpecErrors {
        let errors: Vec<_> = self.notes.into_iter().filter(Note::is_error).collect();
        let more = errors.len().saturating_sub(SpecErrors::SHOWN) + self.dropped;
        let shown = errors.into_iter().take(SpecErrors::SHOWN);
        SpecErrors { findings: shown.map(|note| note.into_finding(sources)).collect(), more }
    }

    /// All notes, where none is an error.
    pub(crate) fn into_warnings(self, sources: &Sources) -> Vec<Finding> {
        self.notes.into_iter().map(|note| note.into_finding(sources)).collect()
    }
}
