//! Keys of W&B's sweep files that mean nothing here: refused by name with what to do instead, never ignored.

/// What to do about a top-level key of W&B, if it is one.
pub(super) fn top(key: &str) -> Option<&'static str> {
    Some(match key {
        "program" | "command" | "job" | "image_uri" => {
            "no program is started: workers train the nets of this version themselves; say what to train under `recipe:`"
        }
        "project" | "entity" => "leave it out: sweeps live in the coordinator's own store; label them with `name`",
        "early_terminate" | "scheduler" => "leave it out: this version trains every trial to its last epoch",
        "run_cap" => "leave it out: the grid alone says how many trials there are",
        "metrics" => "this version ranks trials by one metric: `metric: {name: valid_accuracy, goal: maximize}`",
        "apiVersion" | "kind" | "controller" => "leave it out: there is one kind of sweep file and one coordinator",
        _ => return None,
    })
}

/// Whether it is a top-level key of W&B that means nothing here.
pub(crate) fn is_foreign(key: &str) -> bool {
    top(key).is_some()
}

/// What to do about a key of W&B's `metric`, if it is one.
pub(super) fn metric(key: &str) -> Option<&'static str> {
    Some(match key {
        "target" => "leave it out: this version trains every trial to its last epoch",
        "impute" => "leave it out: a trial without a score ranks last",
        _ => return None,
    })
}

/// Whether a key of W&B's parameters needs a method other than grid.
pub(super) fn needs_random(key: &str) -> bool {
    matches!(key, "distribution" | "q" | "mu" | "sigma" | "probabilities")
}
