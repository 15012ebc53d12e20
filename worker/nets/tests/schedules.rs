//! Schedules against PyTorch's.

mod golden;

use std::error::Error;

use gliss_nets::schedules::{Plateau, lr_at};
use gliss_types::recipe::{Anneal, Course, Cycle, Plateau as PlateauSettings, Schedule, Threshold, Warmup, Watch};
use golden::numbers;
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// The schedule of a golden case at `steps` steps an epoch, and the optimiser's rate.
fn schedule(name: &str, golden: &Value, initial_lr: f64, steps: u32) -> Result<(Schedule, f64), Box<dyn Error>> {
    let steps = f64::from(steps);
    let number = |key: &str| golden[key].as_f64();
    let needed = |key: &str| number(key).ok_or_else(|| format!("{name} lacks {key}"));
    // PyTorch's factor of a step, as one of an epoch.
    let gamma = || needed("gamma").map(|gamma| gamma.powf(steps));
    let epochs = |key: &str| needed(key).map(|length| length / steps);
    let cycle = || -> Result<Cycle, String> {
        Ok(Cycle { max_lr: needed("max_lr")?, half_cycle: epochs("step_size_up")?, half_cycle_down: None })
    };
    let mut lr = number("base_lr").unwrap_or(initial_lr);
    let course = match name {
        "cyclic_triangular" => Course::Triangular(cycle()?),
        "cyclic_triangular2" => Course::Triangular2(cycle()?),
        "cyclic_exp_range" => Course::ExpRange { cycle: cycle()?, gamma: gamma()? },
        "step" => Course::Step { every: epochs("step_size")?, gamma: needed("gamma")? },
        "multistep" => {
            let milestones = numbers(&golden["milestones"]).iter().map(|step| (step / steps) as u32).collect();
            Course::MultiStep { milestones, gamma: needed("gamma")? }
        }
        "exponential" => Course::Exponential { gamma: gamma()? },
        "cosine" => Course::Cosine { length: epochs("T_max")?, min_lr: needed("eta_min")? },
        "cosine_warm_restarts" => Course::CosineRestarts {
            length: epochs("T_0")?,
            grow: needed("T_mult")? as u32,
            min_lr: needed("eta_min")?,
        },
        "one_cycle_cos" | "one_cycle_linear" | "one_cycle_three_phase" => {
            lr = needed("max_lr")?;
            Course::OneCycle {
                length: epochs("total_steps")?,
                pct_start: needed("pct_start")?,
                anneal: if golden["anneal_strategy"] == "linear" { Anneal::Linear } else { Anneal::Cos },
                div_factor: number("div_factor").unwrap_or(25.0),
                final_div_factor: number("final_div_factor").unwrap_or(1e4),
                three_phase: golden["three_phase"].as_bool().unwrap_or(false),
            }
        }
        "linear_warmup" => {
            let warmup = Warmup { epochs: epochs("total_iters")?, from: needed("start_factor")? };
            return Ok((Schedule { course: Course::Constant, warmup: Some(warmup) }, lr));
        }
        "polynomial" => Course::Polynomial { length: epochs("total_iters")?, power: needed("power")? },
        "plateau_min" | "plateau_min_abs_cooldown" | "plateau_max" => Course::Plateau(PlateauSettings {
            watch: if golden["mode"] == "max" { Watch::ValidAccuracy } else { Watch::ValidLoss },
            factor: needed("factor")?,
            patience: needed("patience")? as u32,
            threshold: number("threshold").unwrap_or(1e-4),
            threshold_mode: if golden["threshold_mode"] == "abs" { Threshold::Abs } else { Threshold::Rel },
            cooldown: number("cooldown").unwrap_or(0.0) as u32,
            min_lr: number("min_lr").unwrap_or(0.0),
        }),
        other => return Err(format!("{other} is a schedule that we do not have").into()),
    };
    Ok((course.into(), lr))
}

#[test]
#[expect(clippy::print_stdout, reason = "how near it comes is worth knowing")]
fn schedules_are_pytorch_s() -> Outcome {
    let Some(folder) = golden::folder() else { return Ok(()) };
    let golden = golden::json(&folder, "schedules.json")?;
    let initial_lr = golden["initial_lr"].as_f64().ok_or("a rate")?;
    let cases = golden["cases"].as_object().ok_or("cases")?;
    for (name, case) in cases {
        // However many steps an epoch has, the same lengths in steps give the same rates.
        for steps in [1, 2, 10] {
            let (schedule, lr) = schedule(name, &case["settings"], initial_lr, steps)?;
            let (metric, mut plateau) = (numbers(&case["metric"]), Plateau::new(lr));
            let mut largest = 0.0f64;
            for (step, expected) in numbers(&case["lr"]).into_iter().enumerate() {
                let got = match &schedule.course {
                    Course::Plateau(settings) => {
                        let got = lr_at(&schedule, plateau.lr(), step as u64, steps);
                        plateau.note(settings, metric[step]);
                        got
                    }
                    _ => lr_at(&schedule, lr, step as u64, steps),
                };
                // A polynomial ends at 0.
                largest = largest.max((got - expected).abs() / expected.max(1e-15));
            }
            if steps == 1 {
                println!("{name:28} off by {largest:8.1e} of the rate");
            }
            assert!(largest < 1e-9, "{name}, {steps} steps an epoch: off by {largest}");
        }
    }
    assert_eq!(cases.len(), 16);
    Ok(())
}

/// PyTorch's `CyclicLR` written out, for ways up and down of different lengths.
#[test]
fn a_cycle_may_go_down_at_another_pace() {
    let (up, down) = (6.0, 3.0);
    let cycle = Cycle { max_lr: 0.5, half_cycle: up / 2.0, half_cycle_down: Some(down / 2.0) };
    for step in 0..40u64 {
        let it = step as f64;
        let number = (1.0 + it / (up + down)).floor();
        let x = 1.0 + it / (up + down) - number;
        let ratio = up / (up + down);
        let share = if x <= ratio { x / ratio } else { (x - 1.0) / (ratio - 1.0) };
        for (course, height) in [
            (Course::Triangular(cycle), 1.0),
            (Course::Triangular2(cycle), 1.0 / 2f64.powf(number - 1.0)),
            (Course::ExpRange { cycle, gamma: 0.81 }, 0.9f64.powf(it)),
        ] {
            let expected = 0.1 + (0.5 - 0.1) * share * height;
            let got = lr_at(&course.into(), 0.1, step, 2);
            assert!((got - expected).abs() < 1e-12, "step {step}: {got} is not {expected}");
        }
    }
}
