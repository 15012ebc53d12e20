//! The top level of a sweep file.

use super::clash::twice;
use super::foreign;
use super::leaf::{At, flatten};
use super::metric::read_metric;
use super::parameters::read_parameters;
use super::rows::read_rows;
use super::{Draft, Key};
use crate::finding::{Log, Note};
use crate::source::{Sources, Span};
use crate::tree::{Entry, Node, shortened};
use crate::words::{TOP, VOCABULARY, did_you_mean, listed, nearest_key};

/// Reads the tree of a file; mistakes go to `log`.
pub(crate) fn read(root: &Node, sources: &Sources, log: &mut Log) -> Draft {
    let mut draft = Draft::default();
    let Some(entries) = root.entries() else {
        draft.broken.push(String::new());
        let note = Note::error(root.span, format!("a sweep file is a mapping, and this is {}", root.describe()));
        log.push(note.help(format!("its keys are {}", listed(TOP))));
        return draft;
    };
    draft.home = entries.iter().find(|e| e.key == "recipe").or(entries.first()).map(|e| e.key_span);
    for entry in entries {
        read_key(entry, &mut draft, sources, log);
    }
    twice(&draft, log);
    draft
}

fn read_key(entry: &Entry, draft: &mut Draft, sources: &Sources, log: &mut Log) {
    let node = &entry.value;
    match entry.key.as_str() {
        "name" => draft.name = label_text("name", node, log),
        "description" => draft.description = label_text("description", node, log),
        "method" => check_method(node, log),
        "metric" => draft.metric = read_metric(node, log),
        "attempts" => draft.attempts = attempts(node, log),
        "priority" => draft.priority = priority(node, log),
        "max_running" => draft.max_running = max_running(node, log),
        "give_up_after" => draft.give_up_after = give_up_after(node, log),
        "parameters" => read_parameters(entry, draft, sources, log),
        "rows" => read_rows(entry, draft, sources, log),
        "recipe" => read_recipe(entry, draft, sources, log),
        "<<" => {}
        other => log.push(unknown_key(other, entry.key_span)),
    }
}

fn read_recipe(entry: &Entry, draft: &mut Draft, sources: &Sources, log: &mut Log) {
    let node = &entry.value;
    if node.is_nothing() {
        return;
    }
    if node.entries().is_none() {
        draft.broken.push(String::new());
        let note = Note::error(node.span, format!("`recipe` is {}, not a mapping of settings", node.describe()));
        return log.push(note.help("name settings below it, as in `recipe: {data.source: synth}`"));
    }
    let mut at = At { sources, log, broken: &mut draft.broken };
    flatten(&Key::default(), node, &mut at, &mut draft.fixed);
}

/// A top-level key that is none.
pub(crate) fn unknown_key(key: &str, span: Span) -> Note {
    let shown = shortened(key);
    if let Some(help) = foreign::top(key) {
        return Note::error(span, format!("`{shown}` means nothing here")).help(help);
    }
    let note = Note::error(span, format!("`{shown}` is not a key of a sweep file"));
    if VOCABULARY.holds(key) {
        return note.help(format!(
            "`{shown}` is a setting: put it under `recipe:` to fix it, or under `parameters:` to search over it"
        ));
    }
    let setting = VOCABULARY.meant(key).map(|s| format!("did you mean the setting `{s}`? it belongs under `recipe:`"));
    note.help(format!("the keys are {}", listed(TOP)))
        .maybe_help(nearest_key(key).map(|near| did_you_mean(&near)).or(setting))
}

/// `name` or `description`: a text without control characters.
pub(crate) fn label_text(key: &str, node: &Node, log: &mut Log) -> Option<String> {
    let (most, lines) = if key == "name" { (128, false) } else { (4096, true) };
    let good = |c: char| !c.is_control() || (lines && matches!(c, '\n' | '\t'));
    let (message, help) = match node.text() {
        Some(text) if text.trim().is_empty() => (format!("`{key}` is empty"), "write a text, or leave it out"),
        Some(text) if text.chars().count() > most => {
            (format!("`{key}` has more than {most} characters"), "write a shorter one")
        }
        Some(text) if !text.chars().all(good) => {
            (format!("`{key}` holds a control character or a line break"), "take it out")
        }
        Some(text) => return Some(text.trim_end().to_owned()),
        None => (format!("`{key}` is {}, not a text", node.describe()), "put it in quotes, or leave it out"),
    };
    log.push(Note::error(node.span, message).help(help));
    None
}

/// `method`: grid is what there is.
pub(crate) fn check_method(node: &Node, log: &mut Log) {
    let (message, help) = match node.text() {
        Some("grid") => return,
        Some(method @ ("random" | "bayes" | "custom")) => (
            format!("`method: {method}` is not in this version, which has `grid`"),
            "write `method: grid` and list the values to try",
        ),
        Some(other) => (format!("`{}` is not a method", shortened(other)), "write `method: grid`"),
        None => (format!("`method` is {}, not `grid`", node.describe()), "write `method: grid`"),
    };
    log.push(Note::error(node.span, message).help(help));
}

/// `attempts`: how often a trial may fail.
pub(crate) fn attempts(node: &Node, log: &mut Log) -> Option<u32> {
    let help = "it is how many attempts may fail before a trial fails; 3 if left out";
    whole("attempts", node, [1, 100], help, log)
}

/// `priority`: whose trials come first.
pub(crate) fn priority(node: &Node, log: &mut Log) -> Option<i32> {
    let help = "sweeps of a higher priority are served first; 0 if left out";
    whole("priority", node, [-100, 100], help, log)
}

/// `max_running`: how many trials may run at once.
pub(crate) fn max_running(node: &Node, log: &mut Log) -> Option<u32> {
    let help = "it is how many trials of the sweep may run at once; leave it out for as many as there are slots";
    whole("max_running", node, [1, 1_000_000], help, log)
}

/// `give_up_after`: how many failures alike pause the sweep.
pub(crate) fn give_up_after(node: &Node, log: &mut Log) -> Option<u32> {
    let help = "so many trials that fail alike, one after the other, pause the sweep; left out or 0 for never";
    whole("give_up_after", node, [0, 1_000_000], help, log)
}

/// A whole number in a range, both ends included.
fn whole<T: TryFrom<i64>>(key: &str, node: &Node, [least, most]: [i64; 2], help: &str, log: &mut Log) -> Option<T> {
    let good = node.value().as_i64().filter(|number| (least..=most).contains(number));
    if good.is_none() {
        let text = format!("`{key}` is {}, not a whole number from {least} to {most}", node.describe());
        log.push(Note::error(node.span, text).help(help));
    }
    T::try_from(good?).ok()
}
