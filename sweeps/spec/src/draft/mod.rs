//! A sweep file as it stands: every setting with its place, before any point is checked. Says what is wrong with the
//! shape of the file; what a recipe may say is not decided here.

mod clash;
mod foreign;
mod leaf;
mod metric;
mod parameters;
mod read;
mod rows;

pub(crate) use clash::{repeated_choices, same};
pub(crate) use foreign::is_foreign;
pub(crate) use leaf::{At, Key, Leaf, flatten, inside, merged};
pub(crate) use metric::{Metric, read_goal, read_metric, read_metric_name, unknown_metric_key};
pub(crate) use read::{attempts, check_method, give_up_after, label_text, max_running, priority, read, unknown_key};

use gliss_types::SettingPath;
use serde_json::Value;

use crate::source::Span;
use crate::tree::{Kind, Node};

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metric: Metric,
    pub(crate) attempts: Option<u32>,
    pub(crate) priority: Option<i32>,
    pub(crate) max_running: Option<u32>,
    pub(crate) give_up_after: Option<u32>,
    /// Settings fixed for every trial, by `recipe:`, by `value`, or from the command line.
    pub(crate) fixed: Vec<Leaf>,
    pub(crate) dimensions: Vec<Axis>,
    pub(crate) rows: Vec<Row>,
    /// Where a missing setting belongs: the key `recipe`, else the file's first key.
    pub(crate) home: Option<Span>,
    /// Settings that are meant but not readable, so that nothing is said of their absence; the empty path stands for
    /// any.
    pub(crate) broken: Vec<String>,
}

/// A dimension of the space.
#[derive(Debug)]
pub(crate) struct Axis {
    pub(crate) key: Key,
    pub(crate) path: SettingPath,
    pub(crate) choices: Choices,
}

/// The values of an axis.
#[derive(Debug)]
pub(crate) enum Choices {
    Listed(Vec<Choice>),
    /// Whole numbers, both ends included.
    Range {
        first: i64,
        last: i64,
        span: Span,
    },
}

/// One listed value.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) span: Span,
    /// The settings that it gives, with whole paths.
    pub(crate) leaves: Vec<Leaf>,
}

/// One explicit point.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) span: Span,
    pub(crate) leaves: Vec<Leaf>,
}

impl Axis {
    /// The number of values, or `None` where it does not fit 64 bits.
    pub(crate) fn len(&self) -> Option<u64> {
        match &self.choices {
            Choices::Listed(choices) => Some(choices.len() as u64),
            Choices::Range { first, last, .. } => last.abs_diff(*first).checked_add(1),
        }
    }

    /// How many values need a look for the settings they give: a range gives one setting however long it is.
    pub(crate) fn listed(&self) -> usize {
        match &self.choices {
            Choices::Listed(choices) => choices.len(),
            Choices::Range { .. } => 1,
        }
    }

    /// The listed values, to be changed.
    pub(crate) fn listed_mut(&mut self) -> Option<&mut Vec<Choice>> {
        match &mut self.choices {
            Choices::Listed(choices) => Some(choices),
            Choices::Range { .. } => None,
        }
    }

    /// The settings that value `index` gives.
    pub(crate) fn leaves(&self, index: usize) -> std::borrow::Cow<'_, [Leaf]> {
        match &self.choices {
            Choices::Listed(choices) => {
                choices.get(index).map(|choice| choice.leaves.as_slice()).unwrap_or_default().into()
            }
            Choices::Range { first, span, .. } => {
                let value = Value::from(first.saturating_add_unsigned(index as u64));
                let node = Node { span: *span, kind: Kind::Scalar(value) };
                vec![Leaf::new(self.key.clone(), self.path.clone(), node)].into()
            }
        }
    }

    /// Only the ends of a range, for a sweep that is refused for its size and still looked at.
    pub(crate) fn shrink(&mut self) {
        if let Choices::Range { first, last, span } = self.choices {
            let ends = [first, last].into_iter().take(if first == last { 1 } else { 2 });
            let choice = |value: i64| {
                let node = Node { span, kind: Kind::Scalar(Value::from(value)) };
                Choice { span, leaves: vec![Leaf::new(self.key.clone(), self.path.clone(), node)] }
            };
            self.choices = Choices::Listed(ends.map(choice).collect());
        }
    }

    /// All values as the plan holds them.
    pub(crate) fn values(&self) -> Vec<Value> {
        match &self.choices {
            Choices::Listed(choices) => choices.iter().map(|choice| merged(&choice.leaves, &self.path)).collect(),
            Choices::Range { first, last, .. } => (*first..=*last).map(Value::from).collect(),
        }
    }
}
