//! The world: what happens when, and what faults do to it.

use std::collections::{BTreeMap, VecDeque};

use gliss_engine::{Input, Reply};
use gliss_types::{AttemptId, SweepId};
use tokio::sync::oneshot;

use super::coordinating::Arrival;
use super::draw::Draw;
use super::judge::Judge;
use super::link::Link;
use super::office::{Disk, Office};
use super::people;
use super::scenario::{FAULTY, Fault, Scenario, Time};
use super::training::Checkpoints;
use super::worker::Worker;

/// By then the longest fault is over too, and people resume what they paused.
pub(super) const MENDED: Time = FAULTY + 45_000;
/// Every trial must have ended by then.
const LIMIT: Time = MENDED + 900_000;
/// Lines of the trace that are kept.
const TRACE: usize = 200;
/// How long a worker that is to leave waits for its attempts.
pub(super) const GRACE: Time = 3_000;

/// What is to happen at a time.
#[derive(Debug)]
pub(super) enum Event {
    /// The scenario's fault of this number.
    Fault(usize),
    /// A person asks.
    Wish(Wish),
    /// Bytes reach the coordinator, or a worker.
    Up(u64, Vec<u8>),
    Down(u64, Vec<u8>),
    /// The coordinator, or a worker, notices that a connection is over.
    UpOver(u64),
    DownOver(u64),
    /// The coordinator's next process starts.
    Open,
    /// A deadline of the coordinator's process; the end of a commit of it.
    Wake(u64),
    Commit(u64),
    /// A worker's next process starts.
    Start(usize),
    /// Something of a worker's process.
    Worker(usize, u64, Errand),
}

/// What a worker's process has to do.
#[derive(Debug)]
pub(super) enum Errand {
    Connect,
    /// The coordinator has not answered the hello on this connection.
    Unanswered(u64),
    Beat(u64),
    Silence(u64),
    Lapse,
    Step(AttemptId),
    Leave,
}

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Submit(usize),
    Pause(usize),
    Resume(usize),
    Cancel(usize),
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Milliseconds of virtual time.
    pub passed: u64,
    /// Facts stored.
    pub facts: usize,
    /// Steps that were checked.
    pub commits: u64,
    /// Processes of the coordinator, beyond the first.
    pub restarts: u64,
    /// Attempts leased.
    pub attempts: u64,
    /// Trials that ended.
    pub trials: u64,
}

/// Everything.
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) draw: Draw,
    pub(super) now: Time,
    events: BTreeMap<(Time, u64), Event>,
    counted: u64,
    pub(super) office: Office,
    pub(super) inbox: VecDeque<Arrival>,
    pub(super) asked: Vec<(Wish, oneshot::Receiver<Reply>)>,
    pub(super) workers: Vec<Worker>,
    pub(super) links: BTreeMap<u64, Link>,
    pub(super) checkpoints: Checkpoints,
    pub(super) judge: Judge,
    /// The sweep that each submission became, once a person knows.
    pub(super) sweeps: Vec<Option<SweepId>>,
    faults_left: usize,
    trace: Option<VecDeque<String>>,
}

impl World {
    pub(super) fn new(scenario: Scenario, trace: bool) -> World {
        let workers = scenario.slots.iter().map(|slots| Worker::new(*slots)).collect();
        World {
            draw: Draw(scenario.seed),
            now: 0,
            events: BTreeMap::new(),
            counted: 0,
            office: Office::new(),
            inbox: VecDeque::new(),
            asked: Vec::new(),
            workers,
            links: BTreeMap::new(),
            checkpoints: Checkpoints::default(),
            judge: Judge::default(),
            sweeps: vec![None; scenario.sweeps.len()],
            faults_left: scenario.faults.len(),
            trace: trace.then(VecDeque::new),
            scenario,
        }
    }

    pub(super) fn into_trace(self) -> Vec<String> {
        self.trace.unwrap_or_default().into()
    }

    /// Notes what happens, where somebody will read it.
    pub(super) fn say(&mut self, what: impl FnOnce() -> String) {
        let Some(trace) = &mut self.trace else { return };
        trace.push_back(format!("{:>7} ms  {}", self.now, what()));
        if trace.len() > TRACE {
            trace.pop_front();
        }
    }

    /// Plans an event; of two at one time the one that was planned first comes first.
    pub(super) fn at(&mut self, time: Time, event: Event) {
        self.counted += 1;
        self.events.insert((time.max(self.now), self.counted), event);
    }

    /// A number for something that happens once.
    pub(super) fn count(&mut self) -> u64 {
        self.counted += 1;
        self.counted
    }

