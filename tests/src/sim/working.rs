//! The workers' side of the world.

use gliss_types::AttemptId;
use gliss_wire::v1::{CoordinatorMessage, WorkerMessage};
use gliss_wire::{CoordinatorSays, Hello, Offer, PROTOCOL, WorkerSays};
use gliss_worker::Heard;
use prost::Message;

use super::link::{Link, Way};
use super::scenario::{BEAT, LEASE};
use super::training::Nature;
use super::worker::{Job, Session, Work, Worker};
use super::world::{Errand, Event, GRACE, World};

/// How long the coordinator may take to answer a hello.
const WELCOME: u64 = 10_000;

impl World {
    /// A process starts.
    pub(super) fn start(&mut self, index: usize) {
        let worker = &mut self.workers[index];
        if !worker.alive {
            worker.alive = true;
            let generation = worker.generation;
            self.say(|| format!("worker {index} starts, process {generation}"));
            self.errand(index, 0, Errand::Connect);
        }
    }

    fn errand(&mut self, index: usize, after: u64, errand: Errand) {
        self.at(self.now + after, Event::Worker(index, self.workers[index].generation, errand));
    }

    /// The process dies; its connection breaks at once.
    pub(super) fn kill_worker(&mut self, index: usize, down: u64) {
        if !self.workers[index].alive {
            return;
        }
        if let Some(link) = self.workers[index].link() {
            self.cut(link);
            let noticed = self.now + self.draw.between("death", [link, 0, 0], [1, 30]);
            self.at(noticed, Event::UpOver(link));
        }
        self.workers[index].die();
        self.at(self.now + down, Event::Start(index));
    }

    /// SIGTERM.
    pub(super) fn ask_to_leave(&mut self, index: usize, down: u64) {
        let worker = &mut self.workers[index];
        if worker.alive && worker.leaving.is_none() {
            worker.leaving = Some(self.now + GRACE);
            worker.down = down;
            worker.attempts.stop_all();
            self.errand(index, GRACE, Errand::Leave);
            self.leave_if_done(index);
        }
    }

    /// Ends the process where it is to leave and nothing is left to run or to send.
    fn leave_if_done(&mut self, index: usize) {
        let worker = &self.workers[index];
        let Some(limit) = worker.leaving else { return };
        let over = limit <= self.now;
        let (done, down) = (worker.attempts.is_empty() || over, worker.down);
        match worker.session {
            Session::Stands(link) if done => {
                self.send_up(index, WorkerSays::Goodbye);
                let last = self.links.get_mut(&link).map(|link| link.arrival(self.draw, self.now, Way::Up));
                self.at(last.unwrap_or(self.now), Event::UpOver(link));
                self.say(|| format!("worker {index} leaves"));
            }
            Session::None if worker.attempts.busy() == 0 => self.say(|| format!("worker {index} leaves unheard")),
            _ => return,
        }
        self.workers[index].die();
        self.at(self.now + down, Event::Start(index));
    }

    pub(super) fn run_errand(&mut self, index: usize, generation: u64, errand: Errand) -> Result<(), String> {
        let worker = &self.workers[index];
        if worker.generation != generation || !worker.alive {
            return Ok(());
        }
        if worker.frozen_until > self.now {
            self.at(worker.frozen_until, Event::Worker(index, generation, errand));
            return Ok(());
        }
        match errand {
            Errand::Connect => self.connect(index),
            Errand::Unanswered(link) if worker.session == Session::Asking(link) => self.lose_session(link),
            Errand::Unanswered(_) => {}
            Errand::Beat(link) => {
                if worker.session == Session::Stands(link) {
                    let beat = WorkerSays::Heartbeat(worker.attempts.progress());
                    self.send_up(index, beat);
                    self.errand(index, BEAT, Errand::Beat(link));
                }
            }
            Errand::Silence(link) => {
                if worker.session == Session::Stands(link) {
                    let silent = self.now - worker.last_heard.unwrap_or(self.now);
                    if silent >= LEASE {
                        self.at(self.now + 20, Event::UpOver(link));
                        self.lose_session(link);
                    } else {
                        self.errand(index, LEASE - silent, Errand::Silence(link));
                    }
                }
            }
            Errand::Lapse => {
                let heard = worker.last_heard.unwrap_or(self.now);
                if !matches!(worker.session, Session::Stands(_)) && heard + LEASE <= self.now {
                    self.workers[index].attempts.stop_all();
                }
            }
            Errand::Step(attempt) => self.step(index, attempt)?,
            Errand::Leave => {}
        }
        self.leave_if_done(index);
        Ok(())
    }

