//! Fields of a sweep set from the command line: `--set batch=64`. Read and checked like the file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gliss_types::LIST_SETTINGS;

use crate::SpecErrors;
use crate::draft::{
    At, Axis, Choice, Choices, Draft, Key, Leaf, attempts, check_method, flatten, give_up_after, inside, is_foreign,
    label_text, max_running, priority, read_goal, read_metric, read_metric_name, repeated_choices, same, unknown_key,
    unknown_metric_key,
};
use crate::finding::{Log, Note};
use crate::place::data_path;
use crate::source::{Source, Sources, Span, control_character};
use crate::tree::{Kind, Node, build};

/// The name under which errors show overrides.
const NAME: &str = "--set";

/// One field set from the command line, such as `optimiser.lr=0.1`, `name=a try` or `data.path=/music`.
///
/// A setting becomes fixed, whatever the file says of it: a dimension over it goes, and so do rows' values for it. A
/// list makes the setting a dimension, unless its value is a list itself and it is none yet. Also `name`, `description`, `method`,
/// `metric`, `metric.name`, `metric.goal`, `attempts`, `priority`, `max_running` and `give_up_after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    text: String,
    base: Option<PathBuf>,
}

impl Override {
    /// Reads `path=value`; the value is YAML on one line: a scalar, `[a, b]` or `{a: b}`.
    ///
    /// # Errors
    /// No `=`, no value, no YAML. Whether the field exists is found by [`crate::plan()`].
    pub fn parse(text: &str) -> Result<Self, SpecErrors> {
        let sources = Sources::new(NAME, text);
        let mut log = Log::default();
        if text.len() > Source::MAX_BYTES {
            log.push(Note::whole(format!("more than {} bytes", Source::MAX_BYTES)));
        } else {
            split(text, 0, &mut log);
        }
        if log.has_errors() {
            return Err(log.into_errors(&sources));
        }
        Ok(Override { text: text.to_owned(), base: None })
    }