    /// Runs until every trial has ended.
    pub(super) fn run(&mut self) -> Result<Told, String> {
        self.at(0, Event::Open);
        for worker in 0..self.workers.len() {
            let first = self.draw.between("first", [worker as u64, 0, 0], [0, 3_000]);
            self.at(first, Event::Start(worker));
        }
        for index in 0..self.scenario.sweeps.len() {
            self.at(self.scenario.sweeps[index].2, Event::Wish(Wish::Submit(index)));
            self.at(MENDED, Event::Wish(Wish::Resume(index)));
        }
        for index in 0..self.scenario.faults.len() {
            self.at(self.scenario.faults[index].0, Event::Fault(index));
        }
        while let Some(((time, _), event)) = self.events.pop_first() {
            self.now = time;
            if time > LIMIT {
                return Err("some trials never end".into());
            }
            self.happen(event)?;
            if self.is_over() {
                return self.settle();
            }
        }
        Err("nothing happens any more, and some trials are open".into())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Fault(index) => {
                self.faults_left -= 1;
                let fault = self.scenario.faults[index].1;
                self.say(|| format!("{fault:?}"));
                self.suffer(fault);
                Ok(())
            }
            Event::Wish(wish) => {
                self.wish(wish);
                Ok(())
            }
            Event::Up(link, bytes) => self.hear_worker(link, bytes),
            Event::Down(link, bytes) => self.hear_coordinator(link, bytes),
            Event::UpOver(link) => {
                self.arrive(Arrival::Gone(link));
                Ok(())
            }
            Event::DownOver(link) => {
                self.lose_session(link);
                Ok(())
            }
            Event::Open => self.open(),
            Event::Wake(generation) => {
                self.wake(generation);
                Ok(())
            }
            Event::Commit(generation) => self.commit(generation),
            Event::Start(worker) => {
                self.start(worker);
                Ok(())
            }
            Event::Worker(worker, generation, errand) => self.run_errand(worker, generation, errand),
        }
    }

    fn suffer(&mut self, fault: Fault) {
        let now = self.now;
        match fault {
            Fault::KillWorker { worker, down } => self.kill_worker(worker, down),
            Fault::FreezeWorker { worker, span } => self.workers[worker].frozen_until = now + span,
            Fault::StopWorker { worker, down } => self.ask_to_leave(worker, down),
            Fault::BreakLink { worker, worker_notices, coordinator_notices } => {
                if let Some(link) = self.workers[worker].link() {
                    self.cut(link);
                    self.at(now + worker_notices, Event::DownOver(link));
                    self.at(now + coordinator_notices, Event::UpOver(link));
                }
            }
            Fault::HoldLink { worker, span } => {
                let link = self.workers[worker].link().and_then(|link| self.links.get_mut(&link));
                if let Some(link) = link {
                    link.held_until = now + span;
                }
            }
            Fault::RepeatReports { worker } => self.repeat(worker),
            Fault::KillCoordinator { down } => self.kill_coordinator(down),
            Fault::KillAfterCommit { down } => self.doom(Disk::StoresAndDies, down),
            Fault::FailCommit { down } => self.doom(Disk::Fails, down),
            Fault::FreezeCoordinator { span } => self.office.frozen_until = now + span,
            Fault::SlowDisk { span } => self.office.slow_until = now + span,
            Fault::Pause { sweep } => self.wish(Wish::Pause(sweep)),
            Fault::Resume { sweep } => self.wish(Wish::Resume(sweep)),
            Fault::Cancel { sweep } => self.wish(Wish::Cancel(sweep)),
        }
    }

    /// What a person's wish is to the engine; none while there is nothing that it could be about.
    pub(super) fn input(&self, wish: Wish) -> Option<Input> {
        let sweep = |index: usize| self.sweeps[index];
        Some(match wish {
            Wish::Submit(index) => {
                let (trials, epochs, _) = self.scenario.sweeps[index];
                Input::Submit { plan: Box::new(people::plan(index, trials, epochs)) }
            }
            Wish::Pause(index) => Input::Pause { sweep: sweep(index)? },
            Wish::Resume(index) => Input::Resume { sweep: sweep(index)? },
            Wish::Cancel(index) => Input::Cancel { sweep: sweep(index)? },
        })
    }

    fn is_over(&self) -> bool {
        let Some(driver) = &self.office.driver else { return false };
        let known = self.sweeps.iter().all(Option::is_some);
        self.faults_left == 0
            && known
            && self.asked.is_empty()
            && !self.office.busy
            && driver.engine().state().sweeps().all(|sweep| sweep.state().is_closed())
    }

    fn settle(&mut self) -> Result<Told, String> {
        let Some(driver) = &self.office.driver else { return Err("there is no coordinator".into()) };
        let engine = driver.engine();
        self.judge.ended(&self.scenario, &self.office.paper, engine)?;
        if self.scenario.faults.is_empty() && !self.scenario.killers {
            self.judge.needed(engine)?;
        }
        if let Some(index) = self.sweeps.iter().position(|id| id.is_none_or(|id| engine.state().sweep(id).is_none())) {
            return Err(format!("submission {index} was acknowledged and is gone"));
        }
        Ok(Told {
            passed: self.now,
            facts: self.judge.facts().len(),
            commits: self.office.commits,
            restarts: self.office.generation,
            attempts: engine.state().sweeps().map(|sweep| sweep.attempts()).sum(),
            trials: engine.state().sweeps().map(|sweep| u64::from(sweep.proposed())).sum(),
        })
    }
}
