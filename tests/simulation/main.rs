//! Simulated fleets, each from a seed: `GLISS_SIM_SEEDS=10000 cargo test -p gliss-tests --test simulation` tries more,
//! `GLISS_SIM_SEED=17` one of them, with its trace where it fails.
#![expect(clippy::print_stderr, reason = "a test says what it tried")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use gliss_tests::sim::{Failure, Scenario, Told, find_out};

/// Seeds that CI tries: within two minutes on two cores.
const SEEDS: u64 = 500;

fn wanted(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Runs seeds on as many threads as there are cores.
fn run(seeds: std::ops::Range<u64>) -> Result<Vec<Told>, Box<Failure>> {
    let (next, told, failure) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()), Mutex::new(None));
    // A failure says what it found; what the runs said on the way to it is of no use.
    std::panic::set_hook(Box::new(|_| {}));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || failure.lock().expect("no thread panics").is_some() {
                        return;
                    }
                    match find_out(&Scenario::of(seed)) {
                        Ok(one) => told.lock().expect("no thread panics").push(one),
                        Err(found) => *failure.lock().expect("no thread panics") = Some(found),
                    }
                }
            });
        }
    });
    let _ = std::panic::take_hook();
    match failure.into_inner().expect("no thread panics") {
        Some(failure) => Err(failure),
        None => Ok(told.into_inner().expect("no thread panics")),
    }
}

#[test]
fn no_fault_loses_a_trial_counts_one_twice_or_changes_its_end() {
    let one = wanted("GLISS_SIM_SEED");
    let seeds = one.map_or(0..wanted("GLISS_SIM_SEEDS").unwrap_or(SEEDS), |seed| seed..seed + 1);
    let count = seeds.end - seeds.start;
    let told = run(seeds).unwrap_or_else(|failure| panic!("{failure}"));
    let sum = |of: fn(&Told) -> u64| told.iter().map(of).sum::<u64>();
    eprintln!(
        "{count} seeds: {} trials in {} attempts, {} restarts of the coordinator, {} commits, {} s of virtual time",
        sum(|t| t.trials),
        sum(|t| t.attempts),
        sum(|t| t.restarts),
        sum(|t| t.commits),
        sum(|t| t.passed) / 1000
    );
    // Faults that never cost an attempt would be none.
    assert!(one.is_some() || sum(|t| t.attempts) > sum(|t| t.trials) && sum(|t| t.restarts) > 0);
}

#[test]
fn a_seed_is_a_whole_history() {
    for seed in 0..20 {
        let scenario = Scenario::of(seed);
        assert_eq!(find_out(&scenario).expect("it holds"), find_out(&scenario).expect("it holds"), "seed {seed}");
    }
}

#[test]
fn without_faults_every_trial_has_the_attempts_that_it_needs() {
    for seed in 0..20 {
        let scenario = Scenario { killers: false, ..Scenario::of(seed).undisturbed() };
        let told = find_out(&scenario).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(told.restarts, 0, "seed {seed}");
    }
}
