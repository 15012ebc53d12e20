//! Settings that no recipe has are refused before any point is read, so that a point is never larger than a recipe.

use crate::draft::{Choices, Draft, Leaf};
use crate::finding::{Log, Note};
use crate::tree::shortened;
use crate::words::{VOCABULARY, did_you_mean, nearest_key};

/// Text longer than this and lists longer than this are no setting's value.
const LONGEST_TEXT: usize = 4096;
const LONGEST_LIST: usize = 1000;

/// Takes unknown settings out of the draft, each with a finding, and values that are too large for any setting.
pub(crate) fn drop_unknown(draft: &mut Draft, log: &mut Log) {
    let mut meant = Vec::new();
    let mut keep = |leaf: &Leaf| {
        let note = if VOCABULARY.holds(leaf.path.as_str()) {
            too_large(leaf)
        } else if log.is_full() {
            Some(Note::error(leaf.key.span(), "not a setting"))
        } else {
            Some(unknown(leaf, &mut meant))
        };
        let good = note.is_none();
        note.into_iter().for_each(|note| log.push(note));
        good
    };
    draft.fixed.retain(&mut keep);
    draft.rows.iter_mut().for_each(|row| row.leaves.retain(&mut keep));
    for axis in &mut draft.dimensions {
        if let Some(choices) = axis.listed_mut() {
            choices.iter_mut().for_each(|choice| choice.leaves.retain(&mut keep));
        }
    }
    draft.dimensions.retain(|axis| match &axis.choices {
        Choices::Listed(_) => VOCABULARY.holds(axis.path.as_str()),
        Choices::Range { .. } => axis.leaves(0).iter().all(&mut keep),
    });
    draft.broken.extend(meant);
    draft.broken.retain(|path| path.is_empty() || VOCABULARY.holds(path));
    draft.broken.sort();
    draft.broken.dedup();
}

fn unknown(leaf: &Leaf, meant: &mut Vec<String>) -> Note {
    let path = leaf.path.as_str();
    let segments: Vec<_> = path.split('.').collect();
    // The first part that leads nowhere is the offending one.
    let good = (1..segments.len())
        .take_while(|n| VOCABULARY.holds(&segments.iter().take(*n).copied().collect::<Vec<_>>().join(".")))
        .count();
    let name = segments.get(good).copied().unwrap_or(path);
    let section = segments.iter().take(good).copied().collect::<Vec<_>>().join(".");
    let span = leaf.key.place(good + 1).unwrap_or_else(|| leaf.key.span());
    let below = VOCABULARY.below(&section);
    if good > 0 && below.is_empty() {
        let note = Note::error(span, format!("`{section}` is a setting, with nothing below it"));
        return note.help(format!("write `{section}: …`"));
    }
    let message = if section.is_empty() {
        format!("`{}` is not a setting", shortened(name))
    } else {
        format!("`{}` is not a setting of `{section}`", shortened(name))
    };
    let mut near = VOCABULARY.meant(path);
    meant.extend(near.clone());
    if good + 1 < segments.len() {
        // The mistake is the section's name alone: what stands below it is another matter.
        near = near.map(|near| near.split('.').take(good + 1).collect::<Vec<_>>().join("."));
    }
    let key = nearest_key(path).filter(|_| span.source > 0);
    let known = below.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Note::error(span, message)
        .help(format!("the settings here are {known}"))
        .maybe_help(near.or(key).map(|near| did_you_mean(&near)))
}

fn too_large(leaf: &Leaf) -> Option<Note> {
    let path = &leaf.path;
    let text = leaf.value.as_str().filter(|text| text.len() > LONGEST_TEXT);
    let list = leaf.value.as_array().filter(|list| list.len() > LONGEST_LIST);
    let message = match (text, list) {
        (Some(_), _) => format!("`{path}` is a text of more than {LONGEST_TEXT} bytes"),
        (_, Some(list)) => {
            format!("`{path}` is a list of {}, and no setting takes more than {LONGEST_LIST}", list.len())
        }
        _ => return None,
    };
    Some(Note::error(leaf.node.span, message).help("values to try belong under `parameters:`"))
}
