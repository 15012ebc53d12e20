//! The epochs of one trial.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use gliss_nets::draw::{self, Draw, Stream};
use gliss_nets::ops::{self, Targets, Weighing};
use gliss_nets::optimisers::{Optimiser, OptimiserError};
use gliss_nets::schedules::{Plateau, lr_at};
use gliss_nets::{Mode, Network};
use gliss_types::recipe::{ClassWeights, Course, Training, Watch};
use gliss_types::{CheckpointRef, EpochReport, MetricPoint, Objective, Summary, TrialKey};

use super::batch::{Batch, Batches, Example, Feed, Side};
use super::judge::{Manner, Tally, judge};
use super::lenses::Epoch;
use super::mixup::mix;
use super::restore::{BASIS, BEST, OPTIMISER, Tensors, WEIGHTS, pack, set_weights, stored, weights};
use super::{Event, TrainError};
use crate::Control;
use crate::checkpoint::{Best, Checkpoint, CheckpointError, CheckpointStore, Progress};
use crate::data::DataError;
use crate::features::{Need, Preparation, Waiting};
use crate::patience::Patience;
use crate::split::{Deal, SplitError};

/// The stream of numbers that order the validation side where a quirk shuffles it. Never changed.
const VALID_ORDER: u32 = 0x41;
/// Steps of validation count from here where a quirk has them drop values.
const VALID_STEPS: u64 = 1 << 40;

/// A trial's weights and how far it has come.
pub(super) struct Fit<'a> {
    training: &'a Training,
    objective: &'a Objective,
    batches: Arc<Batches<'a>>,
    deal: &'a Deal,
    network: Network,
    optimiser: Optimiser,
    progress: Progress,
    /// How long the epoch under way has waited for clips.
    waited: Duration,
    /// Weights of the best epoch; none while they are the network's own.
    best_weights: Option<Vec<(String, Tensor)>>,
    /// How much the examples of each class count; none if all do the same.
    class_weights: Option<Vec<f64>>,
}

/// The part of a checkpoint that goes into net and optimiser.
struct Taken {
    current: Vec<(String, Tensor)>,
    optimiser: HashMap<String, Tensor>,
}

impl<'a> Fit<'a> {
    /// A trial before its first step.
    pub(super) fn new(
        training: &'a Training,
        key: &TrialKey,
        objective: &'a Objective,
        (batches, deal): (Batches<'a>, &'a Deal),
        network: Network,
    ) -> Result<Self, TrainError> {
        let optimiser = Optimiser::new(&training.optimiser, network.parameters())?.with_l2(network.l2());
        let key = key.as_str().to_owned();
        let watched = matches!(training.schedule.course, Course::Plateau(_));
        let plateau = watched.then(|| Plateau::new(training.optimiser.lr()));
        let patience = training.early_stop.map(|_| Patience::default());
        let progress = Progress { key, epoch: 0, steps: 0, seconds: 0.0, best: None, plateau, patience };
        let class_weights = (training.class_weights == ClassWeights::Balanced).then(|| batches.balanced());
        let batches = Arc::new(batches);
        let waited = Duration::ZERO;
        let best_weights = None;
        Ok(Fit {
            training,
            objective,
            batches,
            deal,
            network,
            optimiser,
            progress,
            waited,
            best_weights,
            class_weights,
        })
    }

    /// Goes to where `checkpoint`, announced as `reference`, was made.
    pub(super) fn resume(&mut self, checkpoint: Checkpoint, reference: &CheckpointRef) -> Result<(), TrainError> {
        let hash = reference.hash.clone();
        let Taken { current, optimiser } = match self.take(checkpoint, reference) {
            Ok(taken) => taken,
            Err(source) => return Err(TrainError::Resume { hash, source }),
        };
        set_weights(&self.network, &current)?;
        let restored = self.optimiser.load_state(self.progress.steps, |name| optimiser.get(name).cloned());
        restored.map_err(|source| TrainError::ResumeOptimiser { hash, source: source.into() })
    }

