//! Learning rates as functions of the step: nothing is remembered, so nothing need be restored.

use gliss_types::recipe::Schedule;

/// The rate that step `step` (from 0, over all epochs) uses, set before the step is made.
///
/// `base_lr` is the optimiser's rate. The triangular cycle is Smith's (2017), as in papers.md 2.5: with `s` the half cycle
/// in steps, `cycle = floor(1 + it / 2s)`, `x = |it / s - 2 cycle + 1|`, rate `base + (max - base) * max(0, 1 - x)`. The half
/// cycle is counted in steps and at least 1; `steps_per_epoch` of 0 counts as 1.
pub fn lr_at(schedule: &Schedule, base_lr: f64, step: u64, steps_per_epoch: u32) -> f64 {
    match *schedule {
        Schedule::Constant => base_lr,
        Schedule::Triangular { max_lr, half_cycle } => {
            let half = (half_cycle * f64::from(steps_per_epoch.max(1))).max(1.0);
            let it = step as f64;
            let cycle = (1.0 + it / (2.0 * half)).floor();
            let x = (it / half - 2.0 * cycle + 1.0).abs();
            base_lr + (max_lr - base_lr) * (1.0 - x).max(0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_document_s_cycle() {
        // Batch 64: 500 steps an epoch, 8 epochs up, 8 down, from 5e-4 to 1e-3.
        let schedule = Schedule::Triangular { max_lr: 1e-3, half_cycle: 8.0 };
        let at = |step| lr_at(&schedule, 5e-4, step, 500);
        for (step, rate) in [(0, 5e-4), (2000, 7.5e-4), (4000, 1e-3), (6000, 7.5e-4), (8000, 5e-4), (12_000, 1e-3)] {
            assert!((at(step) - rate).abs() < 1e-15, "step {step}: {} is not {rate}", at(step));
        }
        assert_eq!(lr_at(&Schedule::Constant, 0.01, 123, 0), 0.01);
    }
}
