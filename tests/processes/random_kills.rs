//! Anything dies at any moment.

use std::time::Duration;

use crate::fleet::Fleet;
use crate::results::Results;
use crate::sweep::TRIALS;
use crate::world::Process;

/// Kills in one sweep.
const KILLS: u32 = 6;
/// Of these, at most so many of its workers: a trial whose worker was lost five times is given up, as it may be the cause.
const WORKERS: u32 = 4;

/// Draws the same numbers for the same seed: Knuth's multiplier and increment for 64 bits.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A worker's name: one that takes over at once, or none, so that the lease has to run out.
    fn name(&mut self) -> &'static [&'static str] {
        if self.below(3) > 0 { &["--slots", "2", "--name", "heir"] } else { &["--slots", "2"] }
    }
}

#[test]
fn kills_at_pseudo_random_moments_change_no_bit() {
    let wanted = std::env::var("GLISS_KILLS").map_or(KILLS, |n| n.parse().expect("GLISS_KILLS is a number"));
    let mut dealt = 0;
    for seed in 1.. {
        dealt += sweep(seed, wanted - dealt);
        if dealt >= wanted {
            return;
        }
    }
}

/// Runs one sweep through at most so many kills; yields their number.
fn sweep(seed: u64, limit: u32) -> u32 {
    let mut draws = Draws(seed);
    let mut fleet = Fleet::start(&["--lease", "2s", "--heartbeat", "500ms"]);
    let mut worker = fleet.worker(draws.name());
    fleet.submit();
    let (mut kills, mut lost) = (0, 0);
    let mut ledgers = Vec::new();
    while kills < limit.min(KILLS) {
        // Not a wait for something to be done, but the moment of the blow.
        std::thread::sleep(Duration::from_millis(100 + draws.below(700)));
        if fleet.standing().state() == "finished" {
            break;
        }
        kills += 1;
        let what = draws.below(if lost < WORKERS { 3 } else { 1 });
        if what == 0 {
            fleet.kill_coordinator();
            fleet.start_coordinator();
        } else {
            lost += 1;
            worker = if what == 1 {
                kill_worker(&fleet, worker, &mut draws)
            } else {
                kill_both(&mut fleet, worker, &mut draws)
            };
        }
        ledgers.push(fleet.ledger("s1"));
    }
    let standing = fleet.finished();
    assert!(standing.number("attempts") <= TRIALS + 2 * u64::from(kills), "seed {seed}: {standing:?}");
    let last = fleet.ledger("s1");
    ledgers.iter().for_each(|ledger| ledger.assert_kept(&last));
    fleet.results("s1").assert_same(Results::undisturbed());
    drop(worker);
    kills
}

fn kill_worker(fleet: &Fleet, worker: Process, draws: &mut Draws) -> Process {
    worker.kill();
    fleet.worker(draws.name())
}

fn kill_both(fleet: &mut Fleet, worker: Process, draws: &mut Draws) -> Process {
    if draws.below(2) == 0 {
        fleet.kill_coordinator();
        worker.kill();
        // A worker that is there first waits for its coordinator.
        let next = fleet.worker(draws.name());
        fleet.start_coordinator();
        next
    } else {
        worker.kill();
        fleet.kill_coordinator();
        fleet.start_coordinator();
        fleet.worker(draws.name())
    }
}
