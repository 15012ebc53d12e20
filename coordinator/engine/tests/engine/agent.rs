//! A worker as the properties see it: honest, but what it says may be lost, late, or said twice.

use std::collections::BTreeMap;

use gliss_engine::{Effect, Held, HeldAttempt, Input, Reply, ReportBody, StopReason};
use gliss_types::{AttemptId, Recipe, WorkerId};

use crate::world::{World, completed, epoch, failed, progress, reason, released};

/// An attempt as its worker sees it: every report that it made, in order, sent or not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Job {
    epochs: u32,
    done: u32,
    said: Vec<ReportBody>,
    acked: u64,
}

impl Job {
    fn is_over(&self) -> bool {
        matches!(self.said.last(), Some(ReportBody::Ended(_)))
    }
}

/// One worker process after another under the same roof.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agent {
    name: String,
    generation: u32,
    pub(crate) id: Option<WorkerId>,
    pub(crate) jobs: BTreeMap<AttemptId, Job>,
    /// The process stands still while its session lives; what it is sent waits here.
    frozen: Option<Vec<Effect>>,
}

impl Agent {
    pub(crate) fn new(name: &str) -> Agent {
        Agent { name: name.into(), ..Agent::default() }
    }

    /// Its id, where it can speak.
    fn awake(&self) -> Option<WorkerId> {
        if self.frozen.is_some() { None } else { self.id }
    }