    /// Takes over progress and best weights, and hands back what changes net and optimiser.
    fn take(&mut self, checkpoint: Checkpoint, reference: &CheckpointRef) -> Result<Taken, CheckpointError> {
        let progress = checkpoint.progress.clone();
        if progress.key != self.progress.key {
            return Err(CheckpointError::OtherRecipe { found: progress.key, wanted: self.progress.key.clone() });
        }
        let epochs = self.training.epochs;
        if progress.epoch != reference.epoch || progress.epoch > epochs {
            return Err(CheckpointError::OtherEpoch { found: progress.epoch, wanted: reference.epoch, epochs });
        }
        if self.progress.plateau.is_some() && progress.plateau.is_none() {
            return Err(CheckpointError::Lacks { what: "at which rate its schedule is" });
        }
        if self.progress.patience.is_some() && progress.patience.is_none() {
            return Err(CheckpointError::Lacks { what: "how long it has been without progress" });
        }
        let mut tensors = Tensors::of(checkpoint);
        let current = tensors.take_all(WEIGHTS, &self.network)?;
        let is_best = progress.best.as_ref().is_none_or(|best| best.epoch == progress.epoch);
        let best = if is_best { current.clone() } else { tensors.take_all(BEST, &self.network)? };
        let optimiser = tensors.take_part(OPTIMISER);
        tensors.take_part(BASIS);
        tensors.finish()?;
        self.best_weights = Some(best);
        self.progress = progress;
        Ok(Taken { current, optimiser })
    }

