//! Random histories: workers that die, freeze, forget and repeat themselves, people who change their minds, and a
//! coordinator that is killed at any point. Nothing is lost, nothing is counted twice, and once the faults stop every
//! trial ends.

use gliss_engine::{Effect, Input, Reply, ReportBody};
use gliss_types::{AttemptId, Outcome, SweepId, SweepState, TrialState, WorkerId};
use proptest::prelude::*;

use crate::agent::Agent;
use crate::ledger::Ledger;
use crate::world::{LEASE, World, attempt, completed, epoch, failed, plan, released};

/// Something that happens. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Event {
    Submit {
        points: u32,
        epochs: u32,
        max_attempts: u32,
    },
    Connect {
        agent: usize,
        slots: u32,
    },
    HangUp {
        agent: usize,
    },
    Die {
        agent: usize,
    },
    Leave {
        agent: usize,
    },
    /// It forgets one attempt without a word.
    Forget {
        agent: usize,
        job: usize,
    },
    Work {
        agent: usize,
        job: usize,
        send: Sending,
    },
    Fail {
        agent: usize,
        job: usize,
        retry: bool,
    },
    Heartbeat {
        agent: usize,
    },
    /// It stands still; its session lives.
    Freeze {
        agent: usize,
    },
    /// It goes on.
    Thaw {
        agent: usize,
    },
    /// Time passes and the driver ticks when it is due.
    Pass {
        span: u64,
    },
    /// Time passes and the coordinator sleeps through it.
    Sleep {
        span: u64,
    },
    Pause {
        sweep: u32,
    },
    Resume {
        sweep: u32,
    },
    Cancel {
        sweep: u32,
    },
    /// The coordinator is killed and starts again.
    Restart,
    /// It is killed between storing the last step and sending its effects.
    RestartBeforeEffects,
    /// A report that nobody honest would send.
    Noise {
        worker: u32,
        attempt: AttemptId,
        seq: u64,
        body: ReportBody,
    },
}

#[derive(Debug, Clone, Copy)]
enum Sending {
    Lost,
    LatestOnly,
    CatchUp,
}

fn event() -> impl Strategy<Value = Event> {
    let agent = 0..3_usize;
    let job = 0..4_usize;
    let sending = prop_oneof![1 => Just(Sending::Lost), 1 => Just(Sending::LatestOnly), 4 => Just(Sending::CatchUp)];
    prop_oneof![
        3 => (1..5_u32, 0..3_u32, 1..3_u32)
            .prop_map(|(points, epochs, max_attempts)| Event::Submit { points, epochs, max_attempts }),
        8 => (agent.clone(), 0..4_u32).prop_map(|(agent, slots)| Event::Connect { agent, slots }),
        3 => agent.clone().prop_map(|agent| Event::HangUp { agent }),
        2 => agent.clone().prop_map(|agent| Event::Die { agent }),
        1 => agent.clone().prop_map(|agent| Event::Leave { agent }),
        1 => (agent.clone(), job.clone()).prop_map(|(agent, job)| Event::Forget { agent, job }),
        20 => (agent.clone(), job.clone(), sending).prop_map(|(agent, job, send)| Event::Work { agent, job, send }),
        2 => (agent.clone(), job, any::<bool>()).prop_map(|(agent, job, retry)| Event::Fail { agent, job, retry }),
        6 => agent.clone().prop_map(|agent| Event::Heartbeat { agent }),
        2 => agent.clone().prop_map(|agent| Event::Freeze { agent }),
        2 => agent.prop_map(|agent| Event::Thaw { agent }),
        6 => (0..LEASE.0).prop_map(|span| Event::Pass { span }),
        1 => (0..3 * LEASE.0).prop_map(|span| Event::Sleep { span }),
        1 => (1..4_u32).prop_map(|sweep| Event::Pause { sweep }),
        2 => (1..4_u32).prop_map(|sweep| Event::Resume { sweep }),
        1 => (1..4_u32).prop_map(|sweep| Event::Cancel { sweep }),
        1 => Just(Event::Restart),
        1 => Just(Event::RestartBeforeEffects),
        3 => (1..5_u32, (0..3_u32, 0..4_u32, 0..4_u32), 0..5_u64, body()).prop_map(|(worker, (s, t, n), seq, body)| {
            Event::Noise { worker, attempt: attempt(s, t, n), seq, body }
        }),
    ]
}

