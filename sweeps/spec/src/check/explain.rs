//! The words for what was found in points.

use gliss_types::{Issue, Problem};
use serde_json::Value;

use super::points::By;
use super::walk::Combo;
use crate::draft::{Draft, Leaf};
use crate::finding::Note;
use crate::source::Span;
use crate::tree::{resolve, shortened};
use crate::words::{VOCABULARY, did_you_mean, nearest};

/// An issue over all points.
pub(super) struct Seen {
    pub(super) count: u64,
    pub(super) by: By,
    pub(super) leaf: Option<Leaf>,
    pub(super) first: Combo,
}

/// The finding for an issue. `some` is how many of how many points have it, where others with the same text do not.
pub(super) fn explain(span: Span, issue: &Issue, seen: &Seen, draft: &Draft, some: Option<(u64, u64)>) -> Note {
    let path = &issue.path;
    let message = match &issue.problem {
        Problem::Unknown { .. } => format!("`{path}` is not a setting here"),
        Problem::Missing { wanted, .. } => format!("`{path}` is missing: {wanted}"),
        Problem::Impossible { got, rule } => format!("`{path}` cannot be `{}`: {rule}", shortened(got)),
        problem => format!("`{path}`: {problem}"),
    };
    let mut help: Vec<String> = remedy(issue, seen).into_iter().collect();
    if let Some((count, of)) = some {
        let others = choices(draft, &seen.first, |axis| !matches!(seen.by, By::Axis(own, _) if own == axis));
        help.push(format!("this concerns {count} of {of} points{others}"));
    }
    let note = Note::error(span, message);
    let note = match (&issue.problem, &seen.leaf) {
        (Problem::Missing { .. }, _) | (_, None) => note.label(format!("`{path}` is not given here")),
        _ => note,
    };
    if help.is_empty() { note } else { note.help(help.join("; ")) }
}

fn remedy(issue: &Issue, seen: &Seen) -> Option<String> {
    let path = &issue.path;
    match &issue.problem {
        Problem::Missing { .. } => Some(format!("add `{path}: …` under `recipe:`")),
        Problem::Unknown { name, known } => {
            let near = nearest(name, known.iter().map(String::as_str)).map(|near| did_you_mean(&near));
            let elsewhere =
                VOCABULARY.holds(path).then(|| "with `task: noop` there is nothing to train: leave it out".into());
            near.or(elsewhere)
        }
        Problem::Impossible { .. } if seen.leaf.is_none() => Some(format!("this is its default; set `{path}` as well")),
        Problem::NotOneOf { got, choices } => {
            nearest(got, choices.iter().map(String::as_str)).map(|near| did_you_mean(&near))
        }
        Problem::WrongType { got, wanted } => {
            let value = seen.leaf.as_ref()?.node.value();
            let item = value.is_array() && !got.starts_with("a list");
            if item { None } else { retyped(path, wanted, &value, seen.by) }
        }
        Problem::Impossible { .. } => None,
    }
}

/// How a value of the wrong type was probably meant.
fn retyped(path: &str, wanted: &str, value: &Value, by: By) -> Option<String> {
    match value {
        Value::Array(_) if by == By::Fixed && !wanted.contains("list") => {
            Some(format!("to try several values, write `{path}: {{values: […]}}` under `parameters:`"))
        }
        Value::String(text) if wanted.contains("`true`") => match text.to_lowercase().as_str() {
            "yes" | "on" => Some("write `true`".into()),
            "no" | "off" => Some("write `false`".into()),
            _ => None,
        },
        Value::String(text) if wanted.contains("mapping") => {
            let below = VOCABULARY.below(path);
            let chooser = ["name", "source", "method", "kind"].into_iter().find(|name| below.contains(name))?;
            Some(format!("write `{path}: {{{chooser}: {}}}`", shortened(text)))
        }
        Value::String(text) if wanted.contains("number") => {
            let plain = resolve(text).is_ok_and(|value| value.is_number());
            plain.then(|| format!("without the quotes `{text}` is a number"))
        }
        _ => None,
    }
}

/// A setting that changes nothing in any point.
pub(super) fn unused(span: Span, path: &str, why: &str) -> Note {
    Note::error(span, format!("`{path}` has no effect: {why}")).warning().help("take it out")
}

/// Points that are the same recipe as an earlier one; each is given as its number and choices.
pub(super) fn repeats(draft: &Draft, repeated: u64, of: u64, first: &(u64, Combo), second: &(u64, Combo)) -> Note {
    let differing = |axis: &usize| first.1.picks.get(*axis) != second.1.picks.get(*axis);
    let axes: Vec<_> = (0..draft.dimensions.len()).filter(differing).filter_map(|i| draft.dimensions.get(i)).collect();
    let row = draft.rows.get(second.1.row).filter(|_| first.1.row != second.1.row);
    let span = axes.first().map(|axis| axis.key.span()).or(row.map(|row| row.span)).or(draft.home);
    let mut names: Vec<_> = axes.iter().map(|axis| format!("`{}`", axis.path)).collect();
    names.extend(row.map(|_| "their rows".to_owned()));
    let (verb, noun) = if repeated == 1 { ("repeats", "trial") } else { ("repeat", "trials") };
    let message = format!(
        "{repeated} of {of} {noun} {verb} the recipe of an earlier one",
        noun = if of == 1 { noun } else { "trials" }
    );
    Note::error(span.unwrap_or(Span::new(0, 0, 0)), message).warning().help(format!(
        "trials {} and {} differ in {}, which has no effect on them; give settings that belong together as one parameter \
         with mappings for values, or under `rows:`",
        first.0,
        second.0,
        names.join(", "),
    ))
}

/// `, the first with `a: 1`, `b: 2``; empty where nothing is chosen.
fn choices(draft: &Draft, combo: &Combo, wanted: impl Fn(usize) -> bool) -> String {
    let mut shown = Vec::new();
    for (axis, pick) in combo.picks.iter().enumerate().filter(|(axis, _)| wanted(*axis)) {
        let leaves = draft.dimensions.get(axis).map(|axis| axis.leaves(*pick).into_owned()).unwrap_or_default();
        shown.extend(leaves.iter().map(setting));
    }
    if let Some(row) = draft.rows.get(combo.row) {
        shown.extend(row.leaves.iter().map(setting));
    }
    shown.truncate(4);
    if shown.is_empty() { String::new() } else { format!(", the first with {}", shown.join(", ")) }
}

fn setting(leaf: &Leaf) -> String {
    let value = leaf.value.as_str().map_or_else(|| leaf.value.to_string(), str::to_owned);
    format!("`{}: {}`", leaf.path, shortened(&value))
}