    /// Trains the epochs that are left, then tests the best. Clips are prepared meanwhile, in the order in which they are
    /// needed; each step waits for its own.
    ///
    /// # Errors
    /// A stop is [`crate::data::DataError::Stopped`].
    pub(super) fn run(
        mut self,
        checkpoints: &CheckpointStore,
        stop: &Control,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Summary, TrainError> {
        let clips = self.batches.clips();
        let needed = |clips: &Preparation| self.batches.needs(&self.needed(clips.len()));
        let _wish = clips.map(|clips| clips.wish(needed(clips)));
        let _beside = self.batches.beside().map(|clips| clips.wish(needed(clips)));
        // Only what trains is changed.
        let changed = || places_of(&self.order()).into_iter().map(Need::original).collect();
        let _waves = self.batches.waves().map(|clips| clips.wish(changed()));
        events(Event::Started {
            parameters: self.network.parameter_count() as u64,
            steps_per_epoch: self.steps_per_epoch(),
            epochs_done: self.progress.epoch,
            skipped: clips.map_or(0, |clips| clips.skipped().len()),
        });
        while self.goes_on() {
            let began = Instant::now();
            self.waited = Duration::ZERO;
            let mut metrics = self.epoch(stop, events)?;
            self.note_best(&metrics)?;
            // An epoch that waits for clips says nothing of how long the next will take.
            let seconds = began.elapsed().saturating_sub(self.waited).as_secs_f64();
            self.progress.seconds += seconds;
            metrics.push(("epoch_seconds".to_owned(), seconds));
            metrics.push(("waiting_seconds".to_owned(), self.waited.as_secs_f64()));
            let checkpoint = self.keep(checkpoints)?;
            events(Event::Epoch(report(metrics, checkpoint)));
        }
        self.test(stop, events)
    }

    /// Whether there is an epoch to come.
    fn goes_on(&self) -> bool {
        let rule = self.training.early_stop.as_ref().zip(self.progress.patience.as_ref());
        self.progress.epoch < self.training.epochs && !rule.is_some_and(|(rule, patience)| patience.is_over(rule))
    }

    /// All listed examples in the order in which they are needed from here on, some of them more than once.
    fn needed(&self, listed: usize) -> Vec<usize> {
        let Deal { valid, test, .. } = self.deal;
        let mut places = Vec::with_capacity(2 * listed);
        if self.goes_on() {
            places.extend(places_of(&self.order()));
            places.extend(valid);
        }
        places.extend(test);
        places.extend(0..listed);
        places
    }

    /// The training side in the order of the epoch under way. All listed examples are put in order, and those that turn out to
    /// be of no use are passed over: so the order depends on nothing that is learnt on the way.
    fn order(&self) -> Vec<Example> {
        // Draws count epochs from 0.
        let drawn = u64::from(self.progress.epoch);
        let train = self.batches.train();
        if self.training.quirks.sliding_minibatch {
            let (steps, batch) = (self.steps_of(train.len()) as usize, self.training.batch as usize);
            return (0..steps).flat_map(|step| train.iter().skip(step).take(batch)).copied().collect();
        }
        let order = draw::permutation(self.training.seed, drawn, train.len() as u32);
        order.into_iter().map(|place| train[place as usize]).collect()
    }

    /// Steps of an epoch in which every listed example can be used. Schedules count with it: an epoch always begins at the same
    /// place of a schedule, and one that has fewer steps leaves out the rest of its share.
    fn steps_per_epoch(&self) -> u32 {
        self.steps_of(self.batches.train().len())
    }

    /// Steps that so many examples make, at least 1.
    fn steps_of(&self, examples: usize) -> u32 {
        let batch = self.training.batch as usize;
        let steps = if self.training.drops_last() { examples / batch } else { examples.div_ceil(batch) };
        steps.max(1) as u32
    }

    /// Of an epoch, as far as is known which examples can be used.
    fn steps_to_expect(&self) -> u32 {
        let train = places_of(self.batches.train());
        let hopeful = self.batches.clips().map_or(train.len(), |clips| clips.hopeful(&train));
        self.steps_of(hopeful)
    }

    /// One epoch of training and one look at the validation side. The metrics are all but the time.
    fn epoch(
        &mut self,
        stop: &Control,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Vec<(String, f64)>, TrainError> {
        let Training { batch, seed, .. } = *self.training;
        let (batches, order) = (Arc::clone(&self.batches), self.order());
        // Draws count epochs from 0.
        let drawn = Epoch { seed, number: u64::from(self.progress.epoch) };
        let (train, lr, number) = thread::scope(|scope| {
            let mut feed = batches.feed(&order, drawn, batch as usize, stop, scope);
            self.steps(&mut feed, stop, events)
        })?;
        let mut preparing = |done, total| events(Event::Preparing { done, total });
        let mut waiting = Waiting::new(&mut preparing, stop);
        let valid = judge(&self.network, &self.batches, (Side::Valid, self.manner()), &mut waiting)?;
        self.waited += waiting.waited();
        self.refuse_empty_sides(&train, &valid)?;
        let epoch = self.progress.epoch + 1;
        if !valid.loss().is_finite() {
            return Err(TrainError::Diverged { epoch, step: number, loss: valid.loss() });
        }
        self.progress.epoch = epoch;
        self.progress.steps = self.optimiser.steps();
        let classes = self.batches.classes().len();
        let watched = |watch| match watch {
            Watch::ValidLoss => valid.loss(),
            Watch::ValidAccuracy => valid.accuracy(),
            Watch::ValidMacroF1 => valid.macro_f1(classes),
        };
        if let (Course::Plateau(settings), Some(plateau)) = (&self.training.schedule.course, &mut self.progress.plateau)
        {
            plateau.note(settings, watched(settings.watch));
        }
        if let (Some(rule), Some(patience)) = (&self.training.early_stop, &mut self.progress.patience) {
            patience.note(rule, watched(rule.watch));
        }
        let named = |name: &str, value| (name.to_owned(), value);
        Ok(vec![
            named("lr", lr),
            named("train_accuracy", train.accuracy()),
            named("train_loss", train.loss()),
            named("valid_accuracy", valid.accuracy()),
            named("valid_loss", valid.loss()),
            named("valid_macro_f1", valid.macro_f1(classes)),
        ])
    }

    /// The steps of an epoch: its tally, the last rate and the number of steps.
    fn steps(
        &mut self,
        feed: &mut Feed<'_>,
        stop: &Control,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(Tally, f64, u32), TrainError> {
        let Training { batch, ref schedule, ref optimiser, .. } = *self.training;
        let epoch = self.progress.epoch + 1;
        let (steps, expected) = (u64::from(self.steps_per_epoch()), self.steps_to_expect());
        // Draws and schedules count epochs and steps from 0.
        let drawn = u64::from(self.progress.epoch);
        let mut train = Tally::default();
        let base_lr = self.progress.plateau.as_ref().map_or(optimiser.lr(), Plateau::lr);
        let mut lr = base_lr;
        let mut number = 0;
        loop {
            if stop.stopped() {
                return Err(DataError::Stopped.into());
            }
            let mut preparing = |done, total| events(Event::Preparing { done, total });
            let mut waiting = Waiting::new(&mut preparing, stop);
            let examples = self.batches.next(feed, batch as usize, &mut waiting)?;
            self.waited += waiting.waited();
            let Some(examples) = examples else { break };
            let count = examples.labels.len();
            if count < batch as usize && self.training.drops_last() {
                if number == 0 {
                    return Err(SplitError::NoWholeBatch { examples: count, batch }.into());
                }
                if self.training.quirks.divide_by_full_set > 0 {
                    train.leave_out(count);
                }
                break;
            }
            lr = lr_at(schedule, base_lr, drawn * steps + number, steps as u32);
            let made = self.step(examples, (drawn, number), lr, &mut train);
            number += 1;
            let step = number as u32;
            let loss = made.map_err(|error| match error {
                TrainError::Optimiser(error) => match *error {
                    OptimiserError::Norm { norm } => TrainError::Exploded { epoch, step, norm },
                    other => other.into(),
                },
                other => other,
            })?;
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step, loss });
            }
            events(Event::Step { epoch, step, steps: expected.max(step) });
        }
        Ok((train, lr, number as u32))
    }

