//! The courses of the rate after the warm-up, as functions of the step.

use std::f64::consts::PI;

use gliss_types::recipe::{Anneal, Course, Cycle};

/// How many steps an epoch has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    steps_per_epoch: f64,
}

impl Pace {
    pub(super) fn new(steps_per_epoch: u32) -> Self {
        Pace { steps_per_epoch: f64::from(steps_per_epoch.max(1)) }
    }

    /// The steps of so many epochs; at least 1, not always whole.
    pub(super) fn steps(self, epochs: f64) -> f64 {
        (epochs * self.steps_per_epoch).max(1.0)
    }
}

/// The rate of step `step` of a course, from 0.
pub(super) fn lr_at(course: &Course, base_lr: f64, step: u64, pace: Pace) -> f64 {
    let it = step as f64;
    let epochs = it / pace.steps_per_epoch;
    match *course {
        Course::Constant | Course::Plateau(_) => base_lr,
        Course::Step { every, gamma } => base_lr * gamma.powf((it / pace.steps(every)).floor()),
        Course::MultiStep { ref milestones, gamma } => {
            let passed = milestones.iter().filter(|epoch| it >= pace.steps(f64::from(**epoch))).count();
            base_lr * gamma.powf(passed as f64)
        }
        Course::Exponential { gamma } => base_lr * gamma.powf(epochs),
        Course::Polynomial { length, power } => base_lr * (1.0 - it / pace.steps(length)).max(0.0).powf(power),
        Course::Cosine { length, min_lr } => cosine(base_lr, min_lr, (it / pace.steps(length)).min(1.0)),
        Course::CosineRestarts { length, grow, min_lr } => {
            let (mut it, mut length) = (it, pace.steps(length));
            if grow <= 1 {
                it %= length;
            }
            // As they grow at least twofold, they are few.
            while it >= length {
                it -= length;
                length *= f64::from(grow);
            }
            cosine(base_lr, min_lr, it / length)
        }
        Course::OneCycle { length, pct_start, anneal, div_factor, final_div_factor, three_phase } => {
            let first = base_lr / div_factor;
            let last = first / final_div_factor;
            let steps = pace.steps(length);
            let up = pct_start * steps - 1.0;
            let phases = if three_phase {
                [(up, first, base_lr), (2.0 * up, base_lr, first), (steps - 1.0, first, last)]
            } else {
                // The middle one is over before it begins.
                [(up, first, base_lr), (up, base_lr, base_lr), (steps - 1.0, base_lr, last)]
            };
            one_cycle(it, phases, anneal)
        }
        Course::Triangular(cycle) => triangular(base_lr, cycle, it, pace, |_| 1.0),
        Course::Triangular2(cycle) => triangular(base_lr, cycle, it, pace, |number| 0.5f64.powf(number - 1.0)),
        Course::ExpRange { cycle, gamma } => triangular(base_lr, cycle, it, pace, |_| gamma.powf(epochs)),
    }
}

/// From `from` to `to` on half a cosine, of which a `share` has gone by.
fn cosine(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * share).cos()) / 2.0
}

/// PyTorch's three phases, each with its last step and the rates at its ends. The last rate stays.
fn one_cycle(it: f64, phases: [(f64, f64, f64); 3], anneal: Anneal) -> f64 {
    let mut begin = 0.0;
    for (end, from, to) in phases {
        if it <= end {
            let share = if end > begin { (it - begin) / (end - begin) } else { 1.0 };
            return match anneal {
                Anneal::Cos => cosine(from, to, share),
                Anneal::Linear => from + (to - from) * share,
            };
        }
        begin = end;
    }
    phases[2].2
}

