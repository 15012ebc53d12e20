//! Learning rates: functions of the step, so that nothing need be restored; but for the plateau, whose state is a few
//! numbers.

mod courses;
mod plateau;

pub use plateau::Plateau;

use gliss_types::recipe::Schedule;

use courses::Pace;

/// The rate that step `step` (from 0, over all epochs) uses, set before the step is made.
///
/// `base_lr` is the optimiser's rate, or where the schedule watches for a plateau [`Plateau::lr`]. Epochs count as
/// `steps_per_epoch` steps, 0 as 1. A warm-up takes a whole number of steps, at least 1: with `w` of them, step `t` is
/// made at the course's first rate times `from + (1 - from) * t / w`, and the course begins with step `w`.
pub fn lr_at(schedule: &Schedule, base_lr: f64, step: u64, steps_per_epoch: u32) -> f64 {
    let pace = Pace::new(steps_per_epoch);
    let Some(warmup) = schedule.warmup else {
        return courses::lr_at(&schedule.course, base_lr, step, pace);
    };
    let steps = pace.steps(warmup.epochs).round();
    if (step as f64) < steps {
        let first = courses::lr_at(&schedule.course, base_lr, 0, pace);
        return first * (warmup.from + (1.0 - warmup.from) * (step as f64 / steps));
    }
    courses::lr_at(&schedule.course, base_lr, step - steps as u64, pace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gliss_types::recipe::{Course, Cycle, Warmup};

    #[test]
    fn the_second_document_s_cycle() {
        // Batch 64: 500 steps an epoch, 8 epochs up, 8 down, from 5e-4 to 1e-3.
        let cycle = Cycle { max_lr: 1e-3, half_cycle: 8.0, half_cycle_down: None };
        let schedule = Course::Triangular(cycle).into();
        let at = |step| lr_at(&schedule, 5e-4, step, 500);
        for (step, rate) in [(0, 5e-4), (2000, 7.5e-4), (4000, 1e-3), (6000, 7.5e-4), (8000, 5e-4), (12_000, 1e-3)] {
            assert!((at(step) - rate).abs() < 1e-15, "step {step}: {} is not {rate}", at(step));
        }
        assert_eq!(lr_at(&Course::Constant.into(), 0.01, 123, 0), 0.01);
    }

    #[test]
    fn a_warm_up_ends_where_the_course_begins() {
        let warmup = Some(Warmup { epochs: 2.5, from: 0.0 });
        let course = Course::Cosine { length: 4.0, min_lr: 0.0 };
        let schedule = Schedule { course: course.clone(), warmup };
        let rates: Vec<f64> = (0..30).map(|step| lr_at(&schedule, 0.1, step, 4)).collect();
        for (step, rate) in rates[..10].iter().enumerate() {
            assert!((rate - 0.01 * step as f64).abs() < 1e-15, "{rates:?}");
        }
        for (step, rate) in rates[10..].iter().enumerate() {
            assert_eq!(*rate, lr_at(&course.clone().into(), 0.1, step as u64, 4));
        }
        // Shorter than a step: one.
        let short = Schedule { course, warmup: Some(Warmup { epochs: 0.01, from: 0.5 }) };
        assert_eq!([0, 1].map(|step| lr_at(&short, 0.1, step, 4)), [0.05, 0.1]);
    }
}