    /// How validation is done.
    fn manner(&self) -> Manner {
        let Training { batch, seed, quirks, .. } = *self.training;
        let epoch = u64::from(self.progress.epoch);
        let mut manner = Manner::default();
        if quirks.validate_in_train_mode {
            (manner.mode, manner.batch) = (Mode::Train { seed, epoch, step: VALID_STEPS }, batch as usize);
        }
        if quirks.divide_by_full_set > 0 {
            manner.batch = quirks.divide_by_full_set as usize;
            manner.shuffled = Some(Draw::new(seed, Stream::Other(VALID_ORDER), epoch, 0));
        }
        manner
    }

    /// A side of which nothing can be used. For the test side, as soon as that is known.
    fn refuse_empty_sides(&self, train: &Tally, valid: &Tally) -> Result<(), TrainError> {
        let no_test = self.batches.clips().is_some_and(|clips| clips.hopeful(&self.deal.test) == 0);
        for (side, empty) in [("training", train.is_empty()), ("validation", valid.is_empty()), ("test", no_test)] {
            if empty {
                return Err(SplitError::EmptySide { side }.into());
            }
        }
        Ok(())
    }

    /// Step `number` of epoch `epoch`, both from 0; yields its loss, which is not learnt from unless it is finite.
    /// Examples go through the net in as many parts as the recipe says, and the gradients of the parts are summed to
    /// those of the whole.
    fn step(
        &mut self,
        examples: Batch,
        (epoch, number): (u64, u64),
        lr: f64,
        train: &mut Tally,
    ) -> Result<f64, TrainError> {
        let Training { seed, grad_accumulation: parts, mixup, quirks, .. } = *self.training;
        let examples = match mixup {
            0.0 => examples,
            alpha => mix(examples, alpha, Draw::new(seed, Stream::Mixup, epoch, number))?,
        };
        let mut mean = 0.0;
        for (place, part) in examples.parts(parts).enumerate() {
            let part = part?;
            // No two parts drop the same values.
            let step = number * u64::from(parts) + place as u64;
            let frozen = quirks.eval_mode_after_first_epoch && epoch > 0;
            let mode = if frozen { Mode::Frozen } else { Mode::Train { seed, epoch, step } };
            // Frozen statistics are candle's own operations, which leave no note.
            let recording = (!frozen).then(ops::Recording::start);
            let (loss, logits) = self.loss(&part, mode)?;
            // First all that a GPU can do without the host, which then waits for the loss.
            let gradients = match recording {
                Some(recording) => recording.gradients(&loss)?,
                None => loss.backward()?,
            };
            let value = f64::from(loss.to_scalar::<f32>()?);
            if !value.is_finite() {
                return Ok(value);
            }
            train.add(value, &logits.flatten_all()?.to_vec1::<f32>()?, logits.dim(1)?, &part.labels);
            if part.labels.len() == examples.labels.len() {
                self.optimiser.step(&gradients, lr)?;
                return Ok(value);
            }
            let share = self.weight_of(&part) / self.weight_of(&examples);
            self.optimiser.gather(&gradients, share)?;
            mean += share * value;
        }
        self.optimiser.step_gathered(lr)?;
        Ok(mean)
    }

    /// The loss of some examples that train, and their logits.
    fn loss(&self, examples: &Batch, mode: Mode) -> Result<(Tensor, Tensor), TrainError> {
        let logits = self.network.forward(&examples.inputs(), mode)?;
        let weighing = Weighing {
            smoothing: self.training.label_smoothing,
            class_weights: self.class_weights.as_deref(),
            ..Weighing::default()
        };
        let loss = match &examples.mixed {
            Some(mixed) => {
                let targets = mixed.targets(&examples.labels, &logits)?;
                ops::cross_entropy_with(&logits, Targets::Soft(&targets), weighing)?
            }
            None => {
                let targets = Tensor::from_slice(&examples.labels, examples.labels.len(), logits.device())?;
                match weighing == Weighing::default() {
                    true => ops::cross_entropy(&logits, &targets)?,
                    false => ops::cross_entropy_with(&logits, Targets::Labels(&targets), weighing)?,
                }
            }
        };
        Ok((loss, logits))
    }