/// Smith's triangular cycle (2017), as in papers.md 2.5: with `s` the half cycle in steps,
/// `cycle = floor(1 + it / 2s)`, `x = |it / s - 2 cycle + 1|`, rate `base + (max - base) * max(0, 1 - x)`. The half cycle is at least one step.
/// Where the way down is of another length, `1 - x` is PyTorch's: the share of the way that has been gone up, or is
/// left to go down. `height` is the share of the full height that a cycle has, by its number from 1.
fn triangular(base_lr: f64, cycle: Cycle, it: f64, pace: Pace, height: impl Fn(f64) -> f64) -> f64 {
    let up = pace.steps(cycle.half_cycle);
    let (number, share) = match cycle.half_cycle_down {
        None => {
            let number = (1.0 + it / (2.0 * up)).floor();
            (number, (1.0 - (it / up - 2.0 * number + 1.0).abs()).max(0.0))
        }
        Some(down) => {
            let down = pace.steps(down);
            let number = (1.0 + it / (up + down)).floor();
            let gone = it - (number - 1.0) * (up + down);
            (number, if gone <= up { gone / up } else { (1.0 - (gone - up) / down).max(0.0) })
        }
    };
    base_lr + (cycle.max_lr - base_lr) * share * height(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(course: &Course, steps: std::ops::Range<u64>, steps_per_epoch: u32) -> Vec<f64> {
        steps.map(|step| lr_at(course, 0.1, step, Pace::new(steps_per_epoch))).collect()
    }

    #[test]
    fn lengths_are_epochs() {
        let (two, ten) = (Pace::new(2), Pace::new(10));
        for course in [
            Course::Step { every: 3.0, gamma: 0.1 },
            Course::MultiStep { milestones: vec![2, 5], gamma: 0.5 },
            Course::Exponential { gamma: 0.8 },
            Course::Polynomial { length: 6.0, power: 2.0 },
            Course::Cosine { length: 6.0, min_lr: 0.01 },
            Course::CosineRestarts { length: 2.0, grow: 2, min_lr: 0.0 },
            Course::Triangular2(Cycle { max_lr: 1.0, half_cycle: 2.0, half_cycle_down: Some(1.0) }),
            Course::ExpRange { cycle: Cycle { max_lr: 1.0, half_cycle: 2.0, half_cycle_down: None }, gamma: 0.9 },
        ] {
            for half_epoch in 0..30 {
                let (a, b) = (lr_at(&course, 0.1, half_epoch, two), lr_at(&course, 0.1, 5 * half_epoch, ten));
                assert!((a - b).abs() < 1e-12, "{course:?} after {half_epoch} half epochs: {a}, {b}");
            }
        }
    }

    #[test]
    fn what_has_an_end_stays_there() {
        let cycle = Course::OneCycle {
            length: 5.0,
            pct_start: 0.4,
            anneal: Anneal::Cos,
            div_factor: 10.0,
            final_div_factor: 100.0,
            three_phase: false,
        };
        for (course, end) in [
            (Course::Polynomial { length: 5.0, power: 1.0 }, 0.0),
            (Course::Cosine { length: 5.0, min_lr: 0.02 }, 0.02),
            (cycle, 0.1 / 1000.0),
        ] {
            let rates = rates(&course, 20..40, 4);
            assert!(rates.iter().all(|rate| (rate - end).abs() < 1e-15), "{course:?}: {rates:?}");
        }
    }

    #[test]
    fn the_shortest_courses_are_rates_too() {
        let one_cycle = |pct_start, three_phase| Course::OneCycle {
            length: 0.1,
            pct_start,
            anneal: Anneal::Linear,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase,
        };
        let cycle = Cycle { max_lr: 1.0, half_cycle: 0.1, half_cycle_down: Some(0.2) };
        for course in [
            one_cycle(0.0, false),
            one_cycle(1.0, false),
            one_cycle(0.5, true),
            Course::Cosine { length: 0.1, min_lr: 0.0 },
            Course::CosineRestarts { length: 0.1, grow: 1, min_lr: 0.0 },
            Course::CosineRestarts { length: 0.1, grow: 3, min_lr: 0.0 },
            Course::Triangular(cycle),
        ] {
            for steps_per_epoch in [0, 1, 3, 12] {
                let rates = rates(&course, 0..50, steps_per_epoch);
                assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)), "{course:?}: {rates:?}");
            }
        }
    }
}
