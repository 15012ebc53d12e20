//! `metric:` and its goal.

use gliss_types::{Goal, Objective};

use super::foreign;
use crate::finding::{Log, Note};
use crate::source::Span;
use crate::tree::{Node, shortened};
use crate::words::{did_you_mean, listed, nearest};

/// What is said of the objective.
#[derive(Debug, Default)]
pub(crate) struct Metric {
    pub(crate) name: Option<String>,
    pub(crate) goal: Option<(Goal, Span)>,
}

impl Metric {
    /// The objective; a goal that is left out follows from the metric.
    pub(crate) fn objective(&self, log: &mut Log) -> Objective {
        let metric = self.name.clone().unwrap_or_else(|| Objective::default().metric);
        let (natural, better) =
            if metric.ends_with("loss") { (Goal::Minimize, "smaller") } else { (Goal::Maximize, "larger") };
        let goal = self.goal.map_or(natural, |(goal, _)| goal);
        if let Some((_, span)) = self.goal.filter(|(goal, _)| *goal != natural) {
            let message = format!("the worst trial will rank first: `{metric}` is better when it is {better}");
            log.push(
                Note::error(span, message).warning().help("leave `goal` out, unless the worst is what you look for"),
            );
        }
        Objective { metric, goal }
    }
}

/// Reads `metric: {name, goal}`.
pub(crate) fn read_metric(node: &Node, log: &mut Log) -> Metric {
    let mut metric = Metric::default();
    let Some(entries) = node.entries() else {
        let note = Note::error(node.span, format!("`metric` is {}, not a mapping", node.describe()));
        let name = node.text().filter(|name| Objective::METRICS.contains(name)).unwrap_or("valid_accuracy");
        log.push(note.help(format!("write `metric: {{name: {name}}}`")));
        return metric;
    };
    if !entries.iter().any(|entry| entry.key == "name") {
        let note = Note::error(node.span, "`metric` has no `name`");
        log.push(note.help(format!("name one of {}", listed(Objective::METRICS))));
    }
    for entry in entries {
        match entry.key.as_str() {
            "name" => metric.name = read_metric_name(&entry.value, log),
            "goal" => metric.goal = read_goal(&entry.value, log).map(|goal| (goal, entry.value.span)),
            other => log.push(unknown_metric_key(other, entry.key_span)),
        }
    }
    metric
}

/// A key of `metric` that is none.
pub(crate) fn unknown_metric_key(key: &str, span: Span) -> Note {
    let near = nearest(key, ["name", "goal"]).map(|near| did_you_mean(&near));
    Note::error(span, format!("`{}` is not a key of `metric`", shortened(key)))
        .help("its keys are `name` and `goal`")
        .maybe_help(foreign::metric(key).map(str::to_owned).or(near))
}

/// The metric's name.
pub(crate) fn read_metric_name(node: &Node, log: &mut Log) -> Option<String> {
    if let Some(name) = node.text().filter(|name| Objective::METRICS.contains(name)) {
        return Some(name.to_owned());
    }
    let what = node.text().map_or_else(|| node.describe(), |text| format!("`{}`", shortened(text)));
    let note = Note::error(node.span, format!("{what} is not a metric that ranks trials"));
    let choices = format!("name one of {}", listed(Objective::METRICS));
    let near = match node.text().unwrap_or_default() {
        test if test.starts_with("test") => {
            Some(format!("choosing trials by the test set would make it a training set; {choices}"))
        }
        "accuracy" | "acc" | "val_acc" | "valid_acc" => Some(did_you_mean("valid_accuracy")),
        "f1" | "macro_f1" | "val_f1" | "valid_f1" => Some(did_you_mean("valid_macro_f1")),
        "loss" => Some(did_you_mean("valid_loss")),
        text => nearest(text, Objective::METRICS).map(|near| did_you_mean(&near)),
    };
    log.push(note.help(choices).maybe_help(near));
    None
}

/// The goal.
pub(crate) fn read_goal(node: &Node, log: &mut Log) -> Option<Goal> {
    match node.text() {
        Some("maximize") => return Some(Goal::Maximize),
        Some("minimize") => return Some(Goal::Minimize),
        _ => {}
    }
    let what = node.text().map_or_else(|| node.describe(), |text| format!("`{}`", shortened(text)));
    let near = node.text().and_then(|text| nearest(text, ["maximize", "minimize"])).map(|near| did_you_mean(&near));
    let note = Note::error(node.span, format!("{what} is not a goal"));
    log.push(note.help("write `maximize` or `minimize`, or leave it out").maybe_help(near));
    None
}
