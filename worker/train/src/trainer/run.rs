//! The way in: one recipe, one thread, one result.

use std::path::Path;

use gliss_nets::draw::{Draw, Stream};
use gliss_nets::ops::set_precision;
use gliss_nets::{Network, Part};
use gliss_types::recipe::{Noop, Training};
use gliss_types::{CheckpointRef, Objective, Recipe, Summary};

use super::batch::Batches;
use super::fit::Fit;
use super::{Event, Finish, TrainError};
use crate::checkpoint::CheckpointStore;
use crate::data::DataError;
use crate::features::Waiting;
use crate::library::Examples;
use crate::{Control, Device, Library, weights};

/// candle walks and drops the graph of a step by recursion.
const STACK: usize = 64 << 20;
/// The stream of numbers that trials which train nothing score. Part of what their seed means: never changed.
const NOOP: u32 = 0x40;

/// What a training uses besides its recipe.
#[derive(Debug)]
pub struct Context<'a> {
    /// Data sets, shared with other trials.
    pub library: &'a Library,
    /// Where checkpoints go and come from.
    pub checkpoints: &'a CheckpointStore,
    /// What the best epoch is judged by.
    pub objective: &'a Objective,
    /// Where the net is trained.
    pub device: Device,
    /// The checkpoint to go on from; none begins at the beginning.
    pub resume: Option<CheckpointRef>,
}

/// Trains `recipe`. Blocks until it is done, or `control` stops it; everything is computed on one thread of its own, on
/// which `events` is called too. The result is a function of the recipe, the objective and the data (but for the times).
///
/// # Errors
/// See [`TrainError`].
pub fn run(
    recipe: &Recipe,
    context: &Context<'_>,
    control: &Control,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Finish, TrainError> {
    match recipe {
        Recipe::Noop(noop) => Ok(Finish::Completed(score(noop, context.objective))),
        Recipe::Train(training) => {
            if !Objective::METRICS.contains(&context.objective.metric.as_str()) {
                return Err(TrainError::Objective { metric: context.objective.metric.clone() });
            }
            // A pool of one: whatever asks for parallelism in here gets this thread.
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(STACK).build();
            pool.map_err(TrainError::Thread)?.install(|| train(recipe, training, context, control, events))
        }
    }
}

/// The summary of a trial that trains nothing: a score from 0 to 1.
fn score(noop: &Noop, objective: &Objective) -> Summary {
    let score = Draw::new(noop.seed, Stream::Other(NOOP), 0, 0).uniform(0);
    Summary { score, metrics: vec![(objective.metric.clone(), score)], ..Summary::default() }
}

fn train(
    recipe: &Recipe,
    training: &Training,
    context: &Context<'_>,
    control: &Control,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Finish, TrainError> {
    let mut progress = |done, total| events(Event::Preparing { done, total });
    let examples = context.library.examples(training, &mut progress, control);
    let examples = examples.map_err(TrainError::from);
    let summary = examples.and_then(|examples| fit(recipe, training, &examples, context, control, events));
    match summary {
        Ok(summary) => Ok(Finish::Completed(summary)),
        Err(TrainError::Data(error)) if matches!(*error, DataError::Stopped) => Ok(Finish::Interrupted),
        Err(error) => Err(error),
    }
}

/// # Errors
/// A stop is [`DataError::Stopped`].
fn fit(
    recipe: &Recipe,
    training: &Training,
    examples: &Examples,
    context: &Context<'_>,
    control: &Control,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Summary, TrainError> {
    let deal = examples.deal(&training.split)?;
    let mut preparing = |done, total| events(Event::Preparing { done, total });
    let device = context.device.open()?;
    set_precision(training.precision);
    let batches = Batches::new(examples, training, &deal, &mut Waiting::new(&mut preparing, control))?;
    let batches = batches.on(device.clone(), Device::free_memory(&device))?;
    let outputs = training.outputs(examples.classes.len());
    let network = Network::build(&training.net, &batches.shapes(), outputs, training.seed, &device)?;
    // A checkpoint holds all that came of them.
    if let (Some(path), None) = (&training.net.weights, &context.resume) {
        let part = if training.quirks.head_1000 { Part::Whole } else { Part::Body };
        weights::load(Path::new(path), &network, part)?;
    }
    let mut fit = Fit::new(training, &recipe.key(), context.objective, (batches, &deal), network)?;
    if let Some(reference) = &context.resume {
        let read = context.checkpoints.read(&reference.hash);
        let checkpoint = read.map_err(|source| TrainError::Resume { hash: reference.hash.clone(), source })?;
        fit.resume(checkpoint, reference)?;
    }
    fit.run(context.checkpoints, control, events)
}

#[cfg(test)]
mod tests;