    /// The last report of each attempt that it knows to be stored.
    pub(crate) fn acknowledged(&self) -> impl Iterator<Item = (AttemptId, u64)> + '_ {
        self.jobs.iter().map(|(attempt, job)| (*attempt, job.acked))
    }

    /// The process stands still.
    pub(crate) fn freeze(&mut self) {
        self.frozen.get_or_insert_default();
    }

    /// It goes on as if nothing had been: first it says what it was about to say, then it hears what it was sent.
    pub(crate) fn thaw(&mut self, world: &mut World) -> Vec<Effect> {
        let Some(inbox) = self.frozen.take() else { return Vec::new() };
        let mut effects = Vec::new();
        for attempt in self.jobs.keys().copied().collect::<Vec<_>>() {
            self.work(attempt);
            effects.extend(self.catch_up(world, attempt));
        }
        self.take(&inbox);
        effects
    }

    /// The process dies with everything that it knew; the next one is another instance.
    pub(crate) fn die(&mut self, world: &mut World) -> Vec<Effect> {
        self.generation += 1;
        self.frozen = None;
        self.jobs.clear();
        self.hang_up(world)
    }

    /// The session breaks, and with it goes what was sent over it.
    pub(crate) fn hang_up(&mut self, world: &mut World) -> Vec<Effect> {
        if let Some(inbox) = &mut self.frozen {
            inbox.clear();
        }
        match self.id.take() {
            Some(worker) => {
                world.send(Input::Disconnected { worker });
                world.effects.clone()
            }
            None => Vec::new(),
        }
    }

    /// The coordinator is gone, and what it had sent with it.
    pub(crate) fn cut_off(&mut self) {
        self.id = None;
        if let Some(inbox) = &mut self.frozen {
            inbox.clear();
        }
    }

    /// The process leaves in good order.
    pub(crate) fn leave(&mut self, world: &mut World) -> Vec<Effect> {
        if self.frozen.is_some() {
            return Vec::new();
        }
        let Some(worker) = self.id.take() else { return Vec::new() };
        assert_eq!(world.send(Input::Goodbye { worker }), Reply::Done);
        self.jobs.clear();
        world.effects.clone()
    }

    /// Opens a session and presents every attempt; sends what is not yet stored.
    pub(crate) fn connect(&mut self, world: &mut World, slots: u32) -> Vec<Effect> {
        if self.id.is_some() || self.frozen.is_some() {
            return Vec::new();
        }
        let held = self.jobs.iter().map(|(id, job)| HeldAttempt { id: *id, seq: job.acked }).collect();
        let reply = world.hello_with(&format!("{}.{}", self.name, self.generation), slots, held);
        let mut effects = world.effects.clone();
        let Reply::Welcome { worker, attempts, .. } = reply else { panic!("not welcome: {reply:?}") };
        self.id = Some(worker);
        for (id, verdict) in attempts {
            match verdict {
                Held::Keep { stored_seq } => {
                    if let Some(job) = self.jobs.get_mut(&id) {
                        assert!(stored_seq >= job.acked, "{id} was acknowledged {} and has {stored_seq}", job.acked);
                        job.acked = stored_seq;
                    }
                    effects.extend(self.catch_up(world, id));
                }
                Held::Drop(_) => {
                    self.jobs.remove(&id);
                }
            }
        }
        effects
    }

    /// Takes what the engine sent out.
    pub(crate) fn take(&mut self, effects: &[Effect]) {
        if let Some(inbox) = &mut self.frozen {
            inbox.extend(effects.iter().cloned());
            return;
        }
        for effect in effects {
            match effect {
                Effect::OfferAttempt { worker, attempt, recipe, resume, .. } if Some(*worker) == self.id => {
                    let epochs = Recipe::from_canonical(recipe).expect("an offer can be read").epochs();
                    let done = resume.as_ref().map_or(0, |checkpoint| checkpoint.epoch);
                    let job = Job { epochs, done, ..Job::default() };
                    assert!(self.jobs.insert(*attempt, job).is_none(), "{attempt} was offered twice");
                }
                Effect::StopAttempt { worker, attempt, reason } if Some(*worker) == self.id => {
                    if let StopReason::Cancelled | StopReason::Fenced = reason {
                        self.jobs.remove(attempt);
                    } else if let Some(job) = self.jobs.get_mut(attempt)
                        && !job.is_over()
                    {
                        job.said.push(released());
                    }
                }
                _ => {}
            }
        }
    }

    /// Goes one report further with an attempt: starts it, trains an epoch, or completes it. The report is not sent.
    pub(crate) fn work(&mut self, attempt: AttemptId) {
        if self.frozen.is_some() {
            return;
        }
        if let Some(job) = self.jobs.get_mut(&attempt)
            && !job.is_over()
        {
            let score = f64::from(attempt.trial.number % 5) / 8.0;
            job.said.push(if job.said.is_empty() {
                ReportBody::Started
            } else if job.done < job.epochs {
                job.done += 1;
                epoch(job.done, score)
            } else {
                completed(score)
            });
        }
    }

    /// Ends an attempt as failed.
    pub(crate) fn fail(&mut self, attempt: AttemptId, retry: bool) {
        if self.frozen.is_some() {
            return;
        }
        if let Some(job) = self.jobs.get_mut(&attempt)
            && !job.is_over()
        {
            job.said.push(failed("bad luck", retry));
        }
    }

    /// Sends the reports of an attempt that are not acknowledged, and does as it is told.
    pub(crate) fn catch_up(&mut self, world: &mut World, attempt: AttemptId) -> Vec<Effect> {
        let (Some(worker), Some(job)) = (self.awake(), self.jobs.get_mut(&attempt)) else { return Vec::new() };
        let mut effects = Vec::new();
        while let Some(body) = job.said.get(job.acked as usize).cloned() {
            let seq = job.acked + 1;
            let reply = world.send(Input::Report { worker, attempt, seq, body });
            effects.extend(world.effects.iter().cloned());
            if reply == (Reply::Acked { attempt, seq }) {
                job.acked = seq;
            } else {
                assert_eq!(reason(&reply), "fenced", "an honest worker is only ever late: {reply:?}");
                self.jobs.remove(&attempt);
                return effects;
            }
        }
        if job.is_over() {
            self.jobs.remove(&attempt);
        }
        effects
    }

    /// Sends only the latest report, whatever was lost before it.
    pub(crate) fn send_latest(&mut self, world: &mut World, attempt: AttemptId) -> Vec<Effect> {
        let (Some(worker), Some(job)) = (self.awake(), self.jobs.get_mut(&attempt)) else { return Vec::new() };
        let Some(body) = job.said.last().cloned() else { return Vec::new() };
        let seq = job.said.len() as u64;
        let reply = world.send(Input::Report { worker, attempt, seq, body });
        let effects = world.effects.clone();
        let why = reason(&reply);
        assert!(matches!(why, "" | "fenced" | "out_of_order"), "an honest worker is late or early: {reply:?}");
        effects
    }

    /// Says that it lives and what it has.
    pub(crate) fn heartbeat(&mut self, world: &mut World) -> Vec<Effect> {
        let Some(worker) = self.awake() else { return Vec::new() };
        let progress = self.jobs.keys().map(|attempt| progress(*attempt)).collect();
        assert_eq!(world.send(Input::Heartbeat { worker, progress }), Reply::Done);
        world.effects.clone()
    }
}
