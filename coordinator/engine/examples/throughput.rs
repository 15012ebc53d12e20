//! Measures how many inputs a second the engine handles: trials that train nothing, on workers of 8 slots; its memory, and
//! how long a replay takes.
//!
//! ```text
//! cargo run --release -p gliss-engine --example throughput [trials [workers]]     100,000 trials on 8 workers
//! ```
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement, by a clock"
)]

use std::collections::VecDeque;
use std::time::Instant;

use gliss_engine::{Effect, Engine, Fact, Input, Millis, Options, Progress, Reply, ReportBody, Step};
use gliss_types::{AttemptId, Conduct, Dimension, Objective, Outcome, Settings, Space, Summary, SweepPlan, WorkerId};
use serde_json::json;

const SLOTS: u32 = 8;

fn plan(trials: u32) -> SweepPlan {
    let recipe: Settings = serde_json::from_value(json!({"task": "noop"})).expect("a mapping");
    let side = f64::from(trials).sqrt().ceil() as u32;
    let seeds = (0..side).map(|row| vec![("seed".parse().expect("a path"), json!(row))]).collect();
    let dimension = Dimension {
        path: "seed".parse().expect("a path"),
        values: (0..trials.div_ceil(side)).map(|seed| json!(seed)).collect(),
    };
    SweepPlan {
        name: "throughput".into(),
        description: String::new(),
        objective: Objective::default(),
        recipe,
        space: Space { rows: seeds, dimensions: vec![dimension] },
        max_attempts: 1,
        fingerprint: String::new(),
        conduct: Conduct::default(),
        source: String::new(),
    }
}

/// The most memory that the process had, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: unknown");
    line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

struct Run {
    engine: Engine,
    now: Millis,
    inputs: u64,
    journal: Vec<Fact>,
    offered: VecDeque<(WorkerId, AttemptId)>,
}

impl Run {
    fn send(&mut self, input: Input) -> Reply {
        self.inputs += 1;
        self.now = self.now.plus(Millis(1));
        let Step { facts, effects, reply } = self.engine.handle(self.now, input);
        self.journal.extend(facts);
        for effect in effects {
            if let Effect::OfferAttempt { worker, attempt, .. } = effect {
                self.offered.push_back((worker, attempt));
            }
        }
        reply
    }
}

fn main() {
    let argument = |n| std::env::args().nth(n).and_then(|text| text.parse::<u32>().ok());
    let (trials, workers) = (argument(1).unwrap_or(100_000), argument(2).unwrap_or(8));
    let engine = Engine::new(Options::default());
    let mut run = Run { engine, now: Millis(0), inputs: 0, journal: Vec::new(), offered: VecDeque::new() };
    let begin = Instant::now();
    for index in 0..workers {
        let (name, version, devices) = (format!("worker {index}"), "0.1.0".into(), vec!["cpu".into()]);
        run.send(Input::Hello { instance: index.to_string(), name, version, devices, slots: SLOTS, held: vec![] });
    }
    run.send(Input::Submit { plan: Box::new(plan(trials)) });
    let mut beats = 0;
    while let Some((worker, attempt)) = run.offered.pop_front() {
        run.send(Input::Report { worker, attempt, seq: 1, body: ReportBody::Started });
        let score = f64::from(attempt.trial.number.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX);
        let summary = Summary { score, ..Summary::default() };
        let body = ReportBody::Ended(Outcome::Completed(summary));
        run.send(Input::Report { worker, attempt, seq: 2, body });
        beats += 1;
        // Every worker beats once in so many reports that each of its slots had about one trial between.
        if beats % (workers * SLOTS).max(500) == 0 {
            for index in 1..=workers {
                let worker = WorkerId(index);
                let leases = run.engine.state().worker(worker).into_iter().flat_map(|worker| worker.leases());
                let progress =
                    leases.map(|attempt| Progress { attempt: *attempt, epoch: 0, epochs: 0, step: 0, steps: 0 });
                let progress = progress.collect();
                run.send(Input::Heartbeat { worker, progress });
            }
        }
    }
    let took = begin.elapsed().as_secs_f64();
    let sweep = run.engine.state().sweeps().next().expect("submitted");
    println!("{} trials, sweep {}, {} facts", sweep.points(), sweep.state(), run.journal.len());
    println!("{} inputs in {took:.2} s: {:.0} a second", run.inputs, run.inputs as f64 / took);
    println!("{:.1} µs an input; {} with the journal in memory", took * 1e6 / run.inputs as f64, memory());
    let (facts, begin) = (run.journal.len() as f64, Instant::now());
    let replayed = Engine::replay(Options::default(), run.journal).expect("a journal replays");
    let took = begin.elapsed().as_secs_f64();
    assert!(replayed.state() == run.engine.state());
    println!("replayed in {took:.2} s: {:.0} facts a second", facts / took);
}
