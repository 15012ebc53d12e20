//! From a text to a checked plan.

use std::path::Path;

use gliss_types::{Conduct, Dimension, Issue, Objective, Recipe, Settings, Space, SweepPlan, TrialKey};
use serde_json::{Value, json};

use crate::check::{check, drop_unknown};
use crate::draft::{Axis, Draft, Leaf, read};
use crate::finding::{Finding, Log, Note};
use crate::overrides::apply;
use crate::place::data_path;
use crate::source::{Sources, Span};
use crate::tree::build;
use crate::{Override, Source, SpecErrors};

/// The most points that a sweep may have.
pub(crate) const MOST_POINTS: u64 = 1_000_000;

/// Attempts that may fail before a trial fails, where the file does not say.
const ATTEMPTS: u32 = 3;

/// A checked sweep and what was noticed on the way.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What the engine needs.
    pub plan: SweepPlan,
    /// The number of points, from 1 to 1,000,000.
    pub points: u64,
    /// What may not be meant as it stands: settings without effect, points that repeat others.
    pub warnings: Vec<Finding>,
    sources: Sources,
    places: Vec<(String, Value, Span)>,
    home: Span,
}

/// Reads a sweep file, applies overrides, and checks every point. Pure: touches neither disk nor network.
///
/// `base` is an absolute folder, the file's own; a relative `data.path` becomes absolute by it. In a sweep of more than
/// 20,000 points every listed value (and a spread of every range) is checked beside the first values of the others, and
/// a sample of points beyond that; a warning says so.
///
/// # Errors
/// Everything that is wrong, at once, each with its place.
pub fn plan(source: &Source, overrides: &[Override], base: &Path) -> Result<Planned, SpecErrors> {
    source.check()?;
    let mut sources = Sources::new(&source.name, &source.text);
    let mut log = Log::default();
    let root = match build(0, &source.text, 0, &mut log) {
        Ok(Some(root)) => root,
        Ok(None) => {
            let note = Note::whole(format!("{} is empty", source.name));
            log.push(note.help("the smallest sweep file is `recipe: {data: {source: synth}}`"));
            return Err(log.into_errors(&sources));
        }
        Err(note) => {
            log.push(note);
            return Err(log.into_errors(&sources));
        }
    };
    let mut draft = read(&root, &sources, &mut log);
    apply(overrides, &mut draft, &mut sources, &mut log);
    drop_unknown(&mut draft, &mut log);
    draft.for_each_leaf(|leaf| data_path(leaf, base, &mut log));
    let objective = draft.metric.objective(&mut log);
    let points = count(&draft, &mut log);
    if points.is_none() {
        // Nothing may grow with the product, nor with ranges that each would fit alone.
        draft.dimensions.iter_mut().for_each(Axis::shrink);
    }

    let mut recipe = Settings::default();
    for leaf in &draft.fixed {
        recipe.set(&leaf.path, leaf.value.clone());
    }
    let space = space(&draft);
    check(&draft, &recipe, &space, points, &mut log);
    let (Some(points), false) = (points, log.has_errors()) else { return Err(log.into_errors(&sources)) };

    let home = draft.home.unwrap_or(Span::new(0, 0, 0));
    let places = draft.leaves().map(|leaf| (leaf.path.to_string(), leaf.value.clone(), leaf.node.span)).collect();
    let max_attempts = draft.attempts.unwrap_or(ATTEMPTS);
    let plan = SweepPlan {
        name: draft.name.unwrap_or_else(|| stem(&source.name)),
        description: draft.description.unwrap_or_default(),
        fingerprint: fingerprint(&objective, &recipe, &space, max_attempts),
        objective,
        recipe,
        space,
        max_attempts,
        conduct: Conduct {
            priority: draft.priority.unwrap_or(0),
            max_running: draft.max_running,
            give_up_after: draft.give_up_after.unwrap_or(0),
        },
        source: source.text.clone(),
    };
    Ok(Planned { plan, points, warnings: log.into_warnings(&sources), sources, places, home })
}

impl Planned {
    /// The recipe of point `index`, from 0; `None` beyond the end.
    ///
    /// # Errors
    /// What is wrong with it, which happens only to points that were not checked (see [`plan`]).
    pub fn recipe(&self, index: u64) -> Option<Result<Recipe, Vec<Issue>>> {
        let settings = self.plan.settings(index)?;
        Some(Recipe::read(&settings).map(|(recipe, _)| recipe))
    }