    fn connect(&mut self, index: usize) {
        if self.workers[index].session != Session::None {
            return;
        }
        let number = self.count();
        self.links.insert(number, Link::new(number, index));
        let worker = &mut self.workers[index];
        worker.session = Session::Asking(number);
        worker.tries += 1;
        let hello = Hello {
            protocol: PROTOCOL,
            instance: format!("worker {index}, process {}", worker.generation),
            name: format!("worker {index}"),
            program: "1".into(),
            devices: vec!["cpu".into()],
            slots: worker.slots as u32,
            held: worker.attempts.held(),
        };
        if self.office.driver.is_none() {
            // Nobody listens.
            return self.lose_session(number);
        }
        self.send_up(index, WorkerSays::Hello(hello));
        self.errand(index, WELCOME, Errand::Unanswered(number));
    }

    /// The worker notices that a connection is over, and tries again after a while.
    pub(super) fn lose_session(&mut self, link: u64) {
        let Some(index) = self.workers.iter().position(|worker| worker.link() == Some(link)) else { return };
        let worker = &mut self.workers[index];
        if worker.frozen_until > self.now {
            let thaws = worker.frozen_until;
            return self.at(thaws, Event::DownOver(link));
        }
        worker.session = Session::None;
        let (tries, heard) = (worker.tries, worker.last_heard);
        self.say(|| format!("worker {index} has no session"));
        // What it still sends on this connection is of no use; the coordinator learns of it in its own time.
        self.cut(link);
        self.at(self.now + 40_000, Event::UpOver(link));
        if self.draw.chance("closes", [link, 0, 0], 800) {
            self.at(self.now + 20, Event::UpOver(link));
        }
        let pause = self.draw.between("backoff", [index as u64, tries, 0], [50, LEASE / 4]);
        self.errand(index, pause, Errand::Connect);
        if let Some(heard) = heard {
            self.errand(index, (heard + LEASE).saturating_sub(self.now), Errand::Lapse);
        }
        self.leave_if_done(index);
    }

    fn send_up(&mut self, index: usize, says: WorkerSays) {
        let Some(number) = self.workers[index].link() else { return };
        if !matches!(says, WorkerSays::Heartbeat(_)) {
            self.say(|| format!("worker {index} on link {number}: {says:?}"));
        }
        let Some(link) = self.links.get_mut(&number).filter(|link| !link.cut) else { return };
        let arrival = link.arrival(self.draw, self.now, Way::Up);
        let bytes = WorkerMessage::from(says).encode_to_vec();
        self.at(arrival, Event::Up(number, bytes));
    }

    pub(super) fn hear_coordinator(&mut self, number: u64, bytes: Vec<u8>) -> Result<(), String> {
        let Some(link) = self.links.get(&number).filter(|link| !link.cut) else { return Ok(()) };
        let index = link.worker;
        let worker = &self.workers[index];
        let ready = link.held_until.max(worker.frozen_until);
        if ready > self.now {
            self.at(ready, Event::Down(number, bytes));
            return Ok(());
        }
        if worker.link() != Some(number) {
            return Ok(());
        }
        let message = CoordinatorMessage::decode(bytes.as_slice()).map_err(|error| error.to_string())?;
        let says = CoordinatorSays::try_from(message)
            .map_err(|error| format!("the coordinator breaks the protocol: {error}"))?;
        self.check_promises(&says)?;
        let (asking, slots, leaving) =
            (worker.session == Session::Asking(number), worker.slots, worker.leaving.is_some());
        let worker: &mut Worker = &mut self.workers[index];
        worker.last_heard = Some(self.now);
        let heard = match says {
            CoordinatorSays::Welcome(welcome) if asking => {
                worker.session = Session::Stands(number);
                if leaving {
                    worker.attempts.stop_all();
                }
                let heard = worker.attempts.reattach(welcome.held);
                self.errand(index, 0, Errand::Beat(number));
                self.errand(index, LEASE, Errand::Silence(number));
                heard
            }
            says => worker.attempts.hear(says, slots, leaving),
        };
        if heard.broken {
            return Err(format!("worker {index} heard what breaks the protocol"));
        }
        self.act(index, heard)?;
        self.leave_if_done(index);
        Ok(())
    }