fn body() -> impl Strategy<Value = ReportBody> {
    prop_oneof![
        Just(ReportBody::Started),
        (0..4_u32, prop_oneof![Just(0.5), Just(f64::NAN)]).prop_map(|(number, score)| epoch(number, score)),
        prop_oneof![Just(0.5), Just(f64::INFINITY)].prop_map(completed),
        any::<bool>().prop_map(|retry| failed("noise", retry)),
        Just(released()),
        Just(ReportBody::Ended(Outcome::Lapsed)),
    ]
}

/// Everything that there is, and what must hold of it.
struct Stage {
    world: World,
    agents: Vec<Agent>,
    ledger: Ledger,
    /// Effects of the last event, not yet delivered.
    pending: Vec<Effect>,
}

impl Stage {
    fn new() -> Stage {
        let agents = ["a", "b", "c"].map(Agent::new).to_vec();
        Stage { world: World::new(), agents, ledger: Ledger::default(), pending: Vec::new() }
    }

    /// Delivers what the last event sent out. A stop may make a worker speak, and so send out more.
    fn deliver(&mut self) {
        while !self.pending.is_empty() {
            let effects = std::mem::take(&mut self.pending);
            for agent in &mut self.agents {
                agent.take(&effects);
            }
            for effect in effects {
                if let Effect::StopAttempt { attempt, .. } = effect {
                    for agent in &mut self.agents {
                        self.pending.extend(agent.catch_up(&mut self.world, attempt));
                    }
                }
            }
        }
    }

    fn person(&mut self, input: Input) {
        self.world.send(input);
        self.pending.extend(self.world.effects.iter().cloned());
    }

    /// Lets time pass, ticking when it is due.
    fn pass(&mut self, span: u64) {
        let until = self.world.now.plus(gliss_engine::Millis(span));
        while let Some(due) = self.world.engine.next_deadline().filter(|due| *due <= until) {
            self.world.now = self.world.now.max(due);
            self.person(Input::Tick);
            self.deliver();
        }
        self.world.now = until;
        self.world.send(Input::Tick);
        assert!(self.world.facts.is_empty() && self.world.effects.is_empty(), "a tick out of turn did something");
    }

    fn restart(&mut self) {
        self.pending.clear();
        self.world.restart();
        for agent in &mut self.agents {
            agent.cut_off();
        }
    }

    fn happen(&mut self, event: Event) {
        let Stage { world, agents, pending, .. } = self;
        let job_of = |agents: &[Agent], agent: usize, job: usize| {
            let jobs = &agents[agent].jobs;
            jobs.keys().nth(job % jobs.len().max(1)).copied()
        };
        match event {
            Event::Submit { points, epochs, max_attempts } => {
                let plan = Box::new(plan(points, epochs, max_attempts));
                self.person(Input::Submit { plan });
            }
            Event::Connect { agent, slots } => pending.extend(agents[agent].connect(world, slots)),
            Event::HangUp { agent } => pending.extend(agents[agent].hang_up(world)),
            Event::Die { agent } => pending.extend(agents[agent].die(world)),
            Event::Leave { agent } => pending.extend(agents[agent].leave(world)),
            Event::Forget { agent, job } => {
                if let Some(job) = job_of(agents, agent, job) {
                    agents[agent].jobs.remove(&job);
                }
            }
            Event::Work { agent, job, send } => {
                if let Some(job) = job_of(agents, agent, job) {
                    agents[agent].work(job);
                    pending.extend(match send {
                        Sending::Lost => Vec::new(),
                        Sending::LatestOnly => agents[agent].send_latest(world, job),
                        Sending::CatchUp => agents[agent].catch_up(world, job),
                    });
                }
            }
            Event::Fail { agent, job, retry } => {
                if let Some(job) = job_of(agents, agent, job) {
                    agents[agent].fail(job, retry);
                    pending.extend(agents[agent].catch_up(world, job));
                }
            }
            Event::Heartbeat { agent } => pending.extend(agents[agent].heartbeat(world)),
            Event::Freeze { agent } => agents[agent].freeze(),
            Event::Thaw { agent } => pending.extend(agents[agent].thaw(world)),
            Event::Pass { span } => self.pass(span),
            Event::Sleep { span } => {
                world.pass(span);
                self.person(Input::Tick);
            }
            Event::Pause { sweep } => self.person(Input::Pause { sweep: SweepId(sweep) }),
            Event::Resume { sweep } => self.person(Input::Resume { sweep: SweepId(sweep) }),
            Event::Cancel { sweep } => self.person(Input::Cancel { sweep: SweepId(sweep) }),
            Event::Restart => {
                self.deliver();
                self.restart();
            }
            Event::RestartBeforeEffects => self.restart(),
            Event::Noise { worker, attempt, seq, body } => self.noise(worker, attempt, seq, body),
        }
    }

