//! Texts that a sweep is read from, and places in them. Reads no file.

use std::sync::Arc;

use crate::SpecErrors;
use crate::finding::{Log, Note};

/// A sweep file's text and the name that errors show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What errors call it, such as `sweeps/quickstart.yaml`. Its stem names a sweep that has no `name`.
    pub name: String,
    /// The text; [`crate::plan()`] refuses one of more than [`Source::MAX_BYTES`].
    pub text: String,
}

impl Source {
    /// The longest file that is read, in bytes.
    pub const MAX_BYTES: usize = 1 << 20;

    /// A source out of a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Source { name: name.into(), text: text.into() }
    }

    /// A source out of a file's bytes. A caller need not read more than [`Source::MAX_BYTES`] + 1 of them.
    ///
    /// # Errors
    /// Too many bytes, or bytes that are not UTF-8, with the place of the first.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Result<Self, SpecErrors> {
        let name = name.into();
        if bytes.len() > Source::MAX_BYTES {
            return Err(too_long(&name));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Source { name, text: text.to_owned() }),
            Err(error) => {
                let at = error.valid_up_to();
                let byte = bytes.get(at).copied().unwrap_or_default();
                let mut log = Log::default();
                let span = Span::new(0, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
                let note = Note::error(span, format!("byte 0x{byte:02x} is not UTF-8"));
                log.push(note.help("save the file as UTF-8 text"));
                Err(log.into_errors(&Sources::new(&name, &String::from_utf8_lossy(bytes))))
            }
        }
    }

    /// Refuses what no YAML file holds: too many bytes, control characters.
    pub(crate) fn check(&self) -> Result<(), SpecErrors> {
        if self.text.len() > Source::MAX_BYTES {
            return Err(too_long(&self.name));
        }
        let Some((at, c)) = control_character(&self.text) else { return Ok(()) };
        let mut log = Log::default();
        let span = Span::new(0, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
        let note = Note::error(span, format!("character U+{:04X} cannot stand in a YAML file", u32::from(c)));
        log.push(note.help("is this a text file? take the character out"));
        Err(log.into_errors(&Sources::new(&self.name, &self.text)))
    }
}

/// The first control character that YAML does not allow in a text.
pub(crate) fn control_character(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| unprintable(*c))
}

fn unprintable(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// The text without characters that could make a terminal do things: each becomes U+FFFD.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if unprintable(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn too_long(name: &str) -> SpecErrors {
    let mut log = Log::default();
    let message = format!("{name} has more than {} bytes, the most that a sweep file may have", Source::MAX_BYTES);
    log.push(Note::whole(message).help("is this the right file? a long list of points can be written as a grid"));
    log.into_errors(&Sources::new(name, ""))
}

/// A stretch of bytes in one of the texts; `source` 0 is the file, the others are overrides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(source: usize, start: usize, end: usize) -> Self {
        Span { source, start, end: end.max(start) }
    }
}

/// All texts of one plan, printable: places before the first unprintable character stay what they are, and nothing is
/// read beyond it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sources(Vec<(Arc<str>, Arc<str>)>);

impl Sources {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Sources(vec![(printable(name).into(), printable(text).into())])
    }

    pub(crate) fn add(&mut self, name: &str, text: &str) -> usize {
        self.0.push((printable(name).into(), printable(text).into()));
        self.0.len() - 1
    }

    pub(crate) fn name(&self, source: usize) -> Arc<str> {
        self.0.get(source).map(|(name, _)| Arc::clone(name)).unwrap_or_default()
    }

    pub(crate) fn text(&self, source: usize) -> Arc<str> {
        self.0.get(source).map(|(_, text)| Arc::clone(text)).unwrap_or_default()
    }

    /// The bytes under a span; empty where it does not fit the text.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.0.get(span.source).and_then(|(_, text)| text.get(span.start..span.end)).unwrap_or_default()
    }

    /// Line and column of a span's start, both from 1, the column in characters.
    pub(crate) fn line_column(&self, span: Span) -> (u32, u32) {
        let text = self.text(span.source);
        let before = text.get(..span.start).unwrap_or_default();
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line.try_into().unwrap_or(u32::MAX), column.try_into().unwrap_or(u32::MAX))
    }
}
