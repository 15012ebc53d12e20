//! The space of a sweep and how a point is found in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Objective, SettingPath, Settings};

/// One axis: a setting and the values it takes, in file order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dimension {
    /// The setting, such as `optimiser.lr`; a value may be a mapping, which is merged in below the path.
    pub path: SettingPath,
    /// At least one value.
    pub values: Vec<Value>,
}

/// One choice from each dimension: pairs of path and value, rows first, then dimensions in file order.
pub type Point = Vec<(SettingPath, Value)>;

/// Explicit rows times the product of all dimensions. No rows means one row without settings; no dimensions means
/// the rows alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Space {
    /// Points listed one by one; each is combined with every choice from the dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Point>,
    /// The axes; the last one turns fastest.
    pub dimensions: Vec<Dimension>,
}

impl Space {
    /// The number of points, or `None` where it does not fit 64 bits.
    pub fn len(&self) -> Option<u64> {
        let rows = self.rows.len().max(1) as u64;
        self.dimensions.iter().try_fold(rows, |n, d| n.checked_mul(d.values.len() as u64))
    }

    /// Whether there is no point at all, which happens only where a dimension has no values.
    pub fn is_empty(&self) -> bool {
        self.dimensions.iter().any(|d| d.values.is_empty())
    }

    /// Point `index`, from 0, in grid order: rows slowest, the last dimension fastest. `None` beyond the end.
    pub fn point(&self, index: u64) -> Option<Point> {
        if index >= self.len()? {
            return None;
        }
        let mut rest = index;
        let mut choices = Vec::with_capacity(self.dimensions.len());
        for dimension in self.dimensions.iter().rev() {
            let n = dimension.values.len() as u64;
            let value = dimension.values.get((rest % n) as usize)?;
            choices.push((dimension.path.clone(), value.clone()));
            rest /= n;
        }
        let mut point = self.rows.get(rest as usize).cloned().unwrap_or_default();
        point.extend(choices.into_iter().rev());
        Some(point)
    }
}

/// A checked sweep: all that the engine needs to propose trials. Made by the sweep language, kept in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepPlan {
    /// A short label for people.
    pub name: String,
    /// What the sweep is for; may be empty.
    pub description: String,
    /// What ranks the trials.
    pub objective: Objective,
    /// What is fixed for every trial.
    pub recipe: Settings,
    /// What differs.
    pub space: Space,
    /// Attempts that may fail before a trial fails, at least 1.
    pub max_attempts: u32,
    /// BLAKE3 (32 hex digits) over objective, recipe, space and attempts: the same plan again is the same sweep, whatever
    /// it is called.
    pub fingerprint: String,
    /// How it shares the fleet with others, and when it is not to go on.
    #[serde(default)]
    pub conduct: Conduct,
    /// The file as it was read, for tracing.
    pub source: String,
}

/// How a sweep shares the fleet, and when it is not to go on. No part of what its trials are, so none of the fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conduct {
    /// Sweeps of a higher priority are served first; from -100 to 100.
    pub priority: i32,
    /// Trials that may run at once, at least 1; any number where there is none.
    pub max_running: Option<u32>,
    /// So many trials failed one after the other for the same reason, none completed between them: the sweep is paused. 0
    /// for never.
    pub give_up_after: u32,
}

impl Default for Conduct {
    /// Priority 0, any number at once, never given up: what plans were before they could say.
    fn default() -> Self {
        Conduct { priority: 0, max_running: None, give_up_after: 0 }
    }
}

impl SweepPlan {
    /// The settings of point `index`: the fixed ones with the point merged in. `None` beyond the end.
    pub fn settings(&self, index: u64) -> Option<Settings> {
        let point = self.space.point(index)?;
        let mut settings = self.recipe.clone();
        for (path, value) in point {
            settings.set(&path, value);
        }
        Some(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dimension(path: &str, values: &[i64]) -> Dimension {
        Dimension { path: path.parse().expect("a path"), values: values.iter().map(|v| json!(v)).collect() }
    }

    #[test]
    fn the_last_dimension_turns_fastest() {
        let space = Space { rows: vec![], dimensions: vec![dimension("a", &[1, 2]), dimension("b", &[3, 4, 5])] };
        assert_eq!(space.len(), Some(6));
        let seen: Vec<_> = (0..6).filter_map(|i| space.point(i)).map(|p| (p[0].1.clone(), p[1].1.clone())).collect();
        assert_eq!(seen[0], (json!(1), json!(3)));
        assert_eq!(seen[1], (json!(1), json!(4)));
        assert_eq!(seen[5], (json!(2), json!(5)));
        assert_eq!(space.point(6), None);
    }

    #[test]
    fn rows_turn_slowest_and_alone_they_are_the_space() {
        let row = |v: i64| vec![("r".parse().expect("a path"), json!(v))];
        let mut space = Space { rows: vec![row(7), row(8)], dimensions: vec![] };
        assert_eq!(space.len(), Some(2));
        assert_eq!(space.point(1), Some(row(8)));
        space.dimensions = vec![dimension("a", &[1, 2])];
        assert_eq!(space.len(), Some(4));
        assert_eq!(space.point(2).map(|p| p[0].1.clone()), Some(json!(8)));
    }

    #[test]
    fn a_grid_too_large_to_count_is_seen() {
        let wide = vec![0; 4096];
        let space = Space { rows: vec![], dimensions: vec![dimension("a", &wide); 6] };
        assert_eq!(space.len(), None);
        assert_eq!(space.point(0), None);
    }
}
