//! Settings as a flat list: each value with its whole path and the places of its key's parts.

use gliss_types::{SettingPath, Settings};
use serde_json::{Map, Value};

use crate::finding::{Log, Note};
use crate::source::{Sources, Span};
use crate::tree::{Kind, Node, shortened};

/// A path on its way down, each segment with its place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key(Vec<(String, Span)>);

impl Key {
    /// The path one key further, which may itself hold dots.
    ///
    /// # Errors
    /// The key is no setting's name, or the path becomes too deep.
    pub(crate) fn below(&self, key: &str, span: Span, sources: &Sources) -> Result<Key, Note> {
        let mut segments = self.0.clone();
        // Only a plain key stands in the text letter for letter.
        let verbatim = sources.slice(span) == key;
        let mut at = span.start;
        for segment in key.split('.') {
            let place = Span::new(span.source, at, at + segment.len());
            segments.push((segment.to_owned(), if verbatim { place } else { span }));
            at += segment.len() + 1;
        }
        let below = Key(segments);
        match below.text().parse::<SettingPath>() {
            Ok(_) => Ok(below),
            Err(_) => Err(Note::error(span, format!("`{}` is not a setting's name", shortened(key)))
                .help("names hold letters, digits, `_` and `-`; dots lead to a section, as in `optimiser.lr`")),
        }
    }

    /// With dots.
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|(segment, _)| segment.as_str()).collect::<Vec<_>>().join(".")
    }

    /// The checked path; `None` for the path of no key at all.
    pub(crate) fn path(&self) -> Option<SettingPath> {
        self.text().parse().ok()
    }

    /// The place of the first `segments` segments' last one, counted from 1.
    pub(crate) fn place(&self, segments: usize) -> Option<Span> {
        self.0.get(segments.checked_sub(1)?).map(|(_, span)| *span)
    }

    /// The place of the whole key, as far as it stands in one piece.
    pub(crate) fn span(&self) -> Span {
        let last = self.0.last().map_or(Span::new(0, 0, 0), |(_, span)| *span);
        let joined = self.0.iter().rev().map_while(|(_, s)| (s.source == last.source).then_some(*s));
        joined.fold(last, |whole, s| if s.end + 1 == whole.start { Span { start: s.start, ..whole } } else { whole })
    }
}

/// One setting: a scalar or a list.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) key: Key,
    pub(crate) path: SettingPath,
    pub(crate) node: Node,
    pub(crate) value: Value,
}

impl Leaf {
    pub(crate) fn new(key: Key, path: SettingPath, node: Node) -> Self {
        let value = node.value();
        Leaf { key, path, node, value }
    }

    /// Whether the two set the same thing: equal paths, or one inside the other.
    pub(crate) fn overlaps(&self, other: &SettingPath) -> bool {
        let (a, b) = (self.path.as_str(), other.as_str());
        a == b || inside(a, b) || inside(b, a)
    }
}

/// Whether `path` stands below `section`.
pub(crate) fn inside(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

/// All settings in a value, mappings taken apart. What cannot be a setting goes to `log`, and its path to `broken`.
pub(crate) fn flatten(key: &Key, node: &Node, at: &mut At<'_>, out: &mut Vec<Leaf>) {
    match &node.kind {
        Kind::Map(entries) if entries.is_empty() && key.path().is_some() => {
            let note = Note::error(node.span, format!("`{}` is an empty mapping", key.text()));
            at.log.push(note.help("name settings below it, or leave it out for their defaults"));
            at.broken.push(key.text());
        }
        Kind::Map(entries) => {
            for entry in entries.iter() {
                match key.below(&entry.key, entry.key_span, at.sources) {
                    Ok(below) => flatten(&below, &entry.value, at, out),
                    Err(note) => at.log.push(note),
                }
            }
        }
        Kind::Unread => at.broken.push(key.text()),
        Kind::Scalar(Value::Null) => {
            let span = if node.span.start == node.span.end { key.span() } else { node.span };
            let note = Note::error(span, format!("`{}` has no value", key.text()));
            at.log.push(note.help("give it a value, or leave it out for its default"));
            at.broken.push(key.text());
        }
        Kind::Scalar(_) | Kind::List(_) => {
            if let Some(path) = key.path() {
                out.push(Leaf::new(key.clone(), path, node.clone()));
            }
        }
    }
}

/// What a reader of settings writes to.
pub(crate) struct At<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) log: &'a mut Log,
    pub(crate) broken: &'a mut Vec<String>,
}

/// The value that leaves below `path` make together: the one value at `path` itself, or a mapping.
pub(crate) fn merged(leaves: &[Leaf], path: &SettingPath) -> Value {
    let mut settings = Settings::default();
    for leaf in leaves {
        settings.set(&leaf.path, leaf.value.clone());
    }
    settings.get(path.as_str()).cloned().unwrap_or_else(|| Value::Object(Map::new()))
}
