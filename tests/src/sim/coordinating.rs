//! The coordinator's side of the world.

use gliss_engine::{Millis, Reply};
use gliss_wire::v1::{CoordinatorMessage, WorkerMessage};
use gliss_wire::{CoordinatorSays, WorkerSays};
use prost::Message;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::oneshot::error::TryRecvError as NoAnswer;

use super::link::{Desk, Way};
use super::office::Disk;
use super::world::{Event, MENDED, Wish, World};

/// Messages that may wait for a worker. Less than the service has, so that a worker that stands still is cut off at times.
const OUTGOING: usize = 64;

/// What waits for the coordinator.
#[derive(Debug)]
pub(super) enum Arrival {
    Says(u64, WorkerSays),
    Gone(u64),
    Ask(Wish),
}

impl World {
    /// A new process starts on what the last one stored.
    pub(super) fn open(&mut self) -> Result<(), String> {
        if self.office.driver.is_some() {
            return Ok(());
        }
        self.say(|| "the coordinator starts".into());
        let started = self.office.start(self.scenario.killers, self.now);
        started.map_err(|fault| format!("the coordinator does not start: {}", gliss_types::chain(&fault)))?;
        self.set_alarm();
        Ok(())
    }

    /// The process is gone, and with it every connection.
    pub(super) fn kill_coordinator(&mut self, down: u64) {
        if self.office.driver.is_none() {
            return;
        }
        self.office.die();
        let restart = self.now + down;
        self.at(restart, Event::Open);
        // Whoever got no answer asks again.
        let unheard = std::mem::take(&mut self.inbox).into_iter().filter_map(|arrival| match arrival {
            Arrival::Ask(wish) => Some(wish),
            Arrival::Says(..) | Arrival::Gone(_) => None,
        });
        let unanswered = std::mem::take(&mut self.asked).into_iter().map(|(wish, _)| wish);
        for wish in unanswered.chain(unheard) {
            self.at(restart + 100, Event::Wish(wish));
        }
        for link in self.links.keys().copied().collect::<Vec<_>>() {
            self.cut(link);
            if let Some(link) = self.links.get_mut(&link) {
                link.desk = Desk::Gone;
            }
            // A machine that loses its power tells nobody: then only the silence tells.
            if !self.draw.chance("power", [link, 0, 0], 200) {
                let notices = self.now + self.draw.between("notices", [link, 0, 0], [1, 50]);
                self.at(notices, Event::DownOver(link));
            }
        }
    }

    /// The next commit that stores something will be the process's last.
    pub(super) fn doom(&mut self, disk: Disk, down: u64) {
        *self.office.paper.disk.lock().expect("one thread") = disk;
        self.office.doom = down;
    }

    pub(super) fn wish(&mut self, wish: Wish) {
        // Nobody pauses any more once everything is to come to its end.
        if matches!(wish, Wish::Pause(_)) && self.now >= MENDED {
            return;
        }
        if self.office.driver.is_some() {
            self.arrive(Arrival::Ask(wish));
        } else {
            let later = self.now + 500;
            self.at(later, Event::Wish(wish));
        }
    }

    pub(super) fn hear_worker(&mut self, number: u64, bytes: Vec<u8>) -> Result<(), String> {
        let Some(link) = self.links.get(&number).filter(|link| !link.cut) else { return Ok(()) };
        let ready = link.held_until.max(self.office.frozen_until);
        if ready > self.now {
            self.at(ready, Event::Up(number, bytes));
            return Ok(());
        }
        let message = WorkerMessage::decode(bytes.as_slice()).map_err(|error| error.to_string())?;
        let says = WorkerSays::try_from(message).map_err(|error| format!("a worker breaks the protocol: {error}"))?;
        self.arrive(Arrival::Says(number, says));
        Ok(())
    }

