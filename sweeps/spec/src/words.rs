//! The words of the language and "did you mean". What a recipe may say is asked of `gliss-types`, not listed here.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use gliss_types::{Problem, Recipe, Settings};
use serde_json::json;

/// The top-level keys of a sweep file.
pub(crate) const TOP: [&str; 11] = [
    "name",
    "description",
    "method",
    "metric",
    "recipe",
    "parameters",
    "rows",
    "attempts",
    "priority",
    "max_running",
    "give_up_after",
];

/// Names that other programs use, and ours.
const ELSEWHERE: [(&str, &str); 43] = [
    ("learning_rate", "optimiser.lr"),
    ("learning-rate", "optimiser.lr"),
    ("max_learning_rate", "schedule.max_lr"),
    ("batch_size", "batch"),
    ("batch-size", "batch"),
    ("num_epochs", "epochs"),
    ("n_epochs", "epochs"),
    ("max_epochs", "epochs"),
    ("random_state", "seed"),
    ("random_seed", "seed"),
    ("model", "net"),
    ("dataset", "data"),
    ("scheduler", "schedule"),
    ("lr_scheduler", "schedule"),
    ("warmup_epochs", "schedule.warmup"),
    ("start_factor", "schedule.warmup_from"),
    ("eta_min", "schedule.min_lr"),
    ("step_size", "schedule.every"),
    ("step_size_up", "schedule.half_cycle"),
    ("step_size_down", "schedule.half_cycle_down"),
    ("T_max", "schedule.length"),
    ("T_0", "schedule.length"),
    ("T_mult", "schedule.grow"),
    ("anneal_strategy", "schedule.anneal"),
    ("max_grad_norm", "optimiser.clip_norm"),
    ("clipnorm", "optimiser.clip_norm"),
    ("clipvalue", "optimiser.clip_value"),
    ("gradient_accumulation_steps", "grad_accumulation"),
    ("accumulate_grad_batches", "grad_accumulation"),
    ("n_mels", "features.mels"),
    ("hop_length", "features.hop"),
    ("hyperparameters", "parameters"),
    ("params", "parameters"),
    ("space", "parameters"),
    ("config", "recipe"),
    ("objective", "metric"),
    ("max_attempts", "attempts"),
    ("retries", "attempts"),
    ("max_concurrent", "max_running"),
    ("max_concurrent_trials", "max_running"),
    ("parallelism", "max_running"),
    ("n_jobs", "max_running"),
    ("max_failures", "give_up_after"),
];

/// Every setting that a recipe can hold, with dots, and the sections that hold them.
pub(crate) struct Vocabulary {
    settings: BTreeSet<String>,
}

/// The settings of this version.
pub(crate) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::ask);

impl Vocabulary {
    /// Asks the reader of recipes what it knows, by way of settings that it does not know.
    fn ask() -> Self {
        let (mut settings, mut sections) = (BTreeSet::new(), vec![String::new()]);
        while let Some(section) = sections.pop() {
            for name in known_below(&section) {
                let path = if section.is_empty() { name } else { format!("{section}.{name}") };
                if known_below(&path).is_empty() {
                    settings.insert(path);
                } else {
                    sections.push(path);
                }
            }
        }
        Vocabulary { settings }
    }

    /// Whether it is a setting or a section of settings.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let below = format!("{path}.");
        self.settings.iter().any(|s| s == path || s.starts_with(&below))
    }

    /// The names that may stand below a section, or at the top for the empty one; none for what is no section.
    pub(crate) fn below(&self, section: &str) -> BTreeSet<&str> {
        let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
        let rests = self.settings.iter().filter_map(|setting| setting.strip_prefix(&prefix));
        rests.filter_map(|rest| rest.split('.').next()).collect()
    }

    /// The setting that was probably meant by a path, wherever it stands; none where nothing comes close.
    pub(crate) fn meant(&self, path: &str) -> Option<String> {
        let leaf = path.rsplit('.').next().unwrap_or(path);
        if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, ours)| *theirs == leaf && self.holds(ours)) {
            return Some((*ours).to_owned());
        }
        if let Some(near) = nearest(path, self.settings.iter().map(String::as_str)) {
            return Some(near);
        }
        // `lr` for `optimiser.lr`: the right name in the wrong place, where only one place has it.
        let ends = |s: &&String| s.rsplit('.').next() == Some(leaf);
        let mut same = self.settings.iter().filter(ends);
        match (same.next(), same.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }
}

