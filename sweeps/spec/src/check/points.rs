//! Reads points as recipes and counts what is wrong, what has no effect, and what is the same.

use std::collections::{BTreeMap, HashMap};

use gliss_types::{Issue, Problem, Recipe, Settings, Space, TrialKey};
use serde_json::Value;

use super::explain::{Seen, explain, repeats, unused};
use super::walk::{Combo, walk};
use crate::draft::{Choices, Draft, Leaf, inside};
use crate::finding::{Log, Note};
use crate::source::Span;

/// Sweeps of up to so many points are checked point by point.
const ALL: u64 = 20_000;
/// Different issues that are remembered.
const KEPT: usize = 1000;

/// Reads the points of `space` over `recipe`; `points` is `None` for a sweep that is refused already.
pub(crate) fn check(draft: &Draft, recipe: &Settings, space: &Space, points: Option<u64>, log: &mut Log) {
    // A recipe with long lists costs more to read; the sum of the work stays the same.
    let items: usize = draft.fixed.iter().map(|leaf| leaf.value.as_array().map_or(1, Vec::len)).sum();
    let most = ALL / (1 + items as u64 / 200);
    let ranges: Vec<_> = draft.dimensions.iter().map(|axis| matches!(axis.choices, Choices::Range { .. })).collect();
    let walk = walk(space, &ranges, points, most);
    let mut tally = Tally::new(draft, recipe, space);
    for combo in walk.combos {
        tally.point(combo);
    }
    if let Some(points) = points.filter(|_| !walk.complete) {
        let message = format!(
            "{} of {points} points are checked: every listed value, and a sample of combinations",
            tally.checked
        );
        let note = Note::error(draft.home.unwrap_or(Span::new(0, 0, 0)), message);
        log.push(note.warning().help("a combination that is impossible would fail as a trial"));
    }
    tally.report(walk.complete, log);
}

/// Where a setting of a point comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Fixed,
    Row(usize),
    /// A dimension and one of its values.
    Axis(usize, usize),
    /// It is not given.
    Default,
}

struct Tally<'a> {
    draft: &'a Draft,
    recipe: &'a Settings,
    space: &'a Space,
    checked: u64,
    rows: Vec<u64>,
    axes: Vec<Vec<u64>>,
    issues: BTreeMap<(Span, Issue), Seen>,
    unused: BTreeMap<(Span, String), (u64, By, String)>,
    keys: HashMap<TrialKey, (u64, Combo)>,
    repeated: u64,
    example: Option<[(u64, Combo); 2]>,
}

impl<'a> Tally<'a> {
    fn new(draft: &'a Draft, recipe: &'a Settings, space: &'a Space) -> Self {
        Tally {
            draft,
            recipe,
            space,
            checked: 0,
            rows: vec![0; space.rows.len()],
            axes: space.dimensions.iter().map(|d| vec![0; d.values.len()]).collect(),
            issues: BTreeMap::new(),
            unused: BTreeMap::new(),
            keys: HashMap::new(),
            repeated: 0,
            example: None,
        }
    }

    fn point(&mut self, combo: Combo) {
        let mut settings = self.recipe.clone();
        for (path, value) in self.space.rows.get(combo.row).into_iter().flatten() {
            settings.set(path, value.clone());
        }
        for (dimension, pick) in self.space.dimensions.iter().zip(&combo.picks) {
            if let Some(value) = dimension.values.get(*pick) {
                settings.set(&dimension.path, value.clone());
            }
        }
        self.rows.get_mut(combo.row).into_iter().for_each(|n| *n += 1);
        for (axis, pick) in self.axes.iter_mut().zip(&combo.picks) {
            axis.get_mut(*pick).into_iter().for_each(|n| *n += 1);
        }
        match Recipe::read(&settings) {
            Ok((recipe, idle)) => self.good(&recipe, idle, combo),
            Err(issues) => {
                for issue in &issues {
                    self.issue(issue, &issues, &settings, &combo);
                }
            }
        }
        self.checked += 1;
    }

    fn good(&mut self, recipe: &Recipe, idle: BTreeMap<String, String>, combo: Combo) {
        for (path, why) in idle {
            let (by, leaf) = self.find(&path, &combo);
            let span = leaf.as_ref().map(|leaf| leaf.key.span()).or(self.draft.home);
            let key = (span.unwrap_or(Span::new(0, 0, 0)), path);
            if self.unused.len() < KEPT || self.unused.contains_key(&key) {
                self.unused.entry(key).or_insert((0, by, why)).0 += 1;
            }
        }
        let number = self.checked + 1;
        match self.keys.get(&recipe.key()) {
            None => {
                self.keys.insert(recipe.key(), (number, combo));
            }
            Some(first) => {
                self.repeated += 1;
                if self.example.is_none() {
                    self.example = Some([first.clone(), (number, combo)]);
                }
            }
        }
    }

