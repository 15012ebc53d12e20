//! What is said twice: one setting in two places, one value twice in a dimension, one row twice.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Number, Value};

use super::{Choice, Draft, Leaf, Row, leaf::inside};
use crate::finding::{Log, Note};
use crate::source::Span;

/// Refuses settings that are given in two places. A row may give anew what the recipe gives, unless all rows do.
pub(crate) fn twice(draft: &Draft, log: &mut Log) {
    let mut axes = Vec::new();
    for axis in &draft.dimensions {
        for index in 0..axis.listed() {
            Taken::default().all(&axis.leaves(index), log);
        }
        axes.push(distinct((0..axis.listed()).map(|index| axis.leaves(index))));
    }
    let mut fixed = Taken::default();
    fixed.all(&draft.fixed, log);
    let mut searched = Taken::default();
    for leaves in &axes {
        for leaf in leaves {
            fixed.refuse(leaf, log);
            searched.refuse(leaf, log);
        }
        searched.insert(leaves);
    }
    let mut rows_with: HashMap<&str, usize> = HashMap::new();
    for row in &draft.rows {
        Taken::default().all(&row.leaves, log);
        for leaf in &row.leaves {
            searched.refuse(leaf, log);
            *rows_with.entry(leaf.path.as_str()).or_default() += 1;
        }
    }
    for leaf in draft.rows.first().map(|row| row.leaves.as_slice()).unwrap_or_default() {
        let everywhere = rows_with.get(leaf.path.as_str()).is_some_and(|count| *count >= draft.rows.len());
        if let Some(first) = fixed.find(leaf).filter(|_| everywhere) {
            log.push(clash(first, leaf).help("every row gives it anew: take it out of the recipe"));
        }
    }
}

/// The first leaf of every path.
fn distinct<'a>(choices: impl Iterator<Item = Cow<'a, [Leaf]>>) -> Vec<Leaf> {
    let mut seen = HashSet::new();
    let mut leaves = Vec::new();
    for choice in choices {
        for leaf in choice.iter() {
            if seen.insert(leaf.path.clone()) {
                leaves.push(leaf.clone());
            }
        }
    }
    leaves
}

/// Settings given so far, by path and by the sections that hold them.
#[derive(Default)]
struct Taken<'a> {
    paths: HashMap<&'a str, &'a Leaf>,
    sections: HashMap<&'a str, &'a Leaf>,
}

impl<'a> Taken<'a> {
    /// What gives the same setting already.
    fn find(&self, leaf: &Leaf) -> Option<&'a Leaf> {
        let path = leaf.path.as_str();
        let same = self.paths.get(path).or_else(|| self.sections.get(path));
        same.or_else(|| sections(path).find_map(|section| self.paths.get(section))).copied()
    }

    fn refuse(&self, leaf: &Leaf, log: &mut Log) {
        if let Some(first) = self.find(leaf) {
            log.push(clash(first, leaf));
        }
    }

    fn insert(&mut self, leaves: &'a [Leaf]) {
        for leaf in leaves {
            for section in sections(leaf.path.as_str()) {
                self.sections.entry(section).or_insert(leaf);
            }
            self.paths.entry(leaf.path.as_str()).or_insert(leaf);
        }
    }

    /// Refuses what the leaves give twice among themselves.
    fn all(&mut self, leaves: &'a [Leaf], log: &mut Log) {
        for leaf in leaves {
            self.refuse(leaf, log);
            self.insert(std::slice::from_ref(leaf));
        }
    }
}

/// `a.b` and `a` for `a.b.c`.
fn sections(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(at, _)| path.get(..at).unwrap_or_default())
}

fn clash(first: &Leaf, second: &Leaf) -> Note {
    let (a, b) = (first.path.as_str(), second.path.as_str());
    let message = if a == b {
        format!("`{a}` is given in two places")
    } else if inside(a, b) {
        format!("`{b}` as a whole and `{a}` in it are both given")
    } else {
        format!("`{a}` as a whole and `{b}` in it are both given")
    };
    let (mut here, mut there) = (second.key.span(), first.key.span());
    if here < there {
        std::mem::swap(&mut here, &mut there);
    }
    Note::error(here, message).label("and here").also(there, "given here").help("keep one of the two")
}

/// Refuses a value that stands twice in a dimension: its trials would run twice.
pub(crate) fn repeated_choices(path: &str, choices: &[Choice], log: &mut Log) {
    let message = format!("a value of `{path}` is listed twice");
    repeated(choices.iter().map(|choice| (choice.span, choice.leaves.as_slice())), &message, log);
}

/// Refuses a row that stands twice.
pub(super) fn repeated_rows(rows: &[Row], log: &mut Log) {
    repeated(rows.iter().map(|row| (row.span, row.leaves.as_slice())), "a row is listed twice", log);
}

fn repeated<'a>(all: impl Iterator<Item = (Span, &'a [Leaf])>, message: &str, log: &mut Log) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for (span, leaves) in all {
        // What could not be read has no leaves, and is no repetition.
        if leaves.is_empty() {
            continue;
        }
        if let Some(first) = seen.get(&same(leaves)) {
            log.push(
                Note::error(span, message)
                    .label("and again here")
                    .also(*first, "listed here")
                    .help("take one of them out: its trials would run twice"),
            );
        } else {
            seen.insert(same(leaves), span);
        }
    }
}

/// A text that is equal for settings that are equal: in any order, and with `1` the same as `1.0`.
pub(crate) fn same(leaves: &[Leaf]) -> String {
    let mut parts: Vec<_> = leaves.iter().map(|leaf| format!("{}={}", leaf.path, alike(&leaf.value))).collect();
    parts.sort();
    parts.join(";")
}

fn alike(value: &Value) -> Value {
    let whole = |number: &Number| {
        let float = number.as_f64().filter(|v| number.is_f64() && v.fract() == 0.0 && v.abs() < 9e15);
        // Exact: the range is inside the whole numbers that a double holds.
        float.map(|v| Value::from(v as i64))
    };
    match value {
        Value::Number(number) => whole(number).unwrap_or_else(|| value.clone()),
        Value::Array(items) => items.iter().map(alike).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), alike(value))).collect()),
        _ => value.clone(),
    }
}
