//! YAML as a tree in which every value and every key knows its place, built in one pass within budgets. Knows nothing
//! of sweeps.

mod broken;
mod build;
mod offsets;
mod scalar;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value};

pub(crate) use build::build;
pub(crate) use scalar::resolve;

use crate::source::Span;

/// What a file may cost before anything is made of it. An alias costs what it stands for.
pub(crate) mod budget {
    /// Values and keys.
    pub(crate) const NODES: usize = 100_000;
    /// Bytes of text in values and keys.
    pub(crate) const BYTES: usize = 4 << 20;
    /// Lists and mappings inside each other.
    pub(crate) const DEPTH: usize = 32;
}

/// A value and its place. Cheap to clone but for a long text.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Nothing, a truth value, a finite number or a text.
    Scalar(Value),
    List(Arc<Vec<Node>>),
    Map(Arc<Vec<Entry>>),
    /// A scalar that means nothing; the finding is made.
    Unread,
}

/// A key and its value; keys are unique in their mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// The entries of a mapping.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self.kind, Kind::Scalar(Value::Null))
    }

    /// The value without places.
    pub(crate) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => Value::Array(items.iter().map(Node::value).collect()),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.value.value()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
            Kind::Unread => Value::Null,
        }
    }

    /// What it is, for messages.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar(Value::Null) => "empty".into(),
            Kind::Scalar(Value::String(text)) => format!("`{}` (a text)", shortened(text)),
            Kind::Scalar(Value::Bool(value)) => format!("`{value}` (a truth value)"),
            Kind::Scalar(value) => format!("`{value}` (a number)"),
            Kind::List(items) => format!("a list of {}", items.len()),
            Kind::Map(_) => "a mapping".into(),
            Kind::Unread => "a value that cannot be read".into(),
        }
    }
}

/// At most 80 characters, for messages.
pub(crate) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
