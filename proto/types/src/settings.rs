//! Settings as a tree with dotted paths, and a reader that checks a whole tree and reports every issue at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::IdError;

/// A dotted path to a setting, such as `optimiser.lr`. Segments are letters, digits, `_` and `-`; at most 8 of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingPath(String);

impl SettingPath {
    /// The path's segments, outermost first; at least one.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// The whole path with dots.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn leaf(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }
}

impl fmt::Display for SettingPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for SettingPath {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let good = |s: &str| {
            !s.is_empty() && s.len() <= 64 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        if text.split('.').count() <= 8 && text.split('.').all(good) {
            Ok(SettingPath(text.to_owned()))
        } else {
            Err(IdError { text: text.into(), wanted: "a setting's path like `optimiser.lr`" })
        }
    }
}

/// A tree of settings: a mapping of names to values or further mappings.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// Wraps a mapping.
    pub fn new(map: Map<String, Value>) -> Self {
        Settings(map)
    }

    /// The mapping itself.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The value at a path, if there is one.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut segments = path.split('.');
        let mut value = self.0.get(segments.next()?)?;
        for segment in segments {
            value = value.as_object()?.get(segment)?;
        }
        Some(value)
    }

    /// Puts a value at a path, making mappings on the way. A mapping is merged into one that is there, anything else
    /// replaces what is there.
    pub fn set(&mut self, path: &SettingPath, value: Value) {
        let mut map = &mut self.0;
        let mut segments = path.segments().peekable();
        while let Some(segment) = segments.next() {
            if segments.peek().is_none() {
                merge(map, segment, value);
                return;
            }
            let slot = map.entry(segment).or_insert_with(|| Value::Object(Map::new()));
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            let Value::Object(inner) = slot else { return };
            map = inner;
        }
    }
}

fn merge(map: &mut Map<String, Value>, name: &str, value: Value) {
    match (map.get_mut(name), value) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            for (key, value) in new {
                merge(old, &key, value);
            }
        }
        (_, value) => {
            map.insert(name.to_owned(), value);
        }
    }
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Problem {
    /// No such setting.
    #[error("`{name}` is not a setting here")]
    Unknown {
        /// The last segment as given.
        name: String,
        /// The settings that could stand there.
        known: Vec<String>,
    },
    /// The value is not in the list.
    #[error("`{got}` is not one of {}", list(choices))]
    NotOneOf {
        /// The value as given.
        got: String,
        /// What may stand there.
        choices: Vec<String>,
    },
    /// The value has the wrong type.
    #[error("{got} is not {wanted}")]
    WrongType {
        /// The value as given, with its type.
        got: String,
        /// The type that is wanted.
        wanted: String,
    },
    /// The value has the right type and breaks a rule.
    #[error("`{got}` is not possible: {rule}")]
    Impossible {
        /// The value as given.
        got: String,
        /// The rule that it breaks.
        rule: String,
    },
    /// The setting is needed and not there.
    #[error("`{name}` is missing: {wanted}")]
    Missing {
        /// The last segment of the path.
        name: String,
        /// What should stand there.
        wanted: String,
    },
}

fn list(choices: &[String]) -> String {
    choices.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
}

/// One problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// The setting that it is about.
    pub path: String,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

/// The settings whose value is itself a list. A list for any other can only be meant as several values to try.
pub const LIST_SETTINGS: [&str; 13] = [
    "augment.copies",
    "augment.copies_of",
    "augment.online",
    "data.drop",
    "data.exclude",
    "data.genres",
    "net.dense",
    "net.filters",
    "net.gru",
    "net.hidden",
    "net.kernels",
    "net.pools",
    "schedule.milestones",
];

/// Reads settings one by one, each with its default and its rule, and remembers every issue, so that all are reported
/// at once. A read that fails yields the default (or a stand-in), never an early return.
#[derive(Debug)]
pub struct Reader<'a> {
    settings: &'a Settings,
    known: BTreeSet<String>,
    unused: BTreeMap<String, String>,
    issues: Vec<Issue>,
}

impl<'a> Reader<'a> {
    /// A reader over one tree.
    pub fn new(settings: &'a Settings) -> Self {
        Reader { settings, known: BTreeSet::new(), unused: BTreeMap::new(), issues: Vec::new() }
    }

