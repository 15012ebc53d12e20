//! Trains one recipe and prints each epoch: the tool for measuring.
//!
//!     train_one RECIPE.json [FOLDER]
//!
//! RECIPE.json holds the settings of a recipe; FOLDER gets the cache and the checkpoints, and is `train_one_files` among
//! the system's temporary files by default. Ctrl-C loses the training (the program for people resumes). Start it with
//! CANDLE_NUM_THREADS=1.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use gliss_train::checkpoint::CheckpointStore;
use gliss_train::trainer::{Context, Event, Finish, run};
use gliss_train::{Control, Device, Library};
use gliss_types::{Objective, Recipe};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().ok_or("give the file of a recipe's settings")?;
    let folder = arguments.next().map_or_else(|| std::env::temp_dir().join("train_one_files"), PathBuf::from);
    let settings = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let (recipe, unused) = Recipe::read(&settings)
        .map_err(|issues| issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    for (setting, why) in unused {
        println!("unused {setting}: {why}");
    }
    let threads = std::thread::available_parallelism()?.get();
    let checkpoints = folder.join("checkpoints");
    let checkpoints = CheckpointStore::open(checkpoints.to_str().ok_or("a folder whose name is text")?)?;
    let library = Library::new(folder.join("cache"), threads);
    let objective = Objective::default();
    let context = Context {
        library: &library,
        checkpoints: &checkpoints,
        objective: &objective,
        device: Device::Cpu,
        resume: None,
    };
    let (began, mut last) = (Instant::now(), None);
    let finish = run(&recipe, &context, &Control::new(), &mut |event| match event {
        Event::Started { parameters, steps_per_epoch, skipped, .. } => {
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "ready after {seconds:.3} s: {parameters} parameters, {steps_per_epoch} steps an epoch, {skipped} skipped"
            );
        }
        Event::Epoch(report) => {
            let points = report.points.iter().map(|point| format!("{} {:.5}", point.metric, point.value));
            println!("epoch {:>3}  {}", report.epoch, points.collect::<Vec<_>>().join("  "));
            // Only the newest is of use.
            if let Some(older) = last.replace(report.checkpoint.hash) {
                let _ = checkpoints.remove(&older);
            }
        }
        Event::Preparing { .. } | Event::Step { .. } => {}
    })?;
    let Finish::Completed(summary) = finish else { return Err("stopped".into()) };
    println!("best epoch {} of {}: {} {:.5}", summary.best_epoch, summary.epochs, objective.metric, summary.score);
    for (metric, value) in &summary.metrics {
        println!("  {metric:<16} {value:.5}");
    }
    println!("trained {:.3} s, {:.3} s in all", summary.train_seconds, began.elapsed().as_secs_f64());
    Ok(())
}
