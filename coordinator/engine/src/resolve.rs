//! From a plan and a number to the recipe that a trial trains. A function of the plan alone.

use gliss_types::{Recipe, SettingPath, SweepPlan, TrialKey};

/// A trial's recipe, ready to be offered.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// In canonical form.
    pub(crate) canonical: String,
    /// Its key.
    pub(crate) key: TrialKey,
    /// Epochs that it asks for.
    pub(crate) epochs: u32,
}

/// Why a trial has no recipe. Happens where the plan was checked by another version of the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unresolved {
    #[error("the space has no point {number}")]
    NoPoint { number: u32 },
    #[error("the settings are no recipe for this version: {issues} issues, the first: {first}")]
    NoRecipe { issues: usize, first: String },
}

/// The recipe of trial `number`, from 1.
pub(crate) fn resolve(plan: &SweepPlan, number: u32) -> Result<Resolved, Unresolved> {
    let index = u64::from(number).checked_sub(1).ok_or(Unresolved::NoPoint { number })?;
    let settings = plan.settings(index).ok_or(Unresolved::NoPoint { number })?;
    let (recipe, _) = Recipe::read(&settings).map_err(|issues| Unresolved::NoRecipe {
        issues: issues.len(),
        first: issues.first().map(ToString::to_string).unwrap_or_default(),
    })?;
    let canonical = recipe.canonical();
    let key = TrialKey::of(&canonical);
    Ok(Resolved { canonical, key, epochs: recipe.epochs() })
}

/// A key for a trial without recipe: of its settings as they are.
pub(crate) fn stand_in_key(plan: &SweepPlan, number: u32) -> TrialKey {
    let settings = u64::from(number).checked_sub(1).and_then(|index| plan.settings(index)).unwrap_or_default();
    TrialKey::of(&serde_json::Value::Object(settings.as_map().clone()).to_string())
}

/// Points that are looked at to count a sweep's epochs.
const COUNT_LIMIT: u64 = 65_536;

/// Epochs that all points ask for together; 0 where that cannot be counted with reasonable effort.
///
/// The number of epochs follows from the settings `task` and `epochs` alone, so the other dimensions are held at their
/// first value and multiplied in.
pub(crate) fn count_epochs(plan: &SweepPlan) -> u64 {
    let counts = |path: &SettingPath| matches!(path.segments().next(), Some("task" | "epochs"));
    let mut small = plan.clone();
    let mut factor: u64 = 1;
    if !small.space.rows.iter().flatten().any(|(path, _)| counts(path)) {
        factor = factor.saturating_mul(small.space.rows.len().max(1) as u64);
        small.space.rows.truncate(1);
    }
    for dimension in &mut small.space.dimensions {
        if !counts(&dimension.path) {
            factor = factor.saturating_mul(dimension.values.len() as u64);
            dimension.values.truncate(1);
        }
    }
    let Some(points) = small.space.len().filter(|n| *n <= COUNT_LIMIT) else { return 0 };
    let mut sum: u64 = 0;
    for index in 0..points {
        let Some(Ok((recipe, _))) = small.settings(index).map(|settings| Recipe::read(&settings)) else { return 0 };
        sum = sum.saturating_add(u64::from(recipe.epochs()));
    }
    sum.saturating_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::{Dimension, Objective, Settings, Space};
    use serde_json::{Value, json};

    fn plan(recipe: Value, rows: Vec<(&str, Value)>, dimensions: Vec<(&str, Vec<Value>)>) -> SweepPlan {
        let path = |text: &str| text.parse().expect("a path");
        SweepPlan {
            name: "count".into(),
            description: String::new(),
            objective: Objective::default(),
            recipe: serde_json::from_value::<Settings>(recipe).expect("a mapping"),
            space: Space {
                rows: rows.into_iter().map(|(p, v)| vec![(path(p), v)]).collect(),
                dimensions: dimensions.into_iter().map(|(p, values)| Dimension { path: path(p), values }).collect(),
            },
            max_attempts: 1,
            fingerprint: String::new(),
            conduct: gliss_types::Conduct::default(),
            source: String::new(),
        }
    }

    #[test]
    fn epochs_are_counted_as_if_every_point_were_read() {
        let synth = json!({"data": {"source": "synth"}});
        let plans = [
            plan(json!({"task": "noop"}), vec![], vec![("seed", vec![json!(1), json!(2)])]),
            plan(synth.clone(), vec![], vec![("seed", vec![json!(1), json!(2)]), ("batch", vec![json!(8), json!(16)])]),
            plan(
                synth.clone(),
                vec![],
                vec![("epochs", vec![json!(3), json!(5)]), ("seed", vec![json!(1), json!(2), json!(3)])],
            ),
            plan(
                synth.clone(),
                vec![("epochs", json!(7)), ("seed", json!(9))],
                vec![("batch", vec![json!(8), json!(16)])],
            ),
            plan(synth, vec![("seed", json!(1)), ("seed", json!(2))], vec![("epochs", vec![json!(2), json!(4)])]),
        ];
        for plan in plans {
            let points = plan.space.len().expect("small") as u32;
            let each = (1..=points).map(|n| u64::from(resolve(&plan, n).expect("a recipe").epochs));
            assert_eq!(count_epochs(&plan), each.sum::<u64>(), "{:?}", plan.space);
        }
    }

    #[test]
    fn a_point_that_is_no_recipe_is_named_and_uncounted() {
        let plan = plan(json!({"task": "noop", "sede": 1}), vec![], vec![]);
        let unresolved = resolve(&plan, 1).expect_err("`sede` is no setting");
        assert!(unresolved.to_string().contains("sede"), "{unresolved}");
        assert_eq!(count_epochs(&plan), 0);
        assert_eq!(resolve(&plan, 2).err(), Some(Unresolved::NoPoint { number: 2 }));
        assert_eq!(resolve(&plan, 0).err(), Some(Unresolved::NoPoint { number: 0 }));
    }
}
