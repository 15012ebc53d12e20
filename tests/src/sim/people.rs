//! What people submit.

use gliss_types::{Conduct, Dimension, Objective, Settings, Space, SweepPlan};
use serde_json::json;

/// The plan of a sweep: `trials` seeds, from 1 on, each trained for `epochs`.
pub(crate) fn plan(index: usize, trials: u32, epochs: u32) -> SweepPlan {
    let recipe: Settings =
        serde_json::from_value(json!({"data": {"source": "synth"}, "epochs": epochs})).expect("a mapping is settings");
    let path = "seed".parse().expect("a path");
    let dimension = Dimension { path, values: (1..=trials).map(|seed| json!(seed)).collect() };
    SweepPlan {
        name: format!("sweep {index}"),
        description: String::new(),
        objective: Objective::default(),
        recipe,
        space: Space { rows: vec![], dimensions: vec![dimension] },
        max_attempts: 3,
        fingerprint: format!("fingerprint {index}"),
        conduct: Conduct::default(),
        source: String::new(),
    }
}