    fn take(&mut self, path: &str) -> Option<&'a Value> {
        self.known.insert(path.to_owned());
        self.settings.get(path).filter(|v| !v.is_null())
    }

    /// A setting as it stands, for one that no other method reads; `None` where it is not given.
    pub fn value(&mut self, path: &str) -> Option<&'a Value> {
        self.take(path)
    }

    /// Whether the setting is given.
    pub fn has(&self, path: &str) -> bool {
        self.settings.get(path).is_some_and(|v| !v.is_null())
    }

    /// Records a problem with a setting.
    pub fn problem(&mut self, path: &str, problem: Problem) {
        self.issues.push(Issue { path: path.to_owned(), problem });
    }

    /// Records that a value breaks a rule.
    pub fn impossible(&mut self, path: &str, got: impl fmt::Display, rule: impl Into<String>) {
        self.problem(path, Problem::Impossible { got: got.to_string(), rule: rule.into() });
    }

    /// Records that a value is not what is `wanted`.
    pub fn wrong_type(&mut self, path: &str, got: &Value, wanted: &str) {
        self.problem(path, Problem::WrongType { got: describe(got), wanted: wanted.to_owned() });
    }

    /// One of several words.
    pub fn choice(&mut self, path: &str, default: Option<&'static str>, choices: &[&'static str]) -> &'static str {
        let stand_in = default.or(choices.first().copied()).unwrap_or_default();
        match self.take(path) {
            None if default.is_none() => {
                let wanted = format!("one of {}", list(&owned(choices)));
                self.problem(path, Problem::Missing { name: leaf(path).to_owned(), wanted });
                stand_in
            }
            None => stand_in,
            Some(Value::String(word)) => match choices.iter().find(|c| *c == word) {
                Some(found) => found,
                None => {
                    self.problem(path, Problem::NotOneOf { got: word.clone(), choices: owned(choices) });
                    stand_in
                }
            },
            Some(other) => {
                self.wrong_type(path, other, &format!("one of {}", list(&owned(choices))));
                stand_in
            }
        }
    }

    /// A finite number for which `rule` holds; `rule_text` says the rule.
    pub fn float(&mut self, path: &str, default: f64, rule: impl Fn(f64) -> bool, rule_text: &str) -> f64 {
        match self.take(path) {
            None => default,
            Some(Value::Number(n)) => match n.as_f64().filter(|v| v.is_finite()) {
                Some(v) if rule(v) => v,
                _ => {
                    self.impossible(path, n, rule_text);
                    default
                }
            },
            Some(other) => {
                self.wrong_type(path, other, "a number");
                default
            }
        }
    }

    /// A whole number in a range.
    pub fn int(&mut self, path: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        match self.take(path) {
            None => default,
            Some(value) => self.whole(path, value, range).unwrap_or(default),
        }
    }

    /// A whole number that fits 32 bits, in a range.
    pub fn int32(&mut self, path: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let wide = u64::from(*range.start())..=u64::from(*range.end());
        self.int(path, default.into(), wide).try_into().unwrap_or(default)
    }

    fn whole(&mut self, path: &str, value: &Value, range: RangeInclusive<u64>) -> Option<u64> {
        match value.as_u64() {
            Some(v) if range.contains(&v) => Some(v),
            _ if value.is_number() && (value.is_i64() || value.is_u64()) => {
                self.impossible(path, value, format!("a whole number from {} to {}", range.start(), range.end()));
                None
            }
            _ => {
                self.wrong_type(path, value, "a whole number");
                None
            }
        }
    }

    /// Every setting that is read as a list is one of [`LIST_SETTINGS`].
    fn assert_list(path: &str) {
        debug_assert!(LIST_SETTINGS.contains(&path), "`{path}` is not among the list settings");
    }

    /// A list of whole numbers, each in a range, at most `most` of them. A single number counts as a list of one.
    pub fn ints(&mut self, path: &str, default: &[u32], range: RangeInclusive<u32>, most: usize) -> Vec<u32> {
        Self::assert_list(path);
        let wide = u64::from(*range.start())..=u64::from(*range.end());
        match self.take(path) {
            None => default.to_vec(),
            Some(Value::Array(values)) if values.len() > most => {
                self.impossible(path, format!("{} values", values.len()), format!("at most {most} values"));
                default.to_vec()
            }
            Some(Value::Array(values)) => {
                let read = values.iter().filter_map(|v| self.whole(path, v, wide.clone()));
                read.filter_map(|v| v.try_into().ok()).collect()
            }
            Some(one @ Value::Number(_)) => {
                let read = self.whole(path, one, wide).and_then(|v| v.try_into().ok());
                read.map_or_else(|| default.to_vec(), |v| vec![v])
            }
            Some(other) => {
                self.wrong_type(path, other, "a list of whole numbers");
                default.to_vec()
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, path: &str, default: bool) -> bool {
        match self.take(path) {
            None => default,
            Some(Value::Bool(v)) => *v,
            Some(other) => {
                self.wrong_type(path, other, "`true` or `false`");
                default
            }
        }
    }

    /// A text of at most 4,096 bytes without control characters; `None` where it is not given.
    pub fn text(&mut self, path: &str) -> Option<String> {
        match self.take(path)? {
            Value::String(text) if text.len() <= 4096 && !text.chars().any(char::is_control) => Some(text.clone()),
            Value::String(_) => {
                self.impossible(path, "the text", "at most 4096 bytes, no control characters");
                None
            }
            other => {
                self.wrong_type(path, other, "a text");
                None
            }
        }
    }

    /// A list of texts; `default` where it is not given.
    pub fn texts(&mut self, path: &str, default: &[&str]) -> Vec<String> {
        Self::assert_list(path);
        match self.take(path) {
            None => owned(default),
            Some(Value::Array(values)) if values.iter().all(Value::is_string) => {
                values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(other) => {
                self.wrong_type(path, other, "a list of texts");
                owned(default)
            }
        }
    }

    /// A text that must be given; records the issue and yields an empty text where it is not.
    pub fn needed_text(&mut self, path: &str, wanted: &str) -> String {
        if !self.has(path) {
            self.known.insert(path.to_owned());
            self.problem(path, Problem::Missing { name: leaf(path).to_owned(), wanted: wanted.to_owned() });
            return String::new();
        }
        self.text(path).unwrap_or_default()
    }

    /// Settings that exist but mean nothing with the choices made here: known, not read, and reported as unused.
    pub fn unused(&mut self, paths: &[&str], why: &str) {
        for path in paths {
            self.known.insert((*path).to_owned());
            if self.has(path) {
                self.unused.insert((*path).to_owned(), why.to_owned());
            }
        }
    }

    /// Ends the reading: reports every setting that nobody asked for. Yields the unused settings with the reason.
    ///
    /// # Errors
    /// All issues, in the order of their paths.
    pub fn finish(mut self) -> Result<BTreeMap<String, String>, Vec<Issue>> {
        let settings = self.settings;
        self.unknown(settings.as_map(), "");
        if self.issues.is_empty() {
            return Ok(self.unused);
        }
        self.issues.sort();
        self.issues.dedup();
        Err(self.issues)
    }

    fn unknown(&mut self, map: &Map<String, Value>, prefix: &str) {
        for (name, value) in map {
            let path = format!("{prefix}{name}");
            if self.known.contains(&path) {
                continue;
            }
            let below = format!("{path}.");
            let section = self.known.iter().any(|k| k.starts_with(&below));
            match value {
                Value::Object(inner) if section => self.unknown(inner, &below),
                Value::Null if section => {}
                other if section => self.wrong_type(&path, other, "a mapping of settings"),
                _ => {
                    let siblings: BTreeSet<String> = self
                        .known
                        .iter()
                        .filter_map(|k| k.strip_prefix(prefix))
                        .map(|k| k.split('.').next().unwrap_or(k).to_owned())
                        .collect();
                    let known = siblings.into_iter().collect();
                    self.problem(&path, Problem::Unknown { name: name.clone(), known });
                }
            }
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// A value as people read it, with its type where that is the point.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(v) => format!("`{v}` (a truth value)"),
        Value::Number(v) => format!("`{v}` (a number)"),
        Value::String(v) => format!("`{}` (a text)", v.chars().take(80).collect::<String>()),
        Value::Array(v) => format!("a list of {}", v.len()),
        Value::Object(_) => "a mapping".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: Value) -> Settings {
        serde_json::from_value(value).expect("a mapping")
    }

    #[test]
    fn every_issue_is_reported_at_once() {
        let tree = settings(json!({"a": {"lr": "fast", "nam": 1}, "batch": 0, "kind": "sdg", "b": 3, "c": 1.5}));
        let mut r = Reader::new(&tree);
        r.float("a.lr", 1.0, |v| v > 0.0, "more than 0");
        r.choice("a.name", Some("x"), &["x", "y"]);
        r.int("batch", 1, 1..=10);
        r.choice("kind", None, &["sgd", "adam"]);
        r.int("b.c", 1, 1..=2);
        r.int("c", 1, 1..=2);
        let issues = r.finish().expect_err("six issues");
        let text: Vec<_> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "a.lr: `fast` (a text) is not a number",
                "a.nam: `nam` is not a setting here",
                "b: `3` (a number) is not a mapping of settings",
                "batch: `0` is not possible: a whole number from 1 to 10",
                "c: `1.5` (a number) is not a whole number",
                "kind: `sdg` is not one of `sgd`, `adam`",
            ]
        );
    }

    #[test]
    fn setting_a_mapping_merges_and_a_value_replaces() {
        let mut tree = settings(json!({"o": {"name": "adam", "lr": 1}}));
        tree.set(&"o".parse().expect("a path"), json!({"lr": 2, "momentum": 0.9}));
        assert_eq!(tree, settings(json!({"o": {"name": "adam", "lr": 2, "momentum": 0.9}})));
        tree.set(&"o.lr.deep".parse().expect("a path"), json!(3));
        assert_eq!(tree.get("o.lr.deep"), Some(&json!(3)));
    }

    #[test]
    fn what_belongs_to_another_choice_is_unused_not_unknown() {
        let tree = settings(json!({"momentum": 0.9}));
        let mut r = Reader::new(&tree);
        r.unused(&["momentum"], "adam has none");
        let unused = r.finish().expect("no issue");
        assert_eq!(unused.get("momentum").map(String::as_str), Some("adam has none"));
    }

    #[test]
    fn paths_are_narrow() {
        for bad in ["", ".", "a.", "a b", "a/b", "../a", "a.b.c.d.e.f.g.h.i"] {
            assert!(bad.parse::<SettingPath>().is_err(), "{bad:?} was taken");
        }
        assert_eq!("optimiser.lr".parse::<SettingPath>().map(|p| p.leaf().to_owned()), Ok("lr".to_owned()));
    }
}