    /// The recipes of all points in order.
    pub fn recipes(&self) -> impl Iterator<Item = Result<Recipe, Vec<Issue>>> + '_ {
        (0..self.points).map_while(|index| self.recipe(index))
    }

    /// A mistake that only a look at the world could find (a folder that is not there), shown at the place that gives
    /// `setting` the value `value`; at any place that gives the setting where `value` is `None`.
    pub fn fault(&self, setting: &str, value: Option<&Value>, message: &str, help: Option<&str>) -> SpecErrors {
        let of_value = |place: &&(String, Value, Span)| place.0 == setting && value.is_none_or(|v| *v == place.1);
        let place = self.places.iter().find(of_value).or_else(|| self.places.iter().find(|p| p.0 == setting));
        let span = place.map_or(self.home, |place| place.2);
        let mut log = Log::default();
        log.push(Note::error(span, message).maybe_help(help.map(str::to_owned)));
        log.into_errors(&self.sources)
    }
}

impl Draft {
    fn for_each_leaf(&mut self, mut change: impl FnMut(&mut Leaf)) {
        let rows = self.rows.iter_mut().flat_map(|row| &mut row.leaves);
        let listed = self.dimensions.iter_mut().filter_map(|axis| axis.listed_mut());
        let chosen = listed.flatten().flat_map(|choice| &mut choice.leaves);
        self.fixed.iter_mut().chain(rows).chain(chosen).for_each(&mut change);
    }

    fn leaves(&self) -> impl Iterator<Item = Leaf> + '_ {
        let rows = self.rows.iter().flat_map(|row| &row.leaves);
        let axes = self.dimensions.iter().flat_map(|axis| (0..axis.listed()).flat_map(|i| axis.leaves(i).into_owned()));
        self.fixed.iter().chain(rows).cloned().chain(axes)
    }
}

/// The number of points; refuses too many. `None` where the count means nothing.
fn count(draft: &Draft, log: &mut Log) -> Option<u64> {
    let rows = draft.rows.len().max(1) as u64;
    let count = draft.dimensions.iter().try_fold(rows, |n, axis| n.checked_mul(axis.len()?));
    if count.is_some_and(|count| count <= MOST_POINTS) {
        return count;
    }
    let mut factors: Vec<_> = draft.dimensions.iter().map(|a| (a.len().unwrap_or(u64::MAX), a.path.as_str())).collect();
    if draft.rows.len() > 1 {
        factors.push((rows, "rows"));
    }
    factors.sort_by_key(|(len, _)| std::cmp::Reverse(*len));
    let most: Vec<_> = factors.iter().take(4).map(|(len, name)| format!("`{name}` has {len}")).collect();
    let total = count.map_or("more than 18446744073709551615".to_owned(), |count| count.to_string());
    let longest = draft.dimensions.iter().max_by_key(|axis| axis.len());
    let span = longest.map(|axis| axis.key.span()).or(draft.home).unwrap_or(Span::new(0, 0, 0));
    let note = Note::error(span, format!("the grid has {total} points, and a sweep has at most {MOST_POINTS}"));
    log.push(note.help(format!("take fewer values: {}", most.join(", "))));
    None
}

fn space(draft: &Draft) -> Space {
    let dimensions = draft.dimensions.iter().map(|a| Dimension { path: a.path.clone(), values: a.values() }).collect();
    let row = |leaves: &[Leaf]| leaves.iter().map(|leaf| (leaf.path.clone(), leaf.value.clone())).collect();
    Space { rows: draft.rows.iter().map(|r| row(&r.leaves)).collect(), dimensions }
}

/// A name for a sweep that has none: the file's, without folder and ending.
fn stem(name: &str) -> String {
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let clean: String = stem.chars().filter(|c| !c.is_control()).take(128).collect();
    if clean.is_empty() { "sweep".to_owned() } else { clean }
}

/// Over what decides trials and their ranks. Labels and spelling are left out, so that a renamed or reformatted file
/// is still the same sweep.
fn fingerprint(objective: &Objective, recipe: &Settings, space: &Space, max_attempts: u32) -> String {
    let text = json!({"objective": objective, "recipe": recipe, "space": space, "max_attempts": max_attempts});
    TrialKey::of(&text.to_string()).to_string()
}