    /// A report of someone who is no honest worker. It is sent only where it must be turned down or was stored before:
    /// a liar with the right attempt, worker and number cannot be told from the truth.
    fn noise(&mut self, worker: u32, attempt: AttemptId, seq: u64, body: ReportBody) {
        let worker = WorkerId(worker);
        let state = self.world.engine.state();
        let mine = state.attempt(attempt).is_some_and(|attempt| attempt.worker == worker);
        let next = state.trial(attempt.trial).map_or(0, |trial| trial.stored_seq()) + 1;
        if mine && state.live_attempt(attempt.trial) == Some(attempt) && seq == next {
            return;
        }
        let reply = self.world.send(Input::Report { worker, attempt, seq, body });
        assert!(self.world.facts.iter().all(|fact| fact.kind() != "attempt_ended"), "noise left a fact");
        match reply {
            Reply::Acked { attempt, seq } => assert!(self.ledger.holds(attempt, seq), "noise was acknowledged"),
            Reply::Rejected(_) => {}
            other => panic!("noise was answered {other:?}"),
        }
        self.pending.extend(self.world.effects.iter().cloned());
    }

    fn check(&mut self) {
        self.ledger.follow(&self.world.journal);
        for trial in self.ledger.closed() {
            assert!(self.world.state_of(*trial).is_closed(), "{trial} came back to life");
        }
        for (attempt, acked) in self.agents.iter().flat_map(Agent::acknowledged) {
            assert!(acked == 0 || self.ledger.holds(attempt, acked), "report {acked} of {attempt} was lost");
        }
    }

    /// The faults stop: people resume what they paused, workers come back and work. Every trial must end.
    fn settle(&mut self) {
        self.deliver();
        let sweeps: Vec<SweepId> = self.world.engine.state().sweeps().map(|sweep| sweep.id()).collect();
        for sweep in sweeps {
            self.person(Input::Resume { sweep });
            self.deliver();
        }
        for agent in 0..self.agents.len() {
            let mut effects = self.agents[agent].hang_up(&mut self.world);
            effects.extend(self.agents[agent].thaw(&mut self.world));
            self.pending.extend(effects);
        }
        for _ in 0..400 {
            let open = self.world.engine.state().sweeps().filter(|sweep| !sweep.state().is_closed()).count();
            if open == 0 {
                return;
            }
            for agent in 0..self.agents.len() {
                let effects = self.agents[agent].connect(&mut self.world, 2);
                self.pending.extend(effects);
                self.deliver();
                let effects = self.agents[agent].heartbeat(&mut self.world);
                self.pending.extend(effects);
                self.deliver();
                let jobs: Vec<AttemptId> = self.agents[agent].jobs.keys().copied().collect();
                for job in jobs {
                    self.agents[agent].work(job);
                    let effects = self.agents[agent].catch_up(&mut self.world, job);
                    self.pending.extend(effects);
                    self.deliver();
                }
            }
            self.pass(LEASE.0 / 4);
            self.check();
        }
        let open: Vec<_> = self.world.engine.state().sweeps().filter(|sweep| !sweep.state().is_closed()).collect();
        panic!("these never end: {open:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_nothing_counts_twice_and_every_trial_ends(events in prop::collection::vec(event(), 1..120)) {
        let mut stage = Stage::new();
        for event in events {
            let before_effects = matches!(event, Event::RestartBeforeEffects);
            if !before_effects {
                stage.deliver();
            }
            stage.happen(event);
            stage.check();
        }
        stage.settle();
        stage.check();
        for sweep in stage.world.engine.state().sweeps() {
            let counts = sweep.counts();
            prop_assert_eq!(counts.iter().sum::<u64>(), u64::from(sweep.points()));
            let closed: u64 = TrialState::ALL.iter().zip(counts).filter(|(s, _)| s.is_closed()).map(|(_, n)| n).sum();
            prop_assert_eq!(closed, u64::from(sweep.points()));
            if sweep.state() == SweepState::Finished {
                let proposed = stage.ledger.closed().iter().filter(|trial| trial.sweep == sweep.id()).count();
                prop_assert_eq!(proposed, sweep.points() as usize, "each trial counts once");
            }
        }
    }
}

/// Histories to try; more by the environment, as `PROPTEST_CASES=5000`.
#[expect(clippy::disallowed_methods, reason = "a test may be told to try harder")]
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(256)
}