/// What the reader knows below a section, or at the top for the empty one.
fn known_below(section: &str) -> Vec<String> {
    const NO_SETTING: &str = "?";
    let segments = || section.split('.').filter(|segment| !segment.is_empty());
    let nested = segments().rev().fold(json!({NO_SETTING: 0}), |inner, segment| json!({segment: inner}));
    let path = segments().chain([NO_SETTING]).collect::<Vec<_>>().join(".");
    let settings: Settings = serde_json::from_value(nested).unwrap_or_default();
    let issues = Recipe::read(&settings).err().unwrap_or_default();
    let unknown = issues.into_iter().filter(|issue| issue.path == path).find_map(|issue| match issue.problem {
        Problem::Unknown { known, .. } => Some(known),
        _ => None,
    });
    unknown.unwrap_or_default()
}

/// The candidate closest to what was written, where one is close enough to be a slip of the pen.
pub(crate) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if written.len() > 64 {
        return None;
    }
    let lower = written.to_lowercase();
    let scored = candidates.into_iter().filter_map(|candidate| {
        let slips = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
        let longer = candidate.chars().count().max(lower.chars().count());
        let begins = lower.len() >= 3 && candidate.starts_with(&lower);
        let close = slips <= (longer / 3).max(1) && slips < longer;
        (close || begins).then_some((slips, candidate))
    });
    scored.min().map(|(_, candidate)| candidate.to_owned())
}

/// [`nearest`] among the top-level keys, other programs' words for them included.
pub(crate) fn nearest_key(written: &str) -> Option<String> {
    let alias = ELSEWHERE.iter().find(|(theirs, ours)| *theirs == written && TOP.contains(ours));
    alias.map(|(_, ours)| (*ours).to_owned()).or_else(|| nearest(written, TOP))
}

/// `did you mean `x`?`
pub(crate) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// "`a`, `b`"
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabulary_is_the_one_of_the_recipe() {
        for setting in [
            "task",
            "batch",
            "epochs",
            "seed",
            "data.source",
            "data.path",
            "optimiser.lr",
            "net.hidden",
            "features.segments.overlap",
            "features.beside.n_fft",
            "augment.masks.time",
            "augment.online",
            "grad_accumulation",
            "optimiser.initial_accumulator",
            "schedule.warmup_from",
            "schedule.final_div_factor",
        ] {
            assert!(VOCABULARY.settings.contains(setting), "{setting} is not in {:?}", VOCABULARY.settings);
        }
        assert!(VOCABULARY.holds("optimiser") && !VOCABULARY.holds("optimise"));
    }

    #[test]
    fn other_words_point_to_an_existing_one() {
        for (_, ours) in ELSEWHERE {
            assert!(TOP.contains(&ours) || VOCABULARY.holds(ours), "{ours} does not exist");
        }
    }

    #[test]
    fn slips_are_understood_and_strange_words_are_not() {
        for (written, meant) in [
            ("learning_rate", Some("optimiser.lr")),
            ("lr", Some("optimiser.lr")),
            ("optimizer.lr", Some("optimiser.lr")),
            ("optimiser.momentun", Some("optimiser.momentum")),
            ("batchsize", None),
            ("bacth", Some("batch")),
            ("dense_dropout", Some("net.dense_dropout")),
            // Two sections have one.
            ("filters", None),
            ("zebra", None),
        ] {
            assert_eq!(VOCABULARY.meant(written).as_deref(), meant, "{written}");
        }
        assert_eq!(nearest_key("parametres").as_deref(), Some("parameters"));
        assert_eq!(nearest("adma", ["adam", "sgd"]).as_deref(), Some("adam"));
        assert_eq!(nearest("rmsprop", ["adam", "sgd"]), None);
    }
}