    fn issue(&mut self, issue: &Issue, all: &[Issue], settings: &Settings, combo: &Combo) {
        // A section that is no mapping lacks whatever should stand in it: one mistake, not many.
        let within = |other: &Issue| inside(&issue.path, &other.path);
        if matches!(issue.problem, Problem::Missing { .. }) && all.iter().any(within) {
            return;
        }
        let (by, leaf) = self.find(&issue.path, combo);
        let span = match &leaf {
            Some(leaf) => place(issue, leaf),
            None => self.beside(&issue.path, combo).or(self.draft.home).unwrap_or(Span::new(0, 0, 0)),
        };
        let key = (span, issue.clone());
        if let Some(seen) = self.issues.get_mut(&key) {
            seen.count += 1;
        } else if self.issues.len() < KEPT && !self.uncertain(issue, settings) {
            self.issues.insert(key, Seen { count: 1, by, leaf, first: combo.clone() });
        }
    }

    /// Whether an issue may only be there because something else in the file could not be read.
    fn uncertain(&self, issue: &Issue, settings: &Settings) -> bool {
        if self.draft.broken.is_empty() {
            return false;
        }
        let touches = |path: &String| {
            path.is_empty() || *path == issue.path || inside(path, &issue.path) || inside(&issue.path, path)
        };
        let missing = self.draft.broken.iter().any(touches) && settings.get(&issue.path).is_none();
        // An issue that is there without anything else beside it does not depend on what is broken.
        let alone = settings.get(&issue.path).zip(issue.path.parse().ok()).map(|(value, path)| {
            let mut alone = Settings::default();
            alone.set(&path, value.clone());
            Recipe::read(&alone).err().unwrap_or_default().contains(issue)
        });
        missing || alone == Some(false)
    }

    /// What gives a setting in a point: the dimensions before the row before what is fixed, as they are merged.
    fn find(&self, path: &str, combo: &Combo) -> (By, Option<Leaf>) {
        let gives = |leaf: &&Leaf| {
            leaf.path.as_str() == path || inside(path, leaf.path.as_str()) || inside(leaf.path.as_str(), path)
        };
        for (d, (axis, pick)) in self.draft.dimensions.iter().zip(&combo.picks).enumerate() {
            if let Some(leaf) = axis.leaves(*pick).iter().find(gives) {
                return (By::Axis(d, *pick), Some(leaf.clone()));
            }
        }
        let row = self.draft.rows.get(combo.row).and_then(|row| row.leaves.iter().find(gives));
        if let Some(leaf) = row {
            return (By::Row(combo.row), Some(leaf.clone()));
        }
        match self.draft.fixed.iter().find(gives) {
            Some(leaf) => (By::Fixed, Some(leaf.clone())),
            None => (By::Default, None),
        }
    }

    /// A setting of the same section, for one that is not there.
    fn beside(&self, path: &str, combo: &Combo) -> Option<Span> {
        let (section, _) = path.rsplit_once('.')?;
        self.find(section, combo).1.map(|leaf| leaf.node.span)
    }

    /// In how many checked points a place had a say.
    fn active(&self, by: By) -> u64 {
        let count = match by {
            By::Fixed | By::Default => None,
            By::Row(row) => self.rows.get(row),
            By::Axis(axis, pick) => self.axes.get(axis).and_then(|axis| axis.get(pick)),
        };
        count.copied().unwrap_or(self.checked)
    }

    fn report(self, complete: bool, log: &mut Log) {
        for ((span, issue), seen) in &self.issues {
            let everywhere = seen.count >= self.active(seen.by);
            log.push(explain(*span, issue, seen, self.draft, (!everywhere).then_some((seen.count, self.checked))));
        }
        for ((span, path), (count, by, why)) in &self.unused {
            let scalar = match by {
                By::Axis(axis, _) => self.draft.dimensions.get(*axis).is_some_and(|axis| axis.path.as_str() == path),
                _ => false,
            };
            if *count >= if scalar { self.checked } else { self.active(*by) } {
                log.push(unused(*span, path, why));
            }
        }
        if let Some([first, second]) = self.example.as_ref().filter(|_| complete) {
            log.push(repeats(self.draft, self.repeated, self.checked, first, second));
        }
    }
}

/// The part of a leaf that an issue is about.
fn place(issue: &Issue, leaf: &Leaf) -> Span {
    let segments = issue.path.split('.').count();
    if matches!(issue.problem, Problem::Unknown { .. }) || inside(leaf.path.as_str(), &issue.path) {
        return leaf.key.place(segments).unwrap_or_else(|| leaf.key.span());
    }
    let (Problem::WrongType { got, .. } | Problem::Impossible { got, .. }) = &issue.problem else {
        return leaf.node.span;
    };
    // One item of a list, where the list has an item that is called so.
    let named = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        *got == text || got.starts_with(&format!("`{text}` ("))
    };
    let items = leaf.node.items().unwrap_or_default();
    items.iter().find(|item| named(&item.value())).map_or(leaf.node.span, |item| item.span)
}
