//! One attempt in one slot: a thread that trains, and what it says on the way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use gliss_train::checkpoint::CheckpointStore;
use gliss_train::trainer::{self, Context, Event, Finish, TrainError};
use gliss_train::{Control, Library};
use gliss_types::{AttemptId, Outcome, Recipe, chain};
use gliss_wire::{Offer, ReportBody};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::attempts::Gauge;
use crate::devices::Devices;

/// What a slot says.
#[derive(Debug)]
pub(crate) enum SlotSays {
    /// A report of the attempt.
    Report(AttemptId, ReportBody),
    /// The slot is free.
    Free(AttemptId),
    /// The worker is of no more use: it cannot keep checkpoints.
    Fault(String),
}

/// What every slot of a worker shares.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) library: Arc<Library>,
    pub(crate) devices: Arc<Devices>,
    pub(crate) checkpoints: Arc<CheckpointStore>,
    pub(crate) says: mpsc::UnboundedSender<SlotSays>,
}

/// Runs an offer to its end on a thread of its own; a recipe that trains nothing is run at once.
pub(crate) fn run(offer: Offer, shared: Shared, control: Arc<Control>, gauge: Arc<Gauge>) {
    let id = offer.attempt;
    let recipe = match Recipe::from_canonical(&offer.recipe) {
        Ok(recipe) => recipe,
        Err(error) => {
            let reason = format!("this worker cannot read the recipe: {error}; use one version of gliss everywhere");
            return say_end(&shared, id, Outcome::Failed { reason, retry: false });
        }
    };
    if matches!(recipe, Recipe::Noop(_)) {
        return work(&offer, &recipe, &shared, &control, &gauge);
    }
    let says = shared.says.clone();
    let body = move || work(&offer, &recipe, &shared, &control, &gauge);
    if let Err(error) = thread::Builder::new().name(id.to_string()).spawn(body) {
        warn!(attempt = %id, %error, "no thread for an attempt");
        let reason = format!("no thread could be started: {error}");
        let _ = says.send(SlotSays::Report(id, ReportBody::Ended(Outcome::Failed { reason, retry: true })));
        let _ = says.send(SlotSays::Free(id));
    }
}

/// Says that an attempt is over and its slot free. A receiver that has gone means that the process is ending.
fn say_end(shared: &Shared, id: AttemptId, outcome: Outcome) {
    let _ = shared.says.send(SlotSays::Report(id, ReportBody::Ended(outcome)));
    let _ = shared.says.send(SlotSays::Free(id));
}

fn work(offer: &Offer, recipe: &Recipe, shared: &Shared, control: &Control, gauge: &Gauge) {
    let id = offer.attempt;
    let _ = shared.says.send(SlotSays::Report(id, ReportBody::Started));
    gauge.epochs.store(recipe.epochs(), Ordering::Relaxed);
    if let Some(resume) = &offer.resume {
        gauge.epoch.store(resume.epoch, Ordering::Relaxed);
    }
    let taken = shared.devices.take();
    let context = Context {
        library: &shared.library,
        checkpoints: &shared.checkpoints,
        objective: &offer.objective,
        device: taken.device(),
        resume: offer.resume.clone(),
    };
    let mut steps_made = false;
    let mut on_event = |event: Event| match event {
        // Later waits are short, and the bar is the epoch's.
        Event::Preparing { .. } if steps_made => {}
        Event::Preparing { done, total } => {
            gauge.step.store(done as u32, Ordering::Relaxed);
            gauge.steps.store(total as u32, Ordering::Relaxed);
        }
        Event::Started { .. } => {}
        Event::Step { epoch, step, steps } => {
            steps_made = true;
            gauge.epoch.store(epoch, Ordering::Relaxed);
            gauge.step.store(step, Ordering::Relaxed);
            gauge.steps.store(steps, Ordering::Relaxed);
        }
        Event::Epoch(report) => {
            let _ = shared.says.send(SlotSays::Report(id, ReportBody::Epoch(report)));
        }
    };
    // One trial's panic ends that attempt and leaves its neighbours alone.
    let result = catch_unwind(AssertUnwindSafe(|| match trainer::run(recipe, &context, control, &mut on_event) {
        // A checkpoint that is lost or damaged costs epochs, not the trial: the same bits come of starting again.
        Err(error @ (TrainError::Resume { .. } | TrainError::ResumeOptimiser { .. })) => {
            warn!(attempt = %id, error = said(&error), "the checkpoint is of no use; the trial starts again");
            trainer::run(recipe, &Context { resume: None, ..context }, control, &mut on_event)
        }
        other => other,
    }));
    let outcome = match result {
        Ok(Ok(Finish::Completed(summary))) => Outcome::Completed(summary),
        Ok(Ok(Finish::Interrupted)) => Outcome::Released,
        // The disk is at fault, not the trial: it goes back as it is, and this worker takes no more.
        Ok(Err(error @ TrainError::Checkpoint { .. })) if error.retry() => {
            let _ = shared.says.send(SlotSays::Fault(said(&error)));
            Outcome::Released
        }
        Ok(Err(error)) => failed(id, &error),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
            let reason = format!("training panicked: {}", text.unwrap_or("no reason given"));
            Outcome::Failed { reason, retry: true }
        }
    };
    say_end(shared, id, outcome);
}

fn said(error: &TrainError) -> String {
    format!("failed to {}", chain(error))
}

fn failed(id: AttemptId, error: &TrainError) -> Outcome {
    let reason = said(error);
    info!(attempt = %id, reason, "an attempt failed");
    Outcome::Failed { reason, retry: error.retry() }
}