    /// What the loss of some examples is a mean over.
    fn weight_of(&self, examples: &Batch) -> f64 {
        match (&self.class_weights, &examples.mixed) {
            (Some(weights), None) => examples.labels.iter().map(|label| weights[*label as usize]).sum(),
            _ => examples.labels.len() as f64,
        }
    }

    /// Notes the epoch just ended if it is strictly better than all before.
    fn note_best(&mut self, metrics: &[(String, f64)]) -> Result<(), TrainError> {
        let unknown = || TrainError::Objective { metric: self.objective.metric.clone() };
        let score = metrics.iter().find(|(name, _)| *name == self.objective.metric).ok_or_else(unknown)?.1;
        let best = self.progress.best.as_ref();
        if best.is_none_or(|best| self.objective.better(score, best.score)) {
            self.best_weights = None;
            self.progress.best = Some(Best { epoch: self.progress.epoch, score, metrics: metrics.to_vec() });
        }
        Ok(())
    }

    /// Writes a checkpoint of the epoch just ended. From now on the best weights are apart from the network's.
    fn keep(&mut self, checkpoints: &CheckpointStore) -> Result<CheckpointRef, TrainError> {
        let current = weights(&self.network)?;
        let optimiser = self.optimiser.state()?;
        let best = self.best_weights.as_deref().unwrap_or_default();
        let (basis, constants) = self.batches.basis();
        let constants = constants.iter().enumerate().map(|(input, constants)| {
            Ok((input.to_string(), Tensor::from_vec(pack(constants), (constants.len(), 2, 3), &Device::Cpu)?))
        });
        let constants = constants.collect::<candle_core::Result<Vec<_>>>()?;
        let parts: [(&str, &[(String, Tensor)]); 4] =
            [(WEIGHTS, &current), (BEST, best), (OPTIMISER, &optimiser), (BASIS, &constants)];
        let checkpoint = Checkpoint { progress: self.progress.clone(), basis: Some(basis), tensors: stored(&parts)? };
        let kept = checkpoints.write(&checkpoint);
        let kept = kept.map_err(|source| TrainError::Checkpoint { epoch: self.progress.epoch, source })?;
        self.best_weights.get_or_insert(current);
        Ok(kept)
    }

    /// Tests the best epoch's weights and sums up.
    fn test(self, stop: &Control, events: &mut (dyn FnMut(Event) + Send)) -> Result<Summary, TrainError> {
        if let Some(best) = &self.best_weights {
            set_weights(&self.network, best)?;
        }
        let began = Instant::now();
        let mut preparing = |done, total| events(Event::Preparing { done, total });
        let mut waiting = Waiting::new(&mut preparing, stop);
        let test = judge(&self.network, &self.batches, (Side::Test, Manner::default()), &mut waiting)?;
        if test.is_empty() {
            return Err(SplitError::EmptySide { side: "test" }.into());
        }
        // Whether the data set is refused must not depend on how far preparation has come.
        if let Some(clips) = self.batches.clips() {
            clips.wait_all(&mut waiting)?;
        }
        let seconds = began.elapsed().saturating_sub(waiting.waited()).as_secs_f64();
        let best = self.progress.best.expect("a recipe has at least one epoch, and the first is better than none");
        let (mut metrics, classes) = (best.metrics, self.batches.classes());
        metrics.push(("test_accuracy".to_owned(), test.accuracy()));
        metrics.push(("test_loss".to_owned(), test.loss()));
        metrics.push(("test_macro_f1".to_owned(), test.macro_f1(classes.len())));
        metrics.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Summary {
            score: best.score,
            best_epoch: best.epoch,
            epochs: self.progress.epoch,
            metrics,
            parameters: self.network.parameter_count() as u64,
            train_seconds: self.progress.seconds + seconds,
            confusion: test.confusion(classes),
        })
    }
}

fn places_of(examples: &[Example]) -> Vec<usize> {
    examples.iter().map(|example| example.place).collect()
}

fn report(metrics: Vec<(String, f64)>, checkpoint: CheckpointRef) -> EpochReport {
    let step = checkpoint.epoch;
    let points = metrics.into_iter().map(|(metric, value)| MetricPoint { metric, step, value }).collect();
    EpochReport { epoch: step, points, checkpoint }
}