    /// Makes a relative `data.path` in this override relative to `base` (where the command was typed) and not to the
    /// folder that [`crate::plan()`] is given (where the file lies).
    pub fn relative_to(self, base: &Path) -> Self {
        Override { base: Some(base.to_owned()), ..self }
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Path, its place, and value.
fn split<'a>(text: &'a str, source: usize, log: &mut Log) -> Option<(&'a str, Span, Node)> {
    let whole = Span::new(source, 0, text.len());
    if let Some((at, c)) = control_character(text) {
        let span = Span::new(source, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
        log.push(Note::error(span, format!("character U+{:04X} cannot stand here", u32::from(c))));
        return None;
    }
    let Some((path, value)) = text.split_once('=') else {
        log.push(
            Note::error(whole, "there is no `=` in this").help("write `--set PATH=VALUE`, as in `--set batch=64`"),
        );
        return None;
    };
    let start = path.len() - path.trim_start().len();
    let key = Span::new(source, start, start + path.trim().len());
    if path.trim().is_empty() {
        log.push(Note::error(whole, "nothing is named before the `=`").help("as in `--set batch=64`"));
        return None;
    }
    match build(source, value, path.len() + 1, log) {
        Ok(Some(node)) if !node.is_nothing() => Some((path.trim(), key, node)),
        Ok(_) => {
            log.push(Note::error(key, format!("`{}` is given no value", path.trim())).help("as in `--set batch=64`"));
            None
        }
        Err(note) => {
            log.push(note.help(format!("put quotes round a text with signs: `--set {}=\"'…'\"`", path.trim())));
            None
        }
    }
}

/// Applies overrides to what the file says, later ones over earlier ones.
pub(crate) fn apply(overrides: &[Override], draft: &mut Draft, sources: &mut Sources, log: &mut Log) {
    for given in overrides {
        let source = sources.add(NAME, &given.text);
        let Some((path, span, node)) = split(&given.text, source, log) else { continue };
        match path {
            "name" => draft.name = label_text("name", &node, log),
            "description" => draft.description = label_text("description", &node, log),
            "method" => check_method(&node, log),
            "metric" => draft.metric = read_metric(&node, log),
            "metric.name" => draft.metric.name = read_metric_name(&node, log),
            "metric.goal" => draft.metric.goal = read_goal(&node, log).map(|goal| (goal, node.span)),
            "attempts" => draft.attempts = attempts(&node, log),
            "priority" => draft.priority = priority(&node, log),
            "max_running" => draft.max_running = max_running(&node, log),
            "give_up_after" => draft.give_up_after = give_up_after(&node, log),
            _ => match path.split('.').next() {
                Some(top @ ("parameters" | "rows" | "recipe")) => {
                    let note = Note::error(span, format!("`{top}` cannot be set from here"));
                    log.push(note.help("name the setting itself: `batch=64`, or `batch=[8, 16]` for a dimension"));
                }
                Some("metric") => log.push(unknown_metric_key(path.split_once('.').map_or("", |(_, key)| key), span)),
                Some(top) if is_foreign(top) => log.push(unknown_key(top, span)),
                _ => setting(path, span, &node, given.base.as_deref(), draft, sources, log),
            },
        }
    }
}

/// Whether a list can be the one value of a setting, or a part of it.
fn is_list(path: &str) -> bool {
    LIST_SETTINGS.iter().any(|list| inside(path, list) || *list == path)
}

fn setting(
    path: &str,
    span: Span,
    node: &Node,
    base: Option<&Path>,
    draft: &mut Draft,
    sources: &Sources,
    log: &mut Log,
) {
    let key = match Key::default().below(path, span, sources) {
        Ok(key) => key,
        Err(note) => return log.push(note),
    };
    let axis = draft.dimensions.iter().position(|axis| axis.path.as_str() == path);
    if let Kind::List(items) = &node.kind
        && (axis.is_some() || !is_list(path))
    {
        if items.is_empty() {
            return log.push(Note::error(node.span, format!("`{path}` has no values, so the grid is empty")));
        }
        let choices = items.iter().map(|item| {
            let leaves = leaves(&key, item, base, draft, sources, log);
            Choice { span: item.span, leaves }
        });
        let choices: Vec<_> = choices.collect();
        repeated_choices(path, &choices, log);
        let Some(whole) = key.path() else { return };
        if axis.is_none() {
            choices.iter().flat_map(|choice| &choice.leaves).for_each(|leaf| clear(leaf, draft));
        }
        let new = Axis { key, path: whole, choices: Choices::Listed(choices) };
        match axis.and_then(|axis| draft.dimensions.get_mut(axis)) {
            Some(axis) => *axis = new,
            None => draft.dimensions.push(new),
        }
        return;
    }
    draft.dimensions.retain(|axis| axis.path.as_str() != path);
    for leaf in leaves(&key, node, base, draft, sources, log) {
        clear(&leaf, draft);
        draft.fixed.push(leaf);
    }
}

fn leaves(
    key: &Key,
    node: &Node,
    base: Option<&Path>,
    draft: &mut Draft,
    sources: &Sources,
    log: &mut Log,
) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    flatten(key, node, &mut At { sources, log, broken: &mut draft.broken }, &mut leaves);
    if let Some(base) = base {
        for leaf in &mut leaves {
            data_path(leaf, base, log);
        }
    }
    leaves
}

/// Takes out whatever gives the same setting; what becomes equal by that becomes one.
fn clear(leaf: &Leaf, draft: &mut Draft) {
    let path = leaf.path.as_str();
    draft.fixed.retain(|old| !old.overlaps(&leaf.path));
    draft.dimensions.retain(|axis| axis.path.as_str() != path && !inside(axis.path.as_str(), path));
    for axis in &mut draft.dimensions {
        let Choices::Listed(choices) = &mut axis.choices else { continue };
        let changed = choices.iter_mut().filter_map(|choice| drop_from(&mut choice.leaves, leaf).then_some(())).count();
        if changed > 0 {
            let mut seen = HashSet::new();
            choices.retain(|choice| is_new(&choice.leaves, &mut seen));
        }
    }
    draft.dimensions.retain(|axis| match &axis.choices {
        Choices::Listed(choices) => choices.iter().any(|choice| !choice.leaves.is_empty()),
        Choices::Range { .. } => true,
    });
    let changed = draft.rows.iter_mut().filter_map(|row| drop_from(&mut row.leaves, leaf).then_some(())).count();
    if changed > 0 {
        let mut seen = HashSet::new();
        draft.rows.retain(|row| is_new(&row.leaves, &mut seen));
        if draft.rows.iter().all(|row| row.leaves.is_empty()) {
            draft.rows.clear();
        }
    }
}

fn drop_from(leaves: &mut Vec<Leaf>, leaf: &Leaf) -> bool {
    let before = leaves.len();
    leaves.retain(|old| !old.overlaps(&leaf.path));
    leaves.len() < before
}

fn is_new(leaves: &[Leaf], seen: &mut HashSet<String>) -> bool {
    seen.insert(same(leaves))
}
