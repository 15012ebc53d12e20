//! From the scanner's events to a tree, in one pass. Everything that a hostile file could blow up is counted before it
//! is made: an alias is charged for all that it stands for.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::Value;

use super::offsets::Offsets;
use super::scalar::{Unreadable, resolve};
use super::{Entry, Kind, Node, broken, budget};
use crate::finding::{Log, Note};
use crate::source::Span;

/// Reads `text`, which begins at byte `base` of source `source`. Yields `Ok(None)` for a text without any value.
/// Mistakes that leave the rest readable go to `log`.
///
/// # Errors
/// What makes the rest unreadable: broken YAML, a budget that is spent, more than one document.
pub(crate) fn build(source: usize, text: &str, base: usize, log: &mut Log) -> Result<Option<Node>, Note> {
    // A byte order mark is no character of the text for some scanners and one for others.
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let text = text.get(mark..).unwrap_or_default();
    let offsets = Offsets::new(text, base + mark);
    let mut builder = Builder {
        source,
        text,
        base: base + mark,
        offsets,
        log,
        open: vec![],
        anchors: HashMap::new(),
        spent: Size::default(),
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    let mut documents = 0;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| builder.broken(&error))?;
        let span = builder.span(&span);
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(Note::error(span, "a second document begins here")
                    .help("a sweep file holds one document: take the `---` out, or make two files"));
            }
        }
        builder.take(event, span)?;
    }
    Ok(builder.root)
}

/// What a subtree costs.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    /// Lists and mappings inside each other; 0 for a scalar.
    height: usize,
}

impl Size {
    fn add(&mut self, part: Size) {
        self.nodes = self.nodes.saturating_add(part.nodes);
        self.bytes = self.bytes.saturating_add(part.bytes);
        self.height = self.height.max(part.height);
    }
}

/// A list or mapping that has not ended.
struct Open {
    start: Span,
    anchor: usize,
    size: Size,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: HashMap<String, Span>, key: Option<(String, Span)> },
}

struct Builder<'a> {
    source: usize,
    text: &'a str,
    base: usize,
    offsets: Offsets,
    log: &'a mut Log,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, Size)>,
    spent: Size,
    root: Option<Node>,
}