    /// What is said to be stored must be.
    fn check_promises(&self, says: &CoordinatorSays) -> Result<(), String> {
        match says {
            CoordinatorSays::Ack { attempt, seq } => self.judge.acknowledged(*attempt, *seq),
            CoordinatorSays::Welcome(welcome) => welcome.held.iter().try_for_each(|held| match held.keep {
                Ok(seq) => self.judge.acknowledged(held.attempt, seq),
                Err(_) => Ok(()),
            }),
            _ => Ok(()),
        }
    }

    fn act(&mut self, index: usize, heard: Heard) -> Result<(), String> {
        if let Some(offer) = heard.begin {
            self.begin(index, &offer)?;
        }
        for hash in heard.stale {
            self.checkpoints.remove(&hash);
        }
        for says in heard.send {
            self.send_up(index, says);
        }
        Ok(())
    }

    fn begin(&mut self, index: usize, offer: &Offer) -> Result<(), String> {
        let missing = offer.resume.as_ref().filter(|checkpoint| !self.checkpoints.holds(checkpoint));
        if let Some(checkpoint) = missing
            && self.office.is_live(offer.attempt, self.scenario.killers)
        {
            return Err(format!(
                "{} is to go on after epoch {}, whose checkpoint is gone",
                offer.attempt, checkpoint.epoch
            ));
        }
        let worker = &mut self.workers[index];
        let (control, _) = worker.attempts.begin(offer.attempt, offer.resume.as_ref().map(|c| c.hash.clone()));
        let mut job = Job::of(offer, control, self.scenario.killers);
        if missing.is_some() {
            // The offer came so late that a successor got further and removed it: this one fails, and is fenced.
            job.nature = Nature::Diverges;
        }
        worker.jobs.insert(offer.attempt, job);
        self.plan_step(index, offer.attempt);
        let (busy, slots) = (self.workers[index].attempts.busy(), self.workers[index].slots);
        if busy > slots {
            return Err(format!("worker {index} trains {busy} attempts in {slots} slots"));
        }
        Ok(())
    }

    fn plan_step(&mut self, index: usize, attempt: AttemptId) {
        let Some(job) = self.workers[index].jobs.get(&attempt) else { return };
        let of = [u64::from(attempt.trial.number), u64::from(attempt.ordinal), job.steps()];
        // Some epochs are longer than a lease: only heartbeats keep it then.
        let most = if self.draw.chance("long", of, 40) { 3 * LEASE } else { 1_500 };
        let takes = self.draw.between("epoch", of, [5, most]);
        self.errand(index, takes, Errand::Step(attempt));
    }

    fn step(&mut self, index: usize, attempt: AttemptId) -> Result<(), String> {
        let Some(work) = self.workers[index].jobs.get_mut(&attempt).map(|job| job.work(attempt)) else { return Ok(()) };
        match work {
            Work::Dies => {
                let down = self.draw.between("killed", [index as u64, self.now, 0], [100, 3_000]);
                self.kill_worker(index, down);
            }
            Work::Says(body, checkpoint) => {
                if let Some(checkpoint) = checkpoint {
                    self.checkpoints.write(&checkpoint);
                }
                self.report(index, attempt, body);
                self.plan_step(index, attempt);
            }
            Work::Ends(body) => {
                self.report(index, attempt, body);
                let worker = &mut self.workers[index];
                worker.jobs.remove(&attempt);
                worker.attempts.leave(attempt);
                while let Some(offer) = self.workers[index].next_waiting() {
                    self.begin(index, &offer)?;
                }
            }
        }
        Ok(())
    }

    fn report(&mut self, index: usize, attempt: AttemptId, body: gliss_wire::ReportBody) {
        let worker = &mut self.workers[index];
        let report = worker.attempts.report(attempt, body);
        // Without a session it is kept, and sent with the rest after the next welcome.
        if let (Some(says), Session::Stands(_)) = (report, worker.session) {
            self.send_up(index, says);
        }
    }

    /// Says again what is not known to be stored, as if the network had delivered it twice.
    pub(super) fn repeat(&mut self, index: usize) {
        if !matches!(self.workers[index].session, Session::Stands(_)) {
            return;
        }
        for attempt in self.workers[index].jobs.keys().copied().collect::<Vec<_>>() {
            for says in self.workers[index].attempts.resend(attempt, 1) {
                self.send_up(index, says);
            }
        }
    }
}
