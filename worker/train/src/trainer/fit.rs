//! The epochs of one trial.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{Device, Tensor};
use gliss_nets::optimisers::Optimiser;
use gliss_nets::schedules::lr_at;
use gliss_nets::{Mode, Network, draw, ops};
use gliss_types::recipe::Training;
use gliss_types::{CheckpointRef, EpochReport, MetricPoint, Objective, Summary, TrialKey};

use super::batch::Batches;
use super::judge::{Tally, judge};
use super::restore::{BEST, OPTIMISER, Tensors, WEIGHTS, set_weights, stored, weights};
use super::{Event, Finish, TrainError};
use crate::Control;
use crate::checkpoint::{Best, Checkpoint, CheckpointError, CheckpointStore, Progress};
use crate::split::Deal;

/// A trial's weights and how far it has come.
pub(super) struct Fit<'a> {
    training: &'a Training,
    objective: &'a Objective,
    batches: Batches<'a>,
    deal: &'a Deal,
    network: Network,
    optimiser: Optimiser,
    progress: Progress,
    /// Weights of the best epoch; none while they are the network's own.
    best_weights: Option<Vec<(String, Tensor)>>,
}

/// What an epoch gave.
enum Ended {
    Epoch(Vec<(String, f64)>),
    Stopped,
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
        let optimiser = Optimiser::new(&training.optimiser, network.parameters())?;
        let key = key.as_str().to_owned();
        let progress = Progress { key, epoch: 0, steps: 0, seconds: 0.0, best: None };
        Ok(Fit { training, objective, batches, deal, network, optimiser, progress, best_weights: None })
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
        let mut tensors = Tensors::of(checkpoint);
        let current = tensors.take_all(WEIGHTS, &self.network)?;
        let is_best = progress.best.as_ref().is_none_or(|best| best.epoch == progress.epoch);
        let best = if is_best { current.clone() } else { tensors.take_all(BEST, &self.network)? };
        let optimiser = tensors.take_part(OPTIMISER);
        tensors.finish()?;
        self.best_weights = Some(best);
        self.progress = progress;
        Ok(Taken { current, optimiser })
    }

    /// Trains the epochs that are left, then tests the best.
    pub(super) fn run(
        mut self,
        checkpoints: &CheckpointStore,
        skipped: usize,
        stop: &Control,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Finish, TrainError> {
        let parameters = self.network.parameter_count() as u64;
        let (steps_per_epoch, epochs_done) = (self.steps_per_epoch(), self.progress.epoch);
        events(Event::Started { parameters, steps_per_epoch, epochs_done, skipped });
        while self.progress.epoch < self.training.epochs {
            let began = Instant::now();
            let mut metrics = match self.epoch(stop, events)? {
                Ended::Epoch(metrics) => metrics,
                Ended::Stopped => return Ok(Finish::Interrupted),
            };
            self.note_best(&metrics)?;
            let seconds = began.elapsed().as_secs_f64();
            self.progress.seconds += seconds;
            metrics.push(("epoch_seconds".to_owned(), seconds));
            let checkpoint = self.keep(checkpoints)?;
            events(Event::Epoch(report(metrics, checkpoint)));
        }
        self.test(stop)
    }

    fn steps_per_epoch(&self) -> u32 {
        self.deal.train.len().div_ceil(self.training.batch as usize) as u32
    }

    /// One epoch of training and one look at the validation side. The metrics are all but the time.
    fn epoch(&mut self, stop: &Control, events: &mut (dyn FnMut(Event) + Send)) -> Result<Ended, TrainError> {
        let Training { batch, seed, ref schedule, ref optimiser, .. } = *self.training;
        let epoch = self.progress.epoch + 1;
        let steps = self.steps_per_epoch();
        // Draws count epochs and steps from 0.
        let drawn = u64::from(self.progress.epoch);
        let order = draw::permutation(seed, drawn, self.deal.train.len() as u32);
        let order: Vec<usize> = order.into_iter().map(|place| self.deal.train[place as usize]).collect();
        let mut train = Tally::default();
        let mut lr = optimiser.lr();
        for (number, places) in order.chunks(batch as usize).enumerate() {
            if stop.stopped() {
                return Ok(Ended::Stopped);
            }
            let step = number as u32 + 1;
            lr = lr_at(schedule, optimiser.lr(), self.optimiser.steps(), steps);
            let loss = self.step(places, Mode::Train { seed, epoch: drawn, step: number as u64 }, lr, &mut train)?;
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step, loss });
            }
            events(Event::Step { epoch, step, steps });
        }
        let Some(valid) = judge(&self.network, &self.batches, &self.deal.valid, stop)? else {
            return Ok(Ended::Stopped);
        };
        if !valid.loss().is_finite() {
            return Err(TrainError::Diverged { epoch, step: steps, loss: valid.loss() });
        }
        self.progress.epoch = epoch;
        self.progress.steps = self.optimiser.steps();
        let named = |name: &str, value| (name.to_owned(), value);
        Ok(Ended::Epoch(vec![
            named("lr", lr),
            named("train_accuracy", train.accuracy()),
            named("train_loss", train.loss()),
            named("valid_accuracy", valid.accuracy()),
            named("valid_loss", valid.loss()),
        ]))
    }

    /// One step; yields its loss, which is not learnt from unless it is finite.
    fn step(&mut self, places: &[usize], mode: Mode, lr: f64, train: &mut Tally) -> Result<f64, TrainError> {
        let (x, labels) = self.batches.gather(places)?;
        let logits = self.network.forward(&x, mode)?;
        let targets = Tensor::from_slice(&labels, labels.len(), &Device::Cpu)?;
        let loss = ops::cross_entropy(&logits, &targets)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        if value.is_finite() {
            self.optimiser.step(&loss.backward()?, lr)?;
            train.add(value, &logits.flatten_all()?.to_vec1::<f32>()?, logits.dim(1)?, &labels);
        }
        Ok(value)
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
        let tensors = stored(&[(WEIGHTS, &current), (BEST, best), (OPTIMISER, &optimiser)])?;
        let checkpoint = Checkpoint { progress: self.progress.clone(), tensors };
        let kept = checkpoints.write(&checkpoint);
        let kept = kept.map_err(|source| TrainError::Checkpoint { epoch: self.progress.epoch, source })?;
        self.best_weights.get_or_insert(current);
        Ok(kept)
    }

    /// Tests the best epoch's weights and sums up.
    fn test(self, stop: &Control) -> Result<Finish, TrainError> {
        if let Some(best) = &self.best_weights {
            set_weights(&self.network, best)?;
        }
        let began = Instant::now();
        let Some(test) = judge(&self.network, &self.batches, &self.deal.test, stop)? else {
            return Ok(Finish::Interrupted);
        };
        let best = self.progress.best.expect("a recipe has at least one epoch, and the first is better than none");
        let mut metrics = best.metrics;
        metrics.push(("test_accuracy".to_owned(), test.accuracy()));
        metrics.push(("test_loss".to_owned(), test.loss()));
        metrics.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Finish::Completed(Summary {
            score: best.score,
            best_epoch: best.epoch,
            epochs: self.progress.epoch,
            metrics,
            parameters: self.network.parameter_count() as u64,
            train_seconds: self.progress.seconds + began.elapsed().as_secs_f64(),
        }))
    }
}

fn report(metrics: Vec<(String, f64)>, checkpoint: CheckpointRef) -> EpochReport {
    let step = checkpoint.epoch;
    let points = metrics.into_iter().map(|(metric, value)| MetricPoint { metric, step, value }).collect();
    EpochReport { epoch: step, points, checkpoint }
}
