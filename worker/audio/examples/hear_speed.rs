//! One case of the speed table: `cargo run --release -p gliss-audio --example hear_speed -- CASE WAV MP3 [--threads N]`
//!
//! Repeats the case for about a second on each thread and prints, as JSON, seconds of sound per processor-second of a
//! thread and per second of the wall's clock of all threads. `tests/peers/hear.py` calls it beside librosa.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

#[path = "../benches/cases/mod.rs"]
mod cases;
#[path = "../benches/clock/mod.rs"]
mod clock;

use std::error::Error;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use clock::Moment;

const LEAST: Duration = Duration::from_secs(1);

/// Runs of the case on one thread, and the processor time they took.
fn repeat(work: &mut cases::Work) -> Result<(u32, Duration), Box<dyn Error>> {
    let (began, mut times) = (Moment::now(), 0);
    while began.elapsed() < LEAST {
        work()?;
        times += 1;
    }
    Ok((times, began.elapsed()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, wav, mp3, rest @ ..] = arguments.as_slice() else {
        return Err(format!("name a case ({}), a wav and an mp3 file", cases::CASES.join(", ")).into());
    };
    let threads = match rest {
        [flag, count] if flag == "--threads" => count.parse()?,
        _ => 1,
    };
    let mut works = Vec::new();
    let mut seconds = 0.0;
    for _ in 0..threads {
        let made = cases::case(name, Path::new(wav), Path::new(mp3))?;
        let (mut work, of_sound) = made.ok_or_else(|| format!("no case is called {name}"))?;
        // What is made at first use is made before the clock runs.
        work()?;
        seconds = of_sound;
        works.push(work);
    }
    let start = Barrier::new(works.len());
    let runs = std::thread::scope(|scope| {
        let run = |mut work: cases::Work| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let began = Instant::now();
                repeat(&mut work)
                    .map(|(times, spent)| (times, spent, began.elapsed()))
                    .map_err(|error| error.to_string())
            })
        };
        let started: Vec<_> = works.into_iter().map(run).collect();
        started
            .into_iter()
            .map(|run| run.join().map_err(|_| "a thread panicked".to_owned())?)
            .collect::<Result<Vec<_>, _>>()
    })?;
    let per = |(times, time): (u32, Duration)| seconds * f64::from(times) / time.as_secs_f64();
    let processor = runs.iter().map(|&(times, spent, _)| per((times, spent))).sum::<f64>() / runs.len() as f64;
    let wall: f64 = runs.iter().map(|&(times, _, wall)| per((times, wall))).sum();
    println!("{{\"case\": \"{name}\", \"per_processor_second\": {processor:.2}, \"per_wall_second\": {wall:.2}}}");
    Ok(())
}