impl Builder<'_> {
    fn span(&self, span: &saphyr_parser::Span) -> Span {
        Span::new(self.source, self.offsets.byte(span.start.index()), self.offsets.byte(span.end.index()))
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Note> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.untagged(tag.as_deref(), span);
                let size = Size { nodes: 1, bytes: text.len(), height: 0 };
                self.charge(size, span)?;
                if self.wants_key() {
                    // Keys are names: what they would mean as values is of no interest.
                    self.anchor(anchor, Node { span, kind: Kind::Scalar(Value::String(text.to_string())) }, size);
                    return self.key(text.into_owned(), span, size, style == ScalarStyle::Plain);
                }
                let kind = match style {
                    ScalarStyle::Plain => self.plain(&text, span),
                    _ => Kind::Scalar(Value::String(text.into_owned())),
                };
                self.complete(anchor, Node { span, kind }, size)
            }
            Event::SequenceStart(anchor, tag) => self.begin(anchor, tag.as_deref(), span, Content::List(vec![])),
            Event::MappingStart(anchor, tag) => {
                let content = Content::Map { entries: vec![], seen: HashMap::new(), key: None };
                self.begin(anchor, tag.as_deref(), span, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn charge(&mut self, size: Size, span: Span) -> Result<(), Note> {
        self.spent.add(size);
        let depth = self.open.len() + size.height;
        let (what, most) = if self.spent.nodes > budget::NODES {
            ("values and keys", budget::NODES)
        } else if self.spent.bytes > budget::BYTES {
            ("bytes of text", budget::BYTES)
        } else if depth > budget::DEPTH {
            return Err(too_deep(span));
        } else {
            return Ok(());
        };
        Err(Note::error(span, format!("up to here the file has more than {most} {what}"))
            .help("aliases count for all that they stand for; write a long list of numbers as `min` and `max`"))
    }

    fn begin(&mut self, anchor: usize, tag: Option<&Tag>, span: Span, content: Content) -> Result<(), Note> {
        if self.wants_key() {
            return Err(Note::error(span, "a list or mapping cannot be a key").help("a key is a name such as `batch`"));
        }
        self.untagged(tag, span);
        let size = Size { nodes: 1, bytes: 0, height: 1 };
        self.charge(size, span)?;
        self.open.push(Open { start: span, anchor, size: Size { height: 0, ..size }, content });
        Ok(())
    }

    fn end(&mut self, end: Span) -> Result<(), Note> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let covered = open.start.start.checked_sub(self.base).zip(end.end.checked_sub(self.base));
        let covered = covered.and_then(|(from, to)| self.text.get(from..to)).unwrap_or_default();
        let span = Span::new(self.source, open.start.start, open.start.start + covered.trim_end().len());
        let kind = match open.content {
            Content::List(items) => Kind::List(Arc::new(items)),
            Content::Map { entries, .. } => Kind::Map(Arc::new(entries)),
        };
        self.complete(open.anchor, Node { span, kind }, Size { height: open.size.height + 1, ..open.size })
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Note> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(Note::error(span, "this alias stands inside what it refers to")
                .help("write the value out instead of the alias"));
        };
        self.charge(size, span)?;
        if !self.wants_key() {
            return self.complete(0, node, size);
        }
        match node.text() {
            Some(text) => self.key(text.to_owned(), span, size, true),
            None => Err(Note::error(span, "this alias is not a name, and a key must be one")),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, name: String, span: Span, size: Size, plain: bool) -> Result<(), Note> {
        if name == "<<" && plain {
            self.log.push(
                Note::error(span, "merge keys (`<<`) are not read here")
                    .help("write the settings out, or use an alias (`*name`) for a whole value"),
            );
        }
        if let Some(open) = self.open.last_mut() {
            open.size.add(size);
            if let Content::Map { key, .. } = &mut open.content {
                *key = Some((name, span));
            }
        }
        Ok(())
    }

    fn anchor(&mut self, anchor: usize, node: Node, size: Size) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node, size));
        }
    }

    fn complete(&mut self, anchor: usize, node: Node, size: Size) -> Result<(), Note> {
        if anchor != 0 {
            self.anchor(anchor, node.clone(), size);
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size.add(size);
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, seen, key } => {
                let Some((name, key_span)) = key.take() else { return Ok(()) };
                if let Some(first) = seen.get(&name) {
                    self.log.push(
                        Note::error(key_span, format!("`{}` is given twice", super::shortened(&name)))
                            .label("and again here")
                            .also(*first, "given here")
                            .help("keep one of the two"),
                    );
                } else if name != "<<" {
                    seen.insert(name.clone(), key_span);
                    entries.push(Entry { key: name, key_span, value: node });
                }
            }
        }
        Ok(())
    }

    fn plain(&mut self, text: &str, span: Span) -> Kind {
        let (message, help) = match resolve(text) {
            Ok(value) => return Kind::Scalar(value),
            Err(Unreadable::NotFinite) => ("is not a finite number", "write a finite number"),
            Err(Unreadable::TooLarge) => ("is a whole number beyond 64 bits", "write a smaller number"),
        };
        self.log.push(Note::error(span, format!("`{}` {message}", super::shortened(text))).help(help));
        Kind::Unread
    }

    fn untagged(&mut self, tag: Option<&Tag>, span: Span) {
        let Some(tag) = tag else { return };
        let name = if tag.handle == "tag:yaml.org,2002:" { format!("!!{}", tag.suffix) } else { tag.to_string() };
        self.log.push(
            Note::error(span, format!("tags such as `{}` are not read here", super::shortened(&name)))
                .help("leave the tag out: the type of a value follows from how it is written"),
        );
    }

    fn broken(&self, error: &ScanError) -> Note {
        let at = self.offsets.byte(error.marker().index());
        let inner = at.saturating_sub(self.base);
        let (before, rest) = self.text.split_at_checked(inner).unwrap_or((self.text, ""));
        let length = rest.chars().next().filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
        let mut span = Span::new(self.source, at, at + length);
        if error.info().contains("recursion limit") {
            // The scanner reads ahead of the events, and has a limit of its own.
            return too_deep(span);
        }
        if error.info().contains("tab") && !rest.starts_with('\t') {
            // The scanner stops behind the tab.
            let line = before.rfind('\n').map_or(0, |line| line + 1);
            if let Some(tab) = before.rfind('\t').filter(|tab| *tab >= line) {
                span = Span::new(self.source, self.base + tab, self.base + tab + 1);
            }
        }
        let (message, help) = broken::words(error.info(), rest);
        Note::error(span, message).help(help)
    }
}

fn too_deep(span: Span) -> Note {
    let message = format!("this is more than {} lists and mappings inside each other", budget::DEPTH);
    Note::error(span, message).help("settings are at most a few levels deep")
}
