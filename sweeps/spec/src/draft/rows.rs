//! `rows:`, points listed one by one.

use super::clash::repeated_rows;
use super::leaf::{At, flatten};
use super::{Draft, Key, Row};
use crate::finding::{Log, Note};
use crate::source::Sources;
use crate::tree::Entry;

/// Reads the list under `rows`.
pub(super) fn read_rows(entry: &Entry, draft: &mut Draft, sources: &Sources, log: &mut Log) {
    let node = &entry.value;
    let items = match node.items() {
        Some([]) => {
            draft.broken.push(String::new());
            let note = Note::error(node.span, "`rows` has no rows, so there is no point at all");
            return log.push(note.help("list at least one row, or leave `rows` out"));
        }
        Some(items) => items,
        None => {
            draft.broken.push(String::new());
            let span = if node.is_nothing() { entry.key_span } else { node.span };
            let note = Note::error(span, format!("`rows` is {}, not a list", node.describe()));
            return log.push(note.help("write one `- {batch: 8, optimiser.lr: 0.1}` for each point"));
        }
    };
    for item in items {
        let mut leaves = Vec::new();
        if item.entries().is_some() {
            let mut at = At { sources, log, broken: &mut draft.broken };
            flatten(&Key::default(), item, &mut at, &mut leaves);
            draft.rows.push(Row { span: item.span, leaves });
        } else {
            draft.broken.push(String::new());
            let note = Note::error(item.span, format!("a row is {}, not a mapping of settings", item.describe()));
            log.push(note.help("write it as `- {batch: 8, optimiser.lr: 0.1}`"));
        }
    }
    repeated_rows(&draft.rows, log);
}