    /// Something comes in: at once where the process is free, else after its commit.
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        if self.office.driver.is_none() {
            if let Arrival::Ask(wish) = arrival {
                self.wish(wish);
            }
            return;
        }
        self.inbox.push_back(arrival);
        if !self.office.busy {
            self.work();
        }
    }

    /// Takes everything that waits, and begins to store what it leads to.
    fn work(&mut self) {
        while let Some(arrival) = self.inbox.pop_front() {
            match arrival {
                Arrival::Says(link, says) => self.take(link, says),
                Arrival::Gone(link) => self.hang_up(link),
                Arrival::Ask(wish) => self.ask(wish),
            }
        }
        self.office.busy = true;
        let of = [self.office.generation, self.office.commits, 0];
        let slow = if self.office.slow_until > self.now { 800 } else { 6 };
        let stored = self.now + self.draw.between("commit", of, [0, slow]);
        self.at(stored, Event::Commit(self.office.generation));
    }

    fn take(&mut self, number: u64, says: WorkerSays) {
        let now = Millis(self.now);
        let Some(driver) = &mut self.office.driver else { return };
        let Some(link) = self.links.get_mut(&number) else { return };
        match (&mut link.desk, says) {
            (Desk::New, WorkerSays::Hello(hello)) => {
                let (sender, out) = mpsc::channel(OUTGOING);
                let opened = driver.open(now, number, hello, sender);
                link.desk = Desk::Opening { opened, out, early: Default::default() };
            }
            (Desk::Opening { early, .. }, says) => early.push_back(says),
            (Desk::Open { worker, .. }, says) => {
                let worker = *worker;
                // The service ends its part of the stream with a goodbye.
                let bye = matches!(says, WorkerSays::Goodbye);
                if bye {
                    link.desk = Desk::Gone;
                }
                if !driver.hear(now, number, worker, says) {
                    driver.close(now, number, worker);
                }
                if bye {
                    self.at(self.now, Event::DownOver(number));
                }
            }
            (Desk::New | Desk::Gone, _) => {}
        }
    }

    /// The coordinator notices that a connection is over.
    fn hang_up(&mut self, number: u64) {
        let now = Millis(self.now);
        self.cut(number);
        let (Some(driver), Some(link)) = (&mut self.office.driver, self.links.get_mut(&number)) else { return };
        if let Desk::Open { worker, .. } = link.desk {
            driver.close(now, number, worker);
        }
        link.desk = Desk::Gone;
    }

    fn ask(&mut self, wish: Wish) {
        let Some(input) = self.input(wish) else { return };
        let now = Millis(self.now);
        if let Some(driver) = &mut self.office.driver {
            self.asked.push((wish, driver.ask(now, input)));
        }
    }

    /// A deadline: a commit in which nothing came in.
    pub(super) fn wake(&mut self, generation: u64) {
        if self.office.generation != generation || self.office.driver.is_none() {
            return;
        }
        self.office.wake_at = None;
        if self.office.frozen_until > self.now {
            self.office.wake_at = Some(self.office.frozen_until);
            return self.at(self.office.frozen_until, Event::Wake(generation));
        }
        if !self.office.busy {
            self.work();
        }
    }

    /// The commit's end: stored, or not; and then what it lets out.
    pub(super) fn commit(&mut self, generation: u64) -> Result<(), String> {
        if self.office.generation != generation {
            return Ok(());
        }
        if self.office.frozen_until > self.now {
            self.at(self.office.frozen_until, Event::Commit(generation));
            return Ok(());
        }
        let Some(driver) = &mut self.office.driver else { return Ok(()) };
        self.office.commits += 1;
        if driver.commit(Millis(self.now)).is_err() {
            self.say(|| "the coordinator dies over a commit".into());
            self.judge.committed(&self.office.paper, self.scenario.killers, None)?;
            self.kill_coordinator(self.office.doom);
            return Ok(());
        }
        self.judge.committed(&self.office.paper, self.scenario.killers, Some(driver.engine()))?;
        self.hand_answers();
        for number in self.links.keys().copied().collect::<Vec<_>>() {
            self.let_out(number);
        }
        self.links.retain(|_, link| !(link.cut && matches!(link.desk, Desk::Gone)));
        self.office.busy = false;
        if self.inbox.is_empty() {
            self.set_alarm();
        } else {
            self.work();
        }
        Ok(())
    }

    fn hand_answers(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        for (wish, mut answer) in asked {
            match (wish, answer.try_recv()) {
                (Wish::Submit(index), Ok(Reply::Submitted { sweep, .. })) => self.sweeps[index] = Some(sweep),
                (_, Ok(_)) => {}
                (_, Err(NoAnswer::Empty)) => self.asked.push((wish, answer)),
                (_, Err(NoAnswer::Closed)) => self.at(self.now + 100, Event::Wish(wish)),
            }
        }
    }

    /// Sends what the driver has for a connection.
    fn let_out(&mut self, number: u64) {
        let Some(link) = self.links.get_mut(&number) else { return };
        if let Desk::Opening { opened, .. } = &mut link.desk {
            match opened.try_recv() {
                Ok(Ok(worker)) => {
                    let Desk::Opening { out, early, .. } = std::mem::replace(&mut link.desk, Desk::Gone) else {
                        return;
                    };
                    link.desk = Desk::Open { worker, out };
                    for says in early.into_iter().rev() {
                        self.inbox.push_front(Arrival::Says(number, says));
                    }
                }
                Ok(Err(_)) | Err(NoAnswer::Closed) => {
                    link.desk = Desk::Gone;
                    let arrival = link.arrival(self.draw, self.now, Way::Down);
                    return self.at(arrival, Event::DownOver(number));
                }
                Err(NoAnswer::Empty) => return,
            }
        }
        loop {
            let Some(link) = self.links.get_mut(&number) else { return };
            let Desk::Open { out, .. } = &mut link.desk else { return };
            match out.try_recv() {
                Ok(says) => self.send_down(number, says),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    link.desk = Desk::Gone;
                    let arrival = link.arrival(self.draw, self.now, Way::Down);
                    return self.at(arrival, Event::DownOver(number));
                }
            }
        }
    }

    fn send_down(&mut self, number: u64, says: CoordinatorSays) {
        if says != CoordinatorSays::Pulse {
            self.say(|| format!("coordinator to link {number}: {says:?}"));
        }
        let Some(link) = self.links.get_mut(&number).filter(|link| !link.cut) else { return };
        let arrival = link.arrival(self.draw, self.now, Way::Down);
        let bytes = CoordinatorMessage::from(says).encode_to_vec();
        self.at(arrival, Event::Down(number, bytes));
    }

    /// Plans to be woken at the driver's next deadline.
    fn set_alarm(&mut self) {
        let Some(deadline) = self.office.driver.as_ref().and_then(|driver| driver.next_deadline()) else { return };
        if self.office.wake_at.is_none_or(|at| deadline.0 < at) {
            self.office.wake_at = Some(deadline.0);
            self.at(deadline.0, Event::Wake(self.office.generation));
        }
    }

    /// Everything on a connection is lost, both ways.
    pub(super) fn cut(&mut self, number: u64) {
        if let Some(link) = self.links.get_mut(&number) {
            link.cut = true;
        }
    }
}
