//! `parameters:` in W&B's forms: `value`, `values`, whole-number `min` and `max`, and parameters in parameters.

use super::clash::repeated_choices;
use super::foreign;
use super::leaf::{At, flatten};
use super::{Axis, Choice, Choices, Draft, Key};
use crate::finding::Log;
use crate::finding::Note;
use crate::plan::MOST_POINTS;
use crate::source::{Sources, Span};
use crate::tree::{Entry, Kind, Node, shortened};
use crate::words::{VOCABULARY, did_you_mean, nearest};

const FORMS: [&str; 5] = ["value", "values", "min", "max", "parameters"];

/// Reads the mapping under `parameters`.
pub(super) fn read_parameters(entry: &Entry, draft: &mut Draft, sources: &Sources, log: &mut Log) {
    let mut reader = Reader { draft, sources, log };
    reader.mapping(&Key::default(), entry.key_span, &entry.value);
}

struct Reader<'a> {
    draft: &'a mut Draft,
    sources: &'a Sources,
    log: &'a mut Log,
}

impl Reader<'_> {
    fn mapping(&mut self, key: &Key, key_span: Span, node: &Node) {
        let name = if key.text().is_empty() { "parameters".to_owned() } else { format!("{}: parameters", key.text()) };
        match node.entries() {
            Some([]) => self.refuse(
                key,
                Note::error(key_span, format!("`{name}` is empty"))
                    .help("name a setting with its values below it, or leave it out"),
            ),
            Some(entries) => {
                for entry in entries {
                    match key.below(&entry.key, entry.key_span, self.sources) {
                        Ok(below) => self.parameter(&below, &entry.value),
                        Err(note) => self.log.push(note),
                    }
                }
            }
            None => {
                let (span, what) = if node.is_nothing() {
                    (key_span, "empty".to_owned())
                } else {
                    (node.span, format!("{}, not a mapping", node.describe()))
                };
                self.refuse(
                    key,
                    Note::error(span, format!("`{name}` is {what}"))
                        .help("name settings with their values, as in `batch: {values: [8, 16]}`"),
                );
            }
        }
    }

    fn refuse(&mut self, key: &Key, note: Note) {
        self.log.push(note);
        self.draft.broken.push(key.text());
    }

    fn parameter(&mut self, key: &Key, node: &Node) {
        let path = key.text();
        let name = path.rsplit('.').next().unwrap_or_default().to_owned();
        let Some(entries) = node.entries() else {
            let written = self.sources.slice(node.span);
            let short = !written.is_empty() && written.len() <= 60 && !written.contains('\n');
            let written = if short { written } else { "…" };
            let help = match node.kind {
                Kind::List(_) => format!("write `{name}: {{values: {written}}}`"),
                _ if node.is_nothing() => format!("write `{name}: {{values: […]}}` with the values to try"),
                _ => format!("write `{name}: {{value: {written}}}`, or put it under `recipe:`"),
            };
            let span = if node.is_nothing() { key.span() } else { node.span };
            return self.refuse(
                key,
                Note::error(span, format!("`{path}` is {}, and a parameter is a mapping", node.describe())).help(help),
            );
        };
        let form = |name: &str| entries.iter().find(|entry| entry.key == name);
        let strange = self.strange_keys(&path, &name, entries);
        let given: Vec<_> = ["value", "values", "parameters"].iter().filter_map(|name| form(name)).collect();
        let bounds = (form("min"), form("max"));
        let ranged = bounds.0.is_some() || bounds.1.is_some();
        let first_bound = bounds.0.or(bounds.1);
        let mut forms = given.iter().copied().chain(first_bound);
        if let (Some(one), Some(two)) = (forms.next(), forms.next()) {
            let note = Note::error(two.key_span, format!("`{path}` has both `{}` and `{}`", one.key, two.key));
            return self.refuse(key, note.also(one.key_span, "given here").help("keep one of the two"));
        }
        match (given.first(), bounds) {
            (Some(entry), _) if entry.key == "value" => self.fixed(key, &entry.value),
            (Some(entry), _) if entry.key == "values" => self.listed(key, entry),
            (Some(entry), _) => self.mapping(key, entry.key_span, &entry.value),
            // Whatever the distribution is, the bounds are its own.
            (None, (Some(_), _)) if strange => self.draft.broken.push(path),
            (None, (Some(min), Some(max))) => self.range(key, min, max),
            (None, _) if ranged => {
                let span = first_bound.map_or(node.span, |entry| entry.key_span);
                self.refuse(
                    key,
                    Note::error(span, format!("`{path}` needs both `min` and `max`")).help("both ends are included"),
                );
            }
            (None, _) if strange => self.draft.broken.push(path),
            (None, _) => self.refuse(
                key,
                Note::error(key.span(), format!("`{path}` has no values"))
                    .help(format!("write `{name}: {{values: […]}}` with the values to try")),
            ),
        }
    }

    /// Refuses what is no key of a parameter; says whether there was any.
    fn strange_keys(&mut self, path: &str, name: &str, entries: &[Entry]) -> bool {
        let mut any = false;
        let whole = entries.iter().any(|e| e.key == "min") && entries.iter().any(|e| e.key == "max");
        let has = |form: &str| entries.iter().any(|e| e.key == form);
        for entry in entries.iter().filter(|entry| !FORMS.contains(&entry.key.as_str())) {
            let plain = match entry.value.text() {
                Some("categorical") => has("values"),
                Some("constant") => has("value"),
                Some("int_uniform") => whole,
                _ => false,
            };
            if entry.key == "distribution" && plain {
                continue;
            }
            any = true;
            let shown = shortened(&entry.key);
            let note = if foreign::needs_random(&entry.key) {
                let what = match (entry.key.as_str(), entry.value.text()) {
                    ("distribution", Some(value)) => format!("distribution: {}", shortened(value)),
                    (key, _) => key.to_owned(),
                };
                Note::error(
                    entry.key_span,
                    format!("`{what}` needs `method: random`, which this version does not have"),
                )
                .help("list the values to try under `values`")
            } else {
                let note = Note::error(entry.key_span, format!("`{shown}` is not a key of a parameter"));
                let nested = format!(
                    "to search `{path}.{shown}`, write `{path}.{shown}: …` or `{name}: {{parameters: {{{shown}: …}}}}`"
                );
                let inner = VOCABULARY.holds(&format!("{path}.{}", entry.key)) || entry.value.entries().is_some();
                let near = nearest(&entry.key, FORMS).map(|near| did_you_mean(&near));
                note.help("a parameter has `value`, `values`, `min` and `max`, or `parameters`").maybe_help(if inner {
                    Some(nested)
                } else {
                    near
                })
            };
            self.log.push(note);
        }
        any
    }

    fn fixed(&mut self, key: &Key, node: &Node) {
        let mut at = At { sources: self.sources, log: self.log, broken: &mut self.draft.broken };
        flatten(key, node, &mut at, &mut self.draft.fixed);
    }

    fn listed(&mut self, key: &Key, entry: &Entry) {
        let node = &entry.value;
        let path = key.text();
        let Some(items) = node.items() else {
            let written = self.sources.slice(node.span);
            let note = Note::error(
                if node.is_nothing() { entry.key_span } else { node.span },
                format!("`values` of `{path}` is {}, not a list", node.describe()),
            );
            let help = if node.is_nothing() || written.len() > 60 || written.contains('\n') {
                "write the values to try in `[` and `]`".to_owned()
            } else {
                format!("write `values: [{written}]`")
            };
            return self.refuse(key, note.help(help));
        };
        if items.is_empty() {
            let note = Note::error(node.span, format!("`{path}` has no values, so the grid is empty"));
            return self.refuse(key, note.help("list at least one value, or leave the parameter out"));
        }
        let Some(setting) = key.path() else { return };
        let mut choices = Vec::with_capacity(items.len());
        for item in items {
            let mut leaves = Vec::new();
            let mut at = At { sources: self.sources, log: self.log, broken: &mut self.draft.broken };
            flatten(key, item, &mut at, &mut leaves);
            choices.push(Choice { span: item.span, leaves });
        }
        repeated_choices(&path, &choices, self.log);
        self.draft.dimensions.push(Axis { key: key.clone(), path: setting, choices: Choices::Listed(choices) });
    }

    fn range(&mut self, key: &Key, min: &Entry, max: &Entry) {
        let path = key.text();
        let bound = |entry: &Entry| entry.value.value().as_i64();
        let mut ends = Vec::new();
        for entry in [min, max] {
            match bound(entry) {
                Some(end) => ends.push(end),
                None => self.refuse(
                    key,
                    Note::error(
                        entry.value.span,
                        format!("`{}` of `{path}` is {}, not a whole number", entry.key, entry.value.describe()),
                    )
                    .help("a grid counts from `min` to `max` in whole numbers; list other values under `values`"),
                ),
            }
        }
        let ([first, last], Some(setting)) = (ends.as_slice(), key.path()) else { return };
        let (first, last) = (*first, *last);
        if first > last {
            let note = Note::error(
                max.value.span,
                format!("`max` of `{path}` is {last}, less than `min`, so the grid is empty"),
            );
            return self.refuse(key, note.also(min.value.span, "`min`").help("swap the two"));
        }
        if last.abs_diff(first) >= MOST_POINTS {
            let note = Note::error(
                max.value.span,
                format!("`{path}` counts from {first} to {last}, more than {MOST_POINTS} values"),
            );
            return self.refuse(key, note.help("list the values to try under `values`"));
        }
        let span = max.value.span;
        self.draft.dimensions.push(Axis {
            key: key.clone(),
            path: setting,
            choices: Choices::Range { first, last, span },
        });
    }
}
